//! Stories with other people's phones and our built binary: what callers hear, what operators see.

mod calls;
mod codecs;
mod console;
mod doors;
mod endings;
mod faults;
mod first_call;
mod hold;
mod hostile;
mod idle;
mod menu;
mod native;
mod proxy;
mod queue;
mod recording;
mod register;
mod secret;
mod still_server;
mod tenants;
mod trunk;
mod web;

use cordboard_tests::switch::{Plan, Switch};

/// Dialplan lines of the two users that most stories need.
const USERS: &str = "user alice { display \"Alice\"; caller-id \"+442079460201\" }\nuser bob { caller-id \"+442079460202\" }\n";

/// What users dial most: each other by name or number.
const COLLEAGUES: &str = "
did \"+442079460201\" { ring alice timeout=\"10s\"; }
did \"+442079460202\" { ring bob timeout=\"10s\"; }
outbound colleagues match=user { ring user=\"{dialled}\" timeout=\"10s\"; }
outbound short match=\"20x\" { ring bob timeout=\"10s\"; }
";

/// The two together.
fn two_users() -> String {
    format!("{USERS}{COLLEAGUES}")
}

/// A trunk `far` at a free port, and more lines.
fn with_trunk(name: &str, more: &str) -> (Plan, u16) {
    let port = cordboard_tests::ports::one();
    let trunk = format!(
        "trunk far {{\n    address \"127.0.0.1:{port}\"\n    caller-id \"+442079460100\"\n}}\n"
    );
    (
        Plan::demo(name, &format!("{USERS}{COLLEAGUES}{trunk}{more}")),
        port,
    )
}

/// The values of a field in all events of a topic, in order.
fn told(switch: &Switch, topic: &str, field: &str) -> Vec<String> {
    let events = switch.events.since(0, |e| e["topic"] == topic);
    events
        .iter()
        .map(|e| {
            e["data"][field]
                .as_str()
                .map_or_else(|| e["data"][field].to_string(), str::to_owned)
        })
        .collect()
}
