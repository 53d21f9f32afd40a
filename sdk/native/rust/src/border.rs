//! The C border itself: its structures, byte for byte, and the switch behind them.
#![allow(unsafe_code)] // A C interface: pointers that the switch gave and is given.

use std::ffi::{c_char, c_void};
use std::marker::PhantomData;
use std::sync::OnceLock;

use crate::{Error, Json};

/// `CORDBOARD_ABI`.
pub const ABI: u32 = 1;
/// `CORDBOARD_CONTRACT`.
pub const CONTRACT: &std::ffi::CStr = c"0.1";

/// `cordboard_text`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
    data: *const c_char,
    length: usize,
}

impl Text {
    /// Bytes of ours.
    pub fn of(bytes: &[u8]) -> Text {
        Text {
            data: bytes.as_ptr().cast(),
            length: bytes.len(),
        }
    }

    /// The bytes that the switch gave.
    ///
    /// # Safety
    /// They are the switch's, and alive as long as the header says.
    pub unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.length == 0 || self.data.is_null() {
            return &[];
        }
        // SAFETY: by this function's own condition.
        unsafe { std::slice::from_raw_parts(self.data.cast(), self.length) }
    }
}

/// `cordboard_run *`.
pub type Run = *mut c_void;

/// `cordboard_host`.
#[repr(C)]
pub struct Table {
    abi: u32,
    size: u32,
    settings: unsafe extern "C" fn(Run) -> Text,
    tenant: unsafe extern "C" fn(Run) -> Text,
    file: unsafe extern "C" fn(Run, Text, *mut Text) -> i32,
    log: unsafe extern "C" fn(Run, i32, Text),
    ask: unsafe extern "C" fn(Run, Text, *mut Text) -> i32,
    reply: unsafe extern "C" fn(Run, Text),
}

/// An entry.
pub type EntryFunction = unsafe extern "C" fn(Run, Text) -> i32;
/// `restore`.
pub type RestoreFunction = unsafe extern "C" fn(Run, u32, Text) -> i32;

/// `cordboard_module`.
#[repr(C)]
pub struct Module {
    pub abi: u32,
    pub size: u32,
    pub contract: *const c_char,
    pub world: *const c_char,
    pub start: Option<EntryFunction>,
    pub run: Option<EntryFunction>,
    pub route: Option<EntryFunction>,
    pub look_up: Option<EntryFunction>,
    pub on_event: Option<EntryFunction>,
    pub handle: Option<EntryFunction>,
    pub fold: Option<EntryFunction>,
    pub render: Option<EntryFunction>,
    pub save: Option<EntryFunction>,
    pub restore: Option<RestoreFunction>,
}

// SAFETY: it is a constant of the library; its pointers lead to other constants.
unsafe impl Sync for Module {}

impl Module {
    /// One with no entries.
    pub const fn none(world: &'static std::ffi::CStr) -> Module {
        Module {
            abi: ABI,
            size: size_of::<Module>() as u32,
            contract: CONTRACT.as_ptr(),
            world: world.as_ptr(),
            start: None,
            run: None,
            route: None,
            look_up: None,
            on_event: None,
            handle: None,
            fold: None,
            render: None,
            save: None,
            restore: None,
        }
    }
}

static TABLE: OnceLock<&'static Table> = OnceLock::new();

/// The handshake: keeps the switch's table. False: it is none of ours.
///
/// # Safety
/// `table` is what the switch gives to `cordboard_module_v1`.
pub unsafe fn meet(table: *const Table) -> bool {
    // SAFETY: the first field is of every version, and the table lives as long as the process.
    match unsafe { table.as_ref() } {
        Some(table) if table.abi == ABI => TABLE.set(table).is_ok() || TABLE.get().is_some(),
        _ => false,
    }
}

/// The switch, for one entry.
pub struct Host<'r> {
    run: Run,
    /// A run belongs to its entry's thread.
    _thread: PhantomData<*const &'r ()>,
}

impl Host<'_> {
    /// The switch of an entry.
    ///
    /// # Safety
    /// `run` is what the entry was given, and the entry has not returned.
    pub unsafe fn of(run: Run) -> Self {
        Host {
            run,
            _thread: PhantomData,
        }
    }

    fn table(&self) -> &'static Table {
        match TABLE.get() {
            Some(table) => table,
            // No entry is called before the handshake.
            None => std::process::abort(),
        }
    }

    /// Asks for something, as the header's `ask` says, and waits until it is done.
    pub fn ask(&self, operation: &Json) -> Result<Json, Error> {
        let text = operation.to_string();
        let mut answer = Text::of(&[]);
        // SAFETY: the run is ours, the text is copied by the switch, the answer is read at once.
        let code = unsafe { (self.table().ask)(self.run, Text::of(text.as_bytes()), &mut answer) };
        // SAFETY: valid until the next question of this run.
        let bytes = unsafe { answer.bytes() };
        let text = String::from_utf8_lossy(bytes);
        match code {
            0 => Json::parse(&text).map_err(Error::Invalid),
            code => Err(Error::of(code, text.into_owned())),
        }
    }

    /// A line for people; 0 debug, 1 info, 2 warn, 3 error.
    pub fn log(&self, level: i32, line: &str) {
        // SAFETY: the run is ours, and the text is copied.
        unsafe { (self.table().log)(self.run, level, Text::of(line.as_bytes())) }
    }

    /// The module's settings, complete with defaults.
    pub fn settings(&self) -> Json {
        // SAFETY: the run is ours, and the text is valid until the entry returns.
        let text = unsafe { (self.table().settings)(self.run).bytes() };
        Json::parse(&String::from_utf8_lossy(text)).unwrap_or_default()
    }

    /// The tenant that the module serves.
    pub fn tenant(&self) -> String {
        // SAFETY: as above.
        let text = unsafe { (self.table().tenant)(self.run).bytes() };
        String::from_utf8_lossy(text).into_owned()
    }

    /// A file that `grant file` names; none where it is not granted.
    pub fn file(&self, name: &str) -> Option<&'static [u8]> {
        let mut content = Text::of(&[]);
        // SAFETY: as above; a file's content lives as long as the process.
        unsafe {
            let there = (self.table().file)(self.run, Text::of(name.as_bytes()), &mut content);
            (there != 0).then(|| content.bytes())
        }
    }

    /// Gives something back.
    pub fn reply(&self, bytes: &[u8]) {
        // SAFETY: the run is ours, and the bytes are copied.
        unsafe { (self.table().reply)(self.run, Text::of(bytes)) }
    }
}
