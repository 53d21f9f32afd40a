//! What the process asks of the system about itself.
#![allow(unsafe_code)] // clock_gettime(2) by thread and prctl(2) have no safe wrapper in std.

use std::time::Duration;

/// CPU time of the calling thread; zero where the system does not say.
pub fn thread_cpu() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the kernel writes one timespec into the local variable.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    if result != 0 {
        return Duration::ZERO;
    }
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// Keeps the kernel from backing small buffers with huge pages: they would double the memory of a
/// switch, which holds many small things for a short time. Where the kernel refuses, nothing changes.
pub fn use_small_pages() {
    // SAFETY: this prctl(2) takes plain numbers and changes only how later memory is backed.
    unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0) };
}
