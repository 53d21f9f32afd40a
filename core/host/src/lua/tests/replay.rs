//! Whatever is answered, a script takes its turn, and the same answers give the same turns.

use super::examples::FILES;
use super::*;
use cordboard_steps::script::{CollectOutcome, ScriptCallError};
use proptest::prelude::*;

fn answers() -> impl Strategy<Value = ScriptAnswer> {
    let outcome = prop_oneof![
        Just(CollectOutcome::Digits),
        Just(CollectOutcome::Timeout),
        Just(CollectOutcome::Invalid),
    ];
    let kind = prop_oneof![
        Just(ScriptCallError::Gone),
        Just(ScriptCallError::Timeout),
        Just(ScriptCallError::Denied),
        Just(ScriptCallError::NotFound),
        Just(ScriptCallError::Invalid),
        Just(ScriptCallError::Busy),
        Just(ScriptCallError::Unavailable),
    ];
    prop_oneof![
        6 => Just(ScriptAnswer::Done),
        6 => (outcome, "[0-9*#]{0,5}").prop_map(|(outcome, digits)| ScriptAnswer::Digits { outcome, digits }),
        2 => "answered|busy|no-answer".prop_map(|outcome| ScriptAnswer::Talk { outcome, by: None, cause: None }),
        2 => proptest::option::of(".{0,8}").prop_map(|value| ScriptAnswer::Text { value }),
        2 => any::<i64>().prop_map(|value| ScriptAnswer::Number { value }),
        2 => any::<bool>().prop_map(|value| ScriptAnswer::Flag { value }),
        1 => any::<f64>().prop_map(|n| ScriptAnswer::Json { value: Some(serde_json::json!({"n": n, "l": [n]})) }),
        1 => any::<u64>().prop_map(|unix_ms| ScriptAnswer::Now { unix_ms, local: String::new() }),
        2 => (100u16..600, ".{0,20}").prop_map(|(status, body)| ScriptAnswer::Http {
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            body,
        }),
        1 => (kind, ".{0,10}").prop_map(|(kind, message)| ScriptAnswer::Error { kind, message }),
    ]
}

fn run(scripts: &Scripts, name: &str, answers: &[ScriptAnswer]) -> Vec<ScriptTurn> {
    let mut host = LuaHost::new(Limits::default(), CpuTime::counted());
    let mut start = start_of(name, call_id(1));
    if name == "pin" {
        start.arguments.insert("pin".into(), "12".into());
    }
    let mut turns = vec![host.start(scripts, &start)];
    for answer in answers {
        match host.resume(call_id(1), answer.clone()) {
            Some(turn) => turns.push(turn),
            None => break,
        }
    }
    let ended = !matches!(turns.last(), Some(ScriptTurn::Call { .. }));
    assert_eq!(host.running(), usize::from(!ended));
    turns
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_answers_give_turns_and_the_same_ones_again(
        which in 0..FILES.len(),
        answers in proptest::collection::vec(answers(), 0..40),
    ) {
        let scripts = compile(&FILES).unwrap();
        let name = FILES[which].0.trim_end_matches(".lua");
        let turns = run(&scripts, name, &answers);
        prop_assert_eq!(&turns, &run(&scripts, name, &answers));
        // Whatever the world says, the examples themselves make no mistake against the budget.
        for turn in &turns {
            if let ScriptTurn::Failed { error } = turn {
                prop_assert!(matches!(error.kind, ScriptErrorKind::Runtime | ScriptErrorKind::Gone), "{:?}", error);
            }
        }
    }
}
