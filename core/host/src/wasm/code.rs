//! Compiled code of one artefact, linked for its world: what every instance is made from.
//!
//! A component says in its types what it imports and exports. Before anything of it runs, these
//! are held against the world that its manifest names: nothing more may be imported than that
//! world has, and what the world must export is there, with the contract's types. Whatever is not
//! so is one sentence that names the import or export and the cure.

use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use super::bindings::{connector, reporter, router, script, service};
use super::engine::WasmEngine;
use super::state::State;
use crate::contract::World;

/// Package and version of the contract.
const PACKAGE: &str = "cordboard:module";
const VERSION: &str = "0.1.0";

/// Code, ready to be instantiated. It holds no state of any tenant.
pub(super) struct Code {
    pub pre: Pre,
    pub bytes: usize,
}

/// What wasmtime makes instances of, by world.
pub(super) enum Pre {
    CallScript(script::CallScriptPre<State>),
    Router(router::RouterPre<State>),
    Connector(connector::ConnectorPre<State>),
    Service(service::ServicePre<State>),
    Reporter(reporter::ReporterPre<State>),
}

/// What a world may import, and what it must export: interface and its functions.
struct Shape {
    imports: &'static [&'static str],
    exports: &'static [(&'static str, &'static [&'static str])],
}

/// Interfaces that hold types only, or that every world has.
const ALWAYS: &[&str] = &["types", "operations", "log", "config"];
const OUTSIDE: &[&str] = &["clock", "chance", "store", "http", "events"];
const CALL: &[&str] = &["clock", "chance", "store", "http", "events", "calls"];
const LIFECYCLE: (&str, &[&str]) = ("lifecycle", &["start"]);

/// Every world that a module can be built for.
const WORLDS: [World; 5] = [
    World::CallScript,
    World::Router,
    World::Connector,
    World::Service,
    World::Reporter,
];

fn shape(world: World) -> Shape {
    match world {
        World::CallScript => Shape {
            imports: CALL,
            exports: &[LIFECYCLE, ("scripting", &["run"])],
        },
        World::Router => Shape {
            imports: &[],
            exports: &[LIFECYCLE, ("routing", &["route"])],
        },
        World::Connector => Shape {
            imports: OUTSIDE,
            exports: &[LIFECYCLE, ("connecting", &["look-up", "on-event"])],
        },
        World::Service => Shape {
            imports: &[],
            exports: &[LIFECYCLE, ("serving", &["handle", "save", "restore"])],
        },
        World::Reporter => Shape {
            imports: &[],
            exports: &[
                LIFECYCLE,
                ("reporting", &["fold", "render", "save", "restore"]),
            ],
        },
    }
}

impl Code {
    /// Compiles an artefact, or finds it compiled, and holds it against its world.
    ///
    /// # Errors
    /// Every reason why it cannot run, each a sentence with its cure.
    pub fn load(engine: &WasmEngine, world: World, bytes: &[u8]) -> Result<Code, Vec<String>> {
        let component = engine
            .cache
            .component(&engine.engine, bytes)
            .map_err(|why| vec![why])?;
        let faults = faults(engine, world, &component);
        if !faults.is_empty() {
            return Err(faults);
        }
        let wrong = |e: wasmtime::Error| {
            vec![format!(
                "it is not what the contract says of world {}: {}: build it again with this \
                 switch's SDK (contract {VERSION})",
                world.word(),
                one_line(&format!("{e:#}"))
            )]
        };
        let range = component.image_range();
        let size = (range.end as usize).saturating_sub(range.start as usize);
        let linked = engine.linker.instantiate_pre(&component).map_err(wrong)?;
        let pre = match world {
            World::CallScript => script::CallScriptPre::new(linked).map(Pre::CallScript),
            World::Router => router::RouterPre::new(linked).map(Pre::Router),
            World::Connector => connector::ConnectorPre::new(linked).map(Pre::Connector),
            World::Service => service::ServicePre::new(linked).map(Pre::Service),
            World::Reporter => reporter::ReporterPre::new(linked).map(Pre::Reporter),
        };
        Ok(Code {
            pre: pre.map_err(wrong)?,
            bytes: size,
        })
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is wrong with a component's imports and exports, for a world.
fn faults(engine: &WasmEngine, world: World, component: &Component) -> Vec<String> {
    let shape = shape(world);
    let types = component.component_type();
    let mut faults = Vec::new();
    let mut versions = Vec::new();
    for (name, _) in types.imports(&engine.engine) {
        match Name::of(name) {
            Name::Ours { version, .. } if version != VERSION => versions.push(version.to_owned()),
            Name::Ours { interface, .. } => {
                if !ALWAYS.contains(&interface) && !shape.imports.contains(&interface) {
                    faults.push(not_of_this_world(interface, world));
                }
            }
            Name::Other => faults.push(foreign(name)),
        }
    }
    let mut found: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, item) in types.exports(&engine.engine) {
        match (Name::of(name), item.ty) {
            (Name::Ours { version, .. }, _) if version != VERSION => {
                versions.push(version.to_owned());
            }
            (Name::Ours { interface, .. }, ComponentItem::ComponentInstance(instance)) => {
                let functions = instance.exports(&engine.engine);
                found.push((
                    interface,
                    functions.map(|(name, _)| name.to_owned()).collect(),
                ));
            }
            // Tools add exports of their own (`init` of interpreters); they are never called.
            _ => {}
        }
    }
    if let Some(version) = versions.first() {
        return vec![format!(
            "it was built for contract {version}, and this switch speaks {VERSION}: build it again \
             with this switch's SDK"
        )];
    }
    faults.extend(missing(&shape, world, &found));
    faults
}

fn missing(shape: &Shape, world: World, found: &[(&str, Vec<String>)]) -> Vec<String> {
    let exported = |interface: &str| found.iter().find(|(name, _)| *name == interface);
    let mut faults = Vec::new();
    for (interface, functions) in shape.exports {
        let Some((_, there)) = exported(interface) else {
            faults.push(match other_world(found) {
                Some(other) if *interface != LIFECYCLE.0 => format!(
                    "it does not export {PACKAGE}/{interface}@{VERSION}, which world {} must: it is \
                     built for world {1}, so write `world = \"{1}\"` in module.toml or build it anew",
                    world.word(),
                    other.word()
                ),
                _ => format!(
                    "it does not export {PACKAGE}/{interface}@{VERSION}, which world {} must: build \
                     it with this switch's SDK for that world",
                    world.word()
                ),
            });
            continue;
        };
        for function in functions.iter().filter(|f| !there.iter().any(|t| t == *f)) {
            faults.push(format!(
                "its export {PACKAGE}/{interface}@{VERSION} has no function `{function}`: build it \
                 again with this switch's SDK"
            ));
        }
    }
    faults
}

/// The world whose own export is there.
fn other_world(found: &[(&str, Vec<String>)]) -> Option<World> {
    WORLDS.into_iter().find(|world| {
        let own = shape(*world).exports.iter().map(|(name, _)| *name);
        own.filter(|name| *name != LIFECYCLE.0)
            .all(|name| found.iter().any(|(there, _)| *there == name))
    })
}

fn not_of_this_world(interface: &str, world: World) -> String {
    let of: Vec<&str> = WORLDS
        .into_iter()
        .filter(|world| shape(*world).imports.contains(&interface))
        .map(World::word)
        .collect();
    match of.is_empty() {
        true => format!(
            "it imports {PACKAGE}/{interface}, which the contract does not have: build it with this \
             switch's SDK"
        ),
        false => format!(
            "it imports {PACKAGE}/{interface}, which world {} does not have (only {} have it): do \
             without it, or build it for such a world",
            world.word(),
            of.join(", ")
        ),
    }
}

fn foreign(name: &str) -> String {
    let shown: String = name.chars().take(100).collect();
    let cure = match name.starts_with("wasi:") {
        true => {
            "there is no WASI here: build it for wasm32-unknown-unknown, as `cordboard module build` does"
        }
        false => "a module can use the contract of sdk/wit only",
    };
    format!("it imports \"{}\": {cure}", shown.escape_debug())
}

/// A name of an import or export.
enum Name<'n> {
    Ours {
        interface: &'n str,
        version: &'n str,
    },
    Other,
}

impl Name<'_> {
    fn of(name: &str) -> Name<'_> {
        let Some(rest) = name.strip_prefix(PACKAGE).and_then(|r| r.strip_prefix('/')) else {
            return Name::Other;
        };
        let (interface, version) = rest.split_once('@').unwrap_or((rest, "none"));
        Name::Ours { interface, version }
    }
}
