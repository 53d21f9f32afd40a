//! `export!`: makes a type the module of its library.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::border::{Host, Run, Text};
use crate::{Error, Json};

/// What an entry gives back: bytes, or why not.
pub type Given = Result<Vec<u8>, Error>;

/// Runs an entry: reads its input, catches its panic, gives its reply. For [`export!`](crate::export).
///
/// # Safety
/// `run` and `input` are what the switch gave to the entry.
#[allow(unsafe_code)]
pub unsafe fn entry(run: Run, input: Text, act: impl FnOnce(&Host, &[u8]) -> Given) -> i32 {
    // SAFETY: by this function's own condition.
    let (host, input) = unsafe { (Host::of(run), input.bytes()) };
    match catch_unwind(AssertUnwindSafe(|| act(&host, input))) {
        Ok(Ok(reply)) => {
            host.reply(&reply);
            0
        }
        Ok(Err(error)) => {
            let (code, why) = error.parts();
            host.reply(why.as_bytes());
            code
        }
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(ToString::to_string);
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            let text = text.unwrap_or_else(|| "a panic".to_owned());
            host.reply(format!("panic: {text}").as_bytes());
            -1
        }
    }
}

/// An input as JSON.
pub fn json(input: &[u8]) -> Result<Json, Error> {
    Json::parse(&String::from_utf8_lossy(input)).map_err(Error::Invalid)
}

/// JSON as a reply.
pub fn text(value: &Json) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// The reply of `start`.
pub fn started<T>(made: Result<T, Vec<String>>, keep: impl FnOnce(T)) -> Given {
    match made {
        Ok(made) => {
            keep(made);
            Ok(Vec::new())
        }
        Err(reasons) => Ok(text(&reasons.iter().collect())),
    }
}

/// Before `start`, nothing is called.
pub fn absent() -> Error {
    Error::Unavailable("the module was not started".to_owned())
}

/// Makes a type the module: `export!(router: Routing);`, once, with the manifest's world.
#[macro_export]
macro_rules! export {
    (call-script: $module:ty) => {
        $crate::export!(@shared c"call-script", CallScript, $module, {
            run => |module, host, input| {
                let input = $crate::__private::json(input)?;
                let call = $crate::Call { info: &input["call"], host };
                let outcome = $crate::CallScript::run(module, input["step"].str(), &input["arguments"], &call)?;
                Ok($crate::__private::text(&$crate::Json::from(outcome)))
            };
        });
    };
    (router: $module:ty) => {
        $crate::export!(@shared c"router", Router, $module, {
            route => |module, host, input| {
                let input = $crate::__private::json(input)?;
                Ok($crate::__private::text(&$crate::Router::route(module, &input, host)?))
            };
        });
    };
    (connector: $module:ty) => {
        $crate::export!(@shared c"connector", Connector, $module, {
            look_up => |module, host, input| {
                let input = $crate::__private::json(input)?;
                Ok($crate::__private::text(&$crate::Connector::look_up(module, &input, host)?))
            };
            on_event => |module, host, input| {
                let input = $crate::__private::json(input)?;
                $crate::Connector::on_event(module, &input, host)?;
                Ok(Vec::new())
            };
        });
    };
    (service: $module:ty) => {
        $crate::export!(@alone c"service", Service, $module, {
            handle => |module, host, input| {
                let input = $crate::__private::json(input)?;
                Ok($crate::__private::text(&$crate::Service::handle(module, &input, host)))
            };
            save => |module, _host, _input| Ok($crate::Service::save(module));
        });
    };
    (reporter: $module:ty) => {
        $crate::export!(@alone c"reporter", Reporter, $module, {
            fold => |module, _host, input| {
                for event in $crate::__private::json(input)?.items() {
                    $crate::Reporter::fold(module, event);
                }
                Ok(Vec::new())
            };
            render => |module, _host, input| {
                let input = $crate::__private::json(input)?;
                let report = $crate::Reporter::render(module, input["verb"].str(), &input["arguments"])?;
                Ok($crate::__private::text(&report))
            };
            save => |module, _host, _input| Ok($crate::Reporter::save(module));
        });
    };
    // One instance that many threads enter.
    (@shared $world:literal, $role:ident, $module:ty, {
        $($entry:ident => |$it:ident, $host:ident, $input:ident| $body:expr;)*
    }) => {
        const _: () = {
            static INSTANCE: ::std::sync::OnceLock<$module> = ::std::sync::OnceLock::new();

            unsafe extern "C" fn start(run: $crate::border::Run, input: $crate::border::Text) -> i32 {
                unsafe { $crate::__private::entry(run, input, |host, _| {
                    let made = <$module as $crate::$role>::start(&host.settings(), &host.tenant());
                    $crate::__private::started(made, |made| drop(INSTANCE.set(made)))
                }) }
            }

            $(unsafe extern "C" fn $entry(run: $crate::border::Run, input: $crate::border::Text) -> i32 {
                unsafe { $crate::__private::entry(run, input, |$host, $input| {
                    let $it = INSTANCE.get().ok_or_else($crate::__private::absent)?;
                    $body
                }) }
            })*

            $crate::export!(@table $world, { start, $($entry,)* }, {});
        };
    };
    // One instance that is entered by one at a time. A panic inside leaves it as it is, and the
    // switch makes another.
    (@alone $world:literal, $role:ident, $module:ty, {
        $($entry:ident => |$it:ident, $host:ident, $input:ident| $body:expr;)*
    }) => {
        const _: () = {
            static INSTANCE: ::std::sync::Mutex<Option<$module>> = ::std::sync::Mutex::new(None);

            fn instance() -> ::std::sync::MutexGuard<'static, Option<$module>> {
                INSTANCE.lock().unwrap_or_else(::std::sync::PoisonError::into_inner)
            }

            unsafe extern "C" fn start(run: $crate::border::Run, input: $crate::border::Text) -> i32 {
                unsafe { $crate::__private::entry(run, input, |host, _| {
                    let made = <$module as $crate::$role>::start(&host.settings(), &host.tenant());
                    $crate::__private::started(made, |made| *instance() = Some(made))
                }) }
            }

            $(unsafe extern "C" fn $entry(run: $crate::border::Run, input: $crate::border::Text) -> i32 {
                unsafe { $crate::__private::entry(run, input, |$host, $input| {
                    let mut instance = instance();
                    let $it = instance.as_mut().ok_or_else($crate::__private::absent)?;
                    $body
                }) }
            })*

            unsafe extern "C" fn restore(
                run: $crate::border::Run, version: u32, state: $crate::border::Text,
            ) -> i32 {
                unsafe { $crate::__private::entry(run, state, |_, state| {
                    let mut instance = instance();
                    let module = instance.as_mut().ok_or_else($crate::__private::absent)?;
                    <$module as $crate::$role>::restore(module, version, state)?;
                    Ok(Vec::new())
                }) }
            }

            $crate::export!(@table $world, { start, $($entry,)* }, { restore });
        };
    };
    (@table $world:literal, { $($entry:ident,)* }, { $($restore:ident)? }) => {
        static MODULE: $crate::border::Module = $crate::border::Module {
            $($entry: Some($entry),)*
            $($restore: Some($restore),)?
            ..$crate::border::Module::none($world)
        };

        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn cordboard_module_v1(
            host: *const $crate::border::Table,
        ) -> *const $crate::border::Module {
            match unsafe { $crate::border::meet(host) } {
                true => &MODULE,
                false => ::std::ptr::null(),
            }
        }
    };
}
