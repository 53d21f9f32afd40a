//! How a program of a run begins: what it is told of its call, and where its host calls are said to
//! stand.

use std::collections::BTreeMap;
use std::sync::Arc;

use cordboard_call::event::{Party, Place};
use cordboard_call::ids::TenantId;
use cordboard_dialplan::schema::Loaded;

use super::Run;
use super::scripted::Scripted;
use crate::script::{Program, ScriptCall, ScriptCommand, ScriptStart, StepProgram};
use crate::world::{Time, World};

impl Run {
    /// Starts a script; the step that runs it is under way.
    pub(super) fn start_script(
        &mut self,
        script: &str,
        arguments: BTreeMap<String, String>,
        now: Time,
        world: &mut dyn World,
    ) {
        let file = format!("scripts/{script}.lua");
        self.begin_program(file, None, now);
        let start = ScriptStart {
            program: Program::Script(script.to_owned()),
            arguments,
            call: self.script_call(world),
        };
        self.command(ScriptCommand::Start(Box::new(start)));
    }

    /// Starts a step of a module; the step that runs it is under way.
    pub(super) fn start_module(
        &mut self,
        module: &Arc<Loaded>,
        program: StepProgram,
        now: Time,
        world: &mut dyn World,
    ) {
        let manifest = module.schema.manifest.as_str();
        let file = match manifest.rsplit_once('/') {
            Some((folder, _)) => folder.to_owned(),
            None => format!("modules/{}", module.source),
        };
        let own = (module.clone(), program.step.as_str().into());
        self.begin_program(file, Some(own), now);
        let call = ScriptCall {
            variables: self.shared.vars.visible(),
            ..self.script_call(world)
        };
        let start = ScriptStart {
            program: Program::Step(Box::new(program)),
            arguments: BTreeMap::new(),
            call,
        };
        self.command(ScriptCommand::Start(Box::new(start)));
    }

    fn begin_program(&mut self, file: String, module: Option<(Arc<Loaded>, Box<str>)>, now: Time) {
        let step = self.step.as_ref();
        let step = step.and_then(|at| at.block.steps.get(at.index));
        let at = step.map_or_else(
            || Place {
                file: file.clone(),
                line: 0,
            },
            |step| super::route::place(&step.place),
        );
        self.programs = self.programs.wrapping_add(1);
        self.script = Some(Scripted::new(file, at, module, now));
    }

    fn script_call(&self, world: &dyn World) -> ScriptCall {
        let info = &self.shared.info;
        let trunk = match &info.party {
            Party::Trunk(name) => Some(name.clone()),
            _ => None,
        };
        ScriptCall {
            id: info.call,
            tenant: TenantId::new(&world.dialplan().tenant.name),
            direction: info.direction,
            caller: info.caller.clone(),
            caller_name: info.caller_name.clone(),
            dialled: info.dialled.clone(),
            user: info.caller_user.as_ref().map(|user| user.name.clone()),
            trunk,
            answered: self.shared.caller.answered,
            at_ms: world.unix_ms(),
            variables: BTreeMap::new(),
        }
    }
}
