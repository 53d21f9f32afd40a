//! The console: commands against the running switch, or against its database where it is not running.

mod operate;
mod secret;
mod table;

use std::io::{BufRead, IsTerminal, Read, Write};
use std::process::ExitCode;

use cordboard_store::Store;
use serde_json::{Value, json};

use crate::cli::{CallCommand, Command, ModuleVerb, OfModule, Start, TokenCommand};
use crate::control::client::{self, ClientError};
use crate::control::verb::{Originate, Verb};
use crate::data_dir::{DataDir, generate_password};
use crate::records::{self, Said, when};
use crate::start;
use crate::tokens::Wish;

/// Prints a line; a reader that has seen enough (`| head`) is no error.
macro_rules! say {
    ($($text:tt)*) => {{
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

/// Carries out a command that is no start and looks at no file.
pub fn carry_out(data: &DataDir, command: Command, places: &Start, json: bool) -> ExitCode {
    let said = match command {
        Command::Secrets => return secrets(data, json),
        Command::Trace { call } => return trace(data, call, json),
        Command::Tenant { what } => {
            return print(crate::hosting::console::carry_out(data, places, what), json);
        }
        Command::Operate(words) => return operate::carry_out(data, &words, json),
        Command::Password {
            tenant,
            user,
            generate,
        } => password(data, tenant, user, generate),
        Command::Secret { what } => secret::carry_out(data, what),
        Command::Contacts { last, tenant } => reading(data, places, async |store: &dyn Store| {
            records::contacts(store, tenant.as_deref(), last).await
        }),
        Command::Cdr { call } => {
            let said = reading(data, places, async |store: &dyn Store| {
                records::cdrs_of_call(store, None, &call).await
            });
            if json { said } else { said.map(cdr_table) }
        }
        Command::Explain { call } => {
            let said = reading(data, places, async |store: &dyn Store| {
                let events = records::story(store, None, &call).await?;
                Ok(match json {
                    true => events.as_json(),
                    false => Value::String(events.as_text()),
                })
            });
            if let (Ok(Value::String(text)), false) = (&said, json) {
                print!("{}", table::plain(text));
                return ExitCode::SUCCESS;
            }
            said
        }
        other => match verb(other) {
            Ok(verb) => client::ask(&data.control(), &verb).map_err(|e| e.to_string()),
            Err(why) => Err(why),
        },
    };
    print(said, json)
}

fn verb(command: Command) -> Result<Verb, String> {
    Ok(match command {
        Command::Calls => Verb::Calls,
        Command::Call {
            what: CallCommand::Start(ask),
        } => {
            let mut variables = std::collections::BTreeMap::new();
            for pair in &ask.set {
                let (name, value) = pair
                    .split_once('=')
                    .ok_or_else(|| format!("`{pair}` is not name=value"))?;
                variables.insert(name.to_owned(), value.to_owned());
            }
            Verb::CallStart(Originate {
                tenant: ask.tenant,
                target: ask.target,
                route: ask.route,
                caller_id: ask.caller_id,
                timeout_s: ask.timeout,
                variables,
                key: ask.key,
            })
        }
        Command::Hangup { of, cause } => Verb::Hangup {
            call: of.call,
            leg: of.leg,
            cause,
        },
        Command::Play { of, prompt } => Verb::Play {
            call: of.call,
            leg: of.leg,
            prompt,
        },
        Command::Record { of, off } => Verb::Record {
            call: of.call,
            on: !off,
        },
        Command::Users => Verb::Users,
        Command::Trunks => Verb::Trunks,
        Command::Reload { wait } => Verb::Reload { wait },
        Command::Generations {
            tenant,
            diff: Some(generation),
            ..
        } => Verb::Diff { tenant, generation },
        Command::Generations {
            tenant,
            rollback: Some(generation),
            ..
        } => Verb::Rollback { tenant, generation },
        Command::Generations { tenant, .. } => Verb::Generations { tenant },
        Command::Module {
            what: OfModule::Running(what),
        } => of_module(what),
        Command::Token { what } => of_token(what),
        Command::Loglevel { level } => Verb::Loglevel { level },
        Command::Drain { off } => Verb::Drain { on: !off },
        Command::Shutdown { drain } => Verb::Shutdown { drain },
        Command::Health => Verb::Health,
        _ => return Err("that is no command for a running switch".to_owned()),
    })
}

fn of_token(what: TokenCommand) -> Verb {
    match what {
        TokenCommand::New {
            tenant,
            name,
            allow,
            expires,
        } => Verb::TokenNew(Wish {
            tenant,
            name,
            allow,
            expires,
        }),
        TokenCommand::List { tenant } => Verb::Tokens { tenant },
        TokenCommand::Remove { tenant, name } => Verb::TokenRemove { tenant, name },
    }
}

fn of_module(what: ModuleVerb) -> Verb {
    let enable = |name, tenant, enabled| Verb::ModuleEnable {
        tenant,
        name,
        enabled,
    };
    match what {
        ModuleVerb::List { tenant } => Verb::Modules { tenant },
        ModuleVerb::Info { name, tenant } => Verb::Module { tenant, name },
        ModuleVerb::Reload { name, tenant } => Verb::ModuleReload { tenant, name },
        ModuleVerb::Disable { name, tenant } => enable(name, tenant, false),
        ModuleVerb::Enable { name, tenant } => enable(name, tenant, true),
    }
}

/// Sets a password; one that was made here is printed, and kept nowhere.
fn password(data: &DataDir, tenant: String, user: String, generate: bool) -> Said {
    let password = match generate {
        true => generate_password().map_err(|e| e.to_string())?,
        false => read_password()?,
    };
    let shown = generate.then(|| json!({ "tenant": tenant, "user": user, "password": password }));
    let verb = Verb::Password {
        tenant,
        user,
        password,
    };
    let said = client::ask(&data.control(), &verb).map_err(|e| e.to_string())?;
    Ok(shown.unwrap_or(said))
}

const PASSWORD_LINE_BYTES_MAX: u64 = 1024;

/// The first line of standard input.
fn read_password() -> Result<String, String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprint!("New password: ");
        let _ = std::io::stderr().flush();
    }
    let mut line = String::new();
    stdin
        .lock()
        .take(PASSWORD_LINE_BYTES_MAX)
        .read_line(&mut line)
        .map_err(|e| e.to_string())?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn secrets(data: &DataDir, json: bool) -> ExitCode {
    match data.secrets() {
        Ok(secrets) if json => print(
            serde_json::to_value(secrets).map_err(|e| e.to_string()),
            true,
        ),
        Ok(secrets) if secrets.sip.is_empty() => {
            say!(
                "No generated passwords are kept in {}.",
                data.root.display()
            );
            ExitCode::SUCCESS
        }
        Ok(secrets) => {
            for (tenant, users) in &secrets.sip {
                for (user, password) in users {
                    say!("{tenant:<16} {user:<16} {password}");
                }
            }
            ExitCode::SUCCESS
        }
        Err(error) => print(Err(format!("{}: {error}", data.root.display())), json),
    }
}

fn trace(data: &DataDir, call: Option<String>, json: bool) -> ExitCode {
    let shown = client::stream(&data.control(), &Verb::Trace { call }, |line| {
        let line = if json {
            line.to_owned()
        } else {
            table::plain(&trace_line(line))
        };
        writeln!(std::io::stdout(), "{line}").is_ok()
    });
    match shown {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => print(Err(error.to_string()), json),
    }
}

fn trace_line(line: &str) -> String {
    let Ok(event) = serde_json::from_str::<Value>(line) else {
        return line.to_owned();
    };
    let text = |name: &str| {
        event
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let mut data = event.get("data").cloned().unwrap_or_default();
    if let Some(fields) = data.as_object_mut() {
        fields.remove("topic");
    }
    let leg = event
        .get("leg")
        .map(|leg| format!(".{leg}"))
        .unwrap_or_default();
    let call = text("call");
    // The last characters differ between calls of the same second, the first do not.
    let tail = call.get(call.len().saturating_sub(8)..).unwrap_or_default();
    format!(
        "{} {tail}{leg:<3} {:<22} {data}",
        text("tenant"),
        text("topic")
    )
}

/// Reads the database: after the running switch has written everything out, if one runs.
fn reading(data: &DataDir, places: &Start, read: impl AsyncFnOnce(&dyn Store) -> Said) -> Said {
    match client::ask(&data.control(), &Verb::Flush) {
        Ok(_) | Err(ClientError::NotRunning { .. }) => {}
        Err(error) => return Err(error.to_string()),
    }
    let place = start::database_place(data, &places.dialplans)?;
    if !place.contains("://") {
        std::fs::metadata(&place)
            .map_err(|_| format!("{place}: there is no database yet; start the switch first"))?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let store = cordboard_store::open(&place)
            .await
            .map_err(|e| e.to_string())?;
        read(store.as_ref()).await
    })
}

/// The fields of CDRs that fit a line.
fn cdr_table(cdrs: Value) -> Value {
    let text = |cdr: &Value, name: &str| cdr.get(name).cloned().unwrap_or_default();
    cdrs.as_array()
        .into_iter()
        .flatten()
        .map(|cdr| {
            let party = cdr.get("party").and_then(|p| p.get("name")).cloned().unwrap_or_default();
            let started = cdr.get("started_ms").and_then(Value::as_u64).unwrap_or_default();
            json!({
                "number": text(cdr, "number"), "leg": text(cdr, "leg_no"), "direction": text(cdr, "direction"),
                "party": party, "started": when(started), "caller": text(cdr, "caller"),
                "dialled": text(cdr, "dialled"), "result": text(cdr, "result"),
                "talk_ms": text(cdr, "talk_ms"), "cause": text(cdr, "cause"), "ended_by": text(cdr, "ended_by"),
            })
        })
        .collect()
}

/// Prints a result: tables and fields, or JSON.
fn print(said: Said, json: bool) -> ExitCode {
    match said {
        Ok(value) if json => say!("{value:#}"),
        Ok(value) => table::lines(&value).iter().for_each(|line| say!("{line}")),
        Err(why) if json => {
            say!("{:#}", json!({ "error": why }));
            return ExitCode::FAILURE;
        }
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
