//! A node around modules: shard, journal, store, bus and service threads; no phones.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cordboard_bus::{Bus, Filter, Subscription};
use cordboard_call::ids::{CallId, TenantId};
use cordboard_call::{Config as CallConfig, Engine};
use cordboard_dialplan::node_file::ModulesCeiling;
use cordboard_dialplan::route::Place as Line;
use cordboard_dialplan::schema::Loaded;
use cordboard_dialplan::{Cache, Known, Source, load};
use cordboard_host::capability::Effective;
use cordboard_host::manifest::Manifest;
use cordboard_host::module::{Artefact, Config, Limits, Module, Parts};
use cordboard_host::program::{Programs, Whereabouts};
use cordboard_media::{MediaPort, MediaPorts, StreamId};
use cordboard_sip::auth::Verifier;
use cordboard_sip::{Config as SipConfig, Endpoint};
use cordboard_steps::ScriptTurn;
use cordboard_store::journal::{Journal, JournalConfig, Written};
use cordboard_store::{MemoryStore, Store};
use serde_json::Value;

use super::desk::{Behaviour, DeskCode, MANIFEST};
use crate::clock::{Clock, unix_ms};
use crate::journal_door::NodeJournal;
use crate::mailbox::{Mailbox, Sender, mailbox};
use crate::modules::service::Phase;
use cordboard_host::CpuTime;
use cordboard_host::crew::{Crew, CrewParts};

use crate::modules::{Ask, Hub, HubParts, Modules};
use crate::networks::Networks;
use crate::outside::Outside;
use crate::registrar::Registrar;
use crate::shard::{Input, Shard, ShardLimits, ShardParts};
use crate::tenants::{Generation, Tenants};

const PATIENCE: Duration = Duration::from_secs(30);

struct NoPorts;

impl MediaPorts for NoPorts {
    fn take(&mut self, _: IpAddr) -> Option<MediaPort> {
        None
    }
    fn give_back(&mut self, _: StreamId) {}
}

/// What outlives a process: spool and store.
pub struct Place {
    root: PathBuf,
    store: Arc<dyn Store>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// A running node.
pub struct Node {
    pub modules: Arc<Modules>,
    pub bus: Arc<Bus>,
    shard: Sender<Input>,
    journal: Journal,
    store: Arc<dyn Store>,
    events: tokio::sync::Mutex<Subscription>,
    turns: Arc<Mutex<Vec<(CallId, ScriptTurn)>>>,
    thread: std::thread::JoinHandle<()>,
    tasks: Option<tokio::runtime::Runtime>,
}

impl Place {
    pub fn new(name: &str) -> Self {
        let name = format!("cordboard-modules-{name}-{}", std::process::id());
        let root = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&root);
        std::fs::create_dir_all(&root).unwrap();
        Self {
            root,
            store: Arc::new(MemoryStore::new()),
        }
    }

    /// Another process on the same place.
    pub fn again(&mut self) {}

    pub async fn start(&self, behaviour: Behaviour) -> Node {
        let (shard, inbox) = mailbox::<Input>(16_384).unwrap();
        let bus = Arc::new(Bus::new());
        let to_shard = shard.clone();
        let on_written = Box::new(move |written: Written| {
            let _ = to_shard.send(Input::Written {
                tenant: written.tenant,
                up_to: written.up_to_seq,
            });
        });
        let store = Arc::clone(&self.store);
        let config = JournalConfig::default();
        let spool = self.root.join("spool");
        std::fs::create_dir_all(&spool).unwrap();
        let (sequencer, journal) = Journal::open(&spool, Arc::clone(&store), config, on_written)
            .await
            .unwrap();
        let door = NodeJournal::new(sequencer, journal.clone());
        let parts = ShardParts {
            number: 0,
            seed: [7; 32],
            verifier: Verifier::new([7; 32], Duration::from_secs(300), 100),
            endpoint: Endpoint::new(SipConfig::default()),
            engine: Engine::new(CallConfig {
                calls_max: 10,
                legs_max: 20,
            }),
            ports: Box::new(NoPorts),
            journal: Box::new(door),
            bus: Arc::clone(&bus),
            networks: Networks::default(),
            registrar: Registrar::default(),
            ha1: Default::default(),
            limits: ShardLimits { calls_max: 10 },
        };
        let turns = Arc::default();
        let clock = Clock::start();
        let events = bus.subscribe(Filter::everything(), 65_536);
        let thread = run_shard(Shard::new(parts), inbox, clock, Arc::clone(&turns));
        // Tasks of modules run apart, so that all of them can be ended where they stand.
        let tasks = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let hub = Hub::new(HubParts {
            store: Arc::clone(&store),
            journal: journal.clone(),
            bus: Arc::clone(&bus),
            shard: shard.clone(),
            clock,
            runtime: tasks.handle().clone(),
            outside: Outside::new(Arc::clone(&store), shard.clone(), tasks.handle().clone()),
            whereabouts: Arc::new(Whereabouts::default()),
            on_disabled: Arc::new(|_, _| {}),
            events: Arc::default(),
            crew: Arc::new(Crew::new(
                &Arc::default(),
                CrewParts {
                    places: 1,
                    time: CpuTime::clock(crate::clock::thread_cpu),
                    begin: Box::new(|| {}),
                },
            )),
        });
        let node = Node {
            modules: Arc::new(Modules::new(Arc::new(hub))),
            bus,
            shard,
            journal,
            store,
            events: tokio::sync::Mutex::new(events),
            turns,
            thread,
            tasks: Some(tasks),
        };
        node.serve(node.made(behaviour)).await;
        node.until_phase(Phase::Up).await;
        node
    }
}

fn run_shard(
    mut shard: Shard,
    inbox: Mailbox<Input>,
    clock: Clock,
    turns: Arc<Mutex<Vec<(CallId, ScriptTurn)>>>,
) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        loop {
            let mut heard = false;
            while let Some(input) = inbox.try_recv() {
                heard = true;
                match input {
                    Input::Stop => return,
                    // There are no calls here: what a run would hear is looked at.
                    Input::Script { program, turn } => {
                        turns.lock().unwrap().push((program.call, turn));
                    }
                    input => shard.handle(clock.read(), input),
                }
                while shard.poll().is_some() {}
            }
            shard.flush_journal();
            if !heard {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    })
}

impl Node {
    /// The desk with this behaviour.
    pub fn made(&self, behaviour: Behaviour) -> Arc<Module> {
        let manifest = Manifest::parse("modules/desk/module.toml", MANIFEST.as_bytes());
        let manifest = Arc::new(manifest.unwrap());
        let place = Line {
            file: "main.kdl".into(),
            line: 1,
            column: 1,
        };
        let loaded = Loaded {
            name: "desk".into(),
            source: "desk".into(),
            grants: Vec::new(),
            settings: BTreeMap::new(),
            place,
            schema: Arc::new(manifest.schema()),
        };
        let code: Arc<[u8]> = Arc::from(format!("{behaviour:?}").into_bytes());
        let files = BTreeMap::from([("desk.wasm".to_owned(), code)]);
        let ceiling = Arc::new(ModulesCeiling::default());
        let running = self.modules.find("demo", "desk");
        let parts = Parts {
            tenant: TenantId::new("demo"),
            name: "desk".into(),
            effective: Effective::of(Arc::clone(&manifest), &loaded, ceiling).unwrap(),
            manifest,
            artefact: Arc::new(Artefact::of("/desk.wasm".into(), files)),
            limits: Limits {
                memory_bytes: 1 << 20,
                cpu: Duration::from_millis(50),
                instances_max: 10,
            },
            config: Config::default(),
            health: running.map_or_else(Arc::default, |r| Arc::clone(&r.module.health)),
        };
        Arc::new(parts.assemble(Arc::new(DeskCode(behaviour))))
    }

    pub fn module(&self, name: &str) -> Arc<Module> {
        self.modules.find("demo", name).unwrap().module
    }

    pub async fn serve(&self, module: Arc<Module>) {
        let text =
            "tenant demo domain=\"demo.example\" tz=\"Europe/London\"\nuser alice\nuser bob\n";
        let source = Source::of([("main.kdl", text)]);
        let plan = load(&source, &Known::of([], []), &mut Cache::new())
            .unwrap()
            .dialplan;
        let generation = Generation {
            tenant: TenantId::new("demo"),
            number: 1,
            loaded_ms: unix_ms(),
            dialplan: Arc::new(plan),
            prompts: Arc::default(),
            programs: Arc::new(Programs {
                modules: BTreeMap::from([(module.name.clone(), module)]),
                ..Programs::default()
            }),
            settings: Arc::default(),
            hash: String::new(),
        };
        let tenants = Tenants::new(vec![Arc::new(generation)], None);
        self.modules.serve(Arc::new(tenants)).await;
    }

    /// Journals events of a topic whose payloads count from 0.
    pub async fn events(&self, topic: &'static str, count: u64) {
        for n in 0..count {
            let input = Input::Record {
                tenant: TenantId::new("demo"),
                topic: topic.into(),
                payload: n.to_string(),
            };
            self.modules.hub.tell(input).await;
        }
    }

    /// Asks until this is the answer.
    pub async fn until(&self, ask: Ask, wanted: &Value) {
        let mut said = Err(String::new());
        for _ in 0..600 {
            said = self
                .modules
                .operate(ask.clone())
                .await
                .map_err(String::from);
            if said.as_ref() == Ok(wanted) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{said:?}, not {wanted}");
    }

    pub async fn until_phase(&self, phase: Phase) {
        for _ in 0..600 {
            let running = self.modules.find("demo", "desk").unwrap();
            if running.shared.phase() == phase {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it is not {phase:?}");
    }

    pub async fn until_topic(&self, topic: &str, times: usize) {
        let mut events = self.events.lock().await;
        let mut seen = 0;
        while seen < times {
            let received = tokio::time::timeout(PATIENCE, events.next()).await;
            let received = received.expect("it does not come").unwrap();
            seen += usize::from(received.envelope.topic == topic);
        }
    }

    /// The next turn of a call that is no `Idle`.
    pub async fn turn(&self, call: CallId) -> ScriptTurn {
        for _ in 0..600 {
            let found = {
                let mut turns = self.turns.lock().unwrap();
                let wanted = |(of, turn): &(CallId, ScriptTurn)| {
                    *of == call && !matches!(turn, ScriptTurn::Idle)
                };
                let at = turns.iter().position(wanted);
                at.map(|at| turns.remove(at).1)
            };
            if let Some(turn) = found {
                return turn;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no turn of {call}");
    }

    /// Topics of the tenant's journal, in order.
    pub async fn topics(&self) -> Vec<String> {
        self.journal.flush().await;
        let events = self.store.events("demo", 1, u64::MAX, 100_000).await;
        events.unwrap().into_iter().map(|e| e.topic).collect()
    }

    /// Ends everything where it stands. What the journal has is in spool and store.
    pub async fn kill(mut self) {
        if let Some(tasks) = self.tasks.take() {
            tasks.shutdown_background();
        }
        let _ = self.shard.send(Input::Stop);
        let thread = self.thread;
        tokio::task::spawn_blocking(move || thread.join())
            .await
            .unwrap()
            .unwrap();
        self.journal.close().await;
    }
}
