//! The INVITE server transaction: RFC 3261 17.2.1 with the Accepted state of RFC 6026 7.1.
//!
//! It repeats failures until they are acknowledged. A 2xx is repeated by its user until the
//! end-to-end ACK comes; Accepted only absorbs copies of the INVITE for 64*T1.

use std::time::Duration;

use super::{Change, End, ServerInput as Input, Step, Timing};

/// The states of RFC 6026 figure 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No final response yet.
    Proceeding,
    /// A 2xx went out.
    Accepted,
    /// A failure went out.
    Completed,
    /// The failure was acknowledged.
    Confirmed,
    /// Over.
    Terminated,
}

/// One INVITE server transaction.
#[derive(Clone, Copy, Debug)]
pub struct ServerInvite {
    state: State,
    interval: Duration,
}

impl ServerInvite {
    /// Starts it. The user sends 100 at once, so no timer waits for it.
    pub fn start(timing: &Timing) -> (Self, Step) {
        let machine = Self {
            state: State::Proceeding,
            interval: timing.t1,
        };
        (machine, Step::nothing())
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// The table.
    pub fn step(&mut self, input: Input, timing: &Timing) -> Step {
        use Input as I;
        use State as S;
        let (next, step) = match (self.state, input) {
            // The INVITE again: the last provisional again.
            (S::Proceeding, I::Request) => (S::Proceeding, Step::send()),
            (S::Proceeding, I::Provisional) => (S::Proceeding, Step::send()),
            (S::Proceeding, I::Success) => (
                S::Accepted,
                Step::send().limit(Change::In(timing.patience())),
            ),
            (S::Proceeding, I::Failure) => (
                S::Completed,
                Step::send()
                    .resend(timing.first_resend())
                    .limit(Change::In(timing.patience())),
            ),
            // The answer may still find another way (RFC 6026 7.1).
            (S::Proceeding | S::Accepted, I::TransportFailed) => (self.state, Step::nothing()),
            // The user repeats its 2xx, so a copy of the INVITE needs nothing.
            (S::Accepted, I::Request) => (S::Accepted, Step::nothing()),
            (S::Accepted, I::Success) => (S::Accepted, Step::send()),
            // An ACK to a 2xx that wrongly kept the INVITE's branch.
            (S::Accepted, I::Ack) => (S::Accepted, Step::deliver()),
            // L
            (S::Accepted, I::Limit) => (S::Terminated, Step::over(End::Done)),
            (S::Completed, I::Request) => (S::Completed, Step::send()),
            // G: doubles up to T2.
            (S::Completed, I::Resend) => {
                self.interval = (self.interval * 2).min(timing.t2);
                (S::Completed, Step::send().resend(Change::In(self.interval)))
            }
            (S::Completed, I::Ack) => (
                S::Confirmed,
                Step::nothing()
                    .resend(Change::Stop)
                    .limit(timing.linger(timing.t4)),
            ),
            // H: never acknowledged.
            (S::Completed, I::Limit) => (S::Terminated, Step::over(End::TimedOut).and_deliver()),
            (S::Completed, I::TransportFailed) => {
                (S::Terminated, Step::over(End::Transport).and_deliver())
            }
            // Stray copies.
            (S::Confirmed, I::Ack | I::Request) => (S::Confirmed, Step::nothing()),
            // I
            (S::Confirmed, I::Limit) => (S::Terminated, Step::over(End::Done)),
            // A second final response, an ACK before any, and anything after the end.
            (state, _) => (state, Step::ignored()),
        };
        self.state = match step.end {
            Some(_) => S::Terminated,
            None => next,
        };
        step
    }
}
