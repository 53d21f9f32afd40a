//! A bounded hand-over into a thread that sleeps in `epoll`: a queue and an eventfd.
//!
//! Many senders, one receiver. A full mailbox refuses (`Full` gives the message back): the sender
//! decides whether to wait, to drop or to answer "busy". The eventfd is written only when the
//! receiver may be asleep, so a busy receiver costs senders no system call.
#![allow(unsafe_code)] // eventfd(2), read(2) and write(2) have no safe wrapper in std.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// The message that found no room.
#[derive(Debug)]
pub struct Full<T>(pub T);

struct Bell {
    fd: OwnedFd,
    rung: AtomicBool,
}

impl Bell {
    fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            let one: u64 = 1;
            // SAFETY: the descriptor is an open eventfd and the buffer is 8 bytes, as eventfd(2) wants.
            unsafe { libc::write(self.fd.as_raw_fd(), (&raw const one).cast(), 8) };
        }
    }

    fn silence(&self) {
        let mut count: u64 = 0;
        // SAFETY: as above; the descriptor is non-blocking, so the read returns at once.
        unsafe { libc::read(self.fd.as_raw_fd(), (&raw mut count).cast(), 8) };
        self.rung.store(false, Ordering::Release);
    }
}

/// The sending side; clones share the mailbox.
pub struct Sender<T> {
    queue: SyncSender<T>,
    bell: Arc<Bell>,
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            bell: Arc::clone(&self.bell),
        }
    }
}

impl<T> Sender<T> {
    /// Puts a message in, or gives it back when the mailbox is full or its owner is gone.
    pub fn try_send(&self, message: T) -> Result<(), Full<T>> {
        match self.queue.try_send(message) {
            Ok(()) => {
                self.bell.ring();
                Ok(())
            }
            Err(TrySendError::Full(message) | TrySendError::Disconnected(message)) => {
                self.bell.ring();
                Err(Full(message))
            }
        }
    }

    /// Puts a message in without waking the receiver: for a sender that puts several and then calls
    /// `ring` once.
    pub fn put(&self, message: T) -> Result<(), Full<T>> {
        self.queue.try_send(message).map_err(|error| match error {
            TrySendError::Full(message) | TrySendError::Disconnected(message) => Full(message),
        })
    }

    /// Wakes the receiver without a message.
    pub fn ring(&self) {
        self.bell.ring();
    }

    /// Puts a message in and waits for room. Only for threads that the owner never waits for.
    pub fn send(&self, message: T) -> Result<(), Full<T>> {
        let result = self.queue.send(message).map_err(|gone| Full(gone.0));
        self.bell.ring();
        result
    }
}

/// The receiving side.
pub struct Mailbox<T> {
    queue: Receiver<T>,
    bell: Arc<Bell>,
}

impl<T> Mailbox<T> {
    /// The next message, if there is one.
    pub fn try_recv(&self) -> Option<T> {
        self.queue.try_recv().ok()
    }

    /// Readable when a message may be waiting.
    pub fn fd(&self) -> RawFd {
        self.bell.fd.as_raw_fd()
    }

    /// Call after `epoll` woke and before draining: later messages ring again.
    pub fn silence(&self) {
        self.bell.silence();
    }
}

/// A mailbox of `bound` messages.
pub fn mailbox<T>(bound: usize) -> std::io::Result<(Sender<T>, Mailbox<T>)> {
    // SAFETY: eventfd(2) takes no pointers; a negative result is checked below.
    let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
    if fd < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: `fd` is a fresh descriptor that nobody else owns.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    let bell = Arc::new(Bell {
        fd,
        rung: AtomicBool::new(false),
    });
    let (sender, receiver) = sync_channel(bound);
    Ok((
        Sender {
            queue: sender,
            bell: Arc::clone(&bell),
        },
        Mailbox {
            queue: receiver,
            bell,
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_mailbox_gives_the_message_back() {
        let (sender, mailbox) = mailbox(1).unwrap();
        sender.try_send(1).unwrap();
        assert_eq!(sender.try_send(2).unwrap_err().0, 2);
        mailbox.silence();
        assert_eq!(mailbox.try_recv(), Some(1));
        assert_eq!(mailbox.try_recv(), None);
        sender.try_send(3).unwrap();
        assert_eq!(mailbox.try_recv(), Some(3));
    }
}
