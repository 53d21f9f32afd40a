//! Fuzz targets: any bytes are read or refused, never a panic, never without end.

use crate::calendar::LocalTime;
use crate::expr::{Condition, Values};
use crate::node_file::Ceiling;
use crate::{Cache, Known, Source, Template, check_ceiling, format, load, load_node, render};

pub(crate) mod sample;

/// Files longer than this are cut: the parser is slow, and mistakes are short.
const BYTES_MAX: usize = 4096;

/// Reads bytes as a tenant's file, as a table that another file includes, and as `_node.kdl`.
pub fn fuzz_dialplan(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes.get(..BYTES_MAX).unwrap_or(bytes));
    let head = "tenant a domain=\"a.example\"\ndids \"t.csv\"\n";
    let source = Source::of([("head.kdl", head), ("main.kdl", &*text), ("t.csv", &*text)]);
    let known = Known::of(["welcome"], ["welcome"]).with_modules([sample::module()]);
    let mut cache = Cache::new();
    match load(&source, &known, &mut cache) {
        Ok(loaded) => {
            let again = load(&source, &known, &mut cache).map(|l| l.dialplan.hash);
            debug_assert_eq!(again.ok(), Some(loaded.dialplan.hash.clone()));
            let _ = check_ceiling(&loaded.dialplan, &Ceiling::unsaid("a"));
            debug_assert!(crate::diff(&loaded.dialplan, &loaded.dialplan).is_empty());
        }
        Err(findings) => {
            for finding in &findings {
                debug_assert!(finding.mark.line > 0 && finding.mark.column > 0);
            }
            let shown = findings.get(..20).unwrap_or(&findings);
            debug_assert!(!render(shown, &source, false).is_empty());
        }
    }
    let _ = load_node("_node.kdl", &text);
    let _ = format("main.kdl", &text);
    stands_on_itself(&text);
}

/// Reads a text as a base and, above it, as a tenant's own file, so that what it says outermost
/// replaces what it says.
fn stands_on_itself(text: &str) {
    let head = "tenant a domain=\"a.example\"\nbase \"../_base\"\n";
    let files = [
        ("../_base/main.kdl", text),
        ("../_base/t.csv", text),
        ("head.kdl", head),
        ("main.kdl", text),
    ];
    let mut source = Source::of(files);
    let known = Known::of(["welcome"], ["welcome"]).with_modules([sample::module()]);
    let mut cache = Cache::new();
    // Twice, so that what was kept is asked as well; then without the tenant's part, which may be good.
    let once = load(&source, &known, &mut cache).map(|l| l.dialplan.hash);
    let again = load(&source, &known, &mut cache).map(|l| l.dialplan.hash);
    debug_assert_eq!(once, again);
    if let Err(findings) = &once {
        let shown = findings.get(..20).unwrap_or(findings);
        debug_assert!(!render(shown, &source, false).is_empty());
    }
    let _ = crate::own_lines(&source).0.to_string();
    source.files.remove("main.kdl");
    let _ = load(&source, &known, &mut cache);
    let _ = crate::own_lines(&source).0.to_string();
}

/// Reads bytes as a condition and as a template, and asks both of an odd call.
pub fn fuzz_expr(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes.get(..BYTES_MAX).unwrap_or(bytes));
    match Condition::parse(&text) {
        Ok(condition) => {
            let _ = (condition.holds(&Odd), condition.inputs(&Odd));
        }
        Err(error) => debug_assert!(error.at <= text.len()),
    }
    match Template::parse(&text) {
        Ok(template) => {
            debug_assert!(template.fill(&Odd).chars().count() <= crate::template::OUTPUT_CHARS_MAX);
        }
        Err(error) => debug_assert!(error.at <= text.len()),
    }
    let _ = crate::numbers::Pattern::parse(&text);
}

/// A call whose every answer is unusual.
struct Odd;

impl Values for Odd {
    fn caller_number(&self) -> &str {
        ""
    }
    fn caller_name(&self) -> &str {
        "Ім'я \u{1f4de}"
    }
    fn dialled(&self) -> &str {
        "+44"
    }
    fn variable(&self, name: &str) -> Option<&str> {
        name.len().is_multiple_of(2).then_some("NaN")
    }
    fn is_open(&self, calendar: &str) -> bool {
        calendar.len().is_multiple_of(2)
    }
    fn fact(&self, topic: &str, _key: &str) -> Option<serde_json::Value> {
        topic
            .starts_with('a')
            .then(|| serde_json::json!({ "a": [1, { "b": null }] }))
    }
    fn local_time(&self) -> LocalTime {
        LocalTime::at("Europe/Kyiv", 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{Cache, Known, Source, load};

    #[test]
    fn nothing_deep_or_long_overflows_or_hangs() {
        let n = 2000;
        for (open, inside, close) in [
            ("/*", "", "*/"),
            ("a {", "b", "}"),
            ("a {\n", "b", "}\n"),
            ("(", "a", ")"),
            ("/-", "a", ""),
            ("\\", "", ""),
            ("a /- {", "b", "}"),
            ("/-\n", "a", ""),
            ("/-/*x*/", "a", ""),
            ("/-a {", "b", "}"),
            ("a /-b {", "c", "}"),
            ("a {/*", "", "*/}"),
            ("(\n", "a", ""),
            ("a;", "", ""),
            ("#", "\"", ""),
            ("a=", "b", ""),
            ("\"\"\"\n", "", ""),
            ("a {", "", ""),
            ("/* ", "", ""),
            ("}", "", ""),
            ("}\n", "a", ""),
            ("a }\n", "", ""),
            (")", "", ""),
        ] {
            for depth in [30, 60, n] {
                let text = format!("{}{inside}{}", open.repeat(depth), close.repeat(depth));
                super::fuzz_dialplan(text.as_bytes());
            }
        }
    }

    /// A parser that goes on behind every mistake by calling itself would overflow its stack here,
    /// and a lexer that looks ahead to the end of the file would take minutes.
    #[test]
    fn a_long_file_of_mistakes_overflows_nothing() {
        for line in [
            "a {} b\n",
            "a {} b ",
            "}",
            "}\n",
            "a b(c)\n",
            "a b(c) ",
            "\"a\"b ",
            "a b=c=d\n",
            "a b=c=d ",
            "/*",
            "*/",
            "/* * */ ",
            "\"\\q { \"\n",
            "a \"\\q x\" {\n",
            "a { \"\\q x\" }\n",
            "\"{\"\"{\" ",
            "#\"",
            "\"\"\"{",
            "(",
            "(a",
            "a /-",
            "/-a {} ",
            "=",
            "\\ ",
            "\"\\q /* ",
            "{",
            "\"x\" {",
            "\"{\n",
            "a\"{",
            "0x{3}{",
            "\u{feff}{",
            "a \u{200e}\"{",
        ] {
            let text = line.repeat(40_000 / line.len());
            let source = Source::of([("main.kdl", &*text)]);
            let loaded = load(
                &source,
                &Known::of(["welcome"], ["welcome"]),
                &mut Cache::new(),
            );
            assert!(
                loaded.is_err_and(|findings| !findings.is_empty()),
                "{line:?}"
            );
        }
    }

    /// The parser calls itself for every `*` and `/` of a comment.
    #[test]
    fn a_banner_of_stars_is_a_comment() {
        for (open, close) in [("/*", "*/\n"), ("/*", ""), ("a \"/*\" /*", "*/\n")] {
            for fill in ["*", "/", "* ", "/ * "] {
                let text = format!("{open}{}{close}", fill.repeat(1_000));
                super::fuzz_dialplan(text.as_bytes());
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            super::fuzz_dialplan(&bytes);
            super::fuzz_expr(&bytes);
        }

        #[test]
        fn nothing_that_looks_like_a_dialplan_panics(words in prop::collection::vec(
            prop::sample::select(vec!["route", " ", "main", "{", "}", "\n", ";", "\"", "did", "\"+44\"", "+44",
                "when", "else", "\"hour > 5\"", "play", "welcome", "=", "digits=1", "collect", "on", "5s", "/-",
                "/*", "*/", "//", "x{7,9}", "#true", "true", "#\"", "\\", "(a)", "é", "dids", "calendar", "open",
                "mon-fri", "\"08:00-18:00\"", "test", "call", "user", "trunk", "goto", "hangup", ",", "+441,main\n"]),
            0..60)) {
            super::fuzz_dialplan(words.concat().as_bytes());
        }

        #[test]
        fn nothing_that_looks_like_a_base_panics(words in prop::collection::vec(
            prop::sample::select(vec!["override a", "override b", "override", " {", "}", "\n", ";", " ", "value a", "value b",
                "value", " \"{value.a}\"", " \"x{value.b}y\"", "\"{{value.a}}\"", " x={value.a}", " x=\"{value.a}\"", " 7", " \"5s\"",
                " welcome", "base \"../_base\"", "base \"../_b\"", "base", "route r", "play", "wait", "goto r", "hangup",
                "calendar c", "open daily", "\"08:00-18:00\"", "did \"{value.a}\"", "did \"+44\"", "user u", "module desk", "config",
                "line \"{value.a}\"", "when \"var.x == '{value.a}'\"", "else", "on other", "tenant b", "test", "(a)", "/-", "dids \"t.csv\""]),
            0..60)) {
            super::fuzz_dialplan(words.concat().as_bytes());
        }

        #[test]
        fn nothing_that_looks_like_modules_panics(words in prop::collection::vec(
            prop::sample::select(vec!["module desk", "module x src=desk", "module", " ", "{", "}", "\n", ";", "grant ", "http ",
                "\"https://*.a.example/*\"", "\"*\"", "store", "file \"t.csv\"", "native", " rate=\"5/s\"", " private=#true",
                " size=\"1MiB\"", " methods=\"GET\"", "config ", "base=x", "line \"a\"", "line ", "member u", " level=1",
                "hours", " strict=#true", "tags a", "table \"t.csv\"", " after=a", "(secret)\"t\"", "token=", "user u",
                "did \"+44\"", "desk.enter a", "desk.menu", "desk.look-up", "x.enter", " digits=1", " priority=\"{var.a.b}\"",
                " skip=\"u u\"", " of=a", " of=\"{var.a}\"", "on timeout", "on other", "else", "test", "call did=\"+44\"",
                "step \"desk.enter\"", " outcome=closed", " set=\"a.b=c\"", "fact \"a\" \"b\" c=1", "ceiling a", "modules",
                "instances 5", "private-addresses #true", "=", "#null", "1", "-1.5"]),
            0..60)) {
            super::fuzz_dialplan(words.concat().as_bytes());
        }
    }
}
