//! The client transaction of every method but INVITE and ACK: RFC 3261 17.1.2.

use std::time::Duration;

use super::{Change, ClientInput as Input, End, Step, Timing};

/// The states of RFC 3261 figure 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Sent, nothing heard.
    Trying,
    /// A provisional response came.
    Proceeding,
    /// The final response came.
    Completed,
    /// Over.
    Terminated,
}

/// One non-INVITE client transaction.
#[derive(Clone, Copy, Debug)]
pub struct ClientOther {
    state: State,
    interval: Duration,
}

impl ClientOther {
    /// Starts it: the request goes out, timers E and F run.
    pub fn start(timing: &Timing) -> (Self, Step) {
        let machine = Self {
            state: State::Trying,
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
            // E: doubles up to T2.
            (S::Trying, I::Resend) => {
                self.interval = (self.interval * 2).min(timing.t2);
                (S::Trying, Step::send().resend(Change::In(self.interval)))
            }
            // E: the far end is at work, so T2 from now on.
            (S::Proceeding, I::Resend) => {
                (S::Proceeding, Step::send().resend(Change::In(timing.t2)))
            }
            // F
            (S::Trying | S::Proceeding, I::Limit) => {
                (S::Terminated, Step::over(End::TimedOut).and_deliver())
            }
            (S::Trying | S::Proceeding, I::Provisional) => (S::Proceeding, Step::deliver()),
            (S::Trying | S::Proceeding, I::Success | I::Failure) => (
                S::Completed,
                Step::deliver()
                    .resend(Change::Stop)
                    .limit(timing.linger(timing.t4)),
            ),
            (S::Trying | S::Proceeding, I::TransportFailed) => {
                (S::Terminated, Step::over(End::Transport).and_deliver())
            }
            // The response again.
            (S::Completed, I::Success | I::Failure) => (S::Completed, Step::nothing()),
            // K
            (S::Completed, I::Limit) => (S::Terminated, Step::over(End::Done)),
            (S::Completed, I::TransportFailed) => (S::Completed, Step::nothing()),
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
