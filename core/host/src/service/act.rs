//! From actions to effects: bounds and capabilities, and what the driver remembers of each.

use cordboard_steps::{ScriptCallError, ScriptErrorKind, ScriptTurn};
use serde_json::Value;

use super::driver::{Driver, Voice, fault};
use super::kept::{HTTP_MAX, TIMERS_MAX, UNSEEN_MAX};
use super::{ACTIONS_MAX, Effect, Journalled};
use crate::contract::{Act, Action, JSON_BYTES_MAX, Refused};

/// Longest name of a timer, key of a fact, outcome.
const NAME_BYTES_MAX: usize = 256;

fn refused(kind: ScriptCallError, message: impl Into<String>) -> Refused {
    Refused {
        kind,
        message: message.into(),
    }
}

fn fits(what: &str, payload: &Value) -> Result<(), Refused> {
    let bytes = payload.to_string().len();
    if bytes > JSON_BYTES_MAX / 2 {
        let message = format!(
            "{what} is {bytes} bytes of JSON; {} is the most",
            JSON_BYTES_MAX / 2
        );
        return Err(refused(ScriptCallError::Invalid, message));
    }
    Ok(())
}

fn short(what: &str, name: &str) -> Result<(), Refused> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        let message = format!("{what} is 1 to {NAME_BYTES_MAX} bytes");
        return Err(refused(ScriptCallError::Invalid, message));
    }
    Ok(())
}

impl Driver {
    /// Remembers what actions mean; aloud, adds what is to be done. An action that is not allowed
    /// comes back as `Refused`, but for one that already answers a refusal: a guest that insists
    /// does not fill the journal.
    pub(super) fn apply(
        &mut self,
        actions: Vec<Action>,
        after_refusal: bool,
        voice: Voice,
        effects: &mut Vec<Effect>,
    ) {
        for (count, action) in actions.into_iter().enumerate() {
            let id = action.id;
            let result = match count < ACTIONS_MAX {
                true => self.act(action, voice, effects),
                false => Err(refused(
                    ScriptCallError::Busy,
                    format!("one entry may want {ACTIONS_MAX} things"),
                )),
            };
            if let Err(error) = result
                && voice == Voice::Aloud
                && !after_refusal
                && count <= ACTIONS_MAX
            {
                let input = Journalled::Refused { action: id, error };
                effects.push(Effect::Feed(Box::new(input)));
            }
        }
    }

    fn act(
        &mut self,
        action: Action,
        voice: Voice,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        self.permit.act(&action.act)?;
        let effect = match action.act {
            Act::Step { step, operation } => {
                let known = self.kept.steps.get_mut(&step);
                let known = known.ok_or_else(|| no_step(step))?;
                known.under_way.push_back(action.id);
                Some(Effect::Turn {
                    call: known.call.clone(),
                    program: known.program,
                    turn: ScriptTurn::Interrupt {
                        op: operation,
                        line: 0,
                    },
                })
            }
            Act::EndStep { step, outcome } => {
                let known = self.kept.steps.remove(&step);
                let known = known.ok_or_else(|| no_step(step))?;
                let turn = match self.permit.outcome(&known.name, &outcome) {
                    Ok(()) => ScriptTurn::Done {
                        outcome: Some(outcome),
                    },
                    Err(why) => ScriptTurn::Failed {
                        error: fault(ScriptErrorKind::Runtime, why),
                    },
                };
                Some(Effect::Turn {
                    call: known.call,
                    program: known.program,
                    turn,
                })
            }
            Act::Publish { topic, payload } => self.publish(topic, payload).map(Some)?,
            Act::Retain {
                topic,
                key,
                payload,
            } => self.retain(topic, key, payload).map(Some)?,
            Act::SetTimer { name, at_ms } => self.set_timer(name, at_ms).map(|()| None)?,
            Act::ClearTimer { name } => {
                self.kept.timers.remove(&name);
                None
            }
            Act::StartCall(start) => Some(Effect::StartCall {
                action: action.id,
                start: Box::new(start),
            }),
            Act::Reply { request, answer } => Some(Effect::Reply { request, answer }),
            Act::Http(send) => {
                if self.kept.http.len() >= HTTP_MAX {
                    let message = format!("{HTTP_MAX} http requests are under way");
                    return Err(refused(ScriptCallError::Busy, message));
                }
                if !self.kept.http.insert(action.id) {
                    let message = format!("http action {} is under way already", action.id);
                    return Err(refused(ScriptCallError::Invalid, message));
                }
                Some(Effect::Http {
                    action: action.id,
                    send: Box::new(send),
                })
            }
        };
        if voice == Voice::Aloud {
            effects.extend(effect);
        }
        Ok(())
    }

    fn publish(&mut self, topic: String, payload: Value) -> Result<Effect, Refused> {
        fits("an event", &payload)?;
        if self.kept.unseen.len() >= UNSEEN_MAX {
            let message = format!("{UNSEEN_MAX} events wait for the journal");
            return Err(refused(ScriptCallError::Busy, message));
        }
        self.kept.unseen.push_back((topic.clone(), payload.clone()));
        Ok(Effect::Publish { topic, payload })
    }

    fn retain(
        &mut self,
        topic: String,
        key: String,
        payload: Option<Value>,
    ) -> Result<Effect, Refused> {
        if key.len() > NAME_BYTES_MAX {
            let message = format!("a fact's key is at most {NAME_BYTES_MAX} bytes");
            return Err(refused(ScriptCallError::Invalid, message));
        }
        if let Some(payload) = &payload {
            fits("a fact", payload)?;
        }
        self.kept
            .retain(&topic, &key, payload.as_ref())
            .map_err(|why| refused(ScriptCallError::Busy, why))?;
        Ok(Effect::Retain {
            topic,
            key,
            payload,
        })
    }

    fn set_timer(&mut self, name: String, at_ms: u64) -> Result<(), Refused> {
        short("a timer's name", &name)?;
        if self.kept.timers.len() >= TIMERS_MAX && !self.kept.timers.contains_key(&name) {
            let message = format!("{TIMERS_MAX} timers are set");
            return Err(refused(ScriptCallError::Busy, message));
        }
        self.kept.timers.insert(name, at_ms);
        Ok(())
    }

    /// A step that has begun or got an answer, and for which nothing is under way: its run is told
    /// that the next turn comes by itself.
    pub(super) fn idle(&self, call: &str, effects: &mut Vec<Effect>) {
        let step = self
            .kept
            .step_of(call)
            .and_then(|n| self.kept.steps.get(&n));
        if let Some(step) = step.filter(|step| step.under_way.is_empty()) {
            effects.push(Effect::Turn {
                call: call.to_owned(),
                program: step.program,
                turn: ScriptTurn::Idle,
            });
        }
    }
}

fn no_step(step: u64) -> Refused {
    refused(
        ScriptCallError::Gone,
        format!("step {step} is over, or never was"),
    )
}
