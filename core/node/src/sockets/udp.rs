//! UDP in batches: recvmmsg(2) and sendmmsg(2) on one non-blocking socket.
//!
//! A datagram costs one allocation (its `Bytes`) and a share of one system call. A datagram that
//! the kernel's send buffer cannot take is dropped and counted: SIP retransmits.
#![allow(unsafe_code)] // recvmmsg(2) and sendmmsg(2) have no safe wrapper in std or socket2.

use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};

use bytes::Bytes;
use socket2::{Domain, Protocol, SockAddr, SockAddrStorage, Socket, Type};

const BATCH: usize = 32;
const DATAGRAM_BYTES_MAX: usize = 65_536;

/// One bound UDP socket.
pub struct UdpSocket {
    socket: Socket,
    /// The address it is bound to, with the port the kernel gave.
    pub local: SocketAddr,
    buffers: Vec<u8>,
    /// Datagrams that the kernel did not take.
    pub dropped_sends: u64,
}

impl UdpSocket {
    /// Binds; `dscp` marks what is sent (0 to 63).
    pub fn bind(local: SocketAddr, dscp: u8) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
        if local.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.set_nonblocking(true)?;
        // A burst of INVITEs waits here while the shard works; the kernel clamps what it will not give.
        let _ = socket.set_recv_buffer_size(8 << 20);
        let _ = socket.set_send_buffer_size(4 << 20);
        let tos = u32::from(dscp & 63) << 2;
        if local.is_ipv4() {
            let _ = socket.set_tos_v4(tos);
        } else {
            let _ = socket.set_tclass_v6(tos);
        }
        socket.bind(&SockAddr::from(local))?;
        let local = socket
            .local_addr()?
            .as_socket()
            .ok_or_else(|| io::Error::other("the socket has no IP address"))?;
        Ok(Self {
            socket,
            local,
            buffers: vec![0; BATCH * DATAGRAM_BYTES_MAX],
            dropped_sends: 0,
        })
    }

    /// For `epoll`.
    pub fn fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// Reads up to 32 datagrams; fewer than that means the socket is drained.
    pub fn receive(&mut self, mut take: impl FnMut(SocketAddr, Bytes)) -> usize {
        let mut names: [MaybeUninit<SockAddrStorage>; BATCH] =
            [const { MaybeUninit::uninit() }; BATCH];
        let mut vectors: [libc::iovec; BATCH] = [libc::iovec {
            iov_base: std::ptr::null_mut(),
            iov_len: 0,
        }; BATCH];
        // SAFETY: an all-zero mmsghdr is valid: null pointers with zero lengths.
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { std::mem::zeroed() };
        for (i, chunk) in self
            .buffers
            .chunks_exact_mut(DATAGRAM_BYTES_MAX)
            .enumerate()
            .take(BATCH)
        {
            vectors[i] = libc::iovec {
                iov_base: chunk.as_mut_ptr().cast(),
                iov_len: chunk.len(),
            };
            headers[i].msg_hdr.msg_name = names[i].as_mut_ptr().cast();
            headers[i].msg_hdr.msg_namelen = size_of::<SockAddrStorage>() as libc::socklen_t;
            headers[i].msg_hdr.msg_iov = &raw mut vectors[i];
            headers[i].msg_hdr.msg_iovlen = 1;
        }
        // SAFETY: every header points at its own live name, vector and buffer, all of the lengths said.
        let count = unsafe {
            libc::recvmmsg(
                self.socket.as_raw_fd(),
                headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        let count = usize::try_from(count).unwrap_or(0);
        for (i, header) in headers.iter().enumerate().take(count) {
            let length = header.msg_len as usize;
            let start = i * DATAGRAM_BYTES_MAX;
            let Some(data) = self.buffers.get(start..start + length) else {
                continue;
            };
            if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
                continue;
            }
            // SAFETY: the kernel wrote a socket address of `msg_namelen` bytes into this storage.
            let from =
                unsafe { SockAddr::new(names[i].assume_init_read(), header.msg_hdr.msg_namelen) };
            if let Some(from) = from.as_socket() {
                take(from, Bytes::copy_from_slice(data));
            }
        }
        count
    }

    /// Sends all; what the kernel refuses is dropped and counted.
    pub fn send(&mut self, batch: &[(SocketAddr, Bytes)]) {
        for part in batch.chunks(BATCH) {
            self.send_part(part);
        }
    }

    fn send_part(&mut self, part: &[(SocketAddr, Bytes)]) {
        let names: Vec<SockAddr> = part.iter().map(|(to, _)| SockAddr::from(*to)).collect();
        let mut vectors: [libc::iovec; BATCH] = [libc::iovec {
            iov_base: std::ptr::null_mut(),
            iov_len: 0,
        }; BATCH];
        // SAFETY: an all-zero mmsghdr is valid.
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { std::mem::zeroed() };
        for (i, (_, data)) in part.iter().enumerate() {
            vectors[i] = libc::iovec {
                iov_base: data.as_ptr().cast_mut().cast(),
                iov_len: data.len(),
            };
            headers[i].msg_hdr.msg_name = names[i].as_ptr().cast_mut().cast();
            headers[i].msg_hdr.msg_namelen = names[i].len();
            headers[i].msg_hdr.msg_iov = &raw mut vectors[i];
            headers[i].msg_hdr.msg_iovlen = 1;
        }
        let mut sent = 0;
        while sent < part.len() {
            // SAFETY: headers[sent..part.len()] point at live names, vectors and data that sendmmsg only reads.
            let count = unsafe {
                libc::sendmmsg(
                    self.socket.as_raw_fd(),
                    headers.as_mut_ptr().add(sent),
                    (part.len() - sent) as libc::c_uint,
                    libc::MSG_DONTWAIT,
                )
            };
            // An error belongs to the first datagram of the rest (for example ECONNREFUSED of an earlier one).
            match usize::try_from(count) {
                Ok(count) if count > 0 => sent += count,
                _ => {
                    self.dropped_sends += 1;
                    sent += 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_go_both_ways() {
        let any = "127.0.0.1:0".parse().unwrap();
        let mut a = UdpSocket::bind(any, 0).unwrap();
        let mut b = UdpSocket::bind(any, 0).unwrap();
        let batch: Vec<_> = (0..40u8)
            .map(|i| (b.local, Bytes::from(vec![i; 3])))
            .collect();
        a.send(&batch);
        let mut seen = Vec::new();
        while b.receive(|from, data| {
            assert_eq!(from, a.local);
            seen.push(data[0]);
        }) > 0
        {}
        assert_eq!(seen, (0..40).collect::<Vec<_>>());
        assert_eq!(a.dropped_sends, 0);
    }
}
