//! Tenants as a hosting provider sees them: made, listed, suspended, resumed, given out, deleted,
//! and what each has used.
//!
//! The running switch does it, whoever asks (`of_tenant`); the console does what it can by itself
//! where no switch runs (`console`). What one tenant is made of stands in three places: its folder
//! under `dialplans/`, its ceiling in `_node.kdl`, and its rows and recordings. `core/node/TENANTS.md`
//! tells the whole story to who uses it.

pub mod console;
mod delete;
mod export;
pub mod gauges;
mod list;
mod make;
mod usage;

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::operator::Operator;

/// What a tenant is made with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct NewTenant {
    /// Its name, which is its folder's: lower-case letters, digits and `-`.
    pub name: String,
    /// SIP domain of its users: NAME@DOMAIN. It stays for ever.
    #[arg(long)]
    pub domain: String,
    /// A number of its own; rings its users. May be given several times, or be a pattern.
    #[arg(long = "did", value_name = "NUMBER")]
    pub dids: Vec<String>,
    /// A user; the password is shown once. May be given several times.
    #[arg(long = "user", value_name = "USER")]
    pub users: Vec<String>,
    /// Folder that it shares with others, such as ../_base.
    #[arg(long)]
    pub base: Option<String>,
    /// Time zone, such as Europe/London.
    #[arg(long, default_value = "UTC")]
    pub tz: String,
    /// Most calls at once.
    #[arg(long, default_value_t = 50)]
    pub calls_max: u32,
    /// Most users that its own files may have.
    #[arg(long, default_value_t = 100)]
    pub users_max: u32,
    /// Most trunks that its own files may have.
    #[arg(long, default_value_t = 4)]
    pub trunks_max: u32,
}

/// Commands on tenants.
#[derive(Clone, Debug, Subcommand)]
pub enum TenantCommand {
    /// Make a tenant: a first dialplan that works, its ceiling, and passwords, shown once.
    New(NewTenant),
    /// List tenants: domain, state, calls now, what they used today.
    List,
    /// Take no new calls and registrations of a tenant; what is up goes on.
    Suspend {
        /// Tenant.
        name: String,
        /// Why; shown in lists and events.
        #[arg(long, default_value = "")]
        reason: String,
        /// End the calls that are up, too.
        #[arg(long)]
        end_calls: bool,
    },
    /// Take calls and registrations of a tenant again.
    Resume {
        /// Tenant.
        name: String,
    },
    /// Write all of a tenant into a tar file, without passwords and secrets.
    Export {
        /// Tenant.
        name: String,
        /// The file; it must not be there yet.
        file: std::path::PathBuf,
    },
    /// Remove a suspended tenant: rows, recordings, passwords, secrets. Export it first.
    Delete {
        /// Tenant.
        name: String,
        /// It is meant.
        #[arg(long)]
        yes: bool,
    },
    /// Sum what a tenant has used.
    Usage {
        /// Tenant.
        name: String,
        /// From this day or moment: 2026-11-01, 2026-11-01T08:00Z; default is this month's first day (UTC).
        #[arg(long)]
        from: Option<String>,
        /// Up to this day or moment, itself left out; default is now.
        #[arg(long)]
        to: Option<String>,
    },
}

/// What the running switch is asked about tenants.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
pub enum TenantVerb {
    /// Make one.
    New(NewTenant),
    /// List them.
    List,
    /// Suspend one.
    Suspend {
        /// Which.
        tenant: String,
        /// Why.
        reason: String,
        /// End what is up.
        end_calls: bool,
    },
    /// Resume one.
    Resume {
        /// Which.
        tenant: String,
    },
    /// Delete one.
    Delete {
        /// Which.
        tenant: String,
        /// Who says so.
        by: String,
    },
    /// Where tenants' folders are.
    Places,
    /// Of the shard: the calls of one that are up; ends them where that is wanted.
    Calls {
        /// Which.
        tenant: String,
        /// End them.
        end: bool,
    },
    /// Of the shard: what every tenant has used since the last event of it.
    Meters,
    /// Of the shard: forget bindings and passwords of one that is deleted.
    Forget {
        /// Which.
        tenant: String,
    },
}

impl Operator {
    /// Carries out what is asked about tenants.
    pub(crate) async fn of_tenant(&self, verb: TenantVerb) -> Result<Value, String> {
        match verb {
            TenantVerb::New(wish) => self.make_tenant(&wish).await,
            TenantVerb::List => self.list_tenants().await,
            TenantVerb::Suspend {
                tenant,
                reason,
                end_calls,
            } => self.reloader.suspend(&tenant, &reason, end_calls).await,
            TenantVerb::Resume { tenant } => self.reloader.resume(&tenant).await,
            TenantVerb::Delete { tenant, by } => self.delete_tenant(&tenant, &by).await,
            TenantVerb::Places => {
                let dialplans = &self.reloader.folders().dialplans;
                let whole = std::path::absolute(dialplans).unwrap_or_else(|_| dialplans.clone());
                Ok(serde_json::json!({ "dialplans": whole }))
            }
            verb @ (TenantVerb::Calls { .. } | TenantVerb::Meters) => {
                self.ask_shard(crate::control::verb::Verb::Tenant(verb))
                    .await
            }
            TenantVerb::Forget { .. } => Err("that is part of deleting a tenant".to_owned()),
        }
    }
}
