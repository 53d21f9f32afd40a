//! `_node.kdl` under a running switch: ceilings and the default tenant follow the file, the rest
//! waits for the next start.
//!
//! The file is read with every load. One with mistakes changes nothing: the ceilings that were good
//! go on, and health and console show what is wrong until it is mended. A lower ceiling refuses a
//! tenant's files that go beyond it at the next load; what serves goes on.

use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use cordboard_dialplan::NodeFile;
use cordboard_dialplan::diagnostic;
use cordboard_dialplan::file::Source;
use cordboard_dialplan::node_file::{Ceiling, load_node};
use serde_json::Value;

use super::Reloader;
use crate::files;

/// The file's name.
pub const NODE_FILE: &str = "_node.kdl";

/// Told of changed ceilings.
pub type OnCeilings = Box<dyn Fn(&[Ceiling]) + Send + Sync>;

/// What `_node.kdl` says now, as far as a running switch follows it.
pub(super) struct NodeState {
    /// What the switch was started with.
    started: NodeFile,
    now: Mutex<Now>,
    on_ceilings: OnceLock<OnCeilings>,
}

struct Now {
    /// The text that was read last.
    text: Option<String>,
    ceilings: Arc<Vec<Ceiling>>,
    default_tenant: Option<String>,
    /// What is wrong with the file, for machines and for people.
    refused: Option<(Value, String)>,
}

impl NodeState {
    pub(super) fn new(started: &NodeFile) -> NodeState {
        NodeState {
            started: started.clone(),
            now: Mutex::new(Now {
                text: None,
                ceilings: Arc::new(started.ceilings.clone()),
                default_tenant: started.default_tenant.clone(),
                refused: None,
            }),
            on_ceilings: OnceLock::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn default_tenant(&self) -> Option<String> {
        self.lock().default_tenant.clone()
    }

    pub(super) fn ceilings(&self) -> Arc<Vec<Ceiling>> {
        Arc::clone(&self.lock().ceilings)
    }

    /// Reads the file where its text is another one; gives what people should hear of it.
    fn read(&self, dialplans: &Path) -> Vec<String> {
        let path = dialplans.join(NODE_FILE);
        let text = match path.exists() {
            true => match files::read_text(&path) {
                Ok(text) => text,
                Err(error) => {
                    let why = error.to_string();
                    self.lock().refused = Some((Value::from(why.clone()), why));
                    return Vec::new();
                }
            },
            false => String::new(),
        };
        let mut now = self.lock();
        if now.text.as_ref() == Some(&text) {
            return Vec::new();
        }
        let loaded = load_node(NODE_FILE, &text);
        now.text = Some(text.clone());
        let settings = match loaded {
            Ok(loaded) => loaded.settings,
            Err(mistakes) => {
                let source = Source::of([(NODE_FILE, text.as_str())]);
                let shown = diagnostic::render(&mistakes, &source, false);
                tracing::error!("{NODE_FILE} is refused, what it said before goes on:\n{shown}");
                now.refused = Some((diagnostic::to_json(&mistakes), shown));
                return Vec::new();
            }
        };
        now.refused = None;
        let changed = *now.ceilings != settings.ceilings;
        now.ceilings = Arc::new(settings.ceilings.clone());
        now.default_tenant.clone_from(&settings.default_tenant);
        drop(now);
        if changed && let Some(hook) = self.on_ceilings.get() {
            hook(&settings.ceilings);
        }
        not_followed(&self.started, &settings)
    }
}

/// What of the file waits for the next start.
fn not_followed(started: &NodeFile, now: &NodeFile) -> Vec<String> {
    let lines = [
        ("listen", started.udp != now.udp || started.tcp != now.tcp),
        ("http", started.http != now.http),
        ("rtp", started.rtp_ports != now.rtp_ports),
        ("network", started.networks != now.networks),
        ("advertise", started.advertise != now.advertise),
        ("dscp", started.dscp != now.dscp),
        ("media-threads", started.media_threads != now.media_threads),
        ("journal", started.journal != now.journal),
        ("limits", started.limits != now.limits),
        ("database", started.database != now.database),
    ];
    let changed = lines.iter().filter(|(_, changed)| *changed);
    changed
        .map(|(name, _)| {
            format!("{NODE_FILE}: `{name}` has changed; the switch follows it at its next start")
        })
        .collect()
}

impl Reloader {
    /// Who is told of changed ceilings besides the modules; said once, before the first load.
    pub fn on_ceilings(&self, hook: OnCeilings) {
        let _ = self.node.on_ceilings.set(hook);
    }

    /// Follows `_node.kdl`; gives warnings for people.
    pub(super) fn read_node(&self) -> Vec<String> {
        let warnings = self.node.read(&self.folders.dialplans);
        self.forge.set_ceilings(&self.node.ceilings());
        warnings
    }

    /// What is wrong with `_node.kdl` now: for machines, and for people.
    pub fn node_refused(&self) -> Option<(Value, String)> {
        self.node.lock().refused.clone()
    }

    /// The ceiling of a tenant as it is now.
    pub(super) fn ceiling<'c>(&self, ceilings: &'c [Ceiling], tenant: &str) -> Cow<'c, Ceiling> {
        match ceilings.iter().find(|c| c.tenant == tenant) {
            Some(ceiling) => Cow::Borrowed(ceiling),
            None => Cow::Owned(Ceiling::unsaid(tenant)),
        }
    }
}
