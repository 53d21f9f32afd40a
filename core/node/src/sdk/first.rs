//! First-party modules at a start: built by the same command, before anything is served.
//!
//! The first start has them to build, which it says line by line; a later one finds them unchanged
//! in milliseconds. What cannot be built is said with its cure: the switch starts, the module's steps
//! fail, and their `else` runs, until it is built.

use std::path::Path;
use std::time::Instant;

use super::build::{Built, build};
use super::workshop::Workshop;
use super::{all, manifest};

/// Builds what is in `modules`. Manifests with a command line of their own are left alone: those
/// are built by who reads them first.
pub fn build_all(data: &Path, modules: &Path) {
    let folders = all(modules);
    if folders.is_empty() {
        return;
    }
    let shop = match Workshop::open(data, Box::new(|line| tracing::info!("{line}"))) {
        Ok(shop) => shop,
        Err(error) => return tracing::error!("no modules are built: {error}"),
    };
    for dir in folders {
        let begun = Instant::now();
        let done = manifest(&dir).and_then(|manifest| {
            let own = !manifest.code.build.starts_with("cordboard-");
            if own {
                return Ok(Built::Nothing);
            }
            build(&shop, &dir, &manifest, false)
        });
        match done {
            Ok(Built::Fresh(entry)) => {
                let seconds = begun.elapsed().as_secs_f32();
                tracing::info!("built {} in {seconds:.1} s", entry.display());
            }
            Ok(Built::Kept(_) | Built::Nothing) => {}
            Err(error) => {
                tracing::error!("{} is not built, so its steps fail: {error}", dir.display())
            }
        }
    }
}
