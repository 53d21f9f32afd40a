//! Watching dialplans, scripts and modules: a change wakes a load, hashes decide whether there is one.
//! A module whose source is younger than its artefact is built beside it, and then loaded.
//!
//! Folders are watched, not files: editors replace files, deployments swap symbolic links, and a
//! watch on a file goes deaf at the first of these. 300 ms of quiet start a load (2 s at most);
//! the same load runs every 30 s and on SIGHUP, for file systems that tell nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{EventKind, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, new_debouncer};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::reload::Reloader;

/// Quiet before a load.
pub const QUIET: Duration = Duration::from_millis(300);
const EVERY: Duration = Duration::from_secs(30);

/// Watches until the runtime ends.
pub async fn watch(reloader: Arc<Reloader>) {
    let (changed, mut changes) = mpsc::channel::<()>(1);
    let tell = changed.clone();
    let on_events = move |result: DebounceEventResult| {
        let real = match &result {
            Ok(events) => events.iter().any(|event| {
                !matches!(event.kind, EventKind::Access(_))
                    && !event.paths.iter().all(|p| is_output(p))
            }),
            Err(_) => true,
        };
        if real {
            let _ = tell.try_send(());
        }
    };
    let mut debouncer = match new_debouncer(QUIET, None, on_events) {
        Ok(debouncer) => Some(debouncer),
        Err(error) => {
            tracing::warn!(%error, "files cannot be watched; changes are looked for every 30 s");
            None
        }
    };
    let mut watched: Vec<PathBuf> = Vec::new();
    let mut hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok();
    loop {
        if let Some(debouncer) = &mut debouncer {
            for folder in folders(&reloader) {
                if !watched.contains(&folder) {
                    match debouncer.watch(&folder, RecursiveMode::Recursive) {
                        Ok(()) => watched.push(folder),
                        Err(error) => {
                            tracing::warn!(folder = %folder.display(), %error, "not watched")
                        }
                    }
                }
            }
        }
        tokio::select! {
            _ = changes.recv() => {}
            () = tokio::time::sleep_until(Instant::now() + EVERY) => {}
            Some(()) = async { match &mut hangup { Some(h) => h.recv().await, None => None } } => {}
        }
        // Not waited for: what was edited beside the source is loaded now.
        tokio::spawn(build(Arc::clone(&reloader), changed.clone()));
        match reloader.load_all().await {
            Ok(outcome) => {
                for (tenant, number) in &outcome.loaded {
                    tracing::info!(tenant, generation = number, "a new dialplan serves");
                }
                for warning in &outcome.warnings {
                    tracing::warn!("{warning}");
                }
            }
            Err(error) => tracing::error!(%error, "dialplans cannot be read"),
        }
    }
}

/// Builds what is due; what came of it is loaded next.
async fn build(reloader: Arc<Reloader>, changed: mpsc::Sender<()>) {
    if reloader.build_due().await {
        let _ = changed.try_send(());
    }
}

/// The folders themselves and the targets of symbolic links in them.
fn folders(reloader: &Reloader) -> Vec<PathBuf> {
    let places = reloader.folders();
    let mut found = Vec::new();
    let modules = reloader.forge().roots().iter();
    for root in [&places.dialplans, &places.scripts]
        .into_iter()
        .chain(modules)
    {
        push(root, &mut found);
        for entry in std::fs::read_dir(root).into_iter().flatten().flatten() {
            if entry.path().is_symlink() {
                push(&entry.path(), &mut found);
            }
        }
    }
    found
}

/// What builds leave behind in a module's folder, and files on their way to their names. A built
/// artefact itself comes by a rename, which is heard.
fn is_output(path: &Path) -> bool {
    path.components().any(|part| {
        let part = part.as_os_str().to_string_lossy();
        matches!(&*part, "target" | "node_modules" | ".git")
            || (part.starts_with('.') && part.ends_with(".new"))
            || part.contains(".new-")
    })
}

fn push(path: &Path, found: &mut Vec<PathBuf>) {
    if let Ok(real) = path.canonicalize() {
        let folder = if real.is_dir() {
            real
        } else {
            real.parent().map(Path::to_path_buf).unwrap_or(real)
        };
        if !found.contains(&folder) {
            found.push(folder);
        }
    }
}
