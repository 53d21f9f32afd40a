//! The registrar (RFC 3261 section 10): where the users' devices are now.
//!
//! Owns the bindings of all tenants in memory; each change is also given to the caller, who
//! writes it behind to the store, so bindings survive a restart. Answers are values: the shard
//! sends them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cordboard_sip::message::Uri;
use cordboard_sip::{Flow, Transport};

/// Shortest expiry that a device may ask for; less is answered 423.
pub const EXPIRES_MIN: u32 = 60;
/// Longest; more is cut to it.
pub const EXPIRES_MAX: u32 = 3600;
/// What a REGISTER without any expiry gets.
pub const EXPIRES_DEFAULT: u32 = 600;

/// One device of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Its Contact URI.
    pub uri: String,
    /// Where its REGISTER came from; requests to it go there.
    pub flow: Flow,
    /// Call-ID of the REGISTER.
    pub call_id: String,
    /// Its CSeq number.
    pub cseq: u32,
    /// When it ends, Unix milliseconds.
    pub expires_ms: u64,
    /// What the device calls itself.
    pub device: String,
    /// Its Contact's address is not the one we saw: it sits behind a NAT and is kept alive.
    pub nat: bool,
}

/// One user: tenant's name and user's name.
pub type UserKey = (String, String);

/// What a REGISTER asks for.
#[derive(Clone, Debug)]
pub struct Registration<'a> {
    /// Contact URIs with their own `expires`, if any.
    pub contacts: Vec<(&'a str, Option<u32>)>,
    /// `Contact: *`.
    pub all: bool,
    /// The Expires header.
    pub expires: Option<u32>,
    /// Call-ID.
    pub call_id: &'a str,
    /// CSeq number.
    pub cseq: u32,
    /// Where it came from.
    pub flow: Flow,
    /// User-Agent.
    pub device: &'a str,
    /// True when the Contact's host is not the source address.
    pub nat: bool,
}

/// Why a REGISTER is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterError {
    /// 423 with Min-Expires.
    TooBrief,
    /// 400: `*` with other contacts, or with a non-zero expiry.
    BadStar,
    /// 500: an older CSeq on the same Call-ID (section 10.3 item 7).
    OutOfOrder,
    /// 403: the user has as many devices as allowed.
    TooMany,
}

/// A change that the store must learn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindingChange {
    /// New or refreshed.
    Put(UserKey, Binding),
    /// Gone: its URI.
    Delete(UserKey, String),
}

/// All bindings of the node.
#[derive(Default)]
pub struct Registrar {
    users: BTreeMap<UserKey, Vec<Binding>>,
    changes: Vec<BindingChange>,
    /// Open connections over which somebody registered.
    connections: BTreeSet<u64>,
}

impl Registrar {
    /// Takes back a binding that the store kept.
    pub fn restore(&mut self, user: UserKey, binding: Binding) {
        self.users.entry(user).or_default().push(binding);
    }

    /// A user's live bindings, the newest first.
    pub fn bindings<'a>(
        &'a self,
        user: &UserKey,
        unix_ms: u64,
    ) -> impl Iterator<Item = &'a Binding> {
        self.users
            .get(user)
            .into_iter()
            .flatten()
            .rev()
            .filter(move |b| b.expires_ms > unix_ms)
    }

    /// All users with live bindings.
    pub fn users(&self) -> impl Iterator<Item = (&UserKey, &[Binding])> {
        self.users
            .iter()
            .map(|(key, bindings)| (key, bindings.as_slice()))
    }

    /// Applies a REGISTER; all or nothing.
    pub fn register(
        &mut self,
        unix_ms: u64,
        user: &UserKey,
        ask: &Registration<'_>,
        bindings_max: u32,
    ) -> Result<(), RegisterError> {
        let old = self.users.get(user).cloned().unwrap_or_default();
        let mut new: Vec<Binding> = old.into_iter().filter(|b| b.expires_ms > unix_ms).collect();
        let stale = |b: &Binding| b.call_id == ask.call_id && b.cseq >= ask.cseq;
        if ask.all {
            if !ask.contacts.is_empty() || ask.expires != Some(0) {
                return Err(RegisterError::BadStar);
            }
            if new.iter().any(stale) {
                return Err(RegisterError::OutOfOrder);
            }
            for binding in &new {
                self.changes
                    .push(BindingChange::Delete(user.clone(), binding.uri.clone()));
            }
            self.users.remove(user);
            return Ok(());
        }
        let mut changes = Vec::new();
        for &(uri, own) in &ask.contacts {
            let seconds = own
                .or(ask.expires)
                .unwrap_or(EXPIRES_DEFAULT)
                .min(EXPIRES_MAX);
            if (1..EXPIRES_MIN).contains(&seconds) {
                return Err(RegisterError::TooBrief);
            }
            if let Some(at) = new.iter().position(|b| same_uri(&b.uri, uri)) {
                if new.get(at).is_some_and(stale) {
                    return Err(RegisterError::OutOfOrder);
                }
                let old = new.remove(at);
                if seconds == 0 || old.uri != uri {
                    changes.push(BindingChange::Delete(user.clone(), old.uri));
                }
            }
            if seconds == 0 {
                continue;
            }
            let binding = Binding {
                uri: uri.to_owned(),
                flow: ask.flow,
                call_id: ask.call_id.to_owned(),
                cseq: ask.cseq,
                expires_ms: unix_ms + u64::from(seconds) * 1000,
                device: ask.device.to_owned(),
                nat: ask.nat,
            };
            changes.push(BindingChange::Put(user.clone(), binding.clone()));
            new.push(binding);
        }
        if new.len() > bindings_max as usize {
            return Err(RegisterError::TooMany);
        }
        if new.is_empty() {
            self.users.remove(user);
        } else {
            if ask.flow.transport == Transport::Tcp {
                self.connections.insert(ask.flow.connection);
            }
            self.users.insert(user.clone(), new);
        }
        self.changes.append(&mut changes);
        Ok(())
    }

    /// Drops what has expired; called now and then.
    pub fn expire(&mut self, unix_ms: u64) {
        let changes = &mut self.changes;
        self.users.retain(|user, bindings| {
            bindings.retain(|binding| {
                let live = binding.expires_ms > unix_ms;
                if !live {
                    changes.push(BindingChange::Delete(user.clone(), binding.uri.clone()));
                }
                live
            });
            !bindings.is_empty()
        });
    }

    /// Drops the bindings that came over a connection that is closed.
    pub fn flow_closed(&mut self, flow: Flow) {
        // A thousand connections that nobody registered over end without a look at any user.
        if !self.connections.remove(&flow.connection) {
            return;
        }
        let changes = &mut self.changes;
        self.users.retain(|user, bindings| {
            bindings.retain(|binding| {
                let live = binding.flow != flow;
                if !live {
                    changes.push(BindingChange::Delete(user.clone(), binding.uri.clone()));
                }
                live
            });
            !bindings.is_empty()
        });
    }

    /// Drops all bindings of a tenant that is deleted.
    pub fn forget_tenant(&mut self, tenant: &str) {
        let changes = &mut self.changes;
        self.users.retain(|user, bindings| {
            let stays = user.0 != tenant;
            if !stays {
                let gone = bindings.drain(..);
                changes.extend(gone.map(|b| BindingChange::Delete(user.clone(), b.uri)));
            }
            stays
        });
    }

    /// Changes since the last call, for the store.
    pub fn take_changes(&mut self) -> Vec<BindingChange> {
        std::mem::take(&mut self.changes)
    }

    /// Flows that need a keep-alive (RFC 5626 section 4.4.1 sends the same four bytes).
    pub fn nat_flows(&self, unix_ms: u64) -> Vec<Flow> {
        self.users
            .values()
            .flatten()
            .filter(|b| b.nat && b.expires_ms > unix_ms)
            .map(|b| b.flow)
            .collect()
    }
}

/// Whether two Contacts are one device: by the rules of RFC 3261 section 19.1.4, as 10.3 asks.
fn same_uri(one: &str, two: &str) -> bool {
    one == two
        || matches!(
            (Uri::parse(one.as_bytes()), Uri::parse(two.as_bytes())),
            (Ok(one), Ok(two)) if one.same_as(&two)
        )
}

/// Between two keep-alives.
pub const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(25);

#[cfg(test)]
mod tests;
