//! `cordboard tenant ...` as the console carries it out: by the running switch, or by itself where
//! none runs and files and store are enough.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordboard_sip::auth::{Algorithm, ha1};
use cordboard_store::{Ha1, Secret, Store};
use serde_json::Value;

use super::export::{Source, export};
use super::list::list_offline;
use super::make::{Site, make, shown};
use super::usage::{span, sum};
use super::{NewTenant, TenantCommand, TenantVerb};
use crate::cli::Start;
use crate::control::client::{self, ClientError};
use crate::control::verb::Verb;
use crate::data_dir::{DataDir, generate_password};
use crate::loader::forge::Forge;
use crate::loader::{Folders, Memory};
use crate::records::Said;
use crate::start::kinds::Kinds;
use crate::{files, start};

/// Carries a command out.
pub fn carry_out(data: &DataDir, places: &Start, what: TenantCommand) -> Said {
    match what {
        TenantCommand::New(wish) => match ask(data, TenantVerb::New(wish.clone())) {
            Err(ClientError::NotRunning { .. }) => make_offline(data, places, &wish),
            said => said.map_err(|e| e.to_string()),
        },
        TenantCommand::List => match ask(data, TenantVerb::List) {
            Err(ClientError::NotRunning { .. }) => offline(data, places, async |store| {
                list_offline(store, &places.dialplans).await
            }),
            said => said.map_err(|e| e.to_string()),
        },
        TenantCommand::Suspend {
            name,
            reason,
            end_calls,
        } => running(
            data,
            TenantVerb::Suspend {
                tenant: name,
                reason,
                end_calls,
            },
        ),
        TenantCommand::Resume { name } => running(data, TenantVerb::Resume { tenant: name }),
        TenantCommand::Delete { name, yes: false } => Err(format!(
            "this removes all of tenant {name}: its rows, recordings, passwords and secrets. \
             `cordboard tenant export {name} FILE.tar` keeps a copy; then say `--yes`"
        )),
        TenantCommand::Delete { name, yes: true } => running(
            data,
            TenantVerb::Delete {
                tenant: name,
                by: operator(),
            },
        ),
        TenantCommand::Export { name, file } => {
            let folder = dialplans(data, places)?.join(&name);
            plain(&name)?;
            let recordings = data.recordings().join(&name);
            offline(data, places, async |store| {
                let source = Source {
                    tenant: &name,
                    folder,
                    recordings,
                };
                export(store.ok_or("there is no database yet")?, &source, &file).await
            })
        }
        TenantCommand::Usage { name, from, to } => {
            let span = span(&name, from.as_deref(), to.as_deref())?;
            offline(data, places, async |store| {
                sum(store.ok_or("there is no database yet")?, &span).await
            })
        }
    }
}

fn ask(data: &DataDir, verb: TenantVerb) -> Result<Value, ClientError> {
    client::ask(&data.control(), &Verb::Tenant(verb))
}

fn running(data: &DataDir, verb: TenantVerb) -> Said {
    ask(data, verb).map_err(|e| e.to_string())
}

/// Who sits at the console, as far as the system says.
fn operator() -> String {
    let name = ["SUDO_USER", "USER", "LOGNAME"];
    let name = name.iter().find_map(|key| std::env::var(key).ok());
    let clean = name.map(|name| name.chars().filter(|c| !c.is_control()).take(64).collect());
    clean.unwrap_or_else(|| "console".to_owned())
}

fn plain(name: &str) -> Result<(), String> {
    let bad = name.is_empty() || name.starts_with(['.', '_']) || name.contains('/');
    match bad {
        true => Err(format!("no tenant {name}")),
        false => Ok(()),
    }
}

/// Where tenants' folders are: where the running switch has them, else where we were told.
fn dialplans(data: &DataDir, places: &Start) -> Result<PathBuf, String> {
    match ask(data, TenantVerb::Places) {
        Ok(said) => {
            let place = said.get("dialplans").and_then(Value::as_str);
            Ok(place.map_or_else(|| places.dialplans.clone(), PathBuf::from))
        }
        Err(ClientError::NotRunning { .. }) => Ok(places.dialplans.clone()),
        Err(error) => Err(error.to_string()),
    }
}

/// Reads the database: after the running switch has written everything out, if one runs.
fn offline(
    data: &DataDir,
    places: &Start,
    read: impl AsyncFnOnce(Option<&dyn Store>) -> Said,
) -> Said {
    match client::ask(&data.control(), &Verb::Flush) {
        Ok(_) | Err(ClientError::NotRunning { .. }) => {}
        Err(error) => return Err(error.to_string()),
    }
    let place = start::database_place(data, &dialplans(data, places)?)?;
    let there = place.contains("://") || Path::new(&place).exists();
    block_on(async {
        match there {
            true => {
                let store = cordboard_store::open(&place).await;
                let store = store.map_err(|e| e.to_string())?;
                read(Some(store.as_ref())).await
            }
            false => read(None).await,
        }
    })
}

fn block_on<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?
        .block_on(work)
}

/// Makes a tenant on the disk; the next start serves it.
fn make_offline(data: &DataDir, places: &Start, wish: &NewTenant) -> Said {
    let settings = start::settings(&places.dialplans)?.settings;
    data.create()
        .map_err(|e| format!("{}: {e}", data.root.display()))?;
    let kinds = Kinds::of_tool(data.compiled());
    let roots = vec![places.modules(), data.modules()];
    let forge = Arc::new(Forge::new(roots, kinds.compilers(), &settings));
    let folders = Folders {
        dialplans: places.dialplans.clone(),
        scripts: places.scripts.clone(),
    };
    let mut others = Vec::new();
    for (name, folder) in files::tenant_folders(&folders.dialplans).map_err(|e| e.to_string())? {
        let mut memory = Memory::with_modules(Arc::clone(&forge));
        let loaded = memory.read(&folders, &folder);
        match loaded.and_then(|material| memory.check(&name, material)) {
            Ok(passed) => others.push(passed.generation.dialplan),
            Err(_) => eprintln!(
                "tenant {name} has mistakes, so its domain and numbers cannot be compared: \
                 `cordboard check {}`",
                folder.display()
            ),
        }
    }
    let site = Site {
        folders,
        forge,
        others,
    };
    let place = start::database_place(data, &places.dialplans)?;
    let made = make(&site, wish)?;
    let passwords = block_on(keep_passwords(&place, wish)).inspect_err(|_| {
        // Without its passwords it is half a tenant.
        let _ = std::fs::remove_dir_all(&made.folder);
    })?;
    Ok(shown(wish, &made, &passwords))
}

async fn keep_passwords(place: &str, wish: &NewTenant) -> Result<Vec<(String, String)>, String> {
    let store = cordboard_store::open(place)
        .await
        .map_err(|e| e.to_string())?;
    let (tenant, domain) = (&wish.name, &wish.domain);
    let realm = format!("realm/{tenant}");
    let was = store.node_secret(&realm).await.map_err(|e| e.to_string())?;
    if let Some(was) = was.filter(|was| was.reveal() != domain) {
        let was = was.reveal();
        return Err(format!(
            "tenant {tenant} had the domain `{was}` before; give that one, or another name"
        ));
    }
    let put = store.put_node_secret(&realm, Secret::new(domain)).await;
    put.map_err(|e| e.to_string())?;
    let mut passwords = Vec::new();
    for user in &wish.users {
        let password = generate_password().map_err(|e| e.to_string())?;
        let kept = Ha1 {
            md5: Secret::new(ha1(Algorithm::Md5, user, domain, &password)),
            sha256: Secret::new(ha1(Algorithm::Sha256, user, domain, &password)),
        };
        store
            .put_ha1(tenant, user, kept)
            .await
            .map_err(|e| e.to_string())?;
        passwords.push((user.clone(), password));
    }
    Ok(passwords)
}
