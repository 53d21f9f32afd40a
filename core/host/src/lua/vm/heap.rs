//! How full a VM's memory is, and when its garbage is collected.

use mlua::Lua;

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

    /// Nothing new may begin: it met its limit, or a run was stopped in its middle. What that
    /// held is given back.
    pub fn retire(&mut self, lua: &Lua) {
        self.full = true;
        if lua.gc_collect().is_ok() {
            self.collected = lua.used_memory();
        }
    }
}
