//! The command line: what can be said to `cordboard`.
//!
//! Without a command it starts the switch. Commands that look at files (`check`, `test`, `fmt`,
//! `diff`, `simulate`) need no running switch; those that read the journal (`contacts`, `explain`) work
//! with and without one; the rest talk to the running one over its control socket.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// The Cordboard call-centre switch.
#[derive(Debug, Parser)]
#[command(name = "cordboard", version, about, disable_help_subcommand = true)]
pub struct Cli {
    /// Data folder; else CORDBOARD_DATA, else .cordboard/.
    #[arg(long, global = true)]
    pub data: Option<PathBuf>,
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do; nothing starts the switch.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Options of a start.
    #[command(flatten)]
    pub start: Start,
}

/// Where a start finds its files.
#[derive(Clone, Debug, Args)]
pub struct Start {
    /// Folder of dialplans: one folder a tenant, and `_node.kdl`.
    #[arg(long, default_value = "dialplans")]
    pub dialplans: PathBuf,
    /// Folder of Lua call scripts.
    #[arg(long, default_value = "scripts")]
    pub scripts: PathBuf,
    /// Folder of modules; else CORDBOARD_MODULES, else modules/.
    #[arg(long)]
    pub modules: Option<PathBuf>,
}

impl Start {
    /// The folder of modules: the option, the environment, or `modules/`.
    pub fn modules(&self) -> PathBuf {
        choose_modules(self.modules.clone())
    }
}

/// The folder of modules: the option, the environment, or `modules/`.
pub fn choose_modules(option: Option<PathBuf>) -> PathBuf {
    option
        .or_else(|| std::env::var_os("CORDBOARD_MODULES").map(PathBuf::from))
        .unwrap_or_else(|| PathBuf::from("modules"))
}

/// A call's part of a command: its id and, where one is meant, its leg.
#[derive(Clone, Debug, Args)]
pub struct OfCall {
    /// The call's id, or the first characters that only it has.
    pub call: String,
    /// The leg's number.
    #[arg(long)]
    pub leg: Option<u16>,
}

/// One simulated call.
#[derive(Clone, Debug, Args)]
pub struct Simulate {
    /// The tenant's folder.
    pub dir: PathBuf,
    /// Folder of Lua call scripts.
    #[arg(long, default_value = "scripts")]
    pub scripts: PathBuf,
    /// Folder of modules; else CORDBOARD_MODULES, else modules/.
    #[arg(long)]
    pub modules: Option<PathBuf>,
    /// Number that calls, or with --user a user's name.
    #[arg(long)]
    pub from: Option<String>,
    /// The caller is a user of the tenant.
    #[arg(long)]
    pub user: bool,
    /// Number that is dialled.
    #[arg(long)]
    pub to: String,
    /// Local date and time, such as 2026-12-25T10:00.
    #[arg(long)]
    pub at: Option<String>,
    /// Keys that the caller presses; w waits a second, W until the time-out.
    #[arg(long, default_value = "")]
    pub keys: String,
    /// Users who answer after so many seconds: alice:3.
    #[arg(long)]
    pub answers: Vec<String>,
}

/// A call that nobody dialled in.
#[derive(Clone, Debug, Args)]
pub struct CallStart {
    /// Tenant; default is the node's default tenant.
    #[arg(long)]
    pub tenant: Option<String>,
    /// Whom to ring: user:alice, trunk:NAME:NUMBER, or a number that an `outbound` allows.
    pub target: String,
    /// Route that runs when it answers.
    pub route: String,
    /// Number that the called party sees.
    #[arg(long)]
    pub caller_id: Option<String>,
    /// Seconds of ringing.
    #[arg(long, default_value_t = 30)]
    pub timeout: u64,
    /// Variables, name=value.
    #[arg(long)]
    pub set: Vec<String>,
    /// The same key starts the call once.
    #[arg(long)]
    pub key: Option<String>,
}

/// The commands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Check a tenant's dialplan: every mistake at once.
    Check {
        /// The tenant's folder.
        dir: PathBuf,
        /// Folder of Lua call scripts.
        #[arg(long, default_value = "scripts")]
        scripts: PathBuf,
        /// Folder of modules; else CORDBOARD_MODULES, else modules/.
        #[arg(long)]
        modules: Option<PathBuf>,
    },
    /// Run the tests that stand in a dialplan, on a virtual clock.
    Test {
        /// The tenant's folder.
        dir: PathBuf,
        /// Folder of Lua call scripts.
        #[arg(long, default_value = "scripts")]
        scripts: PathBuf,
        /// Folder of modules; else CORDBOARD_MODULES, else modules/.
        #[arg(long)]
        modules: Option<PathBuf>,
    },
    /// Write a dialplan in its usual form.
    Fmt {
        /// The tenant's folder.
        dir: PathBuf,
        /// Change nothing; exit 1 when a file would change.
        #[arg(long)]
        check: bool,
    },
    /// Show what a tenant says beyond its base: values, overrides, files, and all it adds.
    Diff {
        /// The tenant's name, or its folder.
        tenant: PathBuf,
        /// Folder of dialplans.
        #[arg(long, default_value = "dialplans")]
        dialplans: PathBuf,
    },
    /// Follow one made-up call through a dialplan, step by step.
    Simulate(Simulate),
    /// Print generated passwords.
    Secrets,
    /// Set a user's SIP password: asked for, or the first line of standard input.
    ///
    /// It is no argument, since everybody on the machine can read those in the list of processes.
    Password {
        /// Tenant.
        tenant: String,
        /// User.
        user: String,
        /// Make one and print it instead of asking.
        #[arg(long)]
        generate: bool,
    },
    /// List calls that are up.
    Calls,
    /// Start a call.
    Call {
        /// What to do.
        #[command(subcommand)]
        what: CallCommand,
    },
    /// End a call or one leg.
    Hangup {
        /// Which.
        #[command(flatten)]
        of: OfCall,
        /// Cause by word.
        #[arg(long, default_value = "normal")]
        cause: String,
    },
    /// Play a prompt to a leg.
    Play {
        /// Which.
        #[command(flatten)]
        of: OfCall,
        /// Prompt's name.
        #[arg(long)]
        prompt: String,
    },
    /// Record a call, or stop.
    Record {
        /// Which.
        #[command(flatten)]
        of: OfCall,
        /// Stop instead.
        #[arg(long)]
        off: bool,
    },
    /// List users and their devices.
    Users,
    /// List trunks and their load.
    Trunks,
    /// Load changed dialplans now.
    Reload {
        /// Wait for the result; exit 1 when refused.
        #[arg(long)]
        wait: bool,
    },
    /// List a tenant's good generations, compare two, or go back to one.
    Generations {
        /// Tenant; default is the node's default tenant.
        #[arg(long)]
        tenant: Option<String>,
        /// Compare this one with the one in use.
        #[arg(long)]
        diff: Option<u64>,
        /// Use this one until the files change.
        #[arg(long)]
        rollback: Option<u64>,
    },
    /// Modules: make, build, test, install; see what runs.
    Module {
        /// What to do.
        #[command(subcommand)]
        what: OfModule,
    },
    /// Named secrets of tenants: `(secret)"NAME"` in a dialplan.
    Secret {
        /// What to do.
        #[command(subcommand)]
        what: SecretCommand,
    },
    /// Tokens for programs outside: http and event stream.
    Token {
        /// What to do.
        #[command(subcommand)]
        what: TokenCommand,
    },
    /// Tenants: make, list, suspend, resume, export, delete; what they used.
    Tenant {
        /// What to do.
        #[command(subcommand)]
        what: crate::hosting::TenantCommand,
    },
    /// Change what is logged: error, warn, info, debug, trace or a filter.
    Loglevel {
        /// The level.
        level: String,
    },
    /// Take no new calls from any source; `--off` takes them again.
    Drain {
        /// Take calls again.
        #[arg(long)]
        off: bool,
    },
    /// Stop the switch; with --drain after the last call.
    Shutdown {
        /// Wait for the last call.
        #[arg(long)]
        drain: bool,
    },
    /// List contacts of the journal, the newest first.
    Contacts {
        /// How many.
        #[arg(long, default_value_t = 20)]
        last: u32,
        /// Tenant; default is every tenant.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Print the CDRs of a call.
    Cdr {
        /// The call's id.
        call: String,
    },
    /// Tell why a call went where it went.
    Explain {
        /// The call's id, or its first characters.
        call: String,
    },
    /// Print events as they happen.
    Trace {
        /// Only this call.
        call: Option<String>,
    },
    /// Print health.
    Health,
    /// A verb of a module: `queue login --agent alice`; the module's name alone lists its verbs.
    #[command(external_subcommand)]
    Operate(Vec<String>),
}

/// Commands on modules.
#[derive(Clone, Debug, Subcommand)]
pub enum OfModule {
    /// On modules that run.
    #[command(flatten)]
    Running(ModuleVerb),
    /// On a module's files.
    #[command(flatten)]
    Files(crate::sdk::ModuleCommand),
}

/// Commands on the running switch's modules.
#[derive(Clone, Debug, Subcommand)]
pub enum ModuleVerb {
    /// List the modules that tenants have loaded.
    List {
        /// Tenant; default is every tenant.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Print all that is known of a module: limits, grants, what is denied, traps.
    Info {
        /// Its name in the tenant.
        name: String,
        /// Tenant; default is the node's default tenant.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Load what has changed now; exit 1 when refused.
    Reload {
        /// Only this one is shown.
        name: Option<String>,
        /// Tenant; default is every tenant.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Keep a module from running until it is enabled; its steps fail, and their `else` runs.
    Disable {
        /// Its name in the tenant.
        name: String,
        /// Tenant; default is the node's default tenant.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Let a module run again, also one that rests since it failed too often.
    Enable {
        /// Its name in the tenant.
        name: String,
        /// Tenant; default is the node's default tenant.
        #[arg(long)]
        tenant: Option<String>,
    },
}

/// Commands on named secrets.
#[derive(Clone, Debug, Subcommand)]
pub enum SecretCommand {
    /// Set a secret: asked for, or the first line of standard input.
    Set {
        /// Tenant.
        tenant: String,
        /// Its name in the dialplan.
        name: String,
    },
    /// List the names of a tenant's secrets.
    List {
        /// Tenant.
        tenant: String,
    },
    /// Remove a secret.
    Remove {
        /// Tenant.
        tenant: String,
        /// Its name.
        name: String,
    },
}

/// Commands on tokens.
#[derive(Clone, Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token and show it once; only a hash of it is kept.
    New {
        /// Tenant.
        tenant: String,
        /// A name for it: what it is for, or whose it is.
        name: String,
        /// What it may do: read, calls, modules, operate, and permissions that modules name.
        #[arg(long, value_delimiter = ',', default_value = "read")]
        allow: Vec<String>,
        /// It ends after this: 90d, 12h, 30m; without it, never.
        #[arg(long)]
        expires: Option<String>,
    },
    /// List tokens: what they may do, when they were made and last used.
    List {
        /// Tenant; default is every tenant.
        tenant: Option<String>,
    },
    /// Take a token back; what is open with it is closed.
    Remove {
        /// Tenant.
        tenant: String,
        /// Its name.
        name: String,
    },
}

/// Commands on calls.
#[derive(Clone, Debug, Subcommand)]
pub enum CallCommand {
    /// Ring a user or a number, then run a route.
    Start(CallStart),
}
