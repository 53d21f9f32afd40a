//! How full a VM's memory is, when its garbage is collected, and what it holds of its tenant's.

use std::sync::Arc;

use mlua::Lua;

use crate::quota::Account;

/// The memory of one VM.
#[derive(Debug)]
pub(crate) struct Heap {
    /// Nothing new may begin here: it met its limit, or came near it.
    pub full: bool,
    limit: usize,
    /// Bytes in use after the last collection.
    collected: usize,
}

impl Heap {
    /// Of a VM whose limit is `limit` bytes.
    pub fn new(lua: &Lua, limit: usize) -> Heap {
        Heap {
            full: false,
            limit,
            collected: lua.used_memory(),
        }
    }

    /// After a turn: collects where memory has grown, and says `full` where it stays high.
    pub fn settle(&mut self, lua: &Lua) {
        let used = lua.used_memory();
        if used <= self.limit / 2 || used <= self.collected + self.collected / 4 {
            return;
        }
        if lua.gc_collect().is_err() {
            self.full = true;
        }
        self.collected = lua.used_memory();
        self.full |= self.collected > self.limit / 4 * 3;
    }

    /// Nobody is in a hurry: gives back the garbage of what has run since the last collection.
    pub fn rest(&mut self, lua: &Lua) {
        let used = lua.used_memory();
        if used > self.collected + self.collected / 8 && lua.gc_collect().is_ok() {
            self.collected = lua.used_memory();
        }
    }

    /// Nothing new may begin: it met its limit, or a run was stopped in its middle. What that
    /// held is given back.
    pub fn retire(&mut self, lua: &Lua) {
        self.full = true;
        if lua.gc_collect().is_ok() {
            self.collected = lua.used_memory();
        }
    }
}

/// A VM may take so much more at least, even where its tenant's memory is used up: a turn that is
/// let in must be able to end.
const ROOM_LEAST: usize = 256 << 10;
/// What a start is told when its tenant has no memory left.
pub(crate) const MEMORY_USED_UP: &str = "the tenant's modules use all their memory: `memory-mb` in \
     its `modules` ceiling allows more";

/// What a VM holds of its tenant's memory. It is counted after each turn, and a turn may take what
/// is left then.
#[derive(Debug)]
pub(crate) struct Memory {
    account: Option<Arc<Account>>,
    /// Bytes that the account has counted.
    counted: usize,
    /// Most that the VM may have whatever its tenant has.
    most: usize,
}

impl Memory {
    /// Of a VM that may have `most` bytes.
    pub fn new(account: Option<Arc<Account>>, most: usize) -> Memory {
        Memory {
            account,
            counted: 0,
            most,
        }
    }

    /// May a tenant have another VM?
    pub fn has_room(account: Option<&Arc<Account>>) -> bool {
        let Some(account) = account else { return true };
        let room = account.memory_room() > 0;
        if !room {
            account.refuse();
        }
        room
    }

    /// Before a turn: it may have what is left of the tenant's memory, up to its own limit.
    pub fn lend(&mut self, lua: &Lua) {
        let used = lua.used_memory();
        self.count(used);
        if let Some(account) = &self.account {
            let room = account.memory_room().max(ROOM_LEAST);
            let _ = lua.set_memory_limit(self.most.min(used.saturating_add(room)));
        }
    }

    /// After a turn.
    pub fn count(&mut self, used: usize) {
        if let Some(account) = &self.account {
            account.recount_memory(self.counted, used);
            self.counted = used;
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.count(0);
    }
}
