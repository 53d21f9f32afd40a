//! The server transaction of every method but INVITE and ACK: RFC 3261 17.2.2.
//!
//! It keeps the final response for 64*T1, so that a repeated request gets the same answer and
//! its user never sees it twice.

use super::{Change, End, ServerInput as Input, Step, Timing};

/// The states of RFC 3261 figure 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The user thinks.
    Trying,
    /// A provisional response went out.
    Proceeding,
    /// The final response went out.
    Completed,
    /// Over.
    Terminated,
}

/// One non-INVITE server transaction.
#[derive(Clone, Copy, Debug)]
pub struct ServerOther {
    state: State,
}

impl ServerOther {
    /// Starts it. The client gives up after 64*T1, so without an answer by then it ends
    /// (the RFC leaves this open; a bound is ours).
    pub fn start(timing: &Timing) -> (Self, Step) {
        let machine = Self {
            state: State::Trying,
        };
        let step = Step::nothing().limit(Change::In(timing.patience()));
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
            (S::Trying, I::Request) => (S::Trying, Step::nothing()),
            (S::Trying | S::Proceeding, I::Provisional) => (S::Proceeding, Step::send()),
            (S::Proceeding, I::Request) => (S::Proceeding, Step::send()),
            (S::Trying | S::Proceeding, I::Success | I::Failure) => (
                S::Completed,
                Step::send().limit(timing.linger(timing.patience())),
            ),
            // The client has long given up.
            (S::Trying | S::Proceeding, I::Limit) => {
                (S::Terminated, Step::over(End::TimedOut).and_deliver())
            }
            (S::Trying, I::TransportFailed) => (S::Trying, Step::nothing()),
            (S::Proceeding | S::Completed, I::TransportFailed) => {
                (S::Terminated, Step::over(End::Transport).and_deliver())
            }
            (S::Completed, I::Request) => (S::Completed, Step::send()),
            // J
            (S::Completed, I::Limit) => (S::Terminated, Step::over(End::Done)),
            // A second final response, an ACK, and anything after the end.
            (state, _) => (state, Step::ignored()),
        };
        self.state = match step.end {
            Some(_) => S::Terminated,
            None => next,
        };
        step
    }
}
