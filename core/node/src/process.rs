//! What the process asks of the system about itself.
#![allow(unsafe_code)] // clock_gettime(2) by thread, setpriority(2), prctl(2) and the allocator's collector have no safe wrapper.

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

/// The calling thread gives way to those that carry signalling and audio where they want a core at
/// the same time. Where the system refuses, nothing changes.
pub fn give_way() {
    const NICE: libc::c_int = 2;
    // SAFETY: takes plain numbers; on Linux 0 is the calling thread and not the process.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICE) };
}

/// Gives the system back what the calling thread allocated and others have freed since: the
/// allocator would look at such pages only when the thread allocates of that size again, which
/// after a burst may be never. Some tens of microseconds; for a thread with nothing to do.
pub fn give_memory_back() {
    // SAFETY: takes no pointers and may be called at any time from any thread.
    unsafe { libmimalloc_sys::mi_collect(false) };
}
