//! The INVITE client transaction: RFC 3261 17.1.1 with the Accepted state of RFC 6026 7.2.
//!
//! It acknowledges failures itself. Every 2xx goes to the user, who acknowledges it end to end;
//! Accepted lives on for 64*T1 so that forked and repeated 2xx still find their way.

use std::time::Duration;

use super::{Change, ClientInput as Input, End, Step, Timing};

/// The states of RFC 6026 figure 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Sent, nothing heard.
    Calling,
    /// A provisional response came.
    Proceeding,
    /// A 2xx came.
    Accepted,
    /// A failure came and was acknowledged.
    Completed,
    /// Over.
    Terminated,
}

/// One INVITE client transaction.
#[derive(Clone, Copy, Debug)]
pub struct ClientInvite {
    state: State,
    interval: Duration,
}

impl ClientInvite {
    /// Starts it: the request goes out, timers A and B run.
    pub fn start(timing: &Timing) -> (Self, Step) {
        let machine = Self {
            state: State::Calling,
            interval: timing.t1,
        };
        let step = Step::send()
            .resend(timing.first_resend())
            .limit(Change::In(timing.patience()));
        (machine, step)
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
            // A: again, twice as far apart.
            (S::Calling, I::Resend) => {
                self.interval *= 2;
                (S::Calling, Step::send().resend(Change::In(self.interval)))
            }
            // B: nobody is there. In Proceeding the RFC has no timer; a user that stops waiting
            // for the final response may set one.
            (S::Calling | S::Proceeding, I::Limit) => {
                (S::Terminated, Step::over(End::TimedOut).and_deliver())
            }
            (S::Calling | S::Proceeding, I::Provisional) => (
                S::Proceeding,
                Step::deliver().resend(Change::Stop).limit(Change::Stop),
            ),
            (S::Calling | S::Proceeding, I::Success) => (
                S::Accepted,
                Step::deliver()
                    .resend(Change::Stop)
                    .limit(Change::In(timing.patience())),
            ),
            (S::Calling | S::Proceeding, I::Failure) => (
                S::Completed,
                Step::deliver()
                    .and_ack()
                    .resend(Change::Stop)
                    .limit(timing.linger(timing.patience())),
            ),
            (S::Calling | S::Proceeding, I::TransportFailed) => {
                (S::Terminated, Step::over(End::Transport).and_deliver())
            }
            // A 2xx again, or one of another branch of the fork.
            (S::Accepted, I::Success) => (S::Accepted, Step::deliver()),
            // M
            (S::Accepted, I::Limit) => (S::Terminated, Step::over(End::Done)),
            // The ACK may have been lost.
            (S::Completed, I::Failure) => (S::Completed, Step::nothing().and_ack()),
            // D
            (S::Completed, I::Limit) => (S::Terminated, Step::over(End::Done)),
            // The ACK cannot be delivered: the far end gives up by itself (timer H).
            (S::Completed | S::Accepted, I::TransportFailed) => (self.state, Step::nothing()),
            // Late provisionals, and anything after the end.
            (state, _) => (state, Step::ignored()),
        };
        self.state = match step.end {
            Some(_) => S::Terminated,
            None => next,
        };
        step
    }
}
