//! The caller's side: coming in, waiting, hearing, leaving.

use cordboard_module::{Answer, Error, Json, Operation, Play, StepAnswer, StepStart};

use crate::centre::{Centre, Turn};
use crate::choose::next_opening;
use crate::contact::{Phase, Place, Sound, Visit};

/// Music is begun again after so long.
const MUSIC_MS: u32 = 3_600_000;

impl Visit {
    /// The fields that every event of a visit has.
    pub(crate) fn event(&self, now_ms: u64) -> Json {
        Json::object()
            .with("contact", self.contact.as_str())
            .with("visit", self.place.visit)
            .with("queue", self.queue.as_str())
            .with("did", self.dialled.as_str())
            .with("queued_at_ms", self.place.queued_at_ms)
            .with("at_ms", now_ms)
    }
}

impl Centre {
    /// The step `enter`.
    pub(crate) fn enter(&mut self, turn: &mut Turn, start: StepStart) {
        // A call has one step at a time: what it did before is over.
        if let Some(&old) = self.contacts.get(&start.call) {
            self.gone(turn, old);
        }
        let arguments = start.args();
        let name = arguments["queue"].str();
        if let Some(outcome) = self.refusal(name, &arguments) {
            let event = Json::object()
                .with("contact", start.call.as_str())
                .with("queue", name)
                .with("did", start.dialled.as_str())
                .with("outcome", outcome)
                .with("at_ms", turn.now_ms);
            turn.actions.publish("queue.contact-refused", event);
            turn.actions.end_step(start.step, outcome);
            return;
        }
        let Some(queue) = self.settings.queues.get(name) else {
            return;
        };
        let number = start.step;
        let every_ms = queue.comfort.announce_every_ms;
        let patience_ms = arguments["timeout"]
            .number()
            .map_or(600_000, |_| arguments["timeout"].u64());
        let visit = Visit {
            contact: start.call.clone(),
            queue: name.to_owned(),
            dialled: start.dialled,
            place: Place {
                rank: arguments["priority"].number().unwrap_or(0).saturating_neg(),
                queued_at_ms: turn.now_ms,
                visit: number,
            },
            gives_up_at_ms: turn.now_ms.saturating_add(patience_ms),
            announce_at_ms: if every_ms > 0 {
                turn.now_ms + every_ms
            } else {
                0
            },
            tells_position: every_ms > 0,
            opens_at_ms: next_opening(&queue.service, 0).map_or(0, |after| turn.now_ms + after),
            ..Visit::default()
        };
        let line = self.lines.entry(name);
        line.add(visit.place);
        let position = line.rank(&visit.place) + 1;
        self.waiting.add(visit.place);
        let event = visit
            .event(turn.now_ms)
            .with("position", position)
            .with("priority", visit.place.rank.saturating_neg())
            .with("threshold_ms", queue.threshold_ms);
        turn.actions.publish("queue.contact-queued", event);
        self.contacts.insert(start.call, number);
        self.changed.queues.add(visit.queue.clone());
        self.visits.insert(number, Box::new(visit));
        self.changed.silent.add(number);
        self.changed.look = true;
        self.set_wake(number);
    }

    /// Why a caller may not come in, as the step's outcome.
    fn refusal(&self, name: &str, arguments: &Json) -> Option<&'static str> {
        let Some(queue) = self.settings.queues.get(name) else {
            return Some("unknown");
        };
        let most = arguments["max-waiting"].number();
        let most = most.map_or(queue.waiting_max, |_| {
            arguments["max-waiting"].u64().min(queue.waiting_max)
        });
        let waiting = self.lines.get(name).map_or(0, |line| line.len() as u64);
        if self.closed.contains(name) {
            Some("closed")
        } else if !queue.join_empty && self.logged_in(name) == 0 {
            Some("no-agents")
        } else if waiting >= most {
            Some("full")
        } else {
            None
        }
    }

    /// The operation under way is over.
    pub(crate) fn answered(&mut self, turn: &mut Turn, answer: StepAnswer) {
        let Some(visit) = self.visits.get_mut(&answer.step) else {
            return;
        };
        // What was cut short by the next operation answers late.
        if visit.awaited != answer.action {
            return;
        }
        visit.awaited = 0;
        let number = visit.place.visit;
        if matches!(answer.answer, Err(Error::Gone)) {
            let outcome = match visit.phase {
                Phase::Talking(_) => "answered",
                Phase::Waiting | Phase::Ringing { .. } => "abandoned",
            };
            self.gone(turn, number);
            turn.actions.end_step(number, outcome);
            return;
        }
        match (&visit.phase, answer.answer) {
            (Phase::Waiting, result) => {
                visit.sound = match (visit.sound, result) {
                    (Sound::Music, Err(_)) => Sound::Silence,
                    (Sound::Silence, _) => Sound::Silence,
                    _ => Sound::None,
                };
                self.changed.silent.add(number);
            }
            (Phase::Ringing { .. }, Ok(Answer::Talk(talk))) if talk.outcome == "answered" => {
                self.connected(turn, number);
                self.ended(turn, number);
            }
            (Phase::Ringing { .. }, Ok(Answer::Talk(talk))) => {
                self.missed(turn, number, &talk.outcome);
            }
            (Phase::Ringing { .. }, _) => self.missed(turn, number, "failed"),
            (Phase::Talking(_), _) => self.ended(turn, number),
        }
    }

    /// A waiting visit is looked at: it gives up, another level opens, or its position is told.
    pub(crate) fn woken(&mut self, turn: &mut Turn, number: u64) {
        let now_ms = turn.now_ms;
        let Some(visit) = self.visits.get_mut(&number) else {
            return;
        };
        visit.wakes_at_ms = 0;
        if visit.phase != Phase::Waiting {
            return;
        }
        let Some(queue) = self.settings.queues.get(&visit.queue) else {
            self.leave(turn, number, "closed", "kicked-empty");
            return;
        };
        if visit.gives_up_at_ms <= now_ms {
            self.leave(turn, number, "timeout", "timed-out");
            return;
        }
        if visit.opens_at_ms > 0 && visit.opens_at_ms <= now_ms {
            let next = next_opening(&queue.service, visit.waited_ms(now_ms));
            visit.opens_at_ms = next.map_or(0, |after| visit.place.queued_at_ms + after);
            self.changed.look = true;
        }
        if visit.announce_at_ms > 0 && visit.announce_at_ms <= now_ms {
            let every_ms = queue.comfort.announce_every_ms;
            visit.announce_at_ms = if every_ms > 0 { now_ms + every_ms } else { 0 };
            visit.tells_position = true;
            self.changed.silent.add(number);
        }
        self.set_wake(number);
    }

    /// Gives a sound to every waiting caller who needs another one.
    pub(crate) fn comfort(&mut self, turn: &mut Turn) {
        for (number, ()) in std::mem::take(&mut self.changed.silent) {
            let Some(visit) = self.visits.get_mut(&number) else {
                continue;
            };
            if visit.phase != Phase::Waiting {
                continue;
            }
            let comfort = self.settings.queues.get(&visit.queue).map(|q| &q.comfort);
            let line = self.lines.get(&visit.queue);
            let position = line.map_or(1, |line| line.rank(&visit.place) + 1);
            let mut operation = None;
            if std::mem::take(&mut visit.tells_position)
                && let Some(comfort) = comfort
                && let Some(prompt) = &comfort.position_prompt
                && position <= comfort.numbers_max
            {
                visit.sound = Sound::Position;
                let number = format!("{}{position}", comfort.number_prompts);
                operation = Some(Operation::Play(Play {
                    prompts: vec![prompt.clone(), number],
                    ..Play::default()
                }));
            }
            // Who hears music already goes on hearing it.
            let hears = visit.awaited != 0;
            if operation.is_none() && !hears {
                let music = comfort.and_then(|comfort| comfort.music.clone());
                operation = Some(match music.filter(|_| visit.sound != Sound::Silence) {
                    Some(music) => {
                        visit.sound = Sound::Music;
                        Operation::prompt(&music, Some(MUSIC_MS))
                    }
                    None => {
                        visit.sound = Sound::Silence;
                        Operation::Wait(MUSIC_MS)
                    }
                });
            }
            if let Some(operation) = operation {
                visit.awaited = turn.actions.step(number, operation);
            }
        }
    }

    /// The caller is gone.
    pub(crate) fn gone(&mut self, turn: &mut Turn, number: u64) {
        let Some(visit) = self.visits.get(&number) else {
            return;
        };
        match &visit.phase {
            Phase::Talking(_) => {
                self.talk_over(turn, number);
                self.forget(number);
            }
            Phase::Waiting | Phase::Ringing { .. } => {
                let event = visit
                    .event(turn.now_ms)
                    .with("wait_ms", visit.waited_ms(turn.now_ms));
                turn.actions.publish("queue.contact-abandoned", event);
                // Who left while a phone rang did not miss anything on the agent's account.
                self.free_reserved(turn, number);
                self.forget(number);
            }
        }
    }

    /// A waiting visit ends without an agent.
    pub(crate) fn leave(&mut self, turn: &mut Turn, number: u64, outcome: &str, why: &str) {
        let Some(visit) = self.visits.get(&number) else {
            return;
        };
        let event = visit
            .event(turn.now_ms)
            .with("wait_ms", visit.waited_ms(turn.now_ms))
            .with("disposition", why);
        turn.actions.publish("queue.contact-left", event);
        turn.actions.end_step(number, outcome);
        self.forget(number);
    }

    /// Takes a visit out of every table.
    pub(crate) fn forget(&mut self, number: u64) {
        let Some(visit) = self.visits.remove(&number) else {
            return;
        };
        self.dues
            .remove(&(visit.wakes_at_ms, crate::centre::Due::Visit(number)));
        self.contacts.remove(&visit.contact);
        if let Some(line) = self.lines.get_mut(&visit.queue) {
            line.remove(&visit.place);
        }
        self.waiting.remove(&visit.place);
        self.changed.queues.add(visit.queue);
    }
}
