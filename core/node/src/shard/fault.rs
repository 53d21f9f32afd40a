//! Faults of ours (panics) in a shard: what was in hand is lost, the switch goes on.
//!
//! Three fences, inner first. The call engine ends the call that it was handling. A route that
//! breaks ends its own call. Everything else (a message, a timer, an operator's verb) is dropped
//! and counted. A shard that breaks again and again is not to be trusted: then the node ends, and
//! whoever runs it starts it again on what the journal kept. Media threads are not concerned:
//! nobody else's audio stops.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use cordboard_call::action::Action;
use cordboard_call::cause::Cause;
use cordboard_call::ids::CallId;

use super::Shard;

/// So many faults outside calls within `WINDOW` end the node.
const FAULTS_MAX: usize = 20;
const WINDOW: Duration = Duration::from_secs(60);

/// When the last faults were.
#[derive(Default)]
pub(crate) struct Faults(VecDeque<Duration>);

impl Faults {
    /// Notes one; true when there have been too many.
    fn note(&mut self, now: Duration) -> bool {
        self.0.retain(|at| now < *at + WINDOW);
        self.0.push_back(now);
        self.0.len() >= FAULTS_MAX
    }
}

/// A panic's place goes to the log; its message does not, since it may hold what callers said.
pub fn log_places_only() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or("unnamed").to_owned();
        tracing::error!(
            place,
            thread,
            "a fault of the switch; please report its place"
        );
    }));
}

/// For stories: a route that sets the variable `fault` breaks at its next step.
#[cfg(feature = "faults")]
pub(super) fn if_wanted(run: &cordboard_steps::Run) {
    #[allow(clippy::panic)]
    if run.variable("fault").is_some() {
        panic!("a fault that a story wanted");
    }
}

impl Shard {
    /// Does something whose fault costs only what is in hand.
    pub(super) fn fenced(&mut self, work: impl FnOnce(&mut Self)) {
        if let Err(fault) = catch_unwind(AssertUnwindSafe(|| work(self))) {
            self.count("faults");
            if self.desk.faults.note(self.desk.moment.now) {
                resume_unwind(fault);
            }
        }
    }

    /// A call's route has broken: nobody walks it any more, so the call ends.
    pub(super) fn route_broke(&mut self, call: CallId) {
        self.count("routes_broken");
        if let Some(running) = self.calls.running.get_mut(&call) {
            running.run = None;
            running.begins = None;
        }
        let end = Action::End {
            cause: Cause::TEMPORARY_FAILURE,
            why: Some("fault".to_owned()),
        };
        let _ = self.try_act(call, end);
        self.calls.stir(call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_that_breaks_again_and_again_is_given_up() {
        let mut faults = Faults::default();
        let seldom = (0..100).any(|n| faults.note(Duration::from_secs(10 * n)));
        assert!(!seldom);
        let often = (0..20).position(|n| faults.note(Duration::from_secs(5000 + n)));
        assert_eq!(often, Some(FAULTS_MAX - 1));
    }
}
