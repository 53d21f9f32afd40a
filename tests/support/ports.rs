//! Free ports of 127.0.0.1, below the range from which the kernel takes its own.
//!
//! A block is held by nobody between its choice and its use, but no two blocks of one process
//! meet, and processes begin at different places.

use std::net::{TcpListener, UdpSocket};
use std::sync::Mutex;

const FIRST: u16 = 10_000;
const LAST: u16 = 19_998;
static NEXT: Mutex<Option<u16>> = Mutex::new(None);

/// The first of `count` neighbouring ports, an even number, free for UDP and TCP now.
pub fn block(count: u16) -> u16 {
    let mut next = NEXT.lock().unwrap_or_else(|e| e.into_inner());
    let span = u32::from(LAST - FIRST);
    let mut at =
        next.unwrap_or_else(|| FIRST + (std::process::id().wrapping_mul(617) % span) as u16);
    for _ in 0..2_000 {
        at &= !1;
        if at.checked_add(count).is_none_or(|end| end > LAST) {
            at = FIRST;
        }
        let block = at;
        at += count + count % 2;
        if (block..block + count).all(is_free) {
            *next = Some(at);
            return block;
        }
    }
    panic!("no {count} free ports between {FIRST} and {LAST}");
}

/// One free port.
pub fn one() -> u16 {
    block(1)
}

fn is_free(port: u16) -> bool {
    UdpSocket::bind(("127.0.0.1", port)).is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok()
}
