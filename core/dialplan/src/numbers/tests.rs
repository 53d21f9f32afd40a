//! Stories about numbers (R22, R24), and the table against asking every row.

use std::sync::Arc;

use proptest::prelude::*;

use super::overlap::{covered, meet};
use super::*;
use crate::route::Place;

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn place(line: u32) -> Place {
    Place {
        file: Arc::from("main.kdl"),
        line,
        column: 1,
    }
}

fn table(rows: &[&str]) -> NumberTable<usize> {
    let mut table = NumberTable::default();
    for (n, text) in rows.iter().enumerate() {
        table.insert(pattern(text), place(n as u32 + 1), n);
    }
    table
}

#[test]
fn exact_beats_range_beats_pattern_and_the_longer_prefix_wins() {
    let table = table(&[
        "+44*",
        "+4420*",
        "+44207946{0200..0299}",
        "+442079{460000..469999}",
        "+442079460250",
        "+44207946xxxx",
    ]);
    let won = |number: &str| table.lookup(number).map(|m| (m.pattern, m.place.line));
    assert_eq!(won("+442079460250"), Some(("+442079460250", 5)));
    assert_eq!(won("+442079460251"), Some(("+44207946{0200..0299}", 3)));
    assert_eq!(won("+442079460300"), Some(("+442079{460000..469999}", 4)));
    assert_eq!(won("+4420794603001"), Some(("+4420*", 2)));
    assert_eq!(won("+44"), Some(("+44*", 1)));
    assert_eq!(won("+33"), None);
    assert_eq!(won(""), None);
    assert_eq!(won("+44é"), None);
    let skipping = table.lookup_where("+442079460250", |n| *n != 4);
    assert_eq!(skipping.map(|m| m.pattern), Some("+44207946{0200..0299}"));
}

#[test]
fn patterns_fit_what_they_say() {
    let fits = [
        (
            "0[1-9]x{7,9}",
            &["0123456789", "012345678"][..],
            &["0023456789", "01234567", "012345678901"][..],
        ),
        (
            "+4420*",
            &["+4420", "+442079460100", "+4420#"],
            &["+442", "+4421", "+4420a"],
        ),
        ("[135]2{3}", &["1222", "5222"], &["2222", "122", "12222"]),
        ("*97", &["*97"], &["97", "*97*"]),
        ("x", &["0", "9"], &["", "x", "10", "+"]),
        ("*", &["", "123"], &["+1"]),
        ("bob", &["bob"], &["Bob", "bobb"]),
        ("0{08..12}", &["008", "012"], &["08", "013", "0008"]),
    ];
    for (text, good, bad) in fits {
        let p = pattern(text);
        assert!(good.iter().all(|n| p.matches(n)), "{text} {good:?}");
        assert!(!bad.iter().any(|n| p.matches(n)), "{text} {bad:?}");
    }
}

#[test]
fn wrong_patterns_are_marked_where_they_are_wrong() {
    let wrong = |text: &str| {
        let e = Pattern::parse(text).unwrap_err();
        text.get(e.at..e.at + e.len).unwrap().to_string()
    };
    assert_eq!(wrong("+44{10..2}"), "{10..2}");
    assert_eq!(wrong("+44{20..10}"), "{20..10}");
    assert_eq!(wrong("+44{10..20}x"), "{10..20}x");
    assert_eq!(wrong("x{10..20}"), "{10..20}");
    assert_eq!(wrong("0[9-1]"), "[9-1]");
    assert_eq!(wrong("0[1-"), "[1-");
    assert_eq!(wrong("12+3"), "+");
    assert_eq!(wrong("12 3"), " ");
    assert_eq!(wrong("1x{0}"), "{0");
    assert!(Pattern::parse("x{40}x{40}").is_err());
    // As many as there can be, and one more: no sum of keys turns over.
    let most = usize::MAX;
    assert!(Pattern::parse(&format!("01x{{8,{most}}}")).is_err());
    assert!(Pattern::parse(&format!("01x{{{most}}}")).is_err());
    assert!(Pattern::parse("").is_err());
}

#[test]
fn numbers_get_one_form_however_they_were_written() {
    let home = NumberPolicy {
        country: Some("44"),
        national_prefix: "0",
        international_prefix: "00",
    };
    let plain = |text| normalise(text, &NumberPolicy::PLAIN);
    let british = |text| normalise(text, &home);
    assert_eq!(plain("+44 (20) 7946-0100"), Some("+442079460100".into()));
    assert_eq!(
        plain("tel:+44-20-7946-0100;phone-context=x"),
        Some("+442079460100".into())
    );
    assert_eq!(plain("0044 20 7946 0100"), Some("+442079460100".into()));
    assert_eq!(plain("020 7946 0100"), Some("02079460100".into()));
    assert_eq!(british("020 7946 0100"), Some("+442079460100".into()));
    assert_eq!(
        british("100"),
        Some("100".into()),
        "a short number is left alone"
    );
    for wrong in [
        "",
        "anonymous",
        "+",
        "12a",
        "1+2",
        "++1",
        "sip:12",
        &"1".repeat(40),
    ] {
        assert_eq!(plain(wrong), None, "{wrong}");
    }
}

#[test]
fn overlap_and_cover_are_found() {
    assert!(meet(&pattern("0[1-5]x"), &pattern("0[5-9]x{1,2}")));
    assert!(!meet(&pattern("0[1-4]x"), &pattern("0[5-9]x{1,2}")));
    assert!(meet(&pattern("+44{10..20}"), &pattern("+44x[05]")));
    assert!(!meet(&pattern("+44{11..14}"), &pattern("+44x[05]")));
    assert!(covered(
        &pattern("+44x{2}"),
        &[&pattern("+44{00..49}"), &pattern("+44{50..99}")]
    ));
    assert!(!covered(
        &pattern("+44x{2}"),
        &[&pattern("+44{00..49}"), &pattern("+44{51..99}")]
    ));
    assert!(covered(&pattern("+44[2-2]x*"), &[&pattern("+442*")]));
    assert!(!covered(
        &pattern("+44*"),
        &[&pattern("+440*"), &pattern("+44x*")]
    ));
}

#[test]
fn ranges_inside_ranges_are_found_by_the_search() {
    let table = table(&["{0000..9999}", "{1000..1999}", "{1500..1501}", "{00..99}"]);
    assert_eq!(table.lookup("0042").map(|m| *m.value), Some(0));
    assert!(table.lookup("1999").map(|m| m.pattern).is_some());
    assert_eq!(table.lookup("42").map(|m| *m.value), Some(3));
    assert_eq!(table.lookup("9999").map(|m| *m.value), Some(0));
    assert_eq!(table.ties(&pattern("{1400..1600}")).count(), 3);
    assert_eq!(table.ties(&pattern("{2000..2001}")).count(), 1);
    assert_eq!(table.exact_within(&pattern("{0000..9999}")), 0);
}

/// Short patterns over few digits, so that they often meet.
fn any_pattern() -> impl Strategy<Value = String> {
    let literal = "[12]{0,3}";
    prop_oneof![
        "[12]{1,4}",
        (literal, 0u32..30, 0u32..30).prop_map(|(p, a, b)| format!(
            "{p}{{{:02}..{:02}}}",
            a.min(b),
            a.max(b)
        )),
        (
            literal,
            prop::sample::select(vec!["x", "[12]", "x{1,2}", "[2]{2}", "*", "x*", "1x", "x2"])
        )
            .prop_map(|(p, tail)| format!("{p}{tail}")),
    ]
}

fn naive(rows: &[Pattern], number: &str) -> Option<(PatternClass, usize)> {
    let fitting = rows.iter().filter(|p| p.matches(number));
    fitting
        .map(|p| (p.class(), p.literal_prefix().len()))
        .min_by_key(|(c, l)| (*c, usize::MAX - l))
}

proptest! {
    #[test]
    fn the_table_finds_what_asking_every_row_finds(
        rows in prop::collection::vec(any_pattern(), 0..24),
        numbers in prop::collection::vec("[0-3]{0,5}", 20),
    ) {
        let rows: Vec<Pattern> = rows.iter().map(|t| pattern(t)).collect();
        let mut table = NumberTable::default();
        for (n, row) in rows.iter().enumerate() {
            table.insert(row.clone(), place(n as u32), n);
        }
        for number in &numbers {
            let found = table.lookup(number).map(|m| {
                let p = &rows[*m.value];
                assert!(p.matches(number));
                (p.class(), p.literal_prefix().len())
            });
            prop_assert_eq!(found, naive(&rows, number), "{}", number);
        }
    }

    #[test]
    fn without_ties_there_is_one_winner(
        rows in prop::collection::vec(any_pattern(), 0..24),
        numbers in prop::collection::vec("[0-3]{0,5}", 20),
    ) {
        let mut table: NumberTable<Pattern> = NumberTable::default();
        for row in rows.iter().map(|t| pattern(t)) {
            if table.ties(&row).next().is_none() {
                table.insert(row.clone(), place(1), row);
            }
        }
        for number in &numbers {
            let fitting: Vec<&Pattern> = table.entries().iter().map(|e| &e.pattern).filter(|p| p.matches(number)).collect();
            let rank = |p: &Pattern| (p.class(), usize::MAX - p.literal_prefix().len());
            if let Some(best) = fitting.iter().map(|p| rank(p)).min() {
                prop_assert_eq!(fitting.iter().filter(|p| rank(p) == best).count(), 1, "{}", number);
            }
        }
    }

    #[test]
    fn meeting_and_covering_agree_with_trying_numbers(a in any_pattern(), b in any_pattern(),
        numbers in prop::collection::vec("[0-3]{0,5}", 60)) {
        let (a, b) = (pattern(&a), pattern(&b));
        let both = numbers.iter().any(|n| a.matches(n) && b.matches(n));
        prop_assert!(!both || meet(&a, &b));
        let only = numbers.iter().any(|n| a.matches(n) && !b.matches(n));
        prop_assert!(!(only && covered(&a, &[&b])));
    }

    #[test]
    fn any_text_is_a_pattern_or_refused(text in "[0-9x+*#{}\\[\\],.a-c -]{0,20}") {
        match Pattern::parse(&text) {
            Ok(pattern) => { pattern.matches(&text); prop_assert!(pattern.size() != Some(0)); }
            Err(e) => prop_assert!(text.get(e.at..e.at + e.len).is_some()),
        }
    }
}
