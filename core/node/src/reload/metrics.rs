//! Figures of modules for those who watch: what they did and what happened to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cordboard_host::module::{Health, Module, State};

use super::Reloader;
use crate::tenants::Generation;

/// Name, kind, and where the health of a module has it.
type Count = (&'static str, &'static str, fn(&Health) -> &AtomicU64);

const COUNTS: [Count; 5] = [
    ("module_starts_total", "counter", |health| &health.starts),
    ("module_traps_total", "counter", |health| &health.traps),
    ("module_overruns_total", "counter", |health| {
        &health.overruns
    }),
    ("module_refusals_total", "counter", |health| {
        &health.refusals
    }),
    ("module_instances", "gauge", |health| &health.instances),
];

impl Reloader {
    /// What modules did and what happened to them, in Prometheus' text format.
    pub fn module_metrics(&self) -> String {
        let generations: Vec<Arc<Generation>> = {
            let tenants = self.tenants();
            let serving = tenants.values().filter_map(|tenant| tenant.serving.clone());
            serving.collect()
        };
        let modules: Vec<&Arc<Module>> = generations
            .iter()
            .flat_map(|generation| generation.programs.modules.values())
            .collect();
        let of = |module: &Module| {
            let tenant = module.tenant.as_str();
            format!("tenant=\"{tenant}\",module=\"{}\"", module.name)
        };
        let mut text = String::new();
        for (name, kind, count) in COUNTS {
            text.push_str(&format!("# TYPE cordboard_{name} {kind}\n"));
            for module in &modules {
                let value = count(&module.health).load(Ordering::Relaxed);
                text.push_str(&format!("cordboard_{name}{{{}}} {value}\n", of(module)));
            }
        }
        text.push_str("# TYPE cordboard_module_cpu_seconds_total counter\n");
        for module in &modules {
            let seconds = module.health.cpu_nanos.load(Ordering::Relaxed) as f64 / 1e9;
            let labels = of(module);
            text.push_str(&format!(
                "cordboard_module_cpu_seconds_total{{{labels}}} {seconds}\n"
            ));
        }
        text.push_str("# TYPE cordboard_module_enabled gauge\n");
        for module in &modules {
            let enabled = u8::from(module.health.state((self.now)()) == State::Enabled);
            text.push_str(&format!(
                "cordboard_module_enabled{{{}}} {enabled}\n",
                of(module)
            ));
        }
        text.push_str("# TYPE cordboard_module_changes_total counter\n");
        for module in modules {
            let labels = of(module);
            for (change, count) in module.health.changes() {
                text.push_str(&format!(
                    "cordboard_module_changes_total{{{labels},change=\"{change}\"}} {count}\n"
                ));
            }
        }
        text
    }
}
