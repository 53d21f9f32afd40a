//! Who compiles and runs programs on this node: scripts' workers, and the kinds of modules.
//!
//! The one place that says which kinds of modules there are here. The breaker's word, that a module
//! failed too often, goes into its tenant's journal from here.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cordboard_dialplan::NodeFile;
use cordboard_host::lua::Workers as ScriptWorkers;
use cordboard_host::module::Module;
use cordboard_host::program::{OnDisabled, OnTurn, Runner, Runners, Whereabouts, Workers, counted};
use cordboard_host::{CpuTime, Limits as ScriptLimits};
use serde_json::json;

use super::kinds::Kinds;
use crate::cli::Start;
use crate::clock::Clock;
use crate::data_dir::DataDir;
use crate::loader::forge::Forge;
use crate::mailbox::Sender;
use crate::modules::{EventRuns, Modules};
use crate::shard::Input;

/// Threads that run scripts; each has its own VMs.
const SCRIPT_THREADS: usize = 1;
/// Commands that may wait for a script worker.
const SCRIPT_MAILBOX: usize = 32_768;

/// Where modules come from: `modules/` beside the dialplans, then the installed ones.
pub fn roots(data: &DataDir, places: &Start) -> Vec<PathBuf> {
    vec![places.modules(), data.modules()]
}

/// What makes modules.
pub fn forge(data: &DataDir, places: &Start, settings: &NodeFile, kinds: &Kinds) -> Forge {
    Forge::new(roots(data, places), kinds.compilers(), settings)
}

/// What runners of steps and the tasks of modules share.
pub struct Doors {
    /// Turns of scripts and of services, which count their own failures.
    pub on_turn: Arc<OnTurn>,
    /// Turns of other modules' steps: failures are counted on the way.
    pub on_step_turn: Arc<OnTurn>,
    /// Where steps run.
    pub whereabouts: Arc<Whereabouts>,
    /// Time since the node's start.
    pub now: Arc<dyn Fn() -> Duration + Send + Sync>,
    /// Tells that the breaker disabled a module.
    pub on_disabled: Arc<OnDisabled>,
    /// Connectors' events, whose turns are no call's.
    pub events: Arc<EventRuns>,
}

/// Turns go to the shard, but for those of connectors' events.
pub fn doors(shard: &Sender<Input>, clock: Clock) -> Doors {
    let events = Arc::new(EventRuns::default());
    let (to_shard, runs) = (shard.clone(), Arc::clone(&events));
    let on_turn: Arc<OnTurn> = Arc::new(move |call, turn| {
        if let Some(turn) = runs.take(call, turn) {
            let _ = to_shard.send(Input::Script { call, turn });
        }
    });
    let now: Arc<dyn Fn() -> Duration + Send + Sync> = Arc::new(move || clock.read().now);
    let whereabouts = Arc::new(Whereabouts::default());
    let to_journal = shard.clone();
    let on_disabled: Arc<OnDisabled> =
        Arc::new(move |module, rests| tell_resting(&to_journal, module, rests));
    let on_step_turn = counted(
        Arc::clone(&on_turn),
        Arc::clone(&whereabouts),
        Arc::clone(&now),
        Arc::clone(&on_disabled),
    );
    Doors {
        on_turn,
        on_step_turn,
        whereabouts,
        now,
        on_disabled,
        events,
    }
}

/// Who runs scripts and modules' steps.
pub fn workers(doors: &Doors, modules: &Arc<Modules>, kinds: &Kinds) -> Result<Workers, String> {
    let time = CpuTime::clock(crate::clock::thread_cpu);
    let scripts = ScriptWorkers::start(
        SCRIPT_THREADS,
        &ScriptLimits::default(),
        &time,
        SCRIPT_MAILBOX,
        &doors.on_turn,
    )
    .map_err(|e| format!("script worker: {e}"))?;
    let service: Arc<dyn Runner> = modules.clone();
    let (runners, start_event) = kinds.runners(&doors.on_step_turn)?;
    let runners = Runners {
        service: Some(service),
        ..runners
    };
    modules.connect(start_event, runners.clone());
    let (whereabouts, now) = (Arc::clone(&doors.whereabouts), Arc::clone(&doors.now));
    Ok(Workers::new(scripts, runners, whereabouts, now))
}

/// A module failed too often and rests: log and journal hear it.
pub fn tell_resting(shard: &Sender<Input>, module: &Arc<Module>, rests: Duration) {
    let last = module.health.last_trap();
    let rests_s = rests.as_secs();
    tracing::error!(
        tenant = module.tenant.as_str(),
        module = module.name,
        rests_s,
        last,
        "the module failed too often and is disabled for a while"
    );
    let payload = json!({
        "module": module.name, "by": "breaker", "rests_s": rests_s, "last_trap": last,
    });
    let _ = shard.send(Input::Record {
        tenant: module.tenant.clone(),
        topic: "module.disabled".into(),
        payload: payload.to_string(),
    });
}
