//! What lies between the threads that own calls and a worker: bounded, never waited for.
//!
//! At the bound a start or an answer is refused. A kill never is: there is at most one for each
//! script that was let in, and losing it would leave the script standing for ever. A refused
//! answer becomes a kill for the same reason.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cordboard_call::ids::CallId;
use cordboard_steps::script::ScriptCommand;

use super::compile::Scripts;

/// A command for a call.
pub(crate) struct Letter {
    pub call: CallId,
    pub scripts: Arc<Scripts>,
    pub command: ScriptCommand,
}

/// What a look into the mailbox gives.
pub(crate) enum Taken {
    Letter(Letter),
    /// Nothing came in time.
    Nothing,
    /// It is closed and empty.
    Closed,
}

#[derive(Default)]
struct State {
    letters: VecDeque<Letter>,
    closed: bool,
}

pub(crate) struct Mailbox {
    state: Mutex<State>,
    arrived: Condvar,
    letters_max: usize,
}

impl Mailbox {
    pub fn new(letters_max: usize) -> Self {
        Self {
            state: Mutex::new(State::default()),
            arrived: Condvar::new(),
            letters_max,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False when it is refused.
    pub fn put(&self, mut letter: Letter) -> bool {
        let mut state = self.lock();
        if state.closed {
            return false;
        }
        let mut taken = true;
        if state.letters.len() >= self.letters_max {
            match letter.command {
                ScriptCommand::Kill => {}
                ScriptCommand::Start(_) => return false,
                ScriptCommand::Resume { .. } => {
                    letter.command = ScriptCommand::Kill;
                    taken = false;
                }
            }
        }
        state.letters.push_back(letter);
        drop(state);
        self.arrived.notify_one();
        taken
    }

    /// Waits for the next letter, but not for ever.
    pub fn take(&self, patience: Duration) -> Taken {
        let mut state = self.lock();
        loop {
            if let Some(letter) = state.letters.pop_front() {
                return Taken::Letter(letter);
            }
            if state.closed {
                return Taken::Closed;
            }
            let (next, waited) = self
                .arrived
                .wait_timeout(state, patience)
                .unwrap_or_else(PoisonError::into_inner);
            state = next;
            if waited.timed_out() && state.letters.is_empty() && !state.closed {
                return Taken::Nothing;
            }
        }
    }

    /// Takes nothing more; what lies in it is still worked off.
    pub fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }
}
