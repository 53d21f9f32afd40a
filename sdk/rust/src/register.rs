//! `register!`: makes a type the module.
//!
//! The instance lives in a cell of its one thread from `start` on. The description of its world
//! goes into the built file, where the linker finds it and makes a component of that world.

use crate::Error;

/// Descriptions of the worlds, written by `sdk/gen`.
#[doc(hidden)]
pub mod types {
    /// Of a call script.
    pub const CALL_SCRIPT: &[u8] = include_bytes!("worlds/call-script.type");
    /// Of a router.
    pub const ROUTER: &[u8] = include_bytes!("worlds/router.type");
    /// Of a connector.
    pub const CONNECTOR: &[u8] = include_bytes!("worlds/connector.type");
    /// Of a service.
    pub const SERVICE: &[u8] = include_bytes!("worlds/service.type");
    /// Of a reporter.
    pub const REPORTER: &[u8] = include_bytes!("worlds/reporter.type");
}

/// The host calls nothing before `start`, nor after one that failed.
#[doc(hidden)]
pub fn absent() -> Error {
    Error::Unavailable("the module was not started".to_owned())
}

/// Makes a type the module: `register!(router: Routing);`, once, with the manifest's world.
#[macro_export]
macro_rules! register {
    (call-script: $module:ty) => {
        $crate::register!(@instance CALL_SCRIPT "component-type:call-script" CallScript $module {
            impl $crate::guest::scripting::Guest for Exports {
                fn run(step: String, arguments: String, call: $crate::Call)
                    -> Result<String, $crate::Error> {
                    let arguments = $crate::Json::parse(&arguments)?;
                    with(|module| <$module as $crate::CallScript>::run(module, &step, &arguments, &call))
                        .unwrap_or_else(|| Err($crate::guest::absent()))
                }
            }
            $crate::__export_cordboard_module_scripting_0_1_0_cabi!(Exports with_types_in $crate::guest::scripting);
        });
    };
    (router: $module:ty) => {
        $crate::register!(@instance ROUTER "component-type:router" Router $module {
            impl $crate::guest::routing::Guest for Exports {
                fn route(request: $crate::RouteRequest) -> Result<$crate::Reasoned, $crate::Error> {
                    with(|module| <$module as $crate::Router>::route(module, request))
                        .unwrap_or_else(|| Err($crate::guest::absent()))
                }
            }
            $crate::__export_cordboard_module_routing_0_1_0_cabi!(Exports with_types_in $crate::guest::routing);
        });
    };
    (connector: $module:ty) => {
        $crate::register!(@instance CONNECTOR "component-type:connector" Connector $module {
            impl $crate::guest::connecting::Guest for Exports {
                fn look_up(query: $crate::Query) -> Result<$crate::Found, $crate::Error> {
                    with(|module| <$module as $crate::Connector>::look_up(module, query))
                        .unwrap_or_else(|| Err($crate::guest::absent()))
                }
                fn on_event(event: $crate::Event) -> Result<(), $crate::Error> {
                    with(|module| <$module as $crate::Connector>::on_event(module, event))
                        .unwrap_or_else(|| Err($crate::guest::absent()))
                }
            }
            $crate::__export_cordboard_module_connecting_0_1_0_cabi!(Exports with_types_in $crate::guest::connecting);
        });
    };
    (service: $module:ty) => {
        $crate::register!(@instance SERVICE "component-type:service" Service $module {
            impl $crate::guest::serving::Guest for Exports {
                fn handle(inputs: Vec<$crate::Input>) -> Vec<$crate::Action> {
                    let mut wanted = Vec::new();
                    for input in inputs {
                        let mut actions = $crate::Actions::of(&input);
                        with(|module| <$module as $crate::Service>::handle(module, input, &mut actions));
                        wanted.append(&mut actions.into_list());
                    }
                    wanted
                }
                fn save() -> Vec<u8> {
                    with(|module| <$module as $crate::Service>::save(module)).unwrap_or_default()
                }
                fn restore(version: u32, state: Vec<u8>) -> Result<(), String> {
                    with(|module| <$module as $crate::Service>::restore(module, version, &state))
                        .unwrap_or_else(|| Err("the module was not started".to_owned()))
                }
            }
            $crate::__export_cordboard_module_serving_0_1_0_cabi!(Exports with_types_in $crate::guest::serving);
        });
    };
    (reporter: $module:ty) => {
        $crate::register!(@instance REPORTER "component-type:reporter" Reporter $module {
            impl $crate::guest::reporting::Guest for Exports {
                fn fold(events: Vec<$crate::Event>) {
                    with(|module| for event in events {
                        <$module as $crate::Reporter>::fold(module, event);
                    });
                }
                fn render(verb: String, arguments: String) -> Result<$crate::Report, $crate::Error> {
                    let arguments = $crate::Json::parse(&arguments)?;
                    with(|module| <$module as $crate::Reporter>::render(module, &verb, &arguments))
                        .unwrap_or_else(|| Err($crate::guest::absent()))
                }
                fn save() -> Vec<u8> {
                    with(|module| <$module as $crate::Reporter>::save(module)).unwrap_or_default()
                }
                fn restore(version: u32, state: Vec<u8>) -> Result<(), String> {
                    with(|module| <$module as $crate::Reporter>::restore(module, version, &state))
                        .unwrap_or_else(|| Err("the module was not started".to_owned()))
                }
            }
            $crate::__export_cordboard_module_reporting_0_1_0_cabi!(Exports with_types_in $crate::guest::reporting);
        });
    };
    (@instance $world:ident $section:literal $role:ident $module:ty { $($exports:tt)* }) => {
        // Off the switch, in the module's own tests, there is nothing to export to.
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn() = || {
            fn is_module<T: $crate::$role>() {}
            is_module::<$module>();
        };
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            ::std::thread_local! {
                static INSTANCE: ::core::cell::RefCell<Option<$module>> =
                    const { ::core::cell::RefCell::new(None) };
            }

            fn with<T>(act: impl FnOnce(&mut $module) -> T) -> Option<T> {
                INSTANCE.with(|cell| cell.borrow_mut().as_mut().map(act))
            }

            struct Exports;

            impl $crate::guest::lifecycle::Guest for Exports {
                fn start() -> Result<(), Vec<String>> {
                    $crate::guest::panics_are_logged();
                    let made = <$module as $crate::$role>::start(&$crate::settings())?;
                    INSTANCE.with(|cell| cell.replace(Some(made)));
                    Ok(())
                }
            }

            $crate::__export_cordboard_module_lifecycle_0_1_0_cabi!(Exports with_types_in $crate::guest::lifecycle);
            $($exports)*

            #[unsafe(export_name = "cabi_realloc")]
            unsafe extern "C" fn cabi_realloc(old: *mut u8, old_len: usize, align: usize, new_len: usize) -> *mut u8 {
                unsafe { $crate::guest::grow(old, old_len, align, new_len) }
            }

            #[used]
            #[unsafe(link_section = $section)]
            static WORLD: [u8; $crate::guest::types::$world.len()] = {
                let mut bytes = [0; $crate::guest::types::$world.len()];
                bytes.copy_from_slice($crate::guest::types::$world);
                bytes
            };
        };
    };
}
