//! Stories about texts that are filled in.

use proptest::prelude::*;

use super::*;
use crate::calendar::LocalTime;

struct Call(&'static str);

impl Values for Call {
    fn caller_number(&self) -> &str {
        "+380441234567"
    }
    fn caller_name(&self) -> &str {
        "Їжак"
    }
    fn dialled(&self) -> &str {
        self.0
    }
    fn variable(&self, name: &str) -> Option<&str> {
        (name == "x").then_some("{dialled}")
    }
    fn is_open(&self, _: &str) -> bool {
        false
    }
    fn fact(&self, _: &str, _: &str) -> Option<serde_json::Value> {
        None
    }
    fn local_time(&self) -> LocalTime {
        LocalTime::at("UTC", 0)
    }
}

fn filled(source: &str) -> String {
    Template::parse(source)
        .unwrap()
        .fill(&Call("+442079460123"))
}

#[test]
fn fills_in_numbers_names_variables_and_slices() {
    assert_eq!(filled("sip-{dialled}"), "sip-+442079460123");
    assert_eq!(filled("{dialled:-4}"), "0123");
    assert_eq!(filled("{dialled:3}"), "2079460123");
    assert_eq!(filled("{dialled:1:2}"), "44");
    assert_eq!(filled("{dialled:-99}"), "+442079460123");
    assert_eq!(filled("{dialled:99}"), "");
    assert_eq!(
        filled("{caller.number} {caller.name:1:2}"),
        "+380441234567 жа"
    );
    assert_eq!(filled("{var.none}|{{}}"), "|{}");
    assert_eq!(
        filled("{var.x}"),
        "{dialled}",
        "a value is never read as a template"
    );
}

#[test]
fn mistakes_are_marked_where_they_are() {
    let error = |source: &str| {
        let e = Template::parse(source).unwrap_err();
        (
            source.get(e.at..e.at + e.len).unwrap().to_string(),
            e.help.unwrap(),
        )
    };
    assert_eq!(
        error("їх {dialed} x"),
        ("dialed".into(), "did you mean `{dialled}`?".into())
    );
    assert_eq!(error("a {dialled:x}").0, "x");
    assert_eq!(error("a {dialled").0, "{dialled");
    assert_eq!(error("a } b").0, "}");
    assert!(error("{name}").1.contains("{var.name}"));
    assert!(Template::parse(&"{dialled}".repeat(PARTS_MAX + 1)).is_err());
}

#[test]
fn what_comes_out_is_bounded() {
    let long: &'static str = "їїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїїї";
    let out = Template::parse(&"{dialled}".repeat(PARTS_MAX))
        .unwrap()
        .fill(&Call(long));
    assert_eq!(out.chars().count(), OUTPUT_CHARS_MAX);
    assert_eq!(Template::plain("{x}").fill(&Call("")), "{x}");
    assert_eq!(Template::parse("{{x}}").unwrap().as_plain(), Some("{x}"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(source in "[{}a-z.:0-9ї-]{0,40}") {
        match Template::parse(&source) {
            Ok(template) => { template.fill(&Call("+44")); prop_assert_eq!(template.source(), source); }
            Err(e) => prop_assert!(source.get(e.at..).is_some()),
        }
    }

    #[test]
    fn plain_text_comes_out_as_it_went_in(text in "\\PC{0,60}") {
        let plain = Template::plain(&text);
        prop_assert_eq!(plain.fill(&Call("")), text);
        prop_assert_eq!(Template::parse(plain.source()).unwrap().fill(&Call("")), plain.fill(&Call("")));
    }
}
