//! A database that stands still: calls go on, the spool grows, and when it answers again nothing
//! is lost or doubled.

use std::io::ErrorKind;

use cordboard_store::journal::disk::Faults;
use cordboard_store::{JournalStore, StoreFaults};
use cordboard_tests::sim::SimNet;
use cordboard_tests::sim::phone::State;

use super::{ms, s};

#[test]
fn ten_minutes_without_the_database_lose_and_double_nothing() {
    let mut net = SimNet::seeded(120);
    let carrier = net.carrier(1, "+441632960001");
    net.run_for(s(1));
    net.remains.store.set_faults(StoreFaults {
        still: true,
        ..StoreFaults::default()
    });
    for number in 0..150 {
        net.dial(carrier, &format!("+442072{number:04}"));
        net.run_for(s(2));
        assert_eq!(
            net.call(carrier).state,
            State::Up,
            "call {number}\n{}",
            net.story()
        );
        net.hang_up(carrier);
        net.run_for(s(2));
    }
    net.remains.store.set_faults(StoreFaults::default());
    assert!(
        net.count_topic("call.started") == 0,
        "the database has none yet"
    );
    net.run_until_idle();
    assert_eq!(net.count_topic("call.started"), 150);
    assert_eq!(net.count_topic("cdr.written"), 150);
    net.assert_journal();
    net.assert_clean();
}

#[test]
fn answers_of_the_database_that_are_lost_double_nothing() {
    let mut net = SimNet::seeded(121);
    let carrier = net.carrier(1, "+441632960001");
    for number in 0..20 {
        let answers_lost = number % 3 == 1;
        net.remains.store.set_faults(StoreFaults {
            answers_lost,
            ..StoreFaults::default()
        });
        net.dial(carrier, &format!("+442072{number:04}"));
        net.run_for(ms(700));
        net.hang_up(carrier);
        net.run_for(ms(300));
    }
    net.remains.store.set_faults(StoreFaults::default());
    net.run_until_idle();
    assert_eq!(net.count_topic("cdr.written"), 20);
    net.assert_journal();
    net.assert_clean();
}

/// A node that is killed while the database stands still goes on where it was.
#[test]
fn a_kill_during_the_standstill_loses_nothing_that_was_written() {
    let mut net = SimNet::seeded(122);
    let carrier = net.carrier(1, "+441632960001");
    net.remains.store.set_faults(StoreFaults {
        still: true,
        ..StoreFaults::default()
    });
    for number in 0..10 {
        net.dial(carrier, &format!("+442072{number:04}"));
        net.run_for(s(2));
        net.hang_up(carrier);
        net.run_for(s(2));
    }
    net.kill_node();
    net.remains.store.set_faults(StoreFaults::default());
    net.start_node();
    net.dial(carrier, "+4420720100");
    net.run_for(s(2));
    net.hang_up(carrier);
    net.run_until_idle();
    assert_eq!(net.count_topic("cdr.written"), 11);
    let seqs = net.wait(net.remains.store.last_seqs()).unwrap();
    assert_eq!(seqs.len(), 1);
    net.assert_journal();
    net.assert_clean();
}

/// `call.started` is written before the first response above 100, however long that takes.
#[test]
fn a_caller_hears_nothing_above_100_until_the_journal_has_its_call() {
    let mut net = SimNet::seeded(123);
    let carrier = net.carrier(1, "+441632960001");
    let stuck = Faults {
        write_error: Some(ErrorKind::Other),
        ..Faults::default()
    };
    net.remains.disk.set_faults(stuck);
    net.dial(carrier, "+4420720001");
    net.run_for(s(4));
    assert_eq!(net.call(carrier).heard_above_100, None, "{}", net.story());
    assert_eq!(net.call(carrier).state, State::Dialling);
    net.remains.disk.set_faults(Faults::default());
    net.run_for(s(1));
    assert_eq!(net.call(carrier).state, State::Up, "{}", net.story());
    net.hang_up(carrier);
    net.run_until_idle();
    net.assert_journal();
    net.assert_clean();
}

/// A caller who gives up while the journal stands still is let go, and the call is told whole.
#[test]
fn a_caller_who_gives_up_while_the_journal_stands_still_is_let_go() {
    let mut net = SimNet::seeded(124);
    let carrier = net.carrier(1, "+441632960001");
    let stuck = Faults {
        write_error: Some(ErrorKind::Other),
        ..Faults::default()
    };
    net.remains.disk.set_faults(stuck);
    net.dial(carrier, "+4420720001");
    net.run_for(s(2));
    net.hang_up(carrier);
    net.run_for(s(5));
    assert_eq!(net.call(carrier).state, State::Over, "{}", net.story());
    net.remains.disk.set_faults(Faults::default());
    net.run_until_idle();
    assert_eq!(net.count_topic("call.ended"), 1);
    net.assert_journal();
    net.assert_clean();
}
