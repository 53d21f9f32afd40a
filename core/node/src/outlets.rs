//! Where a shard's outputs go: connections, media threads, script workers, the outside, the store.
//!
//! None of them makes the shard wait. What finds no room is said: a script that no worker takes
//! fails with `Overload`, a media command waits for the next turn.

use std::sync::Arc;

use bytes::Bytes;
use cordboard_call::ids::CallId;
use cordboard_host::program::Workers;
use cordboard_media::Command;
use cordboard_sip::Flow;
use cordboard_steps::{OutsideRequest, ProgramId, ScriptCommand};
use tokio::sync::mpsc;

use crate::mailbox::Sender;
use crate::media_thread::MediaHandle;
use crate::modules::Modules;
use crate::outside::Outside;
use crate::registrar::BindingChange;
use crate::shard::Input;
use crate::sockets::tcp::Tcp;
use crate::tenants::Generation;

/// All outlets of one shard.
pub struct Outlets {
    /// TCP connections.
    pub tcp: Arc<Tcp>,
    /// Media threads.
    pub media: MediaHandle,
    /// Who runs scripts and modules' steps.
    pub workers: Workers,
    /// Http and store for scripts.
    pub outside: Outside,
    /// The same for modules, within what each may do.
    pub modules: Arc<Modules>,
    /// The store's writer of bindings.
    pub bindings: mpsc::Sender<BindingChange>,
    /// The shard's own mailbox.
    pub shard: Sender<Input>,
    /// Ends the program after a draining shutdown.
    pub stop: mpsc::Sender<()>,
}

impl Outlets {
    /// A message on a connection.
    pub fn stream(&self, flow: Flow, bytes: Bytes) {
        self.tcp.send(flow, bytes);
    }

    /// A media command, given back when the thread's mailbox is full; `media.ring` wakes it.
    pub fn media(&self, command: Command) -> Result<(), Command> {
        self.media.put(command)
    }

    /// A script's command; what the shard must hear when no worker takes it.
    pub fn script(
        &self,
        program: ProgramId,
        generation: &Generation,
        command: ScriptCommand,
    ) -> Option<Input> {
        let of = (&generation.tenant, program);
        let turn = self.workers.send(of, &generation.programs, command);
        let turn = turn?;
        Some(Input::Script { program, turn })
    }

    /// A request to the outside.
    pub fn outside(
        &self,
        call: CallId,
        id: u64,
        generation: &Generation,
        script: String,
        request: OutsideRequest,
    ) {
        // `crm.look-up` is a module's step; scripts' names have no dot.
        let module = script.split_once('.').map(|(name, _)| name);
        if let Some(module) = module.and_then(|name| generation.programs.module(name)) {
            self.modules.outside(call, id, module, request);
            return;
        }
        self.outside.begin(
            call,
            id,
            generation.tenant.as_str().to_owned(),
            script,
            request,
        );
    }

    /// A binding for the store. When the store stands still and the mailbox is full, the binding
    /// stays in memory and is written at the device's next REGISTER.
    pub fn binding(&self, change: BindingChange) {
        if self.bindings.try_send(change).is_err() {
            tracing::debug!("the store of bindings is behind");
        }
    }

    /// The last call of a draining shutdown is over.
    pub fn drained(&self) {
        let _ = self.stop.try_send(());
    }
}
