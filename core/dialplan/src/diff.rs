//! What differs between two dialplans, for people: entries added, removed, changed, with places.
//!
//! A thing that only moved to another line or file is no difference.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::sync::Arc;

use crate::describe::{lines, settings};
use crate::numbers::NumberTable;
use crate::route::{Block, Dialplan, Outbound, Place, Test};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `route main`, `did "+442079460100"`, `user alice`.
    pub what: String,
    /// Where it stood; none when it is new.
    pub before: Option<Place>,
    /// Where it stands; none when it is gone.
    pub after: Option<Place>,
    /// The first line that differs: (before, after), either empty where there is none.
    pub detail: Option<(String, String)>,
}

impl Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |place: &Place| format!("{}:{}", place.file, place.line);
        match (&self.before, &self.after) {
            (None, Some(after)) => write!(f, "+ {} ({})", self.what, at(after))?,
            (Some(before), None) => write!(f, "- {} (was {})", self.what, at(before))?,
            (Some(before), Some(after)) => {
                write!(f, "~ {} ({}, was {})", self.what, at(after), at(before))?;
            }
            (None, None) => write!(f, "  {}", self.what)?,
        }
        match &self.detail {
            Some((before, after)) if before.is_empty() => write!(f, ": + {after}"),
            Some((before, after)) if after.is_empty() => write!(f, ": - {before}"),
            Some((before, after)) => write!(f, ": {before} -> {after}"),
            None => Ok(()),
        }
    }
}

/// An entry as it is compared: its place and what it says, a line each.
type Entries = BTreeMap<String, (Place, Vec<String>)>;

/// All differences, by the kind of entry and its name.
pub fn diff(before: &Dialplan, after: &Dialplan) -> Vec<Change> {
    let kinds: [fn(&Dialplan) -> Entries; 10] = [
        tenant, calendars, users, trunks, trusts, modules, dids, routes, outbound, tests,
    ];
    let mut changes = Vec::new();
    for entries in kinds {
        compare(&entries(before), &entries(after), &mut changes);
    }
    changes
}

fn compare(before: &Entries, after: &Entries, changes: &mut Vec<Change>) {
    for (what, (place, old)) in before {
        let now = after.get(what);
        if now.is_some_and(|(_, new)| new == old) {
            continue;
        }
        changes.push(Change {
            what: what.clone(),
            before: Some(place.clone()),
            after: now.map(|(place, _)| place.clone()),
            detail: now.map(|(_, new)| first_difference(old, new)),
        });
    }
    for (what, (place, _)) in after.iter().filter(|(what, _)| !before.contains_key(*what)) {
        let after = Some(place.clone());
        changes.push(Change {
            what: what.clone(),
            before: None,
            after,
            detail: None,
        });
    }
}

fn first_difference(old: &[String], new: &[String]) -> (String, String) {
    let at = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let line =
        |all: &[String], at: usize| all.get(at).map_or(String::new(), |l| l.trim().to_string());
    // A line put in or taken out is shown by itself.
    match old.len().cmp(&new.len()) {
        std::cmp::Ordering::Less if line(new, at + 1) == line(old, at) => {
            (String::new(), line(new, at))
        }
        std::cmp::Ordering::Greater if line(old, at + 1) == line(new, at) => {
            (line(old, at), String::new())
        }
        _ => (line(old, at), line(new, at)),
    }
}

fn one(what: String, place: &Place, says: Vec<String>) -> (String, (Place, Vec<String>)) {
    (what, (place.clone(), says))
}

fn tenant(plan: &Dialplan) -> Entries {
    let t = &plan.tenant;
    let says = vec![
        format!("name {}", t.name),
        format!("domain {}", t.domain),
        format!("tz {}", t.zone),
        format!("calls-max {}", t.calls_max),
        format!("tones {}", t.tones),
        format!("music {}", t.music.as_deref().unwrap_or("none")),
        format!("challenge {:?}", t.challenge),
        format!("longest-call {:?}", t.longest_call),
        format!("no-rtp {:?}", t.no_rtp),
        format!("numbers {:?}", t.numbers),
    ];
    [one("tenant".into(), &t.place, says)].into()
}

fn calendars(plan: &Dialplan) -> Entries {
    let entry = |c: &Arc<crate::Calendar>| {
        let rule = |r: &crate::calendar::Rule| {
            let word = if r.open { "open" } else { "closed" };
            format!(
                "{word} {:?} {:?} {}",
                r.days,
                r.hours,
                r.name.as_deref().unwrap_or("")
            )
        };
        let mut says = vec![format!("tz {}", c.zone)];
        says.extend(c.rules().iter().map(rule));
        one(format!("calendar {}", c.name), &c.place, says)
    };
    plan.calendars.values().map(entry).collect()
}

fn users(plan: &Dialplan) -> Entries {
    let text = |t: &Option<String>| t.clone().unwrap_or_else(|| "none".into());
    let entry = |u: &Arc<crate::route::User>| {
        let says = vec![
            format!("caller-id {}", text(&u.caller_id)),
            format!("display {}", text(&u.display)),
            format!("calls-max {}", u.calls_max),
            format!("bindings-max {}", u.bindings_max),
            format!("role {}", text(&u.role)),
            format!("challenge {:?}", u.challenge),
        ];
        one(format!("user {}", u.name), &u.place, says)
    };
    plan.users.values().map(entry).collect()
}

fn trunks(plan: &Dialplan) -> Entries {
    let entry = |t: &Arc<crate::route::Trunk>| {
        let says = vec![
            format!("address {:?}", t.addresses),
            format!("transport {}", if t.tcp { "tcp" } else { "udp" }),
            format!("calls-max {}", t.calls_max),
            format!("calls-per-second {}", t.calls_per_second_max),
            format!("caller-id {}", t.caller_id.as_deref().unwrap_or("none")),
        ];
        one(format!("trunk {}", t.name), &t.place, says)
    };
    plan.trunks.values().map(entry).collect()
}

fn trusts(plan: &Dialplan) -> Entries {
    let entry = |(key, place): (&String, &Place)| one(format!("trust {key}"), place, Vec::new());
    plan.trusts.iter().map(entry).collect()
}

fn modules(plan: &Dialplan) -> Entries {
    let entry = |m: &Arc<crate::schema::Loaded>| {
        let schema = &m.schema;
        let mut says = vec![
            format!("src {}", m.source),
            format!(
                "version {} ({}, {})",
                schema.version, schema.world, schema.kind
            ),
        ];
        says.extend(m.grants.iter().map(|g| {
            let mut line = format!("grant {} {}", g.capability, g.what);
            if !g.methods.is_empty() {
                line.push_str(&format!(" methods {}", g.methods.join(" ")));
            }
            if let Some(rate) = g.rate_per_second {
                line.push_str(&format!(" rate {rate}/s"));
            }
            if let Some(bytes) = g.size_bytes {
                line.push_str(&format!(" size {bytes} bytes"));
            }
            if g.private {
                line.push_str(" private");
            }
            line
        }));
        settings("config", &m.settings, &mut says);
        one(format!("module {}", m.name), &m.place, says)
    };
    plan.modules.values().map(entry).collect()
}

fn dids(plan: &Dialplan) -> Entries {
    let row = |e: &crate::numbers::Entry<Arc<Block>>| {
        one(
            format!("did \"{}\"", e.pattern.text()),
            &e.place,
            lines(&e.value),
        )
    };
    plan.dids.entries().iter().map(row).collect()
}

fn routes(plan: &Dialplan) -> Entries {
    let entry = |(name, block): (&String, &Arc<Block>)| {
        one(format!("route {name}"), &block.place, lines(block))
    };
    plan.routes.iter().map(entry).collect()
}

fn outbound(plan: &Dialplan) -> Entries {
    let table: &NumberTable<Arc<Outbound>> = &plan.outbound;
    let row = |e: &crate::numbers::Entry<Arc<Outbound>>| {
        let mut says = vec![format!("role {}", e.value.role.as_deref().unwrap_or("any"))];
        says.extend(lines(&e.value.block));
        one(
            format!("outbound {} \"{}\"", e.value.name, e.pattern.text()),
            &e.place,
            says,
        )
    };
    table.entries().iter().map(row).collect()
}

fn tests(plan: &Dialplan) -> Entries {
    let entry = |(n, t): (usize, &Test)| {
        // A test's place is in its default name, so tests without a name are told apart by number.
        let name = match t.name.starts_with("test at ") {
            true => format!("test number {}", n + 1),
            false => format!("test \"{}\"", t.name),
        };
        let mut says: Vec<String> = t.http.iter().map(|h| format!("http {h:?}")).collect();
        says.extend(t.starts.iter().map(|s| format!("start {s:?}")));
        says.extend(t.steps.iter().map(|s| format!("step {s:?}")));
        says.extend(t.facts.iter().map(|f| format!("fact {f:?}")));
        for call in &t.calls {
            let seen = |lines: &[(String, Option<Place>)]| {
                lines
                    .iter()
                    .map(|(line, _)| format!("\"{line}\""))
                    .collect::<Vec<_>>()
                    .join(" ")
            };
            says.push(format!(
                "call {:?} to {} at {:?} keys {}",
                call.from, call.to, call.at, call.keys
            ));
            says.push(format!(
                "answers {:?} busy {:?} absent {:?}",
                call.answers, call.busy, call.absent
            ));
            says.push(format!("hangs-up-after {:?}", call.hangs_up_after));
            says.push(format!(
                "expect {} reject {}",
                seen(&call.expect),
                seen(&call.reject)
            ));
        }
        one(name, &t.place, says)
    };
    plan.tests.iter().enumerate().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use crate::{Cache, Known, Source, load};

    const BEFORE: &str = "tenant a domain=\"a.example\"\nuser alice\nuser bob\nroute main {\n  answer\n  wait \"1s\"\n}\ndid \"+441\" { goto main }\n";

    fn plan(text: &str) -> crate::Dialplan {
        load(
            &Source::of([("main.kdl", text)]),
            &Known::default(),
            &mut Cache::new(),
        )
        .unwrap()
        .dialplan
    }

    #[test]
    fn says_what_was_added_removed_and_changed() {
        let after = "tenant a domain=\"a.example\" calls-max=7\nuser alice\n\nroute main {\n  answer\n  wait \"2s\"\n}\ndid \"+442\" { goto main }\n";
        let changes = super::diff(&plan(BEFORE), &plan(after));
        let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "~ tenant (main.kdl:1, was main.kdl:1): calls-max 100 -> calls-max 7",
                "- user bob (was main.kdl:3)",
                "- did \"+441\" (was main.kdl:8)",
                "+ did \"+442\" (main.kdl:8)",
                "~ route main (main.kdl:4, was main.kdl:4): wait \"1s\" -> wait \"2s\"",
            ]
        );
    }

    #[test]
    fn what_only_moved_is_no_difference() {
        let moved = format!("// a comment\n\n{BEFORE}");
        assert_eq!(super::diff(&plan(BEFORE), &plan(&moved)), []);
        let longer = BEFORE.replace("  answer\n", "  answer\n  record\n");
        let changes = super::diff(&plan(BEFORE), &plan(&longer));
        assert!(
            changes[0].to_string().ends_with(": + record"),
            "{}",
            changes[0]
        );
    }
}
