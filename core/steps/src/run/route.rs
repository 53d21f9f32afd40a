//! Walking the route: which step is next, what it asks for, which branch its outcome takes.
//!
//! A branch runs in place of what follows in its block; an `else` and the block of a `when` run
//! and then what follows goes on. `other` takes any outcome that no branch names, except
//! `answered`. Where a `collect` has branches for entries and none for `digits` or `other`, an
//! entry that no branch names is invalid and costs a try.

use std::sync::Arc;

use cordboard_call::cause::Cause;
use cordboard_call::event::{Fact, Place};
use cordboard_dialplan::route::{Block, Step, StepKind};
use cordboard_dialplan::schema::ModuleStep;
use cordboard_dialplan::{Condition, Template};

use super::ask::prepare;
use super::entry;
use super::module::arguments;
use super::{At, Run, STEPS_MAX, STEPS_WITHOUT_WAITING_MAX, Stage};
use crate::caller::Cx;
use crate::operation::ring::TalkOutcome;
use crate::operation::{self, Ask, Begun, Finished};
use crate::script::{CollectOutcome, StepProgram};
use crate::vars::{Filled, MASK};
use crate::world::{Time, World};

/// An outcome and what is said of it.
struct Outcome {
    word: String,
    /// What may be shown in place of the word.
    shown: Option<&'static str>,
    failed: bool,
    why: Option<String>,
}

impl Outcome {
    fn new(word: impl Into<String>, failed: bool, why: Option<String>) -> Outcome {
        Outcome {
            word: word.into(),
            shown: None,
            failed,
            why,
        }
    }
}

pub(super) fn place(at: &cordboard_dialplan::Place) -> Place {
    Place {
        file: at.file.to_string(),
        line: at.line,
    }
}

impl Run {
    /// Finds the first block.
    pub(super) fn enter(&mut self, _now: Time, world: &mut dyn World) {
        match entry::find(&self.entry, &self.shared.info, world) {
            Ok(block) => {
                let route = block.title.clone();
                self.fact(Fact::CallRouted {
                    route,
                    at: place(&block.place),
                });
                self.push(block);
            }
            Err((cause, why)) => {
                self.fact(Fact::CallUnrouted { why: why.clone() });
                self.finish(cause, Some(why));
            }
        }
    }

    /// Runs steps until one waits or the route is over.
    pub(super) fn advance(&mut self, now: Time, world: &mut dyn World) {
        if self.stage != Stage::Running {
            return;
        }
        self.steps.0 = 0;
        self.carry_out(now, world);
        while self.stage == Stage::Running
            && self.operation.is_none()
            && self.script.is_none()
            && self.step.is_none()
        {
            let Some(frame) = self.stack.last_mut() else {
                let rang_in_vain = self.last_cause.filter(|_| !self.shared.caller.answered);
                return self.finish(rang_in_vain.unwrap_or(Cause::NORMAL), None);
            };
            let at = At {
                block: frame.block.clone(),
                index: frame.next,
            };
            frame.next += 1;
            match at.block.steps.get(at.index) {
                Some(_) => self.begin_step(at, now, world),
                None => {
                    self.stack.pop();
                }
            }
        }
    }

    fn begin_step(&mut self, at: At, now: Time, world: &mut dyn World) {
        let block = at.block.clone();
        let Some(step) = block.steps.get(at.index) else {
            return;
        };
        let cx = Cx {
            now,
            world: &mut *world,
            call: &mut self.shared,
        };
        let (ask, detail) = prepare(step, &cx);
        let name = step.kind.name();
        self.fact(Fact::StepStarted {
            step: name.to_owned(),
            detail,
            at: place(&step.place),
        });
        self.step = Some(at);
        if let Some(why) = self.one_step_more() {
            self.end_step(&step.place, name, "failed", Some(why.clone()));
            return self.finish(Cause::TEMPORARY_FAILURE, Some(why));
        }
        match ask {
            Some(ask) => self.begin_operation(ask, now, world),
            None => self.begin_other(step, now, world),
        }
    }

    /// Counts a step; a sentence where there are too many.
    fn one_step_more(&mut self) -> Option<String> {
        self.steps = (self.steps.0 + 1, self.steps.1 + 1);
        if self.steps.0 > STEPS_WITHOUT_WAITING_MAX {
            return Some(format!(
                "the route goes round in a circle: {STEPS_WITHOUT_WAITING_MAX} steps without waiting"
            ));
        }
        (self.steps.1 > STEPS_MAX).then(|| format!("a call has at most {STEPS_MAX} steps"))
    }

    pub(super) fn begin_operation(&mut self, ask: Ask, now: Time, world: &mut dyn World) {
        let mut cx = Cx {
            now,
            world: &mut *world,
            call: &mut self.shared,
        };
        match operation::begin(ask, &mut cx) {
            Begun::Under(operation) => self.operation = Some(operation),
            Begun::Over(finished) => self.operation_over(Some(finished), now, world),
        }
    }

    /// Begins a step that is not an operation on the call.
    fn begin_other(&mut self, step: &Step, now: Time, world: &mut dyn World) {
        match &step.kind {
            StepKind::Goto { route } => {
                let block = world.dialplan().routes.get(route).cloned();
                let Some(block) = block else {
                    let why = format!("there is no route `{route}`");
                    return self.step_over(Outcome::new("failed", true, Some(why)));
                };
                self.step_over(Outcome::new("done", false, None));
                self.stack.clear();
                self.push(block);
            }
            StepKind::When { arms } => self.choose(step, arms, now, world),
            StepKind::Set { name, value } => {
                let filled = self.fill(value, now, world);
                let outcome = match self.set_fact(name, filled) {
                    Ok(()) => Outcome::new("done", false, None),
                    Err(why) => Outcome::new("failed", true, Some(why)),
                };
                self.step_over(outcome);
            }
            StepKind::Hangup { cause } => {
                let cause = cause
                    .as_deref()
                    .and_then(Cause::from_word)
                    .unwrap_or(Cause::NORMAL);
                self.end_step(&step.place, "hangup", "done", None);
                self.finish(cause, None);
            }
            StepKind::Run { script, arguments } => {
                let mut filled = std::collections::BTreeMap::new();
                for (name, template) in arguments {
                    filled.insert(name.clone(), self.fill(template, now, world).text);
                }
                self.start_script(script, filled, now, world);
            }
            StepKind::Module(module_step) => self.begin_module(module_step, now, world),
            other => {
                let why = format!("`{}` cannot run", other.name());
                self.step_over(Outcome::new("failed", true, Some(why)));
            }
        }
    }

    /// A step of a module: its arguments filled in, it runs as a script does.
    fn begin_module(&mut self, step: &ModuleStep, now: Time, world: &mut dyn World) {
        let found = world.dialplan().modules.get(&step.module).cloned();
        let Some(module) = found else {
            let why = format!("there is no module `{}`", step.module);
            return self.step_over(Outcome::new("failed", true, Some(why)));
        };
        let cx = Cx {
            now,
            world: &mut *world,
            call: &mut self.shared,
        };
        match arguments(step, &module.schema, &cx.reader()) {
            Ok(arguments) => {
                let program = StepProgram {
                    module: step.module.clone(),
                    step: step.step.clone(),
                    arguments,
                    outcomes: step.outcomes.clone(),
                };
                self.start_module(&module, program, now, world);
            }
            Err(why) => self.step_over(Outcome::new("failed", true, Some(why))),
        }
    }

    /// A `when`: the first arm whose condition holds.
    fn choose(
        &mut self,
        step: &Step,
        arms: &[(Condition, Arc<Block>)],
        now: Time,
        world: &mut dyn World,
    ) {
        let mut chosen = None;
        for (condition, block) in arms {
            let cx = Cx {
                now,
                world: &mut *world,
                call: &mut self.shared,
            };
            let value = condition.holds(&cx.reader());
            let at = place(&block.place);
            let condition = condition.source().to_owned();
            self.fact(Fact::ConditionChecked {
                condition,
                value,
                at,
            });
            if value {
                chosen = Some(block.clone());
                break;
            }
        }
        let (word, block) = match (chosen, &step.otherwise) {
            (Some(block), _) => ("taken", Some(block)),
            (None, Some(block)) => ("else", Some(block.clone())),
            (None, None) => ("none", None),
        };
        self.end_step(&step.place, "when", word, None);
        if let Some(block) = block {
            self.push(block);
        }
    }

    pub(super) fn fill(&mut self, template: &Template, now: Time, world: &mut dyn World) -> Filled {
        let cx = Cx {
            now,
            world,
            call: &mut self.shared,
        };
        cx.reader().fill(template)
    }

    /// Sets a variable and says so; the value of a secret one is not told.
    pub(super) fn set_fact(&mut self, name: &str, value: Filled) -> Result<(), String> {
        let Filled { text, secret } = value;
        let mut shown = text.clone();
        self.shared
            .vars
            .set(name, text, secret)
            .map_err(|e| e.to_string())?;
        if self.shared.vars.is_secret(name) {
            shown = MASK.to_owned();
        }
        self.fact(Fact::VariableSet {
            name: name.to_owned(),
            value: shown,
        });
        Ok(())
    }

    /// The step's operation ended.
    pub(super) fn step_finished(&mut self, finished: Finished, _now: Time, _world: &mut dyn World) {
        let Some(at) = &self.step else { return };
        let block = at.block.clone();
        let Some(step) = block.steps.get(at.index) else {
            return;
        };
        let outcome = match finished {
            Finished::Done | Finished::Answer(_) => Outcome::new("done", false, None),
            Finished::Failed { why, .. } => Outcome::new("failed", true, Some(why)),
            Finished::Talk {
                outcome,
                cause,
                why,
                ..
            } => {
                let failed = outcome != TalkOutcome::Answered;
                self.last_cause = cause.filter(|_| failed);
                Outcome::new(outcome.word(), failed, why)
            }
            Finished::Digits {
                outcome: CollectOutcome::Digits,
                digits,
                secret,
            } => self.collected(step, digits, secret),
            Finished::Digits { outcome, .. } => Outcome::new(outcome.word(), true, None),
        };
        self.step_over(outcome);
    }

    fn collected(&mut self, step: &Step, digits: String, secret: bool) -> Outcome {
        let StepKind::Collect { into, .. } = &step.kind else {
            return Outcome::new("digits", false, None);
        };
        let named = step.branches.iter().any(|b| b.outcomes.contains(&digits));
        let word = if named {
            digits.clone()
        } else {
            "digits".to_owned()
        };
        match self.set_fact(
            into,
            Filled {
                text: digits,
                secret,
            },
        ) {
            Ok(()) => {
                let shown = secret.then_some("digits");
                Outcome {
                    word,
                    shown,
                    failed: false,
                    why: None,
                }
            }
            Err(why) => Outcome::new("failed", true, Some(why)),
        }
    }

    /// A script or a step is over with this outcome.
    pub(super) fn step_over_as(&mut self, word: &str, failed: bool, why: Option<String>) {
        self.step_over(Outcome::new(word, failed, why));
    }

    fn step_over(&mut self, outcome: Outcome) {
        let Some(at) = self.step.take() else { return };
        let Outcome {
            word,
            shown,
            failed,
            why,
        } = outcome;
        self.step_ended(&at, shown.unwrap_or(&word), why);
        let block = at.block.clone();
        let Some(step) = block.steps.get(at.index) else {
            return;
        };
        let named = step.branches.iter().find(|b| b.outcomes.contains(&word));
        let other = || {
            let branches = step.branches.iter().filter(|_| word != "answered");
            branches
                .into_iter()
                .find(|b| b.outcomes.iter().any(|o| o == "other"))
        };
        if let Some(branch) = named.or_else(other) {
            if let Some(frame) = self.stack.last_mut() {
                frame.next = frame.block.steps.len();
            }
            self.push(branch.block.clone());
        } else if let (true, Some(block)) = (failed, &step.otherwise) {
            self.push(block.clone());
        }
    }

    pub(super) fn step_ended(&mut self, at: &At, outcome: &str, why: Option<String>) {
        let block = at.block.clone();
        if let Some(step) = block.steps.get(at.index) {
            self.end_step(&step.place, step.kind.name(), outcome, why);
        }
    }

    /// Says that a step ended, and forgets it.
    fn end_step(
        &mut self,
        at: &cordboard_dialplan::Place,
        step: &str,
        outcome: &str,
        why: Option<String>,
    ) {
        self.step = None;
        let vars = &self.shared.vars;
        let outcome = vars.mask(outcome).into_owned();
        let why = why.map(|why| vars.mask(&why).into_owned());
        self.fact(Fact::StepEnded {
            step: step.to_owned(),
            outcome,
            why,
            at: place(at),
        });
    }
}
