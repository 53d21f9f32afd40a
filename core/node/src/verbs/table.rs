//! The table: each verb's name, method, path, permission and arguments.

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number from 0.
    Number,
    /// Yes or no.
    Flag,
    /// Names with texts.
    Texts,
}

/// An argument of a verb.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// It must be given.
    pub required: bool,
    /// One sentence.
    pub about: &'static str,
}

const fn argument(name: &'static str, kind: Kind, about: &'static str) -> Argument {
    Argument {
        name,
        kind,
        required: false,
        about,
    }
}

const fn wanted(name: &'static str, kind: Kind, about: &'static str) -> Argument {
    Argument {
        name,
        kind,
        required: true,
        about,
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Its name on the stream.
    pub name: &'static str,
    /// Its method on REST.
    pub method: &'static str,
    /// Its path below the tenant; `{call}` is the argument `call`.
    pub path: &'static str,
    /// Permission.
    pub permission: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// Arguments, those of the path among them.
    pub arguments: &'static [Argument],
}

impl Line {
    /// Does it change something?
    pub fn changes(&self) -> bool {
        self.method != "GET"
    }
}

const CALL: Argument = wanted("call", Kind::Text, "The call's id, or its first characters");
const MODULE: Argument = wanted("module", Kind::Text, "The module's name in the tenant");
const LEG: Argument = argument("leg", Kind::Number, "The leg's number");

/// Everything but the verbs of modules.
pub const TABLE: &[Line] = &[
    Line {
        name: "modules.list",
        method: "GET",
        path: "modules",
        permission: "read",
        about: "The tenant's modules, their state and their traps",
        arguments: &[],
    },
    Line {
        name: "modules.info",
        method: "GET",
        path: "modules/{module}",
        permission: "read",
        about: "All that is known of one module: verbs, limits, grants, what is denied",
        arguments: &[MODULE],
    },
    Line {
        name: "modules.enable",
        method: "PATCH",
        path: "modules/{module}",
        permission: "modules",
        about: "Lets a module run, or keeps it from running",
        arguments: &[MODULE, wanted("enabled", Kind::Flag, "It may run")],
    },
    Line {
        name: "calls.list",
        method: "GET",
        path: "calls",
        permission: "read",
        about: "Calls that are up",
        arguments: &[],
    },
    Line {
        name: "calls.start",
        method: "POST",
        path: "calls",
        permission: "calls",
        about: "Rings somebody, then runs a route; the same key starts one call",
        arguments: &[
            wanted(
                "target",
                Kind::Text,
                "user:NAME, trunk:NAME:NUMBER, or a number that an `outbound` allows",
            ),
            wanted("route", Kind::Text, "Route that runs when it answers"),
            argument("caller_id", Kind::Text, "Number that the called party sees"),
            argument("timeout_s", Kind::Number, "Seconds of ringing (30)"),
            argument("variables", Kind::Texts, "Variables of the call"),
            argument("key", Kind::Text, "The same key starts the call once"),
        ],
    },
    Line {
        name: "calls.hangup",
        method: "DELETE",
        path: "calls/{call}",
        permission: "calls",
        about: "Ends a call or one leg",
        arguments: &[
            CALL,
            LEG,
            argument("cause", Kind::Text, "Cause by word (normal)"),
        ],
    },
    Line {
        name: "calls.play",
        method: "POST",
        path: "calls/{call}/play",
        permission: "calls",
        about: "Plays a prompt to a leg",
        arguments: &[CALL, LEG, wanted("prompt", Kind::Text, "Prompt's name")],
    },
    Line {
        name: "calls.record",
        method: "POST",
        path: "calls/{call}/record",
        permission: "calls",
        about: "Records a call, or stops",
        arguments: &[CALL, wanted("on", Kind::Flag, "Record")],
    },
    Line {
        name: "contacts.list",
        method: "GET",
        path: "contacts",
        permission: "read",
        about: "Contacts of the journal, the newest first",
        arguments: &[argument(
            "last",
            Kind::Number,
            "How many (20, at most 1000)",
        )],
    },
    Line {
        name: "contacts.explain",
        method: "GET",
        path: "explain/{call}",
        permission: "read",
        about: "Why a call went where it went: for people, and every event",
        arguments: &[CALL],
    },
    Line {
        name: "cdrs.list",
        method: "GET",
        path: "cdrs",
        permission: "read",
        about: "CDRs in order of their numbers: ask again with `after` the last one's",
        arguments: &[
            argument("after", Kind::Number, "Only those with a greater number"),
            argument("limit", Kind::Number, "How many (100, at most 1000)"),
            argument("call", Kind::Text, "Only those of this call"),
        ],
    },
    Line {
        name: "users.list",
        method: "GET",
        path: "users",
        permission: "read",
        about: "Users and their devices",
        arguments: &[],
    },
    Line {
        name: "trunks.list",
        method: "GET",
        path: "trunks",
        permission: "read",
        about: "Trunks and their load",
        arguments: &[],
    },
    Line {
        name: "facts.list",
        method: "GET",
        path: "facts",
        permission: "read",
        about: "Facts that modules retain: the latest of each topic and key",
        arguments: &[argument("topic", Kind::Text, "Only topics that begin so")],
    },
];

/// The line of a name.
pub fn named(name: &str) -> Option<&'static Line> {
    TABLE.iter().find(|line| line.name == name)
}
