//! Stories of modules on a node: a real shard, journal, store and bus, and a guest written here.
//!
//! A process that is killed is one whose tasks end where they stand: nothing is saved, and only
//! spool and store remain.

mod desk;
mod place;

use std::time::Duration;

use cordboard_host::program::Runner;
use cordboard_host::service::INPUT_TOPIC;
use cordboard_steps::{ScriptAnswer, ScriptCommand, ScriptOp, ScriptTurn};
use serde_json::json;

use desk::{Behaviour, call, start};
use place::Place;

use super::operations::Ask;
use super::service::Phase;

fn ask(verb: &str, arguments: &[(&str, &str)]) -> Ask {
    Ask {
        tenant: Some("demo".into()),
        module: "desk".into(),
        verb: Some(verb.into()),
        arguments: arguments
            .iter()
            .map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()]))
            .collect(),
        by: String::new(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verb_is_checked_answered_journalled_and_told() {
    let place = Place::new("verb");
    let node = place.start(Behaviour::default()).await;
    let said = node
        .modules
        .operate(ask("login", &[("user", "alice")]))
        .await;
    assert_eq!(said, Ok(json!({ "on_duty": ["alice"] })));
    let why = node
        .modules
        .operate(ask("login", &[("user", "nobody"), ("colour", "red")]))
        .await
        .unwrap_err()
        .to_string();
    for part in [
        "--user nobody",
        "no user of that name",
        "--colour",
        "cordboard desk login",
    ] {
        assert!(why.contains(part), "{part}: {why}");
    }
    let why = node.modules.operate(ask("logn", &[])).await.unwrap_err();
    assert!(why.message.contains("login"), "{why}");
    node.until_topic("desk.came", 1).await;
    let topics = node.topics().await;
    let at = |topic: &str| topics.iter().position(|known| known == topic);
    assert!(
        at(INPUT_TOPIC) < at("desk.came") && at(INPUT_TOPIC).is_some(),
        "{topics:?}"
    );
    let fact = node.bus.retained_fact("demo", "desk.board", "all").unwrap();
    assert_eq!(&*fact.payload, r#"["alice"]"#);
    node.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_survives_the_end_of_the_process_that_took_it() {
    let mut place = Place::new("killed");
    let node = place.start(Behaviour::default()).await;
    for user in ["alice", "bob"] {
        let said = node.modules.operate(ask("login", &[("user", user)])).await;
        said.unwrap();
    }
    node.kill().await;
    for _ in 0..3 {
        place.again();
        let node = place.start(Behaviour::default()).await;
        let said = node.modules.operate(ask("list", &[])).await;
        assert_eq!(said, Ok(json!({ "on_duty": ["alice", "bob"] })));
        let fact = node.bus.retained_fact("demo", "desk.board", "all").unwrap();
        assert_eq!(&*fact.payload, r#"["alice","bob"]"#);
        let came = node.topics().await;
        let came = came.iter().filter(|topic| *topic == "desk.came").count();
        assert_eq!(came, 2, "what was published is published once");
        node.kill().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_heard_once_each_in_order_whatever_the_mailbox_holds() {
    let mut place = Place::new("events");
    let node = place.start(Behaviour::default()).await;
    let many = super::feed::MAILBOX_MAX as u64 * 2 + 500;
    node.events("shop.sold", many).await;
    node.until(
        ask("heard", &[]),
        &json!({ "sold": many, "sum": many * (many - 1) / 2 }),
    )
    .await;
    node.kill().await;
    place.again();
    let node = place.start(Behaviour::default()).await;
    node.events("shop.sold", 1).await;
    let sum = many * (many - 1) / 2;
    node.until(ask("heard", &[]), &json!({ "sold": many + 1, "sum": sum }))
        .await;
    node.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timer_rings_also_when_it_was_due_while_nothing_ran() {
    let mut place = Place::new("timer");
    let node = place.start(Behaviour::default()).await;
    node.modules.operate(ask("remind", &[])).await.unwrap();
    node.kill().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    place.again();
    let node = place.start(Behaviour::default()).await;
    node.until_topic("desk.reminded", 1).await;
    node.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_is_begun_obeyed_and_ended() {
    let place = Place::new("step");
    let node = place.start(Behaviour::default()).await;
    let module = node.module("desk");
    let command = ScriptCommand::Start(Box::new(start(7)));
    node.modules.send(call(7).into(), &module, command).unwrap();
    let turn = node.turn(call(7)).await;
    assert!(matches!(
        turn,
        ScriptTurn::Interrupt {
            op: ScriptOp::Answer,
            ..
        }
    ));
    let answer = ScriptAnswer::Done;
    let command = ScriptCommand::Resume { answer };
    node.modules.send(call(7).into(), &module, command).unwrap();
    let outcome = Some("seen".to_owned());
    assert_eq!(node.turn(call(7)).await, ScriptTurn::Done { outcome });
    node.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_breaks_its_module_fails_and_the_others_state_stays() {
    let place = Place::new("broken");
    let node = place.start(Behaviour::default()).await;
    node.modules
        .operate(ask("login", &[("user", "alice")]))
        .await
        .unwrap();
    let module = node.module("desk");
    let mut breaks = start(8);
    breaks.call.dialled = "trap".into();
    let command = ScriptCommand::Start(Box::new(breaks));
    node.modules.send(call(8).into(), &module, command).unwrap();
    assert!(matches!(
        node.turn(call(8)).await,
        ScriptTurn::Failed { .. }
    ));
    let said = node.modules.operate(ask("list", &[])).await;
    assert_eq!(said, Ok(json!({ "on_duty": ["alice"] })));
    // Four more and the breaker keeps it out; its steps are refused at the door.
    for n in 9..13 {
        let mut breaks = start(n);
        breaks.call.dialled = "trap".into();
        let command = ScriptCommand::Start(Box::new(breaks));
        node.modules.send(call(n).into(), &module, command).unwrap();
        node.turn(call(n)).await;
    }
    node.until_phase(Phase::Down).await;
    let command = ScriptCommand::Start(Box::new(start(20)));
    assert!(
        node.modules
            .send(call(20).into(), &module, command)
            .is_err()
    );
    assert!(node.modules.operate(ask("list", &[])).await.is_err());
    node.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_code_takes_the_state_over_and_code_that_cannot_is_found_before() {
    let place = Place::new("reload");
    let node = place.start(Behaviour::default()).await;
    node.modules
        .operate(ask("login", &[("user", "alice")]))
        .await
        .unwrap();
    let newer = node.made(Behaviour {
        greets: "second",
        ..Behaviour::default()
    });
    assert_eq!(node.modules.try_hand_over(newer.clone()).await, Ok(()));
    let begun = std::time::Instant::now();
    node.serve(newer).await;
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(200), "{took:?}");
    let said = node.modules.operate(ask("list", &[])).await;
    assert_eq!(said, Ok(json!({ "on_duty": ["alice"], "by": "second" })));
    let stubborn = node.made(Behaviour {
        refuses_state: true,
        ..Behaviour::default()
    });
    let why = node.modules.try_hand_over(stubborn.clone()).await;
    assert!(why.unwrap_err().contains("begin anew"));
    node.serve(stubborn).await;
    let said = node.modules.operate(ask("list", &[])).await;
    assert_eq!(said, Ok(json!({ "on_duty": ["alice"], "by": "second" })));
    node.kill().await;
}
