//! What a tenant may grant itself, and that a number belongs to one tenant.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use super::Ceiling;
use crate::check::codes;
use crate::diagnostic::{Diagnostic, Mark};
use crate::numbers::overlap::{covered, meet};
use crate::numbers::{Entry, NumberTable, Pattern, PatternClass};
use crate::route::{Dialplan, Trunk};

/// Most findings of one check.
const FINDINGS_MAX: usize = 50;

/// Errors where a tenant goes beyond its ceiling, each with both lines. The tenant's places are
/// relative to its folder, the ceiling's to the dialplans' folder.
pub fn check_ceiling(dialplan: &Dialplan, ceiling: &Ceiling) -> Vec<Diagnostic> {
    let tenant = &dialplan.tenant;
    let mut findings = Vec::new();
    let mut over = |place: &crate::route::Place, message: String| {
        if findings.len() < FINDINGS_MAX {
            let finding = Diagnostic::error(Mark::at(place), codes::CEILING, message);
            findings.push(finding.also(ceiling.mark.clone(), "the ceiling"));
        }
    };
    if let Some(most) = ceiling.calls_max.filter(|most| tenant.calls_max > *most) {
        let own = tenant.calls_max;
        over(
            &tenant.place,
            format!("`calls-max` is {own}, and this tenant may have {most}"),
        );
    }
    let trunks = dialplan.trunks.values().map(|t| &t.place);
    let users = dialplan.users.values().map(|u| &u.place);
    let counted = [
        (
            "trunks",
            ceiling.trunks_max,
            dialplan.trunks.len(),
            trunks.max(),
        ),
        (
            "users",
            ceiling.users_max,
            dialplan.users.len(),
            users.max(),
        ),
    ];
    for (what, most, count, last) in counted {
        if let (Some(most), Some(last)) = (most.filter(|m| count > *m as usize), last) {
            over(
                last,
                format!("{count} {what}, and this tenant may have {most}"),
            );
        }
    }
    let allowed: Vec<&Pattern> = ceiling.dids.iter().collect();
    if !allowed.is_empty() {
        for row in dialplan.dids.entries() {
            let good = match row.pattern.class() {
                PatternClass::Exact => allowed.iter().any(|a| a.matches(row.pattern.text())),
                _ => covered(&row.pattern, &allowed),
            };
            if !good {
                over(
                    &row.place,
                    format!("the number `{}` is not this tenant's", row.pattern.text()),
                );
            }
        }
    }
    for trunk in dialplan.trunks.values() {
        let known = |at: &SocketAddr| ceiling.carriers.iter().any(|c| c.contains(at.ip()));
        for address in trunk.addresses.iter().filter(|at| !known(at)) {
            if !ceiling.carriers.is_empty() {
                over(
                    &trunk.place,
                    format!("no trunk of this tenant may be at {address}"),
                );
            }
        }
    }
    findings.extend(super::modules::check(dialplan, ceiling));
    findings.truncate(FINDINGS_MAX);
    findings
}

/// Errors where two tenants of a node claim one number. Each finding's file is `tenant/file`, so
/// that both lines can be told apart; the later tenant in the list is the one at fault.
pub fn check_did_owners<'d>(dialplans: impl IntoIterator<Item = &'d Dialplan>) -> Vec<Diagnostic> {
    let mut all: NumberTable<&str> = NumberTable::default();
    let mut loose: Vec<(usize, Pattern)> = Vec::new();
    let mut findings = Vec::new();
    let dialplans: Vec<&Dialplan> = dialplans.into_iter().collect();
    for (n, dialplan) in dialplans.iter().enumerate() {
        let tenant = &*dialplan.tenant.name;
        let before = all.len();
        for row in dialplan.dids.entries() {
            if let Some(owner) = owner(&all, &loose, before, row)
                && findings.len() < FINDINGS_MAX
            {
                findings.push(claimed(tenant, row, owner));
            }
        }
        // Nobody comes after the last, so that a node of one tenant builds no table.
        let rows = if n + 1 == dialplans.len() {
            &[][..]
        } else {
            dialplan.dids.entries()
        };
        for row in rows {
            if row.pattern.class() != PatternClass::Exact {
                loose.push((all.len(), row.pattern.clone()));
            }
            all.insert(row.pattern.clone(), row.place.clone(), tenant);
        }
    }
    findings
}

/// What a trunk is known by: carriers send from any port of their address, but on loopback the
/// port is all that tells programs apart.
pub fn trunk_key(address: SocketAddr) -> (IpAddr, u16) {
    let ip = address.ip().to_canonical();
    (ip, if ip.is_loopback() { address.port() } else { 0 })
}

/// Errors where two tenants of a node have a trunk at one address, unless `carriers` in the later
/// one's ceiling says that address. Files and blame are those of [`check_did_owners`].
pub fn check_trunk_owners<'d>(
    dialplans: impl IntoIterator<Item = (&'d Dialplan, &'d Ceiling)>,
) -> Vec<Diagnostic> {
    let mut owners: HashMap<(IpAddr, u16), (&str, &Trunk)> = HashMap::new();
    let mut findings = Vec::new();
    for (dialplan, ceiling) in dialplans {
        let tenant = &*dialplan.tenant.name;
        for trunk in dialplan.trunks.values() {
            for address in &trunk.addresses {
                let (owner, other) = *owners.entry(trunk_key(*address)).or_insert((tenant, trunk));
                let shared = ceiling.carriers.iter().any(|c| c.contains(address.ip()));
                if owner == tenant || shared || findings.len() >= FINDINGS_MAX {
                    continue;
                }
                let message = format!(
                    "{address} is where the trunk `{}` of tenant `{owner}` is",
                    other.name
                );
                let help = format!(
                    "a carrier knows us by our address; where it is to be shared, the machine's \
                     operator says `ceiling {tenant} {{ carriers \"{}\" }}`",
                    address.ip()
                );
                let theirs = format!("`{}` of `{owner}`", other.name);
                findings.push(
                    Diagnostic::error(mark(tenant, &trunk.place), codes::OTHER_TENANT, message)
                        .help(help)
                        .also(mark(owner, &other.place), theirs),
                );
            }
        }
    }
    findings
}

/// A place of a tenant's file, named by the tenant as well.
fn mark(tenant: &str, place: &crate::route::Place) -> Mark {
    let mut mark = Mark::at(place);
    mark.file = format!("{tenant}/{}", place.file).into();
    mark
}

/// The row of an earlier tenant that shares a number with this one.
fn owner<'t, 'd, T>(
    all: &'t NumberTable<&'d str>,
    loose: &[(usize, Pattern)],
    before: usize,
    row: &Entry<T>,
) -> Option<&'t Entry<&'d str>> {
    if before == 0 {
        return None;
    }
    if row.pattern.class() == PatternClass::Exact {
        let found = all.lookup(row.pattern.text())?;
        return all
            .entries()
            .iter()
            .find(|e| e.place == *found.place && e.value == *found.value);
    }
    let pattern = loose
        .iter()
        .find(|(_, other)| meet(other, &row.pattern))
        .map(|(n, _)| *n);
    let exact = || {
        let exact = |e: &Entry<&str>| e.pattern.class() == PatternClass::Exact;
        all.entries()
            .iter()
            .position(|e| exact(e) && row.pattern.matches(e.pattern.text()))
    };
    all.entries().get(pattern.or_else(exact)?)
}

fn claimed<T>(tenant: &str, row: &Entry<T>, owner: &Entry<&str>) -> Diagnostic {
    let message = format!(
        "the number `{}` belongs to tenant `{}` already",
        row.pattern.text(),
        owner.value
    );
    let other = format!("`{}` of `{}`", owner.pattern.text(), owner.value);
    Diagnostic::error(mark(tenant, &row.place), codes::OTHER_TENANT, message)
        .help("a number belongs to one tenant of a node")
        .also(mark(owner.value, &owner.place), other)
}
