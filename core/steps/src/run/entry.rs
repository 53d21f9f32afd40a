//! Where a call begins: the DID it dialled, what its user may dial, or a route by name.
//!
//! A user who dials a number of ours gets what anybody gets who dials it, and the call never
//! leaves the house. Everything else a user may dial only where an `outbound` says so.

use std::sync::Arc;

use cordboard_call::cause::Cause;
use cordboard_dialplan::Dialplan;
use cordboard_dialplan::route::{Block, Outbound};

use crate::world::{CallInfo, Entry, World};

/// The block at which a call begins, or why there is none.
pub(super) fn find(
    entry: &Entry,
    info: &CallInfo,
    world: &dyn World,
) -> Result<Arc<Block>, (Cause, String)> {
    let dialplan = world.dialplan();
    let number = info.dialled.as_str();
    match entry {
        Entry::Route(name) => dialplan
            .routes
            .get(name)
            .cloned()
            .ok_or_else(|| (Cause::NO_ROUTE, format!("there is no route `{name}`"))),
        Entry::Did => match dialplan.dids.lookup(number) {
            Some(found) => Ok(found.value.clone()),
            None => Err((Cause::UNALLOCATED, format!("no `did` matches `{number}`"))),
        },
        Entry::Outbound { user } => {
            if let Some(found) = dialplan.dids.lookup(number) {
                return Ok(found.value.clone());
            }
            let known = dialplan.users.get(user).or(info.caller_user.as_ref());
            let role = known.and_then(|u| u.role.as_deref());
            let may = |o: &Arc<Outbound>| o.role.is_none() || o.role.as_deref() == role;
            match dialplan.outbound.lookup_where(number, may) {
                Some(found) => Ok(found.value.block.clone()),
                None => Err((Cause::BARRED, barred(user, number, dialplan))),
            }
        }
    }
}

fn barred(user: &str, number: &str, dialplan: &Dialplan) -> String {
    match dialplan.outbound.lookup(number) {
        Some(found) => format!(
            "`{user}` may not dial `{number}`: outbound `{}` wants the role `{}`",
            found.value.name,
            found.value.role.as_deref().unwrap_or(""),
        ),
        None => format!("`{user}` may not dial `{number}`: no `outbound` allows it"),
    }
}
