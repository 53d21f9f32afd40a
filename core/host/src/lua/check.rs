//! tidy: table
//! What can be wrong in a script that still compiles, or that no Luau compiler takes: names that
//! other switches' scripts use, misspelt host functions, and what scripts are not allowed.

use std::collections::HashSet;

use super::compile::ScriptDiagnostic;
use super::lex::{Kind, Token};
use super::manifest::ScriptManifest;
use super::module::absent;
use crate::contract::World;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A call script of a tenant, or a file that one requires.
    Script,
    /// A module of this world, or a file that one requires.
    Module(World),
}

impl Purpose {
    /// In "... does not exist in ...".
    fn word(self) -> &'static str {
        match self {
            Purpose::Script => "a call script",
            Purpose::Module(World::CallScript) => "a call-script module",
            Purpose::Module(World::Router) => "a router",
            Purpose::Module(World::Connector) => "a connector",
            Purpose::Module(World::Service) => "a service",
            Purpose::Module(World::Reporter) => "a reporter",
        }
    }
}

/// What a script mentions by plain strings.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// `require("name")`, with the line.
    pub requires: Vec<(String, u32)>,
    /// `call:play("name", ...)`, with the line.
    pub prompts: Vec<(String, u32)>,
    /// `call:ring("name")`, with the line.
    pub users: Vec<(String, u32)>,
}

/// Methods of `call`.
pub(crate) const CALL_METHODS: &[&str] = &[
    "answer",
    "collect",
    "get",
    "hangup",
    "play",
    "record",
    "ring",
    "send_digits",
    "set",
    "tone",
    "trunk",
    "wait",
];

/// Fields of `call`.
pub(crate) const CALL_FIELDS: &[&str] = &[
    "answered",
    "caller",
    "caller_name",
    "dialled",
    "direction",
    "id",
    "outcomes",
    "tenant",
    "user",
];

/// Members of the other host tables.
pub(crate) const MEMBERS: &[(&str, &[&str])] = &[
    ("http", &["delete", "get", "post", "put", "request"]),
    ("store", &["delete", "get", "incr", "set"]),
    ("log", &["debug", "error", "info", "warn"]),
    ("json", &["decode", "encode", "null"]),
    ("events", &["fact", "publish", "retain"]),
];

/// Names that a script must not use, and the cure.
const BANNED: &[(&str, &str)] = &[
    (
        "io",
        "a script has no files: keep values with `store`, fetch them with `http`",
    ),
    (
        "os",
        "a script has no operating system: `now()` gives the time in seconds",
    ),
    (
        "debug",
        "there is no debug library: an error already shows its line and stack",
    ),
    (
        "coroutine",
        "a script waits by itself in `call:play`, `http.get` and the like: no coroutines are needed",
    ),
    ("package", "`require(\"name\")` takes files of this folder"),
    (
        "load",
        "code cannot be made at run time: write it into a file and `require` it",
    ),
    (
        "loadstring",
        "code cannot be made at run time: write it into a file and `require` it",
    ),
    ("loadfile", "`require(\"name\")` takes files of this folder"),
    ("dofile", "`require(\"name\")` takes files of this folder"),
    ("getfenv", "every call has its own globals already"),
    ("setfenv", "every call has its own globals already"),
    ("collectgarbage", "memory is collected by itself"),
    ("gcinfo", "memory is collected by itself"),
    ("newproxy", "use a table"),
    (
        "session",
        "this is FreeSWITCH's name: here it is `call`, such as `call:answer()` or `call:play(\"welcome\")`",
    ),
    (
        "freeswitch",
        "this is FreeSWITCH's name: here it is `log.info`, `http.get`, `call:set`",
    ),
    (
        "app",
        "this is Asterisk's name: here it is `call`, such as `call:play(\"welcome\")`",
    ),
    (
        "channel",
        "this is Asterisk's name: here it is `call:get(\"name\")` and `call:set(\"name\", value)`",
    ),
];

/// Checks the tokens of one file (without comments).
pub(crate) fn check(
    file: &str,
    tokens: &[Token<'_>],
    (purpose, manifest): (Purpose, &ScriptManifest),
    broken: bool,
    diagnostics: &mut Vec<ScriptDiagnostic>,
) -> Findings {
    let mut checker = Checker {
        file,
        purpose,
        tokens,
        declared: declared(tokens),
        uses_http: false,
        diagnostics,
        findings: Findings::default(),
    };
    for at in 0..tokens.len() {
        checker.names(at);
        checker.members(at);
        checker.requires(at);
        checker.mentions(at);
        match purpose {
            Purpose::Script => checker.permissions(at, manifest),
            Purpose::Module(world) => checker.world(at, world),
        }
        if broken {
            checker.syntax(at);
        }
    }
    checker.findings
}

/// The known name that is most like a misspelt one.
pub(crate) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(name, k), k))
        .filter(|(far, k)| *far <= 1 + k.len() / 4 || (k.len() > 2 && name.starts_with(k)))
        .min()
        .map(|(_, k)| k)
}

/// Names that a file introduces by `local`, `function` or `for`. Scopes are not looked at: one
/// declaration anywhere is enough to leave the name alone.
fn declared<'s>(tokens: &[Token<'s>]) -> HashSet<&'s str> {
    let mut names = HashSet::new();
    let mut in_head = false;
    let mut previous = "";
    for token in tokens {
        let introduced = matches!(previous, "local" | "function" | "for" | "," | "(");
        match (token.kind, token.text) {
            (Kind::Name, "local" | "function" | "for") => in_head = true,
            (Kind::Name, "in" | "return" | "if" | "end") | (Kind::Symbol, "=" | ")") => {
                in_head = false;
            }
            (Kind::Name, name) if in_head && introduced => {
                names.insert(name);
            }
            _ => {}
        }
        previous = token.text;
    }
    names
}

struct Checker<'a, 's> {
    file: &'a str,
    purpose: Purpose,
    tokens: &'a [Token<'s>],
    declared: HashSet<&'s str>,
    /// http was met before.
    uses_http: bool,
    diagnostics: &'a mut Vec<ScriptDiagnostic>,
    findings: Findings,
}

impl<'s> Checker<'_, 's> {
    fn token(&self, at: usize) -> Option<&Token<'s>> {
        self.tokens.get(at)
    }

    fn symbol(&self, at: usize, text: &str) -> bool {
        self.token(at).is_some_and(|t| t.is_symbol(text))
    }

    fn follows_dot(&self, at: usize) -> bool {
        at > 0 && (self.symbol(at - 1, ".") || self.symbol(at - 1, ":"))
    }

    fn report(&mut self, at: usize, message: String, help: impl Into<String>) {
        let (line, column) = self.token(at).map_or((1, 1), |t| (t.line, t.column));
        self.diagnostics.push(ScriptDiagnostic {
            file: self.file.to_owned(),
            line,
            column,
            message,
            help: Some(help.into()),
        });
    }

    /// True when the file itself declares the name, as a local, a parameter or a function.
    fn declares(&self, name: &str) -> bool {
        self.declared.contains(name)
    }

    fn names(&mut self, at: usize) {
        let Some(&token) = self.token(at) else { return };
        if token.kind != Kind::Name || self.follows_dot(at) {
            return;
        }
        let used = [".", "(", ":", "["].iter().any(|s| self.symbol(at + 1, s));
        let Some((name, cure)) = BANNED.iter().find(|(n, _)| *n == token.text) else {
            return;
        };
        if used && !self.declares(name) {
            self.report(
                at,
                format!("`{name}` does not exist in {}", self.purpose.word()),
                *cure,
            );
        }
        let dumps = token.text == "string" && self.token(at + 2).is_some_and(|t| t.is_name("dump"));
        if dumps {
            self.report(
                at,
                format!("`string.dump` does not exist in {}", self.purpose.word()),
                "write code into files",
            );
        }
    }

    fn members(&mut self, at: usize) {
        let (Some(&owner), Some(&member)) = (self.token(at), self.token(at + 2)) else {
            return;
        };
        let by_dot = self.symbol(at + 1, ".");
        let by_colon = self.symbol(at + 1, ":");
        if owner.kind != Kind::Name
            || member.kind != Kind::Name
            || !(by_dot || by_colon)
            || self.follows_dot(at)
        {
            return;
        }
        let name = member.text;
        if owner.text == "call" && (!self.declares("call") || self.call_is_given()) {
            let known = CALL_METHODS.contains(&name);
            if by_dot && known && self.symbol(at + 3, "(") {
                self.report(
                    at + 1,
                    format!("`call.{name}(...)` needs a colon"),
                    format!("write `call:{name}(...)`"),
                );
            } else if !(known || by_dot && CALL_FIELDS.contains(&name)) {
                let list = if by_dot { CALL_FIELDS } else { CALL_METHODS };
                self.unknown(at + 2, "call", name, list);
            }
        } else if let Some((table, list)) = MEMBERS.iter().find(|(t, _)| *t == owner.text) {
            if self.declares(table) {
                return;
            }
            if by_colon && list.contains(&name) {
                self.report(
                    at + 1,
                    format!("`{table}:{name}(...)` needs a dot"),
                    format!("write `{table}.{name}(...)`"),
                );
            } else if !list.contains(&name) {
                self.unknown(at + 2, table, name, list);
            }
        }
    }

    fn unknown(&mut self, at: usize, owner: &str, name: &str, list: &[&str]) {
        let help = match nearest(name, list.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", list.join(", ")),
        };
        self.report(at, format!("`{owner}` has no `{name}`"), help);
    }

    fn requires(&mut self, at: usize) {
        let Some(&token) = self.token(at) else { return };
        if !token.is_name("require") || self.follows_dot(at) || self.declares("require") {
            return;
        }
        let bracket = usize::from(self.symbol(at + 1, "("));
        match self.token(at + 1 + bracket) {
            Some(name) if name.kind == Kind::Text => {
                let name = name.text.trim_start_matches("./").trim_end_matches(".lua");
                self.findings.requires.push((name.to_owned(), token.line));
            }
            _ => self.report(
                at,
                "`require` needs a plain string".into(),
                "write `require(\"name\")`: files are compiled ahead",
            ),
        }
    }

    /// Prompts and users that are named by plain strings.
    fn mentions(&mut self, at: usize) {
        let Some(&owner) = self.token(at) else { return };
        if !owner.is_name("call") || !self.symbol(at + 1, ":") {
            return;
        }
        let Some(&method) = self.token(at + 2) else {
            return;
        };
        let first = at + 3 + usize::from(self.symbol(at + 3, "("));
        match method.text {
            "play" => {
                let names = self.plain_texts(first);
                self.findings.prompts.extend(names);
            }
            "ring" => {
                let list = usize::from(self.symbol(first, "{"));
                let mut names = self.plain_texts(first + list);
                // Without a list, only the first argument is a user.
                names.truncate(if list == 1 { names.len() } else { 1 });
                self.findings.users.extend(names);
                self.prompt_options(first);
            }
            "collect" => {
                let names = self.plain_texts(first);
                self.findings.prompts.extend(names);
                self.prompt_options(first);
            }
            _ => {}
        }
    }

    /// Strings from here on that stand alone between commas, with their lines.
    fn plain_texts(&self, mut at: usize) -> Vec<(String, u32)> {
        let mut texts = Vec::new();
        while let Some(text) = self.token(at).filter(|t| t.kind == Kind::Text) {
            // A string that goes on as an expression is no plain name, and neither is one
            // with an escape or a value in it.
            let ends = [",", ")", "}", ";"].iter().any(|s| self.symbol(at + 1, s));
            if !ends || text.text.contains(['\\', '{']) {
                break;
            }
            texts.push((text.text.to_owned(), text.line));
            at += 2;
        }
        texts
    }

    /// `prompt = "x"`, `invalid = "x"` and `music = "x"` in the options of a host call.
    fn prompt_options(&mut self, from: usize) {
        let mut depth = 0u32;
        for at in from..from + 200 {
            let Some(&token) = self.token(at) else { return };
            match (token.kind, token.text) {
                (Kind::Symbol, "{" | "(") => depth += 1,
                (Kind::Symbol, "}" | ")") if depth <= 1 => return,
                (Kind::Symbol, "}" | ")") => depth -= 1,
                (Kind::Name, "prompt" | "invalid" | "music")
                    if depth == 1 && self.symbol(at + 1, "=") =>
                {
                    let names = self.plain_texts(at + 2 + usize::from(self.symbol(at + 2, "{")));
                    self.findings.prompts.extend(names);
                }
                _ => {}
            }
        }
    }

    /// In a module `call` is a parameter, and means the call all the same.
    fn call_is_given(&self) -> bool {
        self.purpose == Purpose::Module(World::CallScript)
    }

    /// Names of host functions that this world has not.
    fn world(&mut self, at: usize, world: World) {
        let Some(&token) = self.token(at) else { return };
        if token.kind != Kind::Name || self.follows_dot(at) {
            return;
        }
        let used = [".", "(", ":", "["].iter().any(|s| self.symbol(at + 1, s));
        let given = |checker: &Self, name: &str| {
            checker.declares(name) || (name == "call" && checker.call_is_given())
        };
        let absent = absent(world);
        if let Some((name, cure)) = absent.iter().find(|(n, _)| *n == token.text)
            && used
            && !given(self, name)
        {
            let message = format!("`{name}` does not exist in {}", self.purpose.word());
            self.report(at, message, *cure);
        }
        let chance = token.is_name("math")
            && self.symbol(at + 1, ".")
            && self.token(at + 2).is_some_and(|t| t.is_name("random"));
        if let (true, Some((_, cure))) = (chance, absent.iter().find(|(n, _)| *n == "random")) {
            let message = format!("`math.random` does not exist in {}", self.purpose.word());
            self.report(at, message, *cure);
        }
    }

    fn permissions(&mut self, at: usize, manifest: &ScriptManifest) {
        let Some(&token) = self.token(at) else { return };
        if !self.uses_http
            && token.is_name("http")
            && self.symbol(at + 1, ".")
            && manifest.http.is_empty()
            && !self.follows_dot(at)
            && !self.declares("http")
        {
            self.uses_http = true;
            self.report(
                at,
                "the script uses http, but its manifest names no host".into(),
                "add `-- http: host.example.com` to the comment at the top",
            );
        }
    }

    /// Constructs of Lua 5.2 to 5.4 that Luau's parser refuses; only asked when it did.
    fn syntax(&mut self, at: usize) {
        let Some(&token) = self.token(at) else { return };
        let next_name = self.token(at + 1).is_some_and(|t| t.kind == Kind::Name);
        match token.text {
            "goto" if token.kind == Kind::Name && next_name && !self.follows_dot(at) => self
                .report(
                    at,
                    "`goto` does not exist in Luau".into(),
                    "use a loop with `break` or `continue`, or a function with `return`",
                ),
            "::" if next_name && self.symbol(at + 2, "::") => self.report(
                at,
                "labels do not exist in Luau".into(),
                "use a loop with `break` or `continue`",
            ),
            "&" | "|" | "~" | "<<" | ">>" if token.kind == Kind::Symbol => {
                let function = match token.text {
                    "&" => "bit32.band(a, b)",
                    "|" => "bit32.bor(a, b)",
                    "~" => "bit32.bxor(a, b)` or `bit32.bnot(a)",
                    "<<" => "bit32.lshift(a, n)",
                    _ => "bit32.rshift(a, n)",
                };
                self.report(
                    at,
                    format!("the operator `{}` does not exist in Luau", token.text),
                    format!("use `{function}`"),
                );
            }
            "<" if self.symbol(at + 2, ">")
                && self
                    .token(at + 1)
                    .is_some_and(|t| t.is_name("const") || t.is_name("close")) =>
            {
                self.report(
                    at,
                    "`<const>` and `<close>` do not exist in Luau".into(),
                    "leave it out",
                );
            }
            "!" if self.symbol(at + 1, "=") => {
                self.report(at, "`!=` does not exist in Lua".into(), "write `~=`");
            }
            _ => {}
        }
    }
}
