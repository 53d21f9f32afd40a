//! The start of a switch: every part made once, in order, and taken down in the other.

mod greet;
pub mod kinds;
pub mod programs;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use cordboard_bus::Bus;
use cordboard_call::{Config as CallConfig, Engine};
use cordboard_dialplan::diagnostic;
use cordboard_dialplan::file::Source;
use cordboard_dialplan::node_file::{LoadedNode, NodeFile, load_node};
use cordboard_sip::auth::Verifier;
use cordboard_sip::{Config as SipConfig, Endpoint};
use cordboard_store::Store;
use cordboard_store::journal::{Journal, JournalConfig, Written};
use serde_json::json;
use tokio::sync::mpsc;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use self::greet::greet;
use self::kinds::Kinds;
use crate::cli::Start;
use crate::clock::{Clock, unix_ms};
use crate::control::server;
use crate::data_dir::{DataDir, random_bytes};
use crate::hosting::gauges::{self, Gauges, Looking};
use crate::journal_door::NodeJournal;
use crate::loader::Folders;
use crate::mailbox::{Sender, mailbox};
use crate::media_thread::{MediaConfig, MediaThreads};
use crate::modules::{Hub, HubParts, Modules};
use crate::networks::{Network, Networks};
use crate::operator::{Operator, SetLogFilter};
use crate::outlets::Outlets;
use crate::outside::Outside;
use crate::passwords::Passwords;
use crate::registrar::BindingChange;
use crate::reload::{Reloader, ReloaderParts};
use crate::shard::thread::ShardThread;
use crate::shard::{Input, Shard, ShardLimits, ShardParts};
use crate::sockets::tcp::{Tcp, TcpLimits};
use crate::sockets::udp::UdpSocket;
use crate::tokens::Tokens;
use crate::{bindings, http, watch};

/// Messages that may wait for the shard: more than all streams can say while it takes one turn, so
/// media threads, which wait for room here, never do.
const SHARD_MAILBOX: usize = 16_384;
/// How long a digest nonce is good; then phones are asked again without a prompt (`stale`).
const NONCE_LIFETIME: Duration = Duration::from_secs(300);
/// Nonces whose counts are remembered; beyond it the oldest is asked again.
const NONCES_MAX: usize = 65_536;
/// Changed bindings that may wait for the store.
const BINDINGS_WAITING: usize = 4_096;
/// How long a stop waits for the store to take them.
const BINDINGS_PATIENCE: Duration = Duration::from_secs(5);

/// Runs the switch until it is told to stop.
pub fn start(data: DataDir, places: &Start) -> ExitCode {
    match run(data, places) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("cordboard cannot start: {why}");
            ExitCode::FAILURE
        }
    }
}

/// The node's settings, or its mistakes as text.
pub fn settings(dialplans: &Path) -> Result<LoadedNode, String> {
    let path = dialplans.join("_node.kdl");
    if !path.exists() {
        return Ok(LoadedNode {
            settings: NodeFile::default(),
            warnings: Vec::new(),
        });
    }
    let text = crate::files::read_text(&path).map_err(|e| e.to_string())?;
    load_node("_node.kdl", &text).map_err(|mistakes| {
        let source = Source::of([("_node.kdl", text.as_str())]);
        format!("\n{}", diagnostic::render(&mistakes, &source, false))
    })
}

/// The database of an installation: the settings' URL, else SQLite in the data folder.
pub fn database_place(data: &DataDir, dialplans: &Path) -> Result<String, String> {
    Ok(settings(dialplans)?
        .settings
        .database
        .unwrap_or_else(|| data.database().display().to_string()))
}

fn run(data: DataDir, places: &Start) -> Result<(), String> {
    crate::process::use_small_pages();
    let log_filter = start_log();
    let LoadedNode { settings, warnings } = settings(&places.dialplans)?;
    for warning in &warnings {
        tracing::warn!("{}", warning.line());
    }
    data.create()
        .map_err(|e| format!("{}: {e}", data.root.display()))?;
    crate::sdk::first::build_all(&data.root, &places.modules());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(8)
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    let node = runtime.block_on(assemble(
        data,
        places,
        settings,
        log_filter,
        runtime.handle(),
    ))?;
    runtime.block_on(node.serve())
}

fn start_log() -> SetLogFilter {
    let wanted = std::env::var("CORDBOARD_LOG").unwrap_or_else(|_| "info,sqlx=warn".to_owned());
    let filter = tracing_subscriber::EnvFilter::try_new(&wanted)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let (filter, handle) = tracing_subscriber::reload::Layer::new(filter);
    let format = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false);
    let _ = tracing_subscriber::registry()
        .with(filter)
        .with(format)
        .try_init();
    crate::shard::fault::log_places_only();
    Box::new(move |level| {
        let fresh = tracing_subscriber::EnvFilter::try_new(level).map_err(|e| e.to_string())?;
        handle.reload(fresh).map_err(|e| e.to_string())
    })
}

/// A running switch.
struct Node {
    operator: Arc<Operator>,
    shard: Sender<Input>,
    thread: std::thread::JoinHandle<()>,
    journal: Journal,
    stop: mpsc::Receiver<()>,
    listener: tokio::net::UnixListener,
    media: MediaThreads,
    bindings: tokio::task::JoinHandle<()>,
    looking: Looking,
    data: DataDir,
    /// Held while we run: no second switch takes this data folder.
    _lock: std::fs::File,
}

impl Node {
    async fn serve(mut self) -> Result<(), String> {
        let control = tokio::spawn(server::serve(self.listener, Arc::clone(&self.operator)));
        let watching = tokio::spawn(watch::watch(Arc::clone(&self.operator.reloader)));
        let mut terminate =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
                .map_err(|e| e.to_string())?;
        tokio::select! {
            _ = self.stop.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
        watching.abort();
        self.operator.modules.stop().await;
        self.looking.stop().await;
        let (thread, shard) = (self.thread, self.shard);
        // `send` waits for room: a full mailbox must not swallow the order to stop.
        let stopped = tokio::task::spawn_blocking(move || {
            let _ = shard.send(Input::Stop);
            thread.join()
        });
        let broken = !matches!(stopped.await, Ok(Ok(())));
        self.media.stop();
        self.journal.close().await;
        // The shard held the sending side: what it said of bindings is still written.
        let _ = tokio::time::timeout(BINDINGS_PATIENCE, self.bindings).await;
        control.abort();
        let _ = std::fs::remove_file(self.data.control());
        match broken {
            true => Err("the signalling thread broke; what it said stands above".to_owned()),
            false => Ok(()),
        }
    }
}

async fn assemble(
    data: DataDir,
    places: &Start,
    settings: NodeFile,
    log_filter: SetLogFilter,
    runtime: &tokio::runtime::Handle,
) -> Result<Node, String> {
    let (listener, lock) = server::bind(&data.control()).map_err(|e| e.to_string())?;
    let place = settings
        .database
        .clone()
        .unwrap_or_else(|| data.database().display().to_string());
    let store = cordboard_store::open(&place)
        .await
        .map_err(|e| format!("database {place}: {e}"))?;
    let (shard, inbox) = mailbox::<Input>(SHARD_MAILBOX).map_err(|e| e.to_string())?;
    let bus = Arc::new(Bus::new());
    let (sequencer, journal) = open_journal(&data, &settings, &store, &shard).await?;

    let (udp, networks) = bind_udp(&settings)?;
    let tcp = Tcp::new(shard.clone(), TcpLimits::default(), runtime.clone());
    let mut networks = networks;
    for address in &settings.tcp {
        networks.tcp.push(
            tcp.listen(*address)
                .await
                .map_err(|e| format!("tcp {address}: {e}"))?,
        );
    }

    let to_shard = shard.clone();
    let clock = Clock::start();
    let media = MediaThreads::start(media_config(&data, &settings)?, clock, move |event| {
        let _ = to_shard.send(Input::Media(event));
    })
    .map_err(|e| format!("media threads: {e}"))?;

    let (stop, stopped) = mpsc::channel(1);
    let (changed, changes) = mpsc::channel(BINDINGS_WAITING);
    let bindings_written = runtime.spawn(write_bindings(Arc::clone(&store), changes));
    let registrar = bindings::restore(store.as_ref(), unix_ms())
        .await
        .map_err(|e| e.to_string())?;
    let door = Box::new(NodeJournal::new(sequencer, journal.clone()));
    let parts = ShardParts {
        number: 0,
        seed: random_bytes().map_err(|e| e.to_string())?,
        // A new key at every start: the table of used nonce counts does not survive one.
        verifier: Verifier::new(
            random_bytes().map_err(|e| e.to_string())?,
            NONCE_LIFETIME,
            NONCES_MAX,
        ),
        endpoint: Endpoint::new(sip_config(&settings)?),
        engine: Engine::new(CallConfig {
            calls_max: settings.limits.calls_max as usize,
            legs_max: crate::media_thread::pairs(settings.rtp_ports),
        }),
        ports: Box::new(media.ports(0, 1).map_err(|e| format!("RTP ports: {e}"))?),
        journal: door,
        bus: Arc::clone(&bus),
        networks: networks.clone(),
        registrar,
        ha1: HashMap::new(),
        limits: ShardLimits {
            calls_max: settings.limits.calls_max as usize,
        },
    };
    let outside = Outside::new(Arc::clone(&store), shard.clone(), runtime.clone());
    let program_doors = programs::doors(&shard, clock);
    let kinds = Kinds::of_node(data.compiled(), &settings);
    let hub = Hub::new(HubParts {
        store: Arc::clone(&store),
        journal: journal.clone(),
        bus: Arc::clone(&bus),
        shard: shard.clone(),
        clock,
        runtime: runtime.clone(),
        outside: outside.clone(),
        whereabouts: Arc::clone(&program_doors.whereabouts),
        on_disabled: Arc::clone(&program_doors.on_disabled),
        events: Arc::clone(&program_doors.events),
        crew: Arc::clone(kinds.crew().ok_or("a tool runs no switch")?),
    });
    let modules = Arc::new(Modules::new(Arc::new(hub)));
    let outlets = Outlets {
        tcp: Arc::clone(&tcp),
        media: media.handle(),
        workers: programs::workers(&program_doors, &modules, &kinds)?,
        outside,
        modules: Arc::clone(&modules),
        bindings: changed,
        shard: shard.clone(),
        stop: stop.clone(),
    };
    let shard_thread = ShardThread {
        shard: Shard::new(parts),
        clock,
        udp,
        mailbox: inbox,
        outlets,
    };
    let thread = shard_thread
        .start()
        .map_err(|e| format!("shard thread: {e}"))?;

    let passwords = Arc::new(Passwords::new(
        data.clone(),
        Arc::clone(&store),
        shard.clone(),
    ));
    let folders = Folders {
        dialplans: places.dialplans.clone(),
        scripts: places.scripts.clone(),
    };
    let reloader = ReloaderParts {
        folders,
        forge: Arc::new(programs::forge(&data, places, &settings, &kinds)),
        now: Arc::new(move || clock.read().now),
        store: Arc::clone(&store),
        shard: shard.clone(),
        passwords: Arc::clone(&passwords),
    };
    let reloader = Arc::new(Reloader::new(reloader, &settings));
    reloader.follow(modules.followers());
    reloader.build_in(&data.root);
    let accounts = kinds.crew().ok_or("a tool runs no switch")?.accounts();
    reloader.on_ceilings(gauges::bound(accounts));
    let looks = Gauges::new(gauges::of_accounts(accounts), store.clone(), shard.clone());
    let outcome = reloader.load_all().await?;
    let access = Arc::new(http::Access::default());
    let operator = Arc::new(Operator {
        shard: shard.clone(),
        bus,
        reloader,
        modules,
        passwords,
        accounts: Arc::clone(accounts),
        tokens: Arc::new(Tokens::new(Arc::clone(&store))),
        log_filter,
        flush: flush_of(&journal),
        more_figures: figures_of(&journal, &tcp, &access),
        stop,
    });
    let mut doors = Vec::new();
    let door = Arc::new(http::Door {
        operator: Arc::clone(&operator),
        access,
        names: http::Names {
            hosts: settings.http_names.hosts.clone(),
            origins: settings.http_names.origins.clone(),
        },
    });
    for address in &settings.http {
        let bound = http::serve(*address, Arc::clone(&door)).await;
        doors.push(bound.map_err(|e| format!("http {address}: {e}"))?);
    }
    greet(&data, &networks, &doors, &outcome);
    Ok(Node {
        operator,
        shard,
        thread,
        journal,
        stop: stopped,
        listener,
        media,
        bindings: bindings_written,
        looking: Looking::begin(looks, runtime),
        data,
        _lock: lock,
    })
}

async fn open_journal(
    data: &DataDir,
    settings: &NodeFile,
    store: &Arc<dyn Store>,
    shard: &Sender<Input>,
) -> Result<(cordboard_store::journal::Sequencer, Journal), String> {
    let config = JournalConfig {
        write_within: settings.journal.write,
        fsync_within: settings.journal.fsync,
        ..JournalConfig::default()
    };
    let to_shard = shard.clone();
    let on_written = Box::new(move |written: Written| {
        let _ = to_shard.send(Input::Written {
            tenant: written.tenant,
            up_to: written.up_to_seq,
        });
    });
    Journal::open(&data.spool(), Arc::clone(store), config, on_written)
        .await
        .map_err(|e| e.to_string())
}

fn bind_udp(settings: &NodeFile) -> Result<(Vec<UdpSocket>, Networks), String> {
    let mut sockets = Vec::new();
    for address in &settings.udp {
        let socket = UdpSocket::bind(*address, settings.dscp.signalling)
            .map_err(|e| format!("udp {address}: {e}; another program may hold it, or _node.kdl names an address that is not this machine's"))?;
        sockets.push(socket);
    }
    let mut known: Vec<Network> = settings
        .networks
        .iter()
        .map(|n| Network {
            address: n.address,
            prefix_bits: n.prefix_bits,
            advertise: n.advertise,
        })
        .collect();
    if let Some(advertise) = settings.advertise {
        let address = match advertise {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        known.push(Network {
            address,
            prefix_bits: 0,
            advertise,
        });
    }
    let udp = sockets.iter().map(|s| s.local).collect();
    Ok((
        sockets,
        Networks {
            known,
            udp,
            tcp: Vec::new(),
        },
    ))
}

fn media_config(data: &DataDir, settings: &NodeFile) -> Result<MediaConfig, String> {
    Ok(MediaConfig {
        port_range: settings.rtp_ports,
        dscp: settings.dscp.media,
        threads: settings.media_threads.unwrap_or(1),
        recordings_dir: data.recordings(),
        force_epoll: std::env::var_os("CORDBOARD_EPOLL").is_some(),
        seed: u64::from_le_bytes(random_bytes().map_err(|e| e.to_string())?),
    })
}

fn sip_config(settings: &NodeFile) -> Result<SipConfig, String> {
    Ok(SipConfig {
        shard: 0,
        seed: random_bytes().map_err(|e| e.to_string())?,
        transactions_max: settings.limits.transactions_max as usize,
        dialogs_max: (settings.limits.calls_max as usize).saturating_mul(4),
        ..SipConfig::default()
    })
}

/// Writes bindings behind; a store that stands still is tried again with the next change.
async fn write_bindings(store: Arc<dyn Store>, mut changes: mpsc::Receiver<BindingChange>) {
    while let Some(change) = changes.recv().await {
        if let Err(error) = bindings::keep(store.as_ref(), change).await {
            tracing::warn!(%error, "a binding is in memory only");
        }
    }
}

fn flush_of(journal: &Journal) -> crate::operator::Flush {
    let journal = journal.clone();
    Box::new(move || {
        let journal = journal.clone();
        Box::pin(async move {
            tokio::time::timeout(Duration::from_secs(5), journal.flush())
                .await
                .map_err(|_| {
                    "the database does not take the journal; what is shown may be old".to_owned()
                })
        })
    })
}

fn figures_of(
    journal: &Journal,
    tcp: &Arc<Tcp>,
    access: &Arc<http::Access>,
) -> Box<dyn Fn() -> serde_json::Value + Send + Sync> {
    let (journal, tcp, access) = (journal.clone(), Arc::clone(tcp), Arc::clone(access));
    Box::new(move || {
        let figures = journal.figures();
        let mut shown = json!({
            "journal_events_handed": figures.events_handed,
            "journal_events_written": figures.events_written,
            "journal_events_loaded": figures.events_loaded,
            "journal_events_lost": figures.events_lost,
            "journal_spool_bytes": figures.spool_bytes,
            "journal_write_failures": figures.write_failures,
            "journal_commit_failures": figures.commit_failures,
            "tcp_connections": tcp.connections(),
            "tcp_refused": tcp.refused.load(std::sync::atomic::Ordering::Relaxed),
        });
        if let (Some(all), Some(http)) = (shown.as_object_mut(), access.figures().as_object()) {
            all.extend(http.clone());
        }
        shown
    })
}
