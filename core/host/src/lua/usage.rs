//! A dialplan's `run` steps against the manifests of the scripts they run: arguments that the
//! script does not take or still wants, outcomes that it never returns, and prompts and users
//! that it names in plain strings and that do not exist.

use std::collections::BTreeSet;

use cordboard_dialplan::diagnostic::Mark;
use cordboard_dialplan::{Block, Diagnostic, Dialplan, Place, Severity, Step, StepKind};

use super::check::nearest;
use super::compile::{Script, Scripts};

/// Outcomes of a `run` step that need no declaration.
const ALWAYS: [&str; 3] = ["done", "failed", "hangup"];

impl Scripts {
    /// Checks every `run` step of a dialplan. `prompts` are those that exist.
    pub fn check_runs(&self, plan: &Dialplan, prompts: &BTreeSet<String>) -> Vec<Diagnostic> {
        let mut checker = Checker {
            scripts: self,
            plan,
            prompts,
            found: Vec::new(),
        };
        for entry in plan.dids.entries() {
            checker.block(&entry.value);
        }
        for entry in plan.outbound.entries() {
            checker.block(&entry.value.block);
        }
        for block in plan.routes.values() {
            checker.block(block);
        }
        checker.found
    }
}

struct Checker<'a> {
    scripts: &'a Scripts,
    plan: &'a Dialplan,
    prompts: &'a BTreeSet<String>,
    found: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn block(&mut self, block: &Block) {
        for step in &block.steps {
            match &step.kind {
                StepKind::Run { script, arguments } => {
                    // That the script exists is the dialplan's own check.
                    if let Some(script) = self.scripts.script(script) {
                        let names: Vec<&str> = arguments.keys().map(String::as_str).collect();
                        self.run(script.clone().as_ref(), &names, step);
                    }
                }
                StepKind::When { arms } => arms.iter().for_each(|(_, block)| self.block(block)),
                _ => {}
            }
            step.branches.iter().for_each(|b| self.block(&b.block));
            if let Some(otherwise) = &step.otherwise {
                self.block(otherwise);
            }
        }
    }

    fn run(&mut self, script: &Script, given: &[&str], step: &Step) {
        let (name, manifest) = (&script.name, &script.manifest);
        let declared: Vec<&str> = manifest.arguments.iter().map(|a| a.name.as_str()).collect();
        for argument in given.iter().filter(|g| !declared.contains(g)) {
            let help = match nearest(argument, declared.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if declared.is_empty() => format!(
                    "add `-- arguments: {argument}` to the comment at the top of scripts/{}",
                    script.file
                ),
                None => format!("it takes {}", declared.join(", ")),
            };
            let message = format!("the script `{name}` has no argument `{argument}`");
            self.report(&step.place, "LU0001", message, help);
        }
        for wanted in &manifest.arguments {
            if wanted.default.is_none() && !given.contains(&wanted.name.as_str()) {
                let message = format!("the script `{name}` wants the argument `{}`", wanted.name);
                let help = format!("write `run {name} {}=\"...\"`", wanted.name);
                self.report(&step.place, "LU0002", message, help);
            }
        }
        if !manifest.outcomes.is_empty() {
            self.outcomes(script, step);
        }
        for (prompt, line) in &script.prompts {
            if !self.prompts.contains(prompt) {
                let known = self.prompts.iter().map(String::as_str);
                let help = nearest(prompt, known).map(|n| format!("did you mean `{n}`?"));
                let message = format!(
                    "there is no prompt `{prompt}`, which scripts/{}:{line} plays",
                    script.file
                );
                let help = help.unwrap_or_else(|| format!("add {prompt}.wav to the prompts"));
                self.report(&step.place, "LU0004", message, help);
            }
        }
        for (user, line) in &script.users {
            if !self.plan.users.contains_key(user) {
                let known = self.plan.users.keys().map(String::as_str);
                let help = nearest(user, known).map(|n| format!("did you mean `{n}`?"));
                let message = format!(
                    "there is no user `{user}`, whom scripts/{}:{line} rings",
                    script.file
                );
                let help = help.unwrap_or_else(|| format!("declare `user {user}`"));
                self.report(&step.place, "LU0005", message, help);
            }
        }
    }

    fn outcomes(&mut self, script: &Script, step: &Step) {
        let declared = &script.manifest.outcomes;
        for outcome in step.branches.iter().flat_map(|b| &b.outcomes) {
            if declared.contains(outcome) || ALWAYS.contains(&outcome.as_str()) {
                continue;
            }
            let help = match nearest(outcome, declared.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it returns {}", declared.join(", ")),
            };
            let message = format!("the script `{}` never returns `{outcome}`", script.name);
            self.report(&step.place, "LU0003", message, help);
        }
    }

    fn report(&mut self, place: &Place, code: &'static str, message: String, help: String) {
        self.found.push(Diagnostic {
            mark: Mark::at(place),
            severity: Severity::Error,
            code,
            message,
            help: Some(help),
            related: Vec::new(),
        });
    }
}
