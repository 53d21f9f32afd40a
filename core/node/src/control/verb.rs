//! The verbs of the control socket, as both sides see them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case")]
pub enum Verb {
    /// List calls.
    Calls,
    /// Start a call that nobody dialled in.
    CallStart(Originate),
    /// End a call or a leg.
    Hangup {
        /// Id or its first characters.
        call: String,
        /// Leg; none is the whole call.
        leg: Option<u16>,
        /// Q.850 cause by word.
        cause: String,
    },
    /// Play a prompt.
    Play {
        /// Id or its first characters.
        call: String,
        /// Leg; none is the first.
        leg: Option<u16>,
        /// Prompt's name.
        prompt: String,
    },
    /// Record, or stop.
    Record {
        /// Id or its first characters.
        call: String,
        /// On or off.
        on: bool,
    },
    /// List users and their bindings.
    Users,
    /// List trunks.
    Trunks,
    /// Load changed files.
    Reload {
        /// Answer after the load, with its errors.
        wait: bool,
    },
    /// List generations.
    Generations {
        /// Tenant.
        tenant: Option<String>,
    },
    /// Compare a generation with the one in use.
    Diff {
        /// Tenant.
        tenant: Option<String>,
        /// Which.
        generation: u64,
    },
    /// Use an old generation.
    Rollback {
        /// Tenant.
        tenant: Option<String>,
        /// Which.
        generation: u64,
    },
    /// An operator's verb of a module.
    Operate(crate::modules::Ask),
    /// List modules of a tenant, or of all.
    Modules {
        /// Tenant.
        tenant: Option<String>,
    },
    /// All that is known of one module.
    Module {
        /// Tenant; none is the default one.
        tenant: Option<String>,
        /// Its name in the tenant.
        name: String,
    },
    /// Load changed modules, and say which are new.
    ModuleReload {
        /// Tenant; none is every one.
        tenant: Option<String>,
        /// Only this one is shown.
        name: Option<String>,
    },
    /// Let a module run, or keep it from running.
    ModuleEnable {
        /// Tenant; none is the default one.
        tenant: Option<String>,
        /// Its name in the tenant.
        name: String,
        /// It may run.
        enabled: bool,
    },
    /// Set a tenant's named secret.
    SecretSet {
        /// Tenant.
        tenant: String,
        /// Its name in the dialplan.
        name: String,
        /// The secret.
        value: String,
    },
    /// List names of a tenant's secrets.
    Secrets {
        /// Tenant.
        tenant: String,
    },
    /// Remove a tenant's secret.
    SecretRemove {
        /// Tenant.
        tenant: String,
        /// Its name.
        name: String,
    },
    /// Make a token for programs outside.
    TokenNew(crate::tokens::Wish),
    /// List tokens.
    Tokens {
        /// Tenant; none is every one.
        tenant: Option<String>,
    },
    /// Take a token back.
    TokenRemove {
        /// Tenant.
        tenant: String,
        /// Its name.
        name: String,
    },
    /// Something of tenants.
    Tenant(crate::hosting::TenantVerb),
    /// Change the log filter.
    Loglevel {
        /// Filter.
        level: String,
    },
    /// Refuse or take new calls.
    Drain {
        /// Refuse.
        on: bool,
    },
    /// Stop.
    Shutdown {
        /// After the last call.
        drain: bool,
    },
    /// Set a user's password.
    Password {
        /// Tenant.
        tenant: String,
        /// User.
        user: String,
        /// The new password.
        password: String,
    },
    /// Write out everything that readers of the database should see.
    Flush,
    /// Stream events.
    Trace {
        /// Only this call (first characters).
        call: Option<String>,
    },
    /// Health, as on http.
    Health,
}

/// A call to start.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Originate {
    /// Tenant; none is the default one.
    pub tenant: Option<String>,
    /// `user:NAME`, `trunk:NAME:NUMBER`, or a number that an `outbound` allows.
    pub target: String,
    /// Route that runs when it answers.
    pub route: String,
    /// Number shown.
    pub caller_id: Option<String>,
    /// Seconds of ringing.
    pub timeout_s: u64,
    /// Variables of the call.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// The same key starts one call.
    pub key: Option<String>,
}

/// An answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It is done; this is the result.
    Ok(serde_json::Value),
    /// It is not done; a sentence says why.
    Error(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modules_verb_survives_the_socket() {
        let ask = crate::modules::Ask {
            module: "desk".into(),
            verb: Some("login".into()),
            ..Default::default()
        };
        let line = serde_json::to_string(&Verb::Operate(ask.clone())).unwrap();
        let Ok(Verb::Operate(read)) = serde_json::from_str(&line) else {
            panic!("{line}");
        };
        assert_eq!(read, ask);
    }
}
