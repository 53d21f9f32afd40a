//! What a script can say, and what comes of it.

use super::*;
use cordboard_steps::script::{CollectOp, CollectOutcome, LogLevel, OutsideRequest, ScriptCallError};

#[test]
fn a_whole_call_is_straight_line_code() {
    let mut story = Story::new(
        "call:answer()\n\
         call:play(\"welcome\", \"menu\")\n\
         local digits, reason = call:collect{prompt = \"menu\", digits = 1, timeout = 4, tries = 3, secret = true}\n\
         if digits == \"1\" then return \"sales\" end\n\
         return reason",
    );
    assert_eq!(story.start(), ScriptTurn::Call { op: ScriptOp::Answer, line: 1 });
    let turn = story.answer(ScriptAnswer::Done);
    assert_eq!(
        turn,
        ScriptTurn::Call {
            op: ScriptOp::Play {
                prompts: vec!["welcome".into(), "menu".into()],
                early: false,
                repeat_for: None
            },
            line: 2
        }
    );
    let turn = story.answer(ScriptAnswer::Done);
    let expected = ScriptOp::Collect(CollectOp {
        prompts: vec!["menu".into()],
        timeout: Duration::from_secs(4),
        tries: 3,
        secret: true,
        ..CollectOp::default()
    });
    assert_eq!(turn, ScriptTurn::Call { op: expected, line: 3 });
    let digits = ScriptAnswer::Digits {
        outcome: CollectOutcome::Digits,
        digits: "1".into(),
    };
    assert_eq!(story.answer(digits), done("sales"));
    assert_eq!(story.host.running(), 0);
}

#[test]
fn an_error_names_line_and_stack() {
    let error = error("local function twice(x)\n  return x * 2\nend\n\ncall:answer()\nreturn twice(nil)");
    assert_eq!(error.kind, ScriptErrorKind::Runtime);
    assert_eq!(error.line, Some(2), "{error:?}");
    assert!(error.message.contains("arithmetic"), "{error:?}");
    assert!(!error.message.contains("main.lua"), "{error:?}");
    assert_eq!(error.stack, "main.lua:2: in function 'twice'\nmain.lua:6: in function <main.lua:1>", "{error:?}");
}
