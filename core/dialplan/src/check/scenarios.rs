//! `test { call did="..." at="..." ; expect "play closed" "hangup" }`.
//!
//! What lies outside of a test's calls is canned: `http` answers, calls that services start
//! (`start`), outcomes of modules' steps (`step`), retained facts (`fact`).

use std::time::Duration;

use super::codes;
use super::duration::parse_duration;
use super::fields::{Fields, Found};
use super::sink::{Kind, Sink};
use crate::file::Node;
use crate::file::tree::ValueKind;
use crate::route::{CannedStep, Place, Test, TestCall};
use crate::template::is_variable_name;

const HOUR: Duration = Duration::from_secs(3600);

/// Lines of a test.
const LINES: [&str; 7] = ["call", "expect", "reject", "http", "start", "step", "fact"];
/// Why a started call may be refused.
const REFUSALS: [&str; 6] = [
    "busy",
    "denied",
    "invalid",
    "not-found",
    "timeout",
    "unavailable",
];
/// Most variables that one canned step sets.
const SET_MAX: usize = 64;

pub(super) fn test(sink: &mut Sink, node: &Node) -> Option<Test> {
    let place = sink.place(node.head);
    let mut fields = Fields::new(node, sink);
    let name = fields.argument().map(|n| n.value);
    let lines = fields.block();
    fields.finish();
    let name = name.unwrap_or_else(|| format!("test at {}:{}", place.file, place.line));
    let mut test = Test {
        name,
        calls: Vec::new(),
        http: Vec::new(),
        starts: Vec::new(),
        steps: Vec::new(),
        facts: Vec::new(),
        place,
    };
    for line in lines.unwrap_or(&[]) {
        match &*line.name {
            "call" => test.calls.push(call(sink, line)),
            "expect" | "reject" => seen(sink, line, test.calls.last_mut()),
            "http" => test.http.extend(http(sink, line)),
            "start" => test.starts.extend(start(sink, line)),
            "step" => test.steps.extend(canned_step(sink, line)),
            "fact" => test.facts.extend(fact(sink, line)),
            other => {
                let help = super::words::suggestion(other, LINES);
                let message = format!("`test` has no line `{other}`");
                sink.error(line.name_span, codes::UNKNOWN_NODE, message, help);
            }
        }
    }
    if test.calls.is_empty() {
        let help = "write `call did=\"+442079460100\"`";
        sink.error(
            node.head,
            codes::TEST,
            "this test makes no call",
            Some(help.into()),
        );
    } else if test
        .calls
        .iter()
        .all(|c| c.expect.is_empty() && c.reject.is_empty())
    {
        sink.warning(node.head, codes::TEST, "this test expects nothing");
    }
    Some(test)
}

fn seen(sink: &mut Sink, node: &Node, call: Option<&mut TestCall>) {
    let mut fields = Fields::new(node, sink);
    let found = fields.arguments();
    if node.arguments.is_empty() {
        let help = format!("write `{} \"play welcome\"`", node.name);
        let message = format!("`{}` wants a line", node.name);
        fields
            .sink
            .error(node.head, codes::MISSING, message, Some(help));
    }
    fields.finish();
    let lines = found
        .into_iter()
        .map(|f| (f.value.clone(), Some(sink.place(f.span))));
    let lines: Vec<(String, Option<Place>)> = lines.collect();
    match call {
        Some(call) if node.name == "expect" => call.expect.extend(lines),
        Some(call) => call.reject.extend(lines),
        None => {
            let message = format!("`{}` before any `call`", node.name);
            sink.error(node.head, codes::TEST, message, None);
        }
    }
}

fn http(sink: &mut Sink, node: &Node) -> Option<(String, u16, String)> {
    let mut fields = Fields::new(node, sink);
    let url = fields.wanted_argument(
        "the URL's beginning, or a method and that: `http \"POST https://crm.example.com/\"`",
    );
    let status = fields.number("status", (100, 599)).unwrap_or(200);
    let body = fields.text("body").map_or_else(String::new, |b| b.value);
    fields.finish();
    Some((url?.value, status as u16, body))
}

/// `start "user:anna"`: a service's call there is taken; with `refused=busy` it is not.
fn start(sink: &mut Sink, node: &Node) -> Option<(String, Option<String>)> {
    let mut fields = Fields::new(node, sink);
    let whom = fields.wanted_argument("whom: `start \"user:anna\"`, `start \"trunk:carrier\"`");
    let refused = fields.text("refused");
    fields.finish();
    let refused = refused.map(|word| {
        if !REFUSALS.contains(&word.value.as_str()) {
            let help = super::words::suggestion(&word.value, REFUSALS);
            let message = format!("no call is refused with `{}`", word.value);
            sink.error(word.span, codes::BAD_VALUE, message, help);
        }
        word.value
    });
    Some((whom?.value, refused))
}

/// `step "crm.look-up" outcome=found set="crm.name=Ann"`, or `{ set crm.name="Ann" }` in its block.
fn canned_step(sink: &mut Sink, node: &Node) -> Option<CannedStep> {
    let mut fields = Fields::new(node, sink);
    let name = fields.wanted_argument("a module's step: `step \"crm.look-up\"`");
    let outcome = fields.text("outcome");
    let pair = fields.text("set");
    let after = fields.duration("after", (Duration::ZERO, HOUR));
    let lines = fields.block();
    if !node.properties.iter().any(|p| p.name == "outcome") {
        let help = "write `step \"crm.look-up\" outcome=found`";
        let message = "`step` wants `outcome`";
        fields
            .sink
            .error(node.head, codes::MISSING, message, Some(help.into()));
    }
    fields.finish();
    let mut set = Vec::new();
    if let Some(pair) = pair {
        match pair.value.split_once('=') {
            Some((name, value)) if is_variable_name(name.trim()) => {
                set.push((name.trim().to_string(), value.to_string()));
            }
            _ => {
                let help = "write `set=\"crm.name=Ann\"`, or a line `set crm.name=\"Ann\"`";
                let message = format!("`{}` sets no variable", pair.value);
                sink.error(pair.span, codes::TEST, message, Some(help.into()));
            }
        }
    }
    for line in lines.unwrap_or(&[]) {
        if line.name != "set" {
            let message = format!("`step` has no line `{}`", line.name);
            let help = "write `set crm.name=\"Ann\"`".to_string();
            sink.error(line.name_span, codes::UNKNOWN_NODE, message, Some(help));
            continue;
        }
        let mut fields = Fields::new(line, sink);
        for property in fields.any_properties() {
            super::steps::variable_name(fields.sink, &property.name, property.name_span);
            if let Some(text) = fields.as_text(&property.value) {
                set.push((property.name.clone(), text.value));
            }
        }
        fields.finish();
    }
    if set.len() > SET_MAX {
        let message = format!("a step sets at most {SET_MAX} variables here");
        sink.error(node.head, codes::TEST, message, None);
    }
    let (name, outcome) = name.zip(outcome)?;
    super::modules::check_canned(sink, &name, &outcome);
    Some(CannedStep {
        name: name.value,
        outcome: outcome.value,
        set,
        after: after.unwrap_or_default(),
    })
}

/// `fact "queue.stats" "sales" waiting=3`.
fn fact(sink: &mut Sink, node: &Node) -> Option<(String, String, serde_json::Value)> {
    let mut fields = Fields::new(node, sink);
    let topic = fields.wanted_argument("a topic and a key: `fact \"queue.stats\" \"sales\"`");
    let key = fields.argument();
    let mut value = serde_json::Map::new();
    for property in fields.any_properties() {
        let json = match &property.value.kind {
            ValueKind::Text(text) => text.as_str().into(),
            ValueKind::Integer(number) => i64::try_from(*number).unwrap_or(i64::MAX).into(),
            ValueKind::Float(number) => (*number).into(),
            ValueKind::Bool(flag) => (*flag).into(),
            ValueKind::Null => serde_json::Value::Null,
        };
        value.insert(property.name.clone(), json);
    }
    if node.arguments.len() == 1 {
        let message = "`fact` wants a key after its topic";
        fields.sink.error(node.head, codes::MISSING, message, None);
    }
    fields.finish();
    Some((topic?.value, key?.value, value.into()))
}

fn call(sink: &mut Sink, node: &Node) -> TestCall {
    let place = sink.place(node.head);
    let mut fields = Fields::new(node, sink);
    let did = fields.text("did");
    let user = fields.text("user");
    let to = fields.text("to");
    let from = fields.text("from");
    let at = fields.text("at");
    let keys = fields.text("keys");
    let answers = fields.text("answers");
    let busy = fields.text("busy");
    let absent = fields.text("absent");
    let hangs_up_after = fields.duration("hangs-up-after", (Duration::ZERO, 24 * HOUR));
    let given = |name: &str| node.properties.iter().any(|p| p.name == name);
    let dials = given("user") && given("to");
    if !(dials || given("did")) {
        let help = "write `call did=\"+442079460100\"` or `call user=alice to=\"07700900123\"`";
        fields.sink.error(
            node.head,
            codes::TEST,
            "a call wants `did`, or `user` and `to`",
            Some(help.into()),
        );
    }
    for (one, other) in [("did", "user"), ("did", "to"), ("user", "from")] {
        if given(one) && given(other) {
            let message = format!("`{one}` beside `{other}`: keep one");
            fields.sink.error(node.head, codes::TEST, message, None);
        }
    }
    fields.finish();
    let as_user = user.is_some();
    if let Some(user) = &user {
        sink.refer(Kind::User, &user.value, user.span);
    }
    TestCall {
        from: user.or(from).map(|f| f.value),
        as_user,
        to: did.or(to).map_or_else(String::new, |t| t.value),
        at: at.and_then(|at| moment(sink, &at)),
        keys: keys.map_or_else(String::new, |k| check_keys(sink, k)),
        answers: answers.map_or_else(Vec::new, |a| answering(sink, &a)),
        busy: busy.map_or_else(Vec::new, |b| parties(sink, &b, Kind::Party)),
        absent: absent.map_or_else(Vec::new, |a| parties(sink, &a, Kind::User)),
        hangs_up_after,
        expect: Vec::new(),
        reject: Vec::new(),
        place: Some(place),
    }
}

fn moment(sink: &mut Sink, found: &Found<String>) -> Option<String> {
    if found.value.parse::<jiff::civil::DateTime>().is_ok() {
        return Some(found.value.clone());
    }
    let message = format!("`{}` is no date and time", found.value);
    let help = "write `\"2026-12-25T10:00\"`, by the tenant's clock";
    sink.error(found.span, codes::TEST, message, Some(help.into()));
    None
}

fn check_keys(sink: &mut Sink, found: Found<String>) -> String {
    if let Some((at, c)) = found
        .value
        .char_indices()
        .find(|(_, c)| !"0123456789*#ABCDwW".contains(*c))
    {
        let span = super::steps::inside(&found, at, c.len_utf8());
        let help = "keys are 0-9, `*`, `#`; `w` waits a second, `W` until the next time-out";
        sink.error(
            span,
            codes::TEST,
            format!("no key is `{c}`"),
            Some(help.into()),
        );
    }
    found.value
}

/// `alice:3s bob:0s`.
fn answering(sink: &mut Sink, found: &Found<String>) -> Vec<(String, Duration)> {
    let mut all = Vec::new();
    for (at, word) in words(&found.value) {
        let (who, after) = word.split_once(':').unwrap_or((word, "1s"));
        let span = super::steps::inside(found, at, word.len());
        match parse_duration(after) {
            Some(after) => {
                let span = super::steps::inside(found, at, who.len());
                sink.refer(Kind::Party, who, span);
                all.push((who.to_string(), after));
            }
            None => {
                let message = format!("`{after}` is no time");
                sink.error(span, codes::TEST, message, Some("write `alice:3s`".into()));
            }
        }
    }
    all
}

fn parties(sink: &mut Sink, found: &Found<String>, kind: Kind) -> Vec<String> {
    let mut all = Vec::new();
    for (at, word) in words(&found.value) {
        sink.refer(kind, word, super::steps::inside(found, at, word.len()));
        all.push(word.to_string());
    }
    all
}

/// Words between spaces or commas, each with its byte.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let parts = text.split([' ', ',']);
    let start = text.as_ptr() as usize;
    parts
        .filter(|w| !w.is_empty())
        .map(move |w| (w.as_ptr() as usize - start, w))
}
