//! The border of `sdk/native/cordboard.h` in our own types, byte for byte, and the library behind it.
//!
//! A library is opened once and never closed: its threads and its exit handlers may run as long as
//! the process does. Everything it gave at the handshake is checked before anything of it is used.
#![allow(unsafe_code)] // A C interface: pointers that a foreign library gave and is given.

use std::ffi::{CStr, c_char};
use std::path::Path;

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

use super::room::HOST;
use crate::contract::World;

/// Version of the border.
pub(crate) const ABI: u32 = 1;
/// The one symbol that a library exports.
pub(crate) const SYMBOL: &str = "cordboard_module_v1";
/// What entries return when the module itself broke.
pub(crate) const FAILED: i32 = -1;

/// `cordboard_text`: bytes that somebody else owns.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text {
    data: *const c_char,
    length: usize,
}

impl Text {
    /// Bytes of ours, valid as long as they are.
    pub fn of(bytes: &[u8]) -> Text {
        Text {
            data: bytes.as_ptr().cast(),
            length: bytes.len(),
        }
    }

    /// A copy of what the library gave; nothing for a null pointer or a length beyond `most`.
    ///
    /// # Safety
    /// `data` is null or points at `length` readable bytes.
    pub unsafe fn copied(self, most: usize) -> Option<Vec<u8>> {
        if self.length == 0 {
            return Some(Vec::new());
        }
        if self.data.is_null() || self.length > most {
            return None;
        }
        // SAFETY: by this function's own condition; it is copied before anything else runs.
        Some(unsafe { std::slice::from_raw_parts(self.data.cast::<u8>(), self.length) }.to_vec())
    }
}

/// `cordboard_run`: an opaque pointer to what an entry's thread holds.
pub(crate) type RunPointer = *mut std::ffi::c_void;
type EntryFunction = unsafe extern "C" fn(RunPointer, Text) -> i32;
type RestoreFunction = unsafe extern "C" fn(RunPointer, u32, Text) -> i32;
type Handshake = unsafe extern "C" fn(*const HostTable) -> *const ModuleTable;

/// `cordboard_host`.
#[repr(C)]
pub(crate) struct HostTable {
    pub abi: u32,
    pub size: u32,
    pub settings: unsafe extern "C" fn(RunPointer) -> Text,
    pub tenant: unsafe extern "C" fn(RunPointer) -> Text,
    pub file: unsafe extern "C" fn(RunPointer, Text, *mut Text) -> i32,
    pub log: unsafe extern "C" fn(RunPointer, i32, Text),
    pub ask: unsafe extern "C" fn(RunPointer, Text, *mut Text) -> i32,
    pub reply: unsafe extern "C" fn(RunPointer, Text),
}

/// `cordboard_module`.
#[repr(C)]
#[derive(Clone, Copy)]
struct ModuleTable {
    abi: u32,
    size: u32,
    contract: *const c_char,
    world: *const c_char,
    start: Option<EntryFunction>,
    run: Option<EntryFunction>,
    route: Option<EntryFunction>,
    look_up: Option<EntryFunction>,
    on_event: Option<EntryFunction>,
    handle: Option<EntryFunction>,
    fold: Option<EntryFunction>,
    render: Option<EntryFunction>,
    save: Option<EntryFunction>,
    restore: Option<RestoreFunction>,
}

/// The entries, by their number in frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Entry {
    Start = 0,
    Run,
    Route,
    LookUp,
    OnEvent,
    Handle,
    Fold,
    Render,
    Save,
    Restore,
}

const ENTRIES: [Entry; 10] = [
    Entry::Start,
    Entry::Run,
    Entry::Route,
    Entry::LookUp,
    Entry::OnEvent,
    Entry::Handle,
    Entry::Fold,
    Entry::Render,
    Entry::Save,
    Entry::Restore,
];

impl Entry {
    /// The entry of a number.
    pub fn of(number: i32) -> Option<Entry> {
        ENTRIES.into_iter().find(|entry| *entry as i32 == number)
    }

    /// Its name in the header.
    pub fn name(self) -> &'static str {
        match self {
            Entry::Start => "start",
            Entry::Run => "run",
            Entry::Route => "route",
            Entry::LookUp => "look_up",
            Entry::OnEvent => "on_event",
            Entry::Handle => "handle",
            Entry::Fold => "fold",
            Entry::Render => "render",
            Entry::Save => "save",
            Entry::Restore => "restore",
        }
    }

    /// Those without which a module of a world is none.
    pub fn of_world(world: World) -> &'static [Entry] {
        match world {
            World::CallScript => &[Entry::Run],
            World::Router => &[Entry::Route],
            World::Connector => &[],
            World::Service => &[Entry::Handle, Entry::Save, Entry::Restore],
            World::Reporter => &[Entry::Fold, Entry::Render, Entry::Save, Entry::Restore],
        }
    }
}

/// An opened library that answered the handshake.
#[derive(Clone, Copy)]
pub(crate) struct Opened {
    table: ModuleTable,
}

// SAFETY: the table is a copy of plain values; its pointers lead into a library that is never
// closed, and the header tells its author on which threads its functions are called.
unsafe impl Send for Opened {}
// SAFETY: as above; nothing in it is ever written.
unsafe impl Sync for Opened {}

impl Opened {
    /// Opens a library and shakes hands. Its own constructors run here.
    ///
    /// # Errors
    /// One sentence with the cure.
    pub fn open(path: &Path, world: World, contract: &str) -> Result<Opened, String> {
        // SAFETY: running a stranger's constructors is what loading native code is; it happens in
        // a process of its own unless the machine's operator wanted otherwise.
        let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) };
        let library = library.map_err(|e| format!("the library cannot be loaded: {}", why(&e)))?;
        // Never closed: see above.
        let library: &'static Library = Box::leak(Box::new(library));
        // SAFETY: the header says that the symbol of this name has this type.
        let handshake = unsafe { library.get::<Handshake>(SYMBOL.as_bytes()) };
        let handshake = handshake.map_err(|_| {
            format!(
                "the library exports no `{SYMBOL}`: define it as sdk/native/cordboard.h says, with CORDBOARD_EXPORT"
            )
        })?;
        // SAFETY: our table is static, and the library's function takes exactly this pointer.
        let given = unsafe { handshake(&raw const HOST) };
        if given.is_null() {
            return Err(format!("`{SYMBOL}` gave no module: it refused the switch"));
        }
        // SAFETY: the first two fields are of every version of the table, so it has them.
        let (abi, size) = unsafe { ((*given).abi, (*given).size) };
        if abi != ABI {
            return Err(format!(
                "the library was built for version {abi} of the native border, and this switch has version {ABI}: build it with this switch's sdk/native"
            ));
        }
        if (size as usize) < size_of::<ModuleTable>() {
            return Err(format!(
                "the library's module has {size} bytes, and version {ABI} of the native border has {}: its `size` is sizeof(cordboard_module)",
                size_of::<ModuleTable>()
            ));
        }
        // SAFETY: the library says that so many bytes are there, and the version is ours.
        let table = unsafe { *given };
        // SAFETY: the header wants zero-ended texts here.
        let (spoken, lives) = unsafe { (text(table.contract), text(table.world)) };
        if spoken != contract {
            return Err(format!(
                "the library speaks contract \"{spoken}\", and this switch speaks \"{contract}\""
            ));
        }
        if lives != world.word() {
            return Err(format!(
                "the library is a \"{lives}\" and its manifest says `world = \"{}\"`",
                world.word()
            ));
        }
        let opened = Opened { table };
        for entry in Entry::of_world(world) {
            if !opened.has(*entry) {
                return Err(format!(
                    "a {} needs the entry `{}`, and the library has NULL there",
                    world.word(),
                    entry.name()
                ));
            }
        }
        Ok(opened)
    }

    /// Is this entry there?
    pub fn has(&self, entry: Entry) -> bool {
        match entry {
            Entry::Restore => self.table.restore.is_some(),
            entry => self.plain(entry).is_some(),
        }
    }

    fn plain(&self, entry: Entry) -> Option<EntryFunction> {
        match entry {
            Entry::Start => self.table.start,
            Entry::Run => self.table.run,
            Entry::Route => self.table.route,
            Entry::LookUp => self.table.look_up,
            Entry::OnEvent => self.table.on_event,
            Entry::Handle => self.table.handle,
            Entry::Fold => self.table.fold,
            Entry::Render => self.table.render,
            Entry::Save => self.table.save,
            Entry::Restore => None,
        }
    }

    /// Runs an entry on this thread. Of `restore` the input begins with the version, four bytes.
    ///
    /// # Safety
    /// `run` is what the functions of `HOST` take, alive until this returns.
    pub unsafe fn enter(&self, entry: Entry, run: RunPointer, input: &[u8]) -> Option<i32> {
        if entry == Entry::Restore {
            let (version, state) = input.split_first_chunk::<4>()?;
            let (restore, version) = (self.table.restore?, u32::from_le_bytes(*version));
            // SAFETY: the library's own function, called as the header says.
            return Some(unsafe { restore(run, version, Text::of(state)) });
        }
        let function = self.plain(entry)?;
        // SAFETY: as above.
        Some(unsafe { function(run, Text::of(input)) })
    }
}

/// A zero-ended text of the library, for comparing and for people.
///
/// # Safety
/// Null, or a zero-ended text.
unsafe fn text(given: *const c_char) -> String {
    if given.is_null() {
        return String::new();
    }
    // SAFETY: by this function's own condition.
    let text = unsafe { CStr::from_ptr(given) }.to_string_lossy();
    text.chars().take(64).collect()
}

/// What the system says, without the path of our own copy.
fn why(error: &libloading::Error) -> String {
    let said = match std::error::Error::source(error) {
        Some(source) => source.to_string(),
        None => error.to_string(),
    };
    match said.split_once(": ") {
        Some((path, rest)) if path.starts_with('/') => rest.to_owned(),
        _ => said,
    }
}
