//! The leg's table, seen from its edges.

use super::*;

const INPUTS: [Input; 13] = [
    Input::Ring,
    Input::Progress,
    Input::Answer { late: false },
    Input::Answer { late: true },
    Input::HangUp,
    Input::Rang,
    Input::Sounded,
    Input::Accepted,
    Input::Failed,
    Input::Cancelled,
    Input::Acknowledged,
    Input::Reinvited,
    Input::Ended,
];

#[test]
fn nothing_leaves_closing() {
    for input in INPUTS {
        assert_eq!(step(State::Closing, input), Err("it has ended"));
    }
}

#[test]
fn every_live_state_can_be_hung_up_and_can_break() {
    for state in State::ALL {
        if state == State::Closing {
            continue;
        }
        let (next, duty) = step(state, Input::HangUp).unwrap();
        assert_eq!(next, State::Closing);
        let wanted = match state {
            State::Incoming | State::Alerting | State::Early => Duty::Reject,
            State::Dialling | State::Ringing | State::EarlyHeard => Duty::Cancel,
            _ => Duty::Bye,
        };
        assert_eq!(duty, wanted, "{state:?}");
        assert_eq!(
            step(state, Input::Ended),
            Ok((State::Closing, Duty::Gone)),
            "{state:?}"
        );
    }
}

#[test]
fn an_inbound_leg_never_becomes_an_outbound_one() {
    let inbound = [
        State::Incoming,
        State::Alerting,
        State::Early,
        State::Confirming,
    ];
    let outbound = [State::Dialling, State::Ringing, State::EarlyHeard];
    for input in INPUTS {
        for state in inbound {
            if let Ok((next, _)) = step(state, input) {
                assert!(!outbound.contains(&next), "{state:?} {input:?}");
            }
        }
        for state in outbound {
            if let Ok((next, _)) = step(state, input) {
                assert!(!inbound.contains(&next), "{state:?} {input:?}");
            }
        }
    }
}

#[test]
fn ringing_twice_is_told_once() {
    let (state, duty) = step(State::Dialling, Input::Rang).unwrap();
    assert_eq!(duty, Duty::TellRinging);
    assert_eq!(
        step(state, Input::Rang),
        Ok((State::Ringing, Duty::Nothing))
    );
    assert_eq!(
        step(State::EarlyHeard, Input::Rang),
        Ok((State::EarlyHeard, Duty::Nothing))
    );
}

#[test]
fn answering_an_answered_leg_changes_nothing() {
    for late in [true, false] {
        assert_eq!(
            step(State::Up, Input::Answer { late }),
            Ok((State::Up, Duty::Nothing))
        );
    }
}

#[test]
fn a_late_offer_waits_for_its_ack() {
    let (state, _) = step(State::Incoming, Input::Answer { late: true }).unwrap();
    assert_eq!(state, State::Confirming);
    assert_eq!(
        step(state, Input::Acknowledged),
        Ok((State::Up, Duty::TakeAck))
    );
    assert!(step(State::Incoming, Input::Acknowledged).is_err());
}
