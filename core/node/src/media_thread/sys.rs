//! The few system calls of the media threads that std does not offer.
//!
//! Sockets stay in blocking mode, because io_uring fails a receive on a non-blocking one instead
//! of waiting for it; here each call says `MSG_DONTWAIT`.
#![allow(unsafe_code)] // recvfrom(2), sendto(2) with flags, and setrlimit(2) have no safe wrapper.

use std::io;
use std::mem::size_of;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::RawFd;

/// Octets of the longest socket address that we use.
pub(super) const ADDRESS_BYTES: usize = size_of::<libc::sockaddr_in6>();

/// A socket address as the kernel wants it.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(super) struct RawAddress {
    octets: [u8; ADDRESS_BYTES],
    length: u32,
}

impl RawAddress {
    /// `sockaddr_in` or `sockaddr_in6`: family in native order, port and address as on the wire.
    pub(super) fn new(address: SocketAddr) -> Self {
        let mut octets = [0; ADDRESS_BYTES];
        octets[2..4].copy_from_slice(&address.port().to_be_bytes());
        let (family, length) = match address {
            SocketAddr::V4(v4) => {
                octets[4..8].copy_from_slice(&v4.ip().octets());
                (libc::AF_INET, size_of::<libc::sockaddr_in>())
            }
            SocketAddr::V6(v6) => {
                octets[8..24].copy_from_slice(&v6.ip().octets());
                octets[24..28].copy_from_slice(&v6.scope_id().to_ne_bytes());
                (libc::AF_INET6, size_of::<libc::sockaddr_in6>())
            }
        };
        octets[..2].copy_from_slice(&(family as u16).to_ne_bytes());
        Self {
            octets,
            length: length as u32,
        }
    }

    pub(super) fn as_ptr(&self) -> *const libc::c_void {
        self.octets.as_ptr().cast()
    }

    pub(super) fn len(&self) -> u32 {
        self.length
    }
}

/// Reads `sockaddr_in` or `sockaddr_in6`.
pub(super) fn read_address(octets: &[u8]) -> Option<SocketAddr> {
    let family = u16::from_ne_bytes(octets.get(..2)?.try_into().ok()?);
    let port = u16::from_be_bytes(octets.get(2..4)?.try_into().ok()?);
    match i32::from(family) {
        libc::AF_INET => {
            let ip: [u8; 4] = octets.get(4..8)?.try_into().ok()?;
            Some(SocketAddr::new(IpAddr::from(ip), port))
        }
        libc::AF_INET6 => {
            let ip: [u8; 16] = octets.get(8..24)?.try_into().ok()?;
            let scope = u32::from_ne_bytes(octets.get(24..28)?.try_into().ok()?);
            Some(SocketAddr::V6(SocketAddrV6::new(
                Ipv6Addr::from(ip),
                port,
                0,
                scope,
            )))
        }
        _ => None,
    }
}

/// One waiting datagram: its length (as long as it was, even when cut) and source.
pub(super) fn receive(fd: RawFd, buffer: &mut [u8]) -> io::Result<(usize, Option<SocketAddr>)> {
    let mut address = [0u8; ADDRESS_BYTES];
    let mut length = ADDRESS_BYTES as libc::socklen_t;
    // SAFETY: buffer and address are writable for the lengths given, and the kernel writes no more.
    let count = unsafe {
        libc::recvfrom(
            fd,
            buffer.as_mut_ptr().cast(),
            buffer.len(),
            libc::MSG_DONTWAIT | libc::MSG_TRUNC,
            address.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    match usize::try_from(count) {
        Ok(count) => Ok((count, read_address(&address))),
        Err(_) => Err(io::Error::last_os_error()),
    }
}

/// Sends one datagram without waiting; false when the kernel would not have it.
pub(super) fn send(fd: RawFd, datagram: &[u8], to: SocketAddr) -> bool {
    let to = RawAddress::new(to);
    // SAFETY: datagram and address are readable for the lengths given; both outlive the call.
    let count = unsafe {
        libc::sendto(
            fd,
            datagram.as_ptr().cast(),
            datagram.len(),
            libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
            to.as_ptr().cast(),
            to.len(),
        )
    };
    count >= 0
}

/// Lifts the soft limit of open files to the hard one: each call takes four sockets.
/// Returns the limit in force afterwards.
pub fn raise_open_files() -> u64 {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the pointer is to a whole `rlimit` that lives through the call.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return 0;
    }
    if limit.rlim_cur < limit.rlim_max {
        let wanted = libc::rlimit {
            rlim_cur: limit.rlim_max,
            ..limit
        };
        // SAFETY: as above; the kernel only reads it.
        if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const wanted) } == 0 {
            return wanted.rlim_cur;
        }
    }
    limit.rlim_cur
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_kernels_form() {
        for text in ["192.0.2.7:4001", "[2001:db8::7]:65535"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(
                read_address(&RawAddress::new(address).octets),
                Some(address)
            );
        }
        assert_eq!(read_address(&[0; 28]), None);
        assert_eq!(read_address(&[]), None);
    }
}
