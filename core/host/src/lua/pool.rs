//! The VMs of one host: one a script or module of one generation, opened when it is first needed,
//! closed when its generation is over or nobody came for a minute, and more of them where one has
//! no room left. Their memory together is a part of what their tenant may have.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use cordboard_steps::script::{ScriptError, ScriptErrorKind};
use slab::Slab;

use super::compile::Script;
use super::failure;
use super::limits::Limits;
use super::meter::CpuTime;
use super::module::{LuaGuest, ModuleVm};
use super::vm::{Base, Heap, MEMORY_USED_UP, Memory, ScriptVm};
use crate::module::Module;
use crate::quota::Account;

/// What a VM is opened for.
#[derive(Clone)]
pub(crate) enum Program {
    Script(Arc<Script>),
    Module(Arc<Module>),
}

/// The same, not kept alive by its VM.
enum Owner {
    Script(Weak<Script>),
    Module(Weak<Module>),
}

/// What is loaded into a VM.
pub(crate) enum Code {
    Script(ScriptVm),
    Module(ModuleVm),
}

/// One VM and who uses it.
pub(crate) struct Vm {
    pub base: Base,
    pub code: Code,
    pub heap: Heap,
    owner: Owner,
    /// Coroutines that run here.
    runs: usize,
    /// When it was last given a run, in starts of the pool.
    used_at: u64,
    /// Sweeps since it was last used.
    sweeps: u32,
    memory: Memory,
}

/// Sweeps after which a VM that nobody used is closed: a minute of the crew's.
const SWEEPS_MAX: u32 = 12;
/// All VMs of a host.
pub(crate) struct Pool {
    limits: Limits,
    time: CpuTime,
    account: Option<Arc<Account>>,
    vms: Slab<Vm>,
    /// VMs of a program, by its address. A VM's weak reference keeps the address from being used
    /// again.
    by_program: HashMap<usize, Vec<usize>>,
    starts: u64,
}

impl Program {
    fn key(&self) -> usize {
        match self {
            Program::Script(script) => Arc::as_ptr(script) as usize,
            Program::Module(module) => Arc::as_ptr(module) as usize,
        }
    }
}

impl Owner {
    fn key(&self) -> usize {
        match self {
            Owner::Script(script) => script.as_ptr() as usize,
            Owner::Module(module) => module.as_ptr() as usize,
        }
    }
}

impl Vm {
    fn open(
        program: &Program,
        limits: &Limits,
        time: &CpuTime,
        account: &Option<Arc<Account>>,
    ) -> Result<Vm, ScriptError> {
        let (base, code, owner) = match program {
            Program::Script(script) => {
                let (base, code) = ScriptVm::open(script, limits, time)
                    .map_err(|e| failure::from_lua(&script.file, &e, false))?;
                let owner = Owner::Script(Arc::downgrade(script));
                (base, Code::Script(code), owner)
            }
            Program::Module(module) => {
                let Some(guest) = module.guest.as_any().downcast_ref::<LuaGuest>() else {
                    let message = format!("the module `{}` is not made of Lua", module.name);
                    return Err(failure::plain(ScriptErrorKind::Missing, message));
                };
                let (base, code) = ModuleVm::open(module, guest, time)?;
                let owner = Owner::Module(Arc::downgrade(module));
                (base, Code::Module(code), owner)
            }
        };
        let limit = match program {
            Program::Script(_) => limits.vm_memory_bytes,
            Program::Module(module) => module.limits.memory_bytes as usize,
        };
        Ok(Vm {
            heap: Heap::new(&base.lua, limit),
            base,
            code,
            owner,
            runs: 0,
            used_at: 0,
            sweeps: 0,
            memory: Memory::new(account.clone(), limit),
        })
    }

    /// Before a turn: it may have what is left of the tenant's memory, up to its own limit.
    fn lend(&mut self) {
        self.sweeps = 0;
        self.memory.lend(&self.base.lua);
    }

    /// True when nothing runs here and nothing new may come.
    fn is_over(&self) -> bool {
        let unowned = match &self.owner {
            Owner::Script(script) => script.strong_count() == 0,
            Owner::Module(module) => module.strong_count() == 0,
        };
        self.runs == 0 && (self.heap.full || unowned)
    }
}

impl Pool {
    pub fn new(limits: Limits, time: CpuTime, account: Option<Arc<Account>>) -> Pool {
        Pool {
            limits,
            time,
            account,
            vms: Slab::new(),
            by_program: HashMap::new(),
            starts: 0,
        }
    }

    /// Begins a run of `program`: what `coroutine` makes in a VM with room, and that VM's number.
    pub fn begin<T>(
        &mut self,
        program: &Program,
        file: &str,
        coroutine: impl Fn(&Vm) -> mlua::Result<T>,
    ) -> Result<(usize, T), ScriptError> {
        self.starts += 1;
        // A VM may meet its memory limit just here; then a new one takes the run.
        let mut tries = 2;
        loop {
            let at = self.vm_for(program)?;
            let Some(vm) = self.vms.get_mut(at) else {
                return Err(overload("no VM could take the run"));
            };
            vm.used_at = self.starts;
            vm.lend();
            match coroutine(vm) {
                Ok(made) => {
                    vm.runs += 1;
                    return Ok((at, made));
                }
                Err(error) => {
                    vm.heap.retire(&vm.base.lua);
                    if vm.is_over() {
                        self.close(at);
                    }
                    tries -= 1;
                    if tries == 0 {
                        return Err(failure::from_lua(file, &error, false));
                    }
                }
            }
        }
    }

    /// A VM of the program with room, opened if need be.
    fn vm_for(&mut self, program: &Program) -> Result<usize, ScriptError> {
        let key = program.key();
        let own = self
            .by_program
            .get(&key)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let runs_max = self.limits.calls_per_vm_max;
        let room = |at: &&usize| {
            self.vms
                .get(**at)
                .is_some_and(|vm| !vm.heap.full && vm.runs < runs_max)
        };
        if let Some(at) = own.iter().find(room) {
            return Ok(*at);
        }
        if own.len() >= self.limits.vms_per_script_max {
            return Err(overload("too many calls run this script"));
        }
        self.tidy();
        if self.vms.len() >= self.limits.vms_max {
            let idle = self
                .vms
                .iter()
                .filter(|(_, vm)| vm.runs == 0)
                .min_by_key(|(_, vm)| vm.used_at);
            let Some(at) = idle.map(|(at, _)| at) else {
                return Err(overload("too many scripts run at once"));
            };
            self.close(at);
        }
        if !Memory::has_room(self.account.as_ref()) {
            return Err(overload(MEMORY_USED_UP));
        }
        let vm = Vm::open(program, &self.limits, &self.time, &self.account)?;
        let at = self.vms.insert(vm);
        self.by_program.entry(key).or_default().push(at);
        Ok(at)
    }

    /// A VM for a turn.
    pub fn vm(&mut self, at: usize) -> Option<&mut Vm> {
        let vm = self.vms.get_mut(at)?;
        vm.lend();
        Some(vm)
    }

    /// A run of this VM has ended.
    pub fn leave(&mut self, at: usize) {
        if let Some(vm) = self.vms.get_mut(at) {
            vm.runs = vm.runs.saturating_sub(1);
            vm.memory.count(vm.base.lua.used_memory());
            if vm.is_over() {
                self.close(at);
            }
        }
    }

    /// Collects garbage, and drops VMs in which no call runs: of programs that no generation has any
    /// more, and those that nobody used for a while.
    pub fn sweep(&mut self) {
        for (_, vm) in &mut self.vms {
            vm.heap.rest(&vm.base.lua);
            vm.sweeps = match vm.runs {
                0 => vm.sweeps + 1,
                _ => 0,
            };
        }
        self.tidy();
    }

    fn tidy(&mut self) {
        let over: Vec<usize> = self
            .vms
            .iter()
            .filter(|(_, vm)| vm.is_over() || vm.sweeps > SWEEPS_MAX)
            .map(|(at, _)| at)
            .collect();
        for at in over {
            self.close(at);
        }
    }

    fn close(&mut self, at: usize) {
        if let Some(vm) = self.vms.try_remove(at) {
            let key = vm.owner.key();
            if let Some(own) = self.by_program.get_mut(&key) {
                own.retain(|other| *other != at);
                if own.is_empty() {
                    self.by_program.remove(&key);
                }
            }
        }
    }

    /// VMs that are open, and the bytes of memory they use.
    pub fn figures(&self) -> (usize, usize) {
        let bytes = self.vms.iter().map(|(_, vm)| vm.base.lua.used_memory());
        (self.vms.len(), bytes.sum())
    }
}

fn overload(message: &str) -> ScriptError {
    failure::plain(ScriptErrorKind::Overload, message.to_owned())
}
