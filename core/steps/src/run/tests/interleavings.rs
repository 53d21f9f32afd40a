//! Whatever comes in whatever order: no panic, every step ends, one end.

use std::time::Duration;

use cordboard_call::action::{Action, Notice, Refusal};
use cordboard_call::cause::Cause;
use cordboard_call::event::Fact;
use cordboard_call::ids::LegNo;
use proptest::prelude::*;

use crate::script::{
    CollectOp, OutsideRequest, ScriptAnswer, ScriptError, ScriptErrorKind, ScriptOp, ScriptTurn,
};
use crate::testing::{DID, Story, plan};
use crate::world::Entry;

const ROUTES: &str = r#"
route all {
    record
    play "welcome"
    else { goto all }
    collect "menu" digits=1 tries=3 invalid="wrong" secret=#true {
        on "1" { ring alice bob; else { goto again } }
        on "2" { ring alice bob carol order=in-turn music="music" { on busy { goto all } }; play "bye"; goto again }
        on "3" { trunk north south number="+33"; else { hangup cause=congestion } }
        on "4" { run welcome { on sales { goto all } }; else { goto again } }
        on other { wait "2s"; tone busy for="1s"; goto all }
        on timeout invalid { goto again }
    }
}
route again {
    set x="{var.digits}"
    when "var.x == '1'" { play "bye" }
    else { wait "1s" }
    goto all
}
"#;

#[derive(Clone, Debug)]
enum Event {
    Notice(Notice),
    Pass(u64),
    Turn(u8),
    Outside,
    Refuse(u8),
}

fn event() -> impl Strategy<Value = Event> {
    let leg = || (1u16..6).prop_map(LegNo);
    let cause = prop::sample::select(Cause::NAMED);
    let key = prop::sample::select(vec!['1', '2', '3', '4', '5', '#', '*']);
    let first = (2u16..6).prop_map(LegNo);
    prop_oneof![
        3 => key.prop_map(|digit| Event::Notice(Notice::Digit { leg: LegNo(1), digit })),
        2 => any::<bool>().prop_map(|stopped| {
            Event::Notice(Notice::PlayEnded { leg: LegNo(1), stopped })
        }),
        2 => leg().prop_map(|leg| Event::Notice(Notice::Answered { leg })),
        1 => leg().prop_map(|leg| Event::Notice(Notice::Ringing { leg })),
        1 => leg().prop_map(|leg| Event::Notice(Notice::EarlyMedia { leg })),
        2 => (first, cause).prop_map(|(leg, cause)| {
            Event::Notice(Notice::LegEnded { leg, cause })
        }),
        4 => (0u64..30_000).prop_map(Event::Pass),
        3 => any::<u8>().prop_map(Event::Turn),
        1 => Just(Event::Outside),
        1 => any::<u8>().prop_map(Event::Refuse),
    ]
}

fn turn(n: u8) -> ScriptTurn {
    let call = |op| ScriptTurn::Call { op, line: 1 };
    let timeout = Duration::from_secs(5);
    match n % 12 {
        0 => ScriptTurn::Done {
            outcome: Some("sales".into()),
        },
        1 => ScriptTurn::Failed {
            error: ScriptError {
                message: "m".into(),
                line: None,
                stack: String::new(),
                kind: ScriptErrorKind::Budget,
            },
        },
        2 => call(ScriptOp::Answer),
        3 => call(ScriptOp::Play {
            prompts: vec!["a".into()],
            early: true,
            repeat_for: None,
        }),
        4 => call(ScriptOp::Collect(CollectOp {
            secret: n > 100,
            ..CollectOp::default()
        })),
        5 => call(ScriptOp::Ring {
            users: vec!["alice".into(), "bob".into()],
            in_turn: n > 100,
            timeout,
            music: None,
        }),
        6 => call(ScriptOp::Trunk {
            trunks: vec!["north".into()],
            number: None,
            timeout,
            caller_id: None,
        }),
        7 => call(ScriptOp::Outside(OutsideRequest::StoreGet {
            key: "k".into(),
        })),
        8 => call(ScriptOp::Wait { lasts: timeout }),
        9 => call(ScriptOp::Hangup { cause: None }),
        10 => call(ScriptOp::Set {
            name: "x".into(),
            value: "1".into(),
        }),
        _ => call(ScriptOp::Random),
    }
}

fn happen(s: &mut Story, event: Event) {
    match event {
        Event::Notice(notice) => s.notice(notice),
        Event::Pass(ms) => s.pass(ms),
        Event::Turn(n) => s.script_turns(turn(n)),
        Event::Outside => {
            if let Some((id, _)) = s.outside.pop() {
                s.outside_answers(id, ScriptAnswer::Text { value: None });
            }
        }
        Event::Refuse(n) => {
            let leg = LegNo(u16::from(n % 6));
            let action = match n % 4 {
                0 => Action::Answer { leg },
                1 => Action::Play {
                    leg,
                    clips: vec![],
                    repeat: false,
                },
                2 => Action::Bridge {
                    a: LegNo(1),
                    b: leg,
                },
                _ => match s.dials.pop() {
                    Some(dial) => dial,
                    None => return,
                },
            };
            s.refused(&action, Refusal::NoSuchLeg(leg));
        }
    }
}

fn begun_and_ended(facts: &[Fact]) -> (usize, usize) {
    let begun = facts
        .iter()
        .filter(|f| matches!(f, Fact::StepStarted { .. }))
        .count();
    let ended = facts
        .iter()
        .filter(|f| matches!(f, Fact::StepEnded { .. }))
        .count();
    (begun, ended)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn every_step_ends_and_the_call_ends_exactly_once(
        events in prop::collection::vec(event(), 0..80),
        answers_at_once in any::<bool>(),
    ) {
        let text = format!("did \"{DID}\" {{ goto all }}\n{ROUTES}");
        thread_local!(static PLAN: std::cell::OnceCell<std::sync::Arc<cordboard_dialplan::Dialplan>> =
            const { std::cell::OnceCell::new() });
        let plan = PLAN.with(|p| p.get_or_init(|| plan(&text)).clone());
        let mut s = Story::of(plan, Entry::Did, DID, "+44");
        s.answers_at_once = answers_at_once;
        s.begin();
        for event in events {
            happen(&mut s, event);
            let (begun, ended) = begun_and_ended(&s.facts);
            prop_assert!(begun - ended <= 1, "one step at a time");
            prop_assert!(s.run.is_finished() == (s.ends == 1));
        }
        s.ended(1, Cause::NORMAL);
        s.pass(60_000);
        prop_assert_eq!(s.ends, 1);
        prop_assert!(s.run.is_finished());
        prop_assert_eq!(s.run.next_timeout(), None);
        let (begun, ended) = begun_and_ended(&s.facts);
        prop_assert_eq!(begun, ended);
        // After its end a run says nothing more.
        let (acts, facts) = (s.acts.len(), s.facts.len());
        s.answered(2);
        s.key('1');
        s.pass(60_000);
        prop_assert_eq!((s.acts.len(), s.facts.len()), (acts, facts));
    }
}
