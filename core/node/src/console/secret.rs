//! `cordboard secret`: named secrets of tenants, which `(secret)"NAME"` in a dialplan means.
//!
//! A value is read from standard input and never shown again: the switch fills it into requests
//! of modules that name it, and no command, event or guest has it.

use serde_json::Value;

use super::{Said, read_password};
use crate::cli::SecretCommand;
use crate::control::client;
use crate::control::verb::Verb;
use crate::data_dir::DataDir;

/// Sets, lists or removes.
pub(super) fn carry_out(data: &DataDir, what: SecretCommand) -> Said {
    let verb = match what {
        SecretCommand::Set { tenant, name } => Verb::SecretSet {
            value: read_password()?,
            tenant,
            name,
        },
        SecretCommand::List { tenant } => Verb::Secrets { tenant },
        SecretCommand::Remove { tenant, name } => Verb::SecretRemove { tenant, name },
    };
    let said: Value = client::ask(&data.control(), &verb).map_err(|e| e.to_string())?;
    Ok(said)
}
