//! Stories of tables and decisions, and properties against the simplest thing that could work.

use cordboard_module::{Decision, Target};

use crate::{Place, Routing, Row, Table, order};

const TABLE: &str = "\
number,to,weight,cost,strip,add,caller-id,timeout
# London by two carriers, three to one
+4420*,trunk:a,3,90,1,00,,
+4420*,trunk:b,1,90,,,+442079460100,20
+44*,trunk:a,1,120,,,,
+44*,trunk:b,1,100,,,,
+4490*,barred,,,,,,
+442079460201,user:alice,,,,,,
\"+44800*\",\"trunk:a\",0,0,,,,
";

fn routing() -> Routing {
    Routing::of("p.csv", TABLE.as_bytes()).unwrap()
}

fn targets(routing: &Routing, number: &str, seed: u64) -> Vec<Target> {
    match routing.decide(number, seed).decision {
        Decision::Targets(targets) => targets,
        Decision::Outcome(outcome) => panic!("{number}: {outcome}"),
    }
}

fn trunks(targets: &[Target]) -> Vec<&str> {
    let names = targets.iter().map(|t| t.trunk.as_deref().unwrap_or("-"));
    names.collect()
}

#[test]
fn the_longest_prefix_decides_and_the_cheapest_is_first() {
    let routing = routing();
    let tried = targets(&routing, "+44 161 496-0000", 1);
    assert_eq!(trunks(&tried), ["b", "a"]);
    assert_eq!(tried[0].number.as_deref(), Some("+441614960000"));
    let reasons = routing.decide("+441614960000", 1).reasons;
    assert_eq!(reasons[0], "longest prefix `+44`, p.csv:5");
    assert_eq!(reasons[1], "b: cost 100, weight 1, line 6");
    assert_eq!(reasons.len(), 3);
}

#[test]
fn an_exact_number_goes_before_every_prefix() {
    let routing = routing();
    let tried = targets(&routing, "+442079460201", 1);
    assert_eq!(tried[0].user.as_deref(), Some("alice"));
    assert_eq!(tried[0].number, None);
    assert!(routing.decide("+442079460201", 1).reasons[0].starts_with("the number itself"));
}

#[test]
fn numbers_are_rewritten_as_the_trunk_wants_them() {
    let routing = routing();
    for seed in 0..20 {
        for target in targets(&routing, "+442079461234", seed) {
            match target.trunk.as_deref() {
                Some("a") => assert_eq!(target.number.as_deref(), Some("00442079461234")),
                _ => {
                    assert_eq!(target.number.as_deref(), Some("+442079461234"));
                    assert_eq!(target.caller_id.as_deref(), Some("+442079460100"));
                    assert_eq!(target.timeout_ms, 20_000);
                }
            }
        }
    }
}

#[test]
fn what_is_barred_or_unknown_is_an_outcome_with_its_reason() {
    let routing = routing();
    let barred = routing.decide("+4490123", 1);
    assert_eq!(barred.decision, Decision::Outcome("barred".to_owned()));
    assert!(barred.reasons[0].contains("line 7"), "{:?}", barred.reasons);
    for number in ["+331234", "", "bob", "ж+44"] {
        let none = routing.decide(number, 1);
        assert_eq!(
            none.decision,
            Decision::Outcome("no-route".to_owned()),
            "{number}"
        );
        assert!(none.reasons[0].contains("p.csv"));
    }
}

#[test]
fn a_star_alone_takes_everything_and_no_more_than_eight_are_tried() {
    let mut text = "to,number\n".to_owned();
    for n in 0..11 {
        text.push_str(&format!("trunk:t{n},*\n"));
    }
    let routing = Routing::of("all.csv", text.as_bytes()).unwrap();
    assert_eq!(targets(&routing, "007", 5).len(), 8);
    let reasons = routing.decide("007", 5).reasons;
    assert_eq!(reasons.last().unwrap(), "3 more are not tried");
}

#[test]
fn weights_are_shares_and_a_seed_repeats_its_decision() {
    let routing = routing();
    let mut first_a = 0;
    for seed in 0..10_000 {
        let tried = targets(&routing, "+442079461234", seed);
        assert_eq!(tried.len(), 2);
        assert_eq!(tried, targets(&routing, "+442079461234", seed));
        first_a += usize::from(tried[0].trunk.as_deref() == Some("a"));
    }
    // Three of four, five standard deviations of a binomial (43).
    assert!((7_283..=7_717).contains(&first_a), "{first_a}");
}

#[test]
fn every_wrong_row_is_reported_with_its_line() {
    let text = "number,to,weight\n+44*,trunk:,1\n,trunk:a,1\n+44,trunk:a\n+4a,trunk:a,1\n+45,trunk:a,2000\n\"+46,trunk:a,1\n\"+47\"x,trunk:a,1\n+48,trunk:a,1\n";
    let mistakes = Table::read("t.csv", text.as_bytes()).unwrap_err();
    let lines: Vec<&str> = mistakes
        .iter()
        .map(|m| m.split(": ").next().unwrap())
        .collect();
    assert_eq!(
        lines,
        [
            "t.csv:2", "t.csv:3", "t.csv:4", "t.csv:5", "t.csv:6", "t.csv:7", "t.csv:8"
        ]
    );
    for (text, part) in [
        ("", "no lines"),
        ("number", "`to` is missing"),
        ("number,to,price", "no column `price`"),
        ("number,to,to", "a second column"),
    ] {
        let mistakes = Table::read("t.csv", text.as_bytes()).unwrap_err();
        assert!(mistakes[0].contains(part), "{mistakes:?}");
    }
    assert!(Table::read("t.csv", &[0xff]).unwrap_err()[0].contains("UTF-8"));
}

struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn digits(&mut self, most: u64) -> String {
        let count = self.below(most + 1);
        // Few digits, so that prefixes meet.
        (0..count)
            .map(|_| ["1", "2", "3"][self.below(3) as usize])
            .collect()
    }
}

/// The same table the simplest way: a list that is searched from end to end.
fn naive<'r>(rows: &'r [(String, bool, u32)], number: &str) -> Vec<&'r u32> {
    let exact: Vec<_> = rows
        .iter()
        .filter(|(n, is_prefix, _)| !is_prefix && n == number)
        .collect();
    if !exact.is_empty() {
        return exact.iter().map(|(_, _, line)| line).collect();
    }
    let fits = rows
        .iter()
        .filter(|(n, is_prefix, _)| *is_prefix && number.starts_with(n.as_str()));
    let longest = fits.clone().map(|(n, ..)| n.len()).max();
    fits.filter(|(n, ..)| Some(n.len()) == longest)
        .map(|(_, _, line)| line)
        .collect()
}

#[test]
fn random_tables_find_what_a_naive_search_finds() {
    for seed in 1..=300 {
        let mut chance = Chance(seed);
        let mut text = "number,to\n".to_owned();
        let mut rows = Vec::new();
        for line in 2..2 + chance.below(40) as u32 {
            let prefix = chance.below(3) > 0;
            let mut number = chance.digits(5);
            if !prefix && number.is_empty() {
                number = "1".to_owned();
            }
            let star = if prefix { "*" } else { "" };
            text.push_str(&format!("{number}{star},trunk:t\n"));
            rows.push((number, prefix, line));
        }
        let table = Table::read("r.csv", text.as_bytes()).unwrap();
        for _ in 0..100 {
            let number = chance.digits(8);
            let found = table.find(&number);
            let found: Vec<&u32> = found
                .iter()
                .flat_map(|f| f.rows)
                .map(|row| &row.line)
                .collect();
            assert_eq!(
                found,
                naive(&rows, &number),
                "seed {seed}, number {number}\n{text}"
            );
        }
    }
}

#[test]
fn every_order_is_a_permutation_by_cost_with_weightless_rows_last() {
    for seed in 1..=500 {
        let mut chance = Chance(seed);
        let rows: Vec<Row> = (0..chance.below(12))
            .map(|n| Row {
                line: n as u32,
                to: Place::Trunk(format!("t{n}")),
                weight: chance.below(4) as u32,
                cost: chance.below(3) as u32,
                strip: 0,
                add: String::new(),
                caller_id: None,
                timeout_ms: 1_000,
            })
            .collect();
        let ordered = order(&rows, chance.0);
        let mut lines: Vec<u32> = ordered.iter().map(|row| row.line).collect();
        lines.sort_unstable();
        assert_eq!(lines, (0..rows.len() as u32).collect::<Vec<_>>());
        for pair in ordered.windows(2) {
            assert!(pair[0].cost <= pair[1].cost);
            let weightless_first = pair[0].weight == 0 && pair[1].weight > 0;
            assert!(
                pair[0].cost < pair[1].cost || !weightless_first,
                "seed {seed}"
            );
        }
    }
}
