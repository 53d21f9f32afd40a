//! Why a call went where it went, in at most 40 lines, and its SIP ladder below.
//!
//! Everything shown is read from the journal: the route that matched with file and line, each
//! step with its place and outcome, conditions with their values, legs, recording. A call whose
//! story is longer shows its beginning and its end and says how many lines stand between.

use std::fmt::Write as _;

use cordboard_call::cdr::Cdr;
use cordboard_call::event::{Fact, Place};
use cordboard_store::StoredEvent;
use serde_json::Value;

const LINES_MAX: usize = 40;
const LADDER_LINES_MAX: usize = 60;

/// One call as text.
pub fn explain(tenant: &str, call: &str, events: &[StoredEvent]) -> String {
    let start = events.first().map_or(0, |event| event.at_ms);
    let mut head = String::new();
    let mut story = Vec::new();
    let mut legs = Vec::new();
    let mut open: Option<(usize, String, Place)> = None;
    for event in events {
        let Ok(fact) = serde_json::from_str::<Fact>(&event.payload) else {
            continue;
        };
        let at = seconds(event.at_ms.saturating_sub(start));
        match fact {
            Fact::CallStarted {
                caller,
                dialled,
                generation,
                party,
                ..
            } => {
                let _ = write!(
                    head,
                    "Call {call} of tenant {tenant}: {} called {dialled} at {} ({}; dialplan generation {generation})",
                    shown(&caller),
                    local(start),
                    party_text(&party),
                );
            }
            Fact::CdrWritten(cdr) => legs.push(leg_line(&cdr)),
            Fact::CallEnded { cause } => story.push(format!("{at:>8}  ended: {}", cause.text())),
            Fact::StepStarted { step, .. } if step == "when" => {}
            Fact::StepEnded { step, outcome, .. }
                if step == "when" || (step == "goto" && outcome == "done") => {}
            Fact::StepStarted {
                ref step,
                at: ref place,
                ..
            } => {
                open = Some((story.len(), step.clone(), place.clone()));
                story.extend(line(&fact, None).map(|line| format!("{at:>8}  {line}")));
            }
            Fact::StepEnded {
                ref step,
                at: ref place,
                ref outcome,
                ref why,
            } if last_is(&open, &story, step, place) => {
                // Nothing happened in between: one line tells both.
                if let Some(last) = story.last_mut()
                    && (outcome != "done" || why.is_some())
                {
                    let why = why
                        .as_ref()
                        .map(|w| format!(" ({})", first_line(w)))
                        .unwrap_or_default();
                    let _ = write!(last, " -> {outcome}{why}");
                }
            }
            fact => {
                if let Some(line) = line(&fact, event.leg) {
                    story.push(format!("{at:>8}  {line}"));
                }
            }
        }
    }
    legs.sort();
    let mut text = format!("{head}\n");
    let room = LINES_MAX.saturating_sub(3 + legs.len().min(10));
    push_cut(&mut text, &story, room);
    if !legs.is_empty() {
        text.push_str("Legs\n");
        push_cut(&mut text, &legs, 10);
    }
    text
}

/// True when the last line is the beginning of this very step.
fn last_is(
    open: &Option<(usize, String, Place)>,
    story: &[String],
    step: &str,
    place: &Place,
) -> bool {
    open.as_ref()
        .is_some_and(|(at, name, from)| at + 1 == story.len() && name == step && from == place)
}

fn push_cut(text: &mut String, lines: &[String], room: usize) {
    if lines.len() <= room {
        lines.iter().for_each(|line| {
            let _ = writeln!(text, "{line}");
        });
        return;
    }
    let half = room.saturating_sub(1) / 2;
    let last = lines.len() - (room - 1 - half);
    for (i, line) in lines.iter().enumerate() {
        if i < half || i >= last {
            let _ = writeln!(text, "{line}");
        } else if i == half {
            let _ = writeln!(
                text,
                "          ... {} lines more (`cordboard explain --json` has them all)",
                last - half
            );
        }
    }
}

fn line(fact: &Fact, leg: Option<u16>) -> Option<String> {
    let leg = leg.map_or(String::new(), |leg| format!("leg {leg} "));
    Some(match fact {
        Fact::CallRouted { route, at } => format!("{:<16} {route}", place(at)),
        Fact::CallUnrouted { why } => format!("no route: {why}"),
        Fact::StepStarted { step, detail, at } => format!("{:<16} {step} {detail}", place(at)),
        Fact::StepEnded {
            step,
            outcome,
            why,
            at,
        } => {
            let why = why
                .as_ref()
                .map(|w| format!(" ({})", first_line(w)))
                .unwrap_or_default();
            format!("{:<16} {step} -> {outcome}{why}", place(at))
        }
        Fact::ConditionChecked {
            condition,
            value,
            at,
        } => {
            format!("{:<16} when {condition} is {value}", place(at))
        }
        // What a script or a module says of itself is said in its own words.
        Fact::ScriptCalled {
            function,
            arguments,
            at,
            ..
        } if function == "log" => {
            let message = arguments.get("message").and_then(|m| m.as_str());
            format!("{:<16}   {}", place(at), first_line(message.unwrap_or("")))
        }
        Fact::ScriptCalled {
            function,
            arguments,
            answer: Some(answer),
            at,
        } => {
            format!(
                "{:<16}   {function} {} -> {}",
                place(at),
                brief(arguments),
                brief(answer)
            )
        }
        Fact::VariableSet { name, value } => format!("{:16} {name} = {value}", ""),
        Fact::LegDialled { target, caller, .. } => {
            format!("{:16} {leg}calls {target} as {}", "", shown(caller))
        }
        Fact::LegAnswered { media, .. } => {
            format!(
                "{:16} {leg}answered, {} with {}",
                "", media.codec, media.remote
            )
        }
        Fact::LegHeld => format!("{:16} {leg}on hold", ""),
        Fact::LegResumed => format!("{:16} {leg}back from hold", ""),
        Fact::DigitPressed { digit, .. } => {
            format!("{:16} {leg}key {}", "", digit.map_or('?', |d| d))
        }
        Fact::Bridged {
            legs: [a, b],
            converted,
        } => {
            let how = if *converted { ", audio converted" } else { "" };
            format!("{:16} legs {a} and {b} talk{how}", "")
        }
        Fact::RecordingStarted { file, .. } => format!("{:16} recording {file}", ""),
        Fact::RecordingEnded {
            error: Some(error), ..
        } => format!("{:16} recording failed: {error}", ""),
        Fact::LegEnded { cause, why, by, .. } => {
            let why = why.as_ref().map(|w| format!(", {w}")).unwrap_or_default();
            format!(
                "{:16} {leg}gone: {} (by {}{why})",
                "",
                cause.text(),
                word(by)
            )
        }
        _ => return None,
    })
}

fn leg_line(cdr: &Cdr) -> String {
    let media = cdr.media.map_or(String::new(), |m| {
        format!(
            ", {} packets in, {} out, {} lost, jitter {:.1} ms",
            m.received_packets, m.sent_packets, m.lost_packets, m.jitter_ms
        )
    });
    format!(
        "  {} {} {:<20} {} after {}, talk {}{}",
        cdr.leg,
        word(&cdr.direction),
        party_text(&cdr.party),
        cdr.result,
        seconds(cdr.ended_ms.saturating_sub(cdr.started_ms)),
        seconds(cdr.talk_ms),
        media
    )
}

/// The SIP ladder of a call: who sent what to whom and when.
pub fn ladder(events: &[StoredEvent]) -> String {
    let start = events.first().map_or(0, |event| event.at_ms);
    let mut peers: Vec<String> = Vec::new();
    let mut lines = Vec::new();
    for event in events {
        let inward = match event.topic.as_str() {
            "sip.received" => true,
            "sip.sent" => false,
            _ => continue,
        };
        let Ok(message) = serde_json::from_str::<Value>(&event.payload) else {
            continue;
        };
        let text = |name: &str| {
            message
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let peer = text("peer");
        let at = peers
            .iter()
            .position(|known| *known == peer)
            .unwrap_or_else(|| {
                peers.push(peer.clone());
                peers.len() - 1
            });
        let mut said = text("line");
        // An answer says little without what it answers.
        if said.starts_with(|first: char| first.is_ascii_digit())
            && let Some((_, method)) = text("cseq").split_once(' ')
        {
            let _ = write!(said, " ({method})");
        }
        lines.push((event.at_ms.saturating_sub(start), at, inward, said));
    }
    let mut out = String::from("SIP (each line: time, peer, direction, message)\n");
    for (at, peer) in peers.iter().enumerate() {
        let _ = writeln!(out, "  {} = {peer}", letter(at));
    }
    let hidden = lines.len().saturating_sub(LADDER_LINES_MAX);
    for (after, peer, inward, text) in lines.into_iter().take(LADDER_LINES_MAX) {
        let arrow = if inward { "──▶" } else { "◀──" };
        let indent = " ".repeat(4 * peer);
        let _ = writeln!(
            out,
            "  {:>8}  {indent}{} {arrow}  {text}",
            seconds(after),
            letter(peer)
        );
    }
    if hidden > 0 {
        let _ = writeln!(out, "  ... {hidden} messages more");
    }
    out
}

fn letter(at: usize) -> char {
    char::from(b'A' + u8::try_from(at.min(25)).unwrap_or(25))
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}s", ms / 1000, ms % 1000)
}

fn place(place: &Place) -> String {
    format!("{}:{}", place.file, place.line)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn shown(number: &str) -> &str {
    if number.is_empty() {
        "anonymous"
    } else {
        number
    }
}

fn brief(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 {
        text
    } else {
        text.chars().take(59).chain(['…']).collect()
    }
}

/// The serde word of a closed enum.
fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn party_text(party: &cordboard_call::event::Party) -> String {
    use cordboard_call::event::Party;
    match party {
        Party::User(name) => format!("user {name}"),
        Party::Trunk(name) => format!("trunk {name}"),
        Party::Stranger => "a stranger".to_owned(),
    }
}

fn local(unix_ms: u64) -> String {
    let ms = i64::try_from(unix_ms).unwrap_or(0);
    jiff::Timestamp::from_millisecond(ms)
        .map(|at| {
            at.to_zoned(jiff::tz::TimeZone::UTC)
                .strftime("%Y-%m-%d %H:%M:%S UTC")
                .to_string()
        })
        .unwrap_or_default()
}
