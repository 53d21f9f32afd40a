//! Stories about conditions.

use proptest::prelude::*;
use serde_json::json;

use super::*;

struct Caller {
    number: &'static str,
    at: LocalTime,
}

impl Values for Caller {
    fn caller_number(&self) -> &str {
        self.number
    }
    fn caller_name(&self) -> &str {
        "Ann"
    }
    fn dialled(&self) -> &str {
        "+442079460100"
    }
    fn variable(&self, name: &str) -> Option<&str> {
        match name {
            "tries" => Some("3"),
            "vip" => Some("true"),
            _ => None,
        }
    }
    fn is_open(&self, calendar: &str) -> bool {
        calendar == "office"
    }
    fn fact(&self, topic: &str, key: &str) -> Option<serde_json::Value> {
        (topic == "list" && key == self.number).then(|| json!({"level": 2, "who": {"name": "Ann"}}))
    }
    fn local_time(&self) -> LocalTime {
        self.at
    }
}

fn caller() -> Caller {
    // Wednesday 2026-11-25, 14:30 in London.
    let at = crate::calendar::unix_ms_of("Europe/London", "2026-11-25T14:30").unwrap();
    Caller {
        number: "+442079460999",
        at: LocalTime::at("Europe/London", at),
    }
}

fn holds(source: &str) -> bool {
    Condition::parse(source)
        .unwrap_or_else(|e| panic!("{source}: {e:?}"))
        .holds(&caller())
}

fn error(source: &str) -> (String, String, String) {
    let e = Condition::parse(source).unwrap_err();
    let span = source
        .get(e.at..e.at + e.len)
        .unwrap_or("<outside>")
        .to_string();
    (span, e.message, e.help.unwrap_or_default())
}

#[test]
fn answers_by_caller_time_calendar_variable_and_fact() {
    assert!(holds("caller.number == '+442079460999'"));
    assert!(holds(
        "caller.number matches '+4420*' and not (caller.number matches '+4421*')"
    ));
    assert!(holds("caller.number in ('+1', '+442079460999')"));
    assert!(holds("caller.number not in ('+1', '+2')"));
    assert!(holds(
        "hour == 14 and minute == 30 and weekday == 'wed' and date == '2026-11-25'"
    ));
    assert!(holds("open('office') and not open('shop')"));
    assert!(holds("var.tries >= 3 and var.tries == '3' and var.vip"));
    assert!(holds("fact('list', caller.number).level > 1"));
    assert!(holds("fact('list', caller.number).who.name == 'Ann'"));
    assert!(!holds("hour < 9 or hour >= 18"));
}

#[test]
fn and_binds_tighter_than_or() {
    assert!(holds("true or true and false"));
    assert!(!holds("(true or true) and false"));
    assert!(!holds("not true or false"));
}

#[test]
fn what_is_missing_equals_nothing() {
    assert!(!holds("var.none == ''"));
    assert!(holds("var.none != 'x'"));
    assert!(!holds("var.none < 5") && !holds("var.none >= 5"));
    assert!(!holds("fact('other', 'key').level == 0"));
    assert!(!holds("fact('list', 'stranger')"));
}

#[test]
fn types_are_checked_before_any_call() {
    let (span, message, help) = error("caller.number == 5");
    assert_eq!((&*span, &*message), ("5", "text is compared with a number"));
    assert_eq!(help, "quote it: `'...'`");
    assert_eq!(error("hour == '9'").0, "'9'");
    assert_eq!(error("caller.name < 3").0, "3");
    assert_eq!(
        error("caller.number").1,
        "this is text, where true or false is wanted"
    );
    assert_eq!(error("weekday in ('mon', 'moon')").0, "'moon'");
    assert_eq!(error("caller.number matches '+44[a]'").0, "[a]");
    assert!(error("caler.number == ''").2.contains("caller.number"));
    assert_eq!(error("hour = 5").2, "equality is `==`");
    assert_eq!(error("true && true").2, "write `and`");
    assert_eq!(error("open(office)").2, "write `open('office')`");
    assert_eq!(error("").1, "a value is wanted, not the condition's end");
}

#[test]
fn says_what_it_looked_at() {
    let condition = Condition::parse("open('office') and hour < 18 and var.none == 'x'").unwrap();
    let inputs = condition.inputs(&caller());
    let want = [
        ("open('office')", "true"),
        ("hour", "14"),
        ("var.none", "missing"),
    ];
    let got: Vec<(&str, &str)> = inputs.iter().map(|(a, b)| (&**a, &**b)).collect();
    assert_eq!(got, want);
    assert_eq!(condition.calendars().collect::<Vec<_>>(), [("office", 6)]);
}

#[test]
fn deep_nesting_is_refused_not_overflowed() {
    let deep = format!("{}true{}", "(".repeat(900), ")".repeat(900));
    assert!(
        Condition::parse(&deep)
            .unwrap_err()
            .message
            .contains("nested")
    );
    assert!(Condition::parse(&"not ".repeat(400)).is_err());
    assert!(Condition::parse(&"x".repeat(5000)).is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(source in "\\PC{0,80}") {
        if let Ok(condition) = Condition::parse(&source) {
            condition.holds(&caller());
        }
    }

    #[test]
    fn any_words_are_read_or_refused(words in prop::collection::vec(
        prop::sample::select(vec!["and", "or", "not", "in", "matches", "(", ")", ",", ".", "==", "<",
            "5", "'x'", "'+44*'", "hour", "var.a", "open", "'office'", "fact", "caller.number", "true"]),
        0..24)) {
        let source = words.join(" ");
        match Condition::parse(&source) {
            Ok(condition) => { condition.holds(&caller()); condition.inputs(&caller()); }
            Err(e) => prop_assert!(e.at <= source.len() && source.is_char_boundary(e.at)),
        }
    }
}
