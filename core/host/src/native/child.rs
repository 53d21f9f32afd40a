//! The child process of a native module: `cordboard run-native PARENT`, told everything by its
//! standard input.
//!
//! Before it loads anything it takes leave of what it inherited: descriptors, standard output (the
//! library may print; it must not print into our frames), the right to gain privileges, core
//! dumps. It dies with the switch. Its memory, descriptors and file sizes have limits of the
//! system's own, which hold whatever the library does.
#![allow(unsafe_code)] // prctl(2), setrlimit(2), dup(2), close_range(2) and clocks of processes have no safe wrapper here.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::os::fd::FromRawFd;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::room::{Hello, Room, STACK_BYTES};
use super::wire::{Frame, Tag};

/// The hidden verb of the binary.
pub const VERB: &str = "run-native";
/// Open descriptors of a child: the module's own sockets and files are among them.
const FILES_MAX: u64 = 64;
/// The largest file that a child may write.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Memory beyond the module's for the room itself: frames, the last state.
const OWN_BYTES: u64 = 8 << 20;
/// Where our ends of the pipes are put, out of the way of `printf` and of a stray `close(0)`.
const IN: i32 = 60;
const OUT: i32 = 61;

/// Is this process such a child? Then it is that until its end.
pub fn aside() -> Option<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    if words.next()? != VERB {
        return None;
    }
    let parent = words.next()?.to_string_lossy().parse().ok()?;
    Some(match serve(parent) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    })
}

fn serve(parent: i32) -> Result<(), String> {
    let (input, output) = take_leave(parent)?;
    let mut input = BufReader::new(input);
    let hello = match Frame::read(&mut input)? {
        Some(frame) if frame.tag == Tag::Hello => frame,
        _ => return Err("this is for the switch itself to start".to_owned()),
    };
    let hello: Hello = serde_json::from_slice(&hello.body).map_err(|e| e.to_string())?;
    let (mut files, mut files_bytes) = (BTreeMap::new(), 0);
    // What comes after the files is for the room.
    let first = loop {
        match Frame::read(&mut input)? {
            Some(frame) if frame.tag == Tag::File => {
                files_bytes += frame.body.len() as u64;
                let mut parts = frame.body.splitn(2, |byte| *byte == 0);
                let name = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
                files.insert(name, parts.next().unwrap_or_default().to_vec());
            }
            Some(frame) => break frame,
            None => return Ok(()),
        }
    };
    limit(&hello, files_bytes)?;
    let output = Mutex::new(output);
    let say = move |frame: Frame| {
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        frame.write(&mut *output).is_ok()
    };
    let Some(room) = Room::open(hello, files, Box::new(say)) else {
        return Ok(());
    };
    follow(&room, first, &mut input)?;
    // Exit handlers are the library's code as well; nobody waits for them.
    // SAFETY: takes a number and does not come back.
    unsafe { libc::_exit(0) }
}

fn follow(room: &Arc<Room>, first: Frame, input: &mut BufReader<File>) -> Result<(), String> {
    room.take(first);
    while let Some(frame) = Frame::read(input)? {
        room.take(frame);
    }
    Ok(())
}

/// Leaves everything behind that came from the switch but its two pipes.
fn take_leave(parent: i32) -> Result<(File, File), String> {
    let failed = |what: &str| format!("{what}: {}", std::io::Error::last_os_error());
    // SAFETY: system calls on numbers. 60 and 61 are ours after `close_range`, since nothing else
    // was opened yet; 0 and 1 are replaced by what a stranger may have.
    unsafe {
        if libc::dup2(0, IN) < 0 || libc::dup2(1, OUT) < 0 {
            return Err(failed("dup2"));
        }
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY);
        if null < 0 || libc::dup2(null, 0) < 0 || libc::dup2(2, 1) < 0 {
            return Err(failed("dup2"));
        }
        libc::syscall(libc::SYS_close_range, 3, IN - 1, 0);
        libc::syscall(libc::SYS_close_range, OUT + 1, u32::MAX, 0);
        for fd in [IN, OUT] {
            libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
        }
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0);
        // Who was faster than the line above has died without telling us.
        if libc::getppid() != parent {
            return Err("the switch is gone".to_owned());
        }
        if libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 {
            return Err(failed("no_new_privs"));
        }
        Ok((File::from_raw_fd(IN), File::from_raw_fd(OUT)))
    }
}

/// Sets the limits. Memory is what may be written: what this program itself has of it now, and
/// the module's beside it, stacks of its threads apart.
fn limit(hello: &Hello, files_bytes: u64) -> Result<(), String> {
    let stacks = u64::from(hello.instances_max) * STACK_BYTES as u64;
    let memory = writable_now() + OWN_BYTES + files_bytes + stacks + hello.memory_bytes;
    let limits = [
        (libc::RLIMIT_DATA, memory),
        (libc::RLIMIT_NOFILE, FILES_MAX),
        (libc::RLIMIT_FSIZE, FILE_BYTES_MAX),
        (libc::RLIMIT_CORE, 0),
    ];
    for (what, most) in limits {
        let limit = libc::rlimit {
            rlim_cur: most,
            rlim_max: most,
        };
        // SAFETY: reads one structure of ours.
        if unsafe { libc::setrlimit(what, &raw const limit) } != 0 {
            let error = std::io::Error::last_os_error();
            return Err(format!("limit {what} to {most}: {error}"));
        }
    }
    Ok(())
}

/// Bytes of private memory that can be written, as the system counts them for `RLIMIT_DATA`.
fn writable_now() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(256 << 10) << 10
}

/// CPU time of a child of ours since it began, all its threads together; none where it was waited
/// for already.
pub(super) fn cpu_of(pid: u32) -> Option<Duration> {
    let pid = libc::pid_t::try_from(pid).ok()?;
    let (mut clock, mut time) = (
        0,
        libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        },
    );
    // SAFETY: both write one number or structure of ours.
    let read = unsafe {
        libc::clock_getcpuclockid(pid, &raw mut clock) == 0
            && libc::clock_gettime(clock, &raw mut time) == 0
    };
    let nanos = u32::try_from(time.tv_nsec).ok()?;
    read.then(|| Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), nanos))
}
