//! tidy: table
//! What each world has: functions that a module must bring, and names that it must not use.

use crate::contract::World;

/// A function of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub name: &'static str,
    /// When a module may be without it.
    pub needed: Needed,
}

/// When a function is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needed {
    Always,
    /// The manifest offers steps.
    ForSteps,
    /// The manifest subscribes to events.
    ForEvents,
    /// The manifest offers operator verbs.
    ForVerbs,
    Never,
}

const fn wanted(name: &'static str, needed: Needed) -> Wanted {
    Wanted { name, needed }
}

/// The functions of a world, `start` among them.
pub(crate) fn functions(world: World) -> &'static [Wanted] {
    use Needed::{Always, ForEvents, ForSteps, ForVerbs, Never};
    const CALL_SCRIPT: [Wanted; 2] = [wanted("run", Always), wanted("start", Never)];
    const ROUTER: [Wanted; 2] = [wanted("route", Always), wanted("start", Never)];
    const CONNECTOR: [Wanted; 3] = [
        wanted("look_up", ForSteps),
        wanted("on_event", ForEvents),
        wanted("start", Never),
    ];
    const SERVICE: [Wanted; 4] = [
        wanted("handle", Always),
        wanted("restore", Always),
        wanted("save", Always),
        wanted("start", Never),
    ];
    const REPORTER: [Wanted; 5] = [
        wanted("fold", Always),
        wanted("render", ForVerbs),
        wanted("restore", Always),
        wanted("save", Always),
        wanted("start", Never),
    ];
    match world {
        World::CallScript => &CALL_SCRIPT,
        World::Router => &ROUTER,
        World::Connector => &CONNECTOR,
        World::Service => &SERVICE,
        World::Reporter => &REPORTER,
    }
}

/// Globals of call scripts that a world has not, and what to use instead.
pub(crate) fn absent(world: World) -> &'static [(&'static str, &'static str)] {
    const CALL_SCRIPT: [(&str, &str); 1] =
        [("args", "the arguments are the second parameter of `run`")];
    const CONNECTOR: [(&str, &str); 3] = [
        ("args", "the arguments are `query.arguments`"),
        (
            "call",
            "a connector acts on no call: give variables back in `set`",
        ),
        (
            "open",
            "calendars are the dialplan's: use `when \"open('office')\"` there",
        ),
    ];
    const ROUTER: [(&str, &str); 9] = [
        ("args", "the arguments are `request.arguments`"),
        ("call", "a router acts on no call: it gives back a decision"),
        ("events", "a router publishes nothing: give `reasons` back"),
        (
            "fact",
            "a router sees its request alone: set a variable before the step",
        ),
        (
            "http",
            "a router sees its request alone: look things up with a connector before it",
        ),
        ("now", "the time is `request.at_ms`, Unix milliseconds"),
        (
            "open",
            "calendars are the dialplan's: use `when \"open('office')\"` there",
        ),
        ("random", "chance is `request.seed`"),
        (
            "store",
            "a router keeps nothing: use `config` and `file(\"name\")`",
        ),
    ];
    const SERVICE: [(&str, &str); 9] = [
        ("args", "arguments are in the inputs"),
        (
            "call",
            "give the action {act = \"step\", step = ..., operation = ...}",
        ),
        (
            "events",
            "give the action {act = \"publish\", ...} or {act = \"retain\", ...}",
        ),
        (
            "fact",
            "subscribe to the events behind it, and keep what they say",
        ),
        (
            "http",
            "give the action {act = \"http\", ...}; the answer is an input",
        ),
        ("now", "the time is `at_ms` of the input, Unix milliseconds"),
        (
            "open",
            "calendars are the dialplan's: use `when \"open('office')\"` there",
        ),
        ("random", "chance is `seed` of the input"),
        (
            "store",
            "keep it in a local: `save` and `restore` carry it over",
        ),
    ];
    const REPORTER: [(&str, &str); 9] = [
        ("args", "arguments are the second parameter of `render`"),
        ("call", "a reporter acts on no call"),
        ("events", "a reporter publishes nothing"),
        ("fact", "a reporter sees the journal alone"),
        ("http", "a reporter sees the journal alone"),
        ("now", "the time is `at_ms` of the event, Unix milliseconds"),
        ("open", "a reporter sees the journal alone"),
        ("random", "a reporter's totals come out the same each time"),
        (
            "store",
            "keep it in a local: `save` and `restore` carry it over",
        ),
    ];
    match world {
        World::CallScript => &CALL_SCRIPT,
        World::Router => &ROUTER,
        World::Connector => &CONNECTOR,
        World::Service => &SERVICE,
        World::Reporter => &REPORTER,
    }
}

/// Can its entries stand still and wait for an answer?
pub(crate) fn waits(world: World) -> bool {
    matches!(world, World::CallScript | World::Connector)
}
