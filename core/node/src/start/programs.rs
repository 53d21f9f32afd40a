//! Who compiles and runs programs on this node: scripts' workers, and the kinds of modules.
//!
//! The one place that says which kinds of modules there are here. The breaker's word, that a module
//! failed too often, goes into its tenant's journal from here.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cordboard_dialplan::NodeFile;
use cordboard_host::module::{Change, Module, State};
use cordboard_host::native::Story;
use cordboard_host::program::{
    OnDisabled, OnTurn, Runner, Runners, Whereabouts, Workers, counted, failure,
};
use serde_json::json;

use super::kinds::Kinds;
use crate::cli::Start;
use crate::clock::Clock;
use crate::data_dir::DataDir;
use crate::loader::forge::Forge;
use crate::mailbox::Sender;
use crate::modules::{EventRuns, Modules};
use crate::shard::Input;

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
    /// Where facts are written.
    shard: Sender<Input>,
}

/// Turns go to the shard, but for those of connectors' events.
pub fn doors(shard: &Sender<Input>, clock: Clock) -> Doors {
    let events = Arc::new(EventRuns::default());
    let (to_shard, runs) = (shard.clone(), Arc::clone(&events));
    let on_turn: Arc<OnTurn> = Arc::new(move |program, turn| {
        if let Some(turn) = runs.take(program, turn) {
            let _ = to_shard.send(Input::Script { program, turn });
        }
    });
    let now: Arc<dyn Fn() -> Duration + Send + Sync> = Arc::new(move || clock.read().now);
    let whereabouts = Arc::new(Whereabouts::default());
    let to_journal = shard.clone();
    let runtime = tokio::runtime::Handle::try_current().ok();
    let on_disabled: Arc<OnDisabled> = Arc::new(move |module, rests| {
        tell_resting(&to_journal, module, rests);
        if let Some(runtime) = &runtime {
            runtime.spawn(tell_rested(
                to_journal.clone(),
                clock,
                Arc::clone(module),
                rests,
            ));
        }
    });
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
        shard: shard.clone(),
    }
}

/// Who runs scripts and modules' steps.
pub fn workers(doors: &Doors, modules: &Arc<Modules>, kinds: &Kinds) -> Result<Workers, String> {
    let crew = kinds.crew().ok_or("a tool runs no switch")?;
    let stories = NativeStories {
        shard: doors.shard.clone(),
        now: Arc::clone(&doors.now),
        on_disabled: Arc::clone(&doors.on_disabled),
    };
    kinds
        .native()
        .on_story(Arc::new(move |module, story| stories.tell(module, &story)));
    let running = kinds.running(crew, &doors.on_step_turn);
    let service: Arc<dyn Runner> = modules.clone();
    let runners = Runners {
        service: Some(service),
        ..running.runners
    };
    modules.connect(running.events, runners.clone());
    let (whereabouts, now) = (Arc::clone(&doors.whereabouts), Arc::clone(&doors.now));
    Ok(Workers::new(running.scripts, runners, whereabouts, now))
}

/// Falls and returns of native modules' processes.
struct NativeStories {
    shard: Sender<Input>,
    now: Arc<dyn Fn() -> Duration + Send + Sync>,
    on_disabled: Arc<OnDisabled>,
}

impl NativeStories {
    /// Log and journal hear it; a fall that took no step along is counted here.
    fn tell(&self, module: &Arc<Module>, story: &Story) {
        let (topic, payload) = story.event(module);
        let (tenant, name) = (module.tenant.as_str(), module.name.as_str());
        match story {
            Story::Stopped { error, counted, .. } => {
                tracing::error!(tenant, module = name, "{error}");
                if !counted && let Some(rests) = failure(module, error, (self.now)()) {
                    (self.on_disabled)(module, rests);
                }
            }
            Story::Restarted => {
                tracing::info!(tenant, module = name, "the native module serves again");
                module.health.note(Change::Restarted);
            }
        }
        let _ = self.shard.send(Input::Record {
            tenant: module.tenant.clone(),
            topic: topic.into(),
            payload: payload.to_string(),
        });
    }
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
    module.health.note(Change::Disabled);
    let payload = json!({
        "module": module.name, "by": "breaker", "rests_s": rests_s, "last_trap": last,
    });
    let _ = shard.send(Input::Record {
        tenant: module.tenant.clone(),
        topic: "module.disabled".into(),
        payload: payload.to_string(),
    });
}

/// How often a rest that was to be over is looked at again: a clock may be a little behind.
const REST_LOOK: Duration = Duration::from_millis(50);

/// Its rest is over: the journal hears that as well, unless an operator's word came between.
async fn tell_rested(shard: Sender<Input>, clock: Clock, module: Arc<Module>, rests: Duration) {
    tokio::time::sleep(rests).await;
    let now = clock.read().now;
    if let State::Resting { until } = module.health.state(now) {
        if until > now + REST_LOOK {
            // It rests again, and somebody else waits for that.
            return;
        }
        tokio::time::sleep(REST_LOOK).await;
    }
    // An operator who enabled it meanwhile has said so already.
    if !module.health.has_rested(clock.read().now) {
        return;
    }
    module.health.note(Change::Enabled);
    let payload = json!({ "module": module.name, "by": "breaker" });
    let _ = shard.send(Input::Record {
        tenant: module.tenant.clone(),
        topic: "module.enabled".into(),
        payload: payload.to_string(),
    });
}
