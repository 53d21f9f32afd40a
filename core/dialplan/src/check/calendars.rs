//! `calendar office { open mon-fri "08:00-18:00"; closed "2026-12-25" name=Christmas }`.

use super::fields::Fields;
use super::sink::Sink;
use super::{CalendarLines, Item, codes, entities, name};
use crate::calendar::{Days, Hours, Rule};
use crate::file::Node;

/// Most lines of one calendar.
const LINES_MAX: usize = 2_000;

pub(super) fn calendar(sink: &mut Sink, node: &Node) -> Option<Item<CalendarLines>> {
    let mut fields = Fields::new(node, sink);
    let found = fields.wanted_argument("a name");
    let zone = fields.text("tz");
    let lines = fields.block();
    fields.finish();
    let zone = zone
        .filter(|z| entities::check_zone(sink, z))
        .map(|z| z.value);
    let mut rules = Vec::new();
    for line in lines.unwrap_or(&[]).iter().take(LINES_MAX) {
        match &*line.name {
            "open" => rules.extend(rule(sink, line, true)),
            "closed" => rules.extend(rule(sink, line, false)),
            other => {
                let help = super::words::suggestion(other, ["open", "closed"]);
                let message = format!("`calendar` has no line `{other}`");
                sink.error(line.name_span, codes::UNKNOWN_NODE, message, help);
            }
        }
    }
    if lines.unwrap_or(&[]).len() > LINES_MAX {
        let message = format!("more than {LINES_MAX} lines in one calendar");
        sink.error(node.head, codes::BAD_VALUE, message, None);
    }
    if !rules.iter().any(|r| r.open) {
        sink.warning(node.head, codes::CALENDAR, "this calendar is never open");
    }
    let found = found.filter(|f| name(sink, f))?;
    let value = CalendarLines { zone, rules };
    Some(Item {
        mark: sink.mark(found.span),
        name: found.value,
        value,
    })
}

/// One line: days and hours in any number; no days is every day, no hours the whole day.
fn rule(sink: &mut Sink, node: &Node, open: bool) -> Vec<Rule> {
    let mut fields = Fields::new(node, sink);
    let words = fields.arguments();
    let title = fields.text("name").map(|n| n.value);
    if node.arguments.is_empty() {
        let help = "write `open mon-fri \"08:00-18:00\"` or `closed \"2026-12-25\"`";
        let message = format!("`{}` wants days or hours", node.name);
        fields
            .sink
            .error(node.head, codes::MISSING, message, Some(help.into()));
    }
    fields.finish();
    let place = sink.place(node.head);
    let (mut days, mut hours) = (Vec::new(), Vec::new());
    for word in &words {
        let text = word.value.to_ascii_lowercase();
        if text.contains(':') {
            match Hours::parse(&text) {
                Some(read) => hours.push(read),
                None => {
                    let help = "write `\"08:00-18:00\"`; `24:00` is the day's end";
                    let message = format!("`{}` are no hours", word.value);
                    sink.error(word.span, codes::CALENDAR, message, Some(help.into()));
                }
            }
            continue;
        }
        match Days::week(&text).or_else(|| Days::dated(&text)) {
            Some(read) => days.push(read),
            None => {
                let help = "write `mon`, `mon-fri`, `daily`, `\"2026-12-25\"`, `\"2026-12-24..2026-12-26\"` or `\"12-25\"`";
                let message = format!("`{}` is no day", word.value);
                sink.error(word.span, codes::CALENDAR, message, Some(help.into()));
            }
        }
    }
    if words.iter().all(|w| w.value.contains(':')) {
        days.push(Days::Week(0x7f));
    }
    if words.iter().all(|w| !w.value.contains(':')) {
        hours.push(Hours::ALL);
    }
    let each = days
        .iter()
        .flat_map(|d| hours.iter().map(move |h| (*d, *h)));
    let rule = |(days, hours)| Rule {
        open,
        days,
        hours,
        name: title.clone(),
        place: place.clone(),
    };
    each.map(rule).collect()
}
