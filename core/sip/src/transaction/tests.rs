//! The four tables under random inputs: what must hold whatever comes in whatever order.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn timing(reliable: bool) -> Timing {
    Timing {
        t1: Duration::from_millis(500),
        t2: Duration::from_secs(4),
        t4: Duration::from_secs(5),
        reliable,
    }
}

fn client_inputs() -> impl Strategy<Value = Vec<ClientInput>> {
    use ClientInput as I;
    let one = prop::sample::select(vec![
        I::Provisional,
        I::Success,
        I::Failure,
        I::Resend,
        I::Limit,
        I::TransportFailed,
    ]);
    proptest::collection::vec(one, 0..40)
}

fn server_inputs() -> impl Strategy<Value = Vec<ServerInput>> {
    use ServerInput as I;
    let one = prop::sample::select(vec![
        I::Request,
        I::Ack,
        I::Provisional,
        I::Success,
        I::Failure,
        I::Resend,
        I::Limit,
        I::TransportFailed,
    ]);
    proptest::collection::vec(one, 0..40)
}

/// The two slots of a transaction as an endpoint would keep them.
#[derive(Default)]
struct Slots {
    resend: bool,
    limit: bool,
}

impl Slots {
    fn apply(&mut self, step: &Step, reliable: bool) {
        for (slot, change) in [
            (&mut self.resend, step.resend),
            (&mut self.limit, step.limit),
        ] {
            match change {
                Change::Keep => {}
                Change::Stop => *slot = false,
                Change::In(wait) => {
                    assert!(wait > Duration::ZERO, "a life of zero ends at once");
                    *slot = true;
                }
            }
        }
        assert!(!(reliable && self.resend), "nothing is resent over TCP");
        if step.end.is_some() {
            *self = Self::default();
        }
    }

    /// A timer that is not armed does not fire.
    fn allows_client(&self, input: ClientInput) -> bool {
        match input {
            ClientInput::Resend => self.resend,
            ClientInput::Limit => self.limit,
            _ => true,
        }
    }

    fn allows_server(&self, input: ServerInput) -> bool {
        match input {
            ServerInput::Resend => self.resend,
            ServerInput::Limit => self.limit,
            _ => true,
        }
    }
}

proptest! {
    #[test]
    fn client_invite_gives_one_final_and_ends_silent(inputs in client_inputs(), reliable: bool) {
        let timing = timing(reliable);
        let (mut machine, first) = ClientInvite::start(&timing);
        prop_assert!(first.send);
        let mut slots = Slots::default();
        slots.apply(&first, reliable);
        let (mut failures, mut successes, mut over, mut heard) = (0, 0, false, false);
        for input in inputs {
            if !slots.allows_client(input) {
                continue;
            }
            let step = machine.step(input, &timing);
            if over {
                prop_assert!(step.ignored && !step.send && !step.ack && !step.deliver);
                continue;
            }
            prop_assert!(!(heard && step.send), "no retransmission once anything is heard");
            prop_assert_eq!(step.ack, input == ClientInput::Failure && successes == 0);
            let heard_now = !matches!(input, ClientInput::Resend | ClientInput::Limit | ClientInput::TransportFailed);
            heard |= heard_now;
            if step.deliver {
                match input {
                    ClientInput::Success => successes += 1,
                    ClientInput::Provisional => prop_assert_eq!(failures + successes, 0),
                    _ => failures += 1,
                }
            }
            prop_assert!(failures <= 1 && (failures == 0 || successes == 0));
            slots.apply(&step, reliable);
            if step.end.is_some() {
                over = true;
            } else {
                let waits_for_user = !slots.limit;
                prop_assert!(!waits_for_user || machine.state() == client_invite::State::Proceeding);
            }
        }
    }

    #[test]
    fn client_other_gives_one_final_and_ends_silent(inputs in client_inputs(), reliable: bool) {
        let timing = timing(reliable);
        let (mut machine, first) = ClientOther::start(&timing);
        let mut slots = Slots::default();
        slots.apply(&first, reliable);
        let (mut finals, mut over) = (0, false);
        for input in inputs {
            if !slots.allows_client(input) {
                continue;
            }
            let step = machine.step(input, &timing);
            if over {
                prop_assert!(step.ignored && !step.send && !step.deliver);
                continue;
            }
            prop_assert!(!step.ack);
            prop_assert!(!(finals > 0 && (step.send || step.deliver)));
            if step.deliver && input != ClientInput::Provisional {
                finals += 1;
            }
            slots.apply(&step, reliable);
            over = step.end.is_some();
            prop_assert!(over || slots.limit, "every state has an end");
        }
    }

    #[test]
    fn server_invite_sends_one_final(inputs in server_inputs(), reliable: bool) {
        let timing = timing(reliable);
        let (mut machine, first) = ServerInvite::start(&timing);
        let mut slots = Slots::default();
        slots.apply(&first, reliable);
        let (mut success, mut failure, mut acked, mut over) = (false, false, false, false);
        for input in inputs {
            if !slots.allows_server(input) {
                continue;
            }
            let step = machine.step(input, &timing);
            if over {
                prop_assert!(step.ignored && !step.send && !step.deliver);
                continue;
            }
            if step.send {
                match input {
                    ServerInput::Provisional => prop_assert!(!success && !failure),
                    ServerInput::Success => prop_assert!(!failure),
                    ServerInput::Failure => prop_assert!(!success && !failure),
                    // A 2xx is never repeated by its transaction, a failure never after its ACK.
                    _ => prop_assert!(!success && !acked),
                }
            }
            success |= step.send && input == ServerInput::Success;
            failure |= step.send && input == ServerInput::Failure;
            acked |= failure && input == ServerInput::Ack;
            slots.apply(&step, reliable);
            over = step.end.is_some();
            prop_assert!(over || slots.limit || !(success || failure), "final states end");
        }
    }

    #[test]
    fn server_other_sends_one_final(inputs in server_inputs(), reliable: bool) {
        let timing = timing(reliable);
        let (mut machine, first) = ServerOther::start(&timing);
        let mut slots = Slots::default();
        slots.apply(&first, reliable);
        let (mut finals, mut over) = (0, false);
        for input in inputs {
            if !slots.allows_server(input) {
                continue;
            }
            let step = machine.step(input, &timing);
            if over {
                prop_assert!(step.ignored && !step.send && !step.deliver);
                continue;
            }
            if step.send && matches!(input, ServerInput::Success | ServerInput::Failure) {
                finals += 1;
            }
            prop_assert!(finals <= 1);
            prop_assert!(!(finals > 0 && step.send && input == ServerInput::Provisional));
            slots.apply(&step, reliable);
            over = step.end.is_some();
            prop_assert!(over || slots.limit, "every state has an end");
        }
    }
}

#[test]
fn invite_is_sent_seven_times_in_64_t1() {
    let timing = timing(false);
    let (mut machine, first) = ClientInvite::start(&timing);
    let mut at = Duration::ZERO;
    let mut sent = 1;
    let mut change = first.resend;
    while let Change::In(wait) = change {
        at += wait;
        if at >= timing.patience() {
            break;
        }
        change = machine.step(ClientInput::Resend, &timing).resend;
        sent += 1;
    }
    assert_eq!(sent, 7);
}

#[test]
fn other_requests_are_sent_eleven_times_in_64_t1() {
    let timing = timing(false);
    let (mut machine, first) = ClientOther::start(&timing);
    let mut at = Duration::ZERO;
    let mut sent = 1;
    let mut change = first.resend;
    while let Change::In(wait) = change {
        at += wait;
        if at >= timing.patience() {
            break;
        }
        change = machine.step(ClientInput::Resend, &timing).resend;
        sent += 1;
    }
    assert_eq!(sent, 11);
}
