//! What a script may use, and what happens where it wants more.

use std::time::Duration;

/// Bounds of one host. All are per host, that is per worker thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// CPU time of one turn; beyond it the script fails with `Budget`.
    pub turn_cpu: Duration,
    /// CPU time of one script run over all its turns; beyond it the script fails with `Budget`.
    pub call_cpu: Duration,
    /// Memory of one VM; an allocation beyond it fails that script with `Memory`, and the VM
    /// takes no new calls. At three quarters (after collecting) it takes no new calls either.
    pub vm_memory_bytes: usize,
    /// Scripts that run in one VM; the next call opens another VM of the same script.
    pub calls_per_vm_max: usize,
    /// VMs of one script, draining ones counted; beyond it a start fails with `Overload`.
    pub vms_per_script_max: usize,
    /// VMs in all; at the bound an idle one makes room, else a start fails with `Overload`.
    pub vms_max: usize,
    /// Text that a script hands out in one request (a body, a log line's fields) or reads from
    /// JSON; beyond it the host function says `invalid`.
    pub text_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            turn_cpu: Duration::from_millis(50),
            call_cpu: Duration::from_millis(500),
            vm_memory_bytes: 16 << 20,
            calls_per_vm_max: 2_000,
            vms_per_script_max: 8,
            vms_max: 256,
            text_bytes_max: 1 << 20,
        }
    }
}

/// Largest source file.
pub(crate) const SOURCE_BYTES_MAX: usize = 256 << 10;
/// Mistakes reported of one file; the rest is not shown.
pub(crate) const MISTAKES_MAX: usize = 100;
/// Files in one scripts folder.
pub(crate) const FILES_MAX: usize = 1_024;
/// How deep `require` may go.
pub(crate) const REQUIRE_DEPTH_MAX: usize = 8;
/// Log lines of one entry that belongs to no call; the rest is counted.
pub(crate) const LOG_LINES_MAX: usize = 50;
/// How deep a JSON value may nest.
pub(crate) const JSON_DEPTH_MAX: usize = 64;
/// Longest error message and longest stack that leave the host; the rest is cut.
pub(crate) const ERROR_BYTES_MAX: usize = 4_096;
