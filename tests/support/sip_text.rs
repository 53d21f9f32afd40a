//! Bytes on the wire, written by hand: for what no proper program sends.

use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::time::Duration;

use crate::wait::s;

/// A UDP socket that speaks to the switch.
pub struct Wire(UdpSocket);

impl Wire {
    /// From a free port of 127.0.0.1.
    pub fn to(port: u16) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(("127.0.0.1", port)).unwrap();
        Self(socket)
    }

    /// From this port of 127.0.0.1, as a trunk.
    pub fn from(own: u16, port: u16) -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", own)).unwrap();
        socket.connect(("127.0.0.1", port)).unwrap();
        Self(socket)
    }

    /// Its own port.
    pub fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// Sends bytes as they are.
    pub fn send(&self, bytes: &[u8]) {
        let _ = self.0.send(bytes);
    }

    /// The next datagram as text.
    pub fn receive(&self, limit: Duration) -> Option<String> {
        self.0.set_read_timeout(Some(limit)).unwrap();
        let mut buffer = [0; 65_536];
        let count = self.0.recv(&mut buffer).ok()?;
        Some(String::from_utf8_lossy(&buffer[..count]).into_owned())
    }

    /// Sends a request and gives the final answer's status and text.
    #[track_caller]
    pub fn ask(&self, request: &str) -> (u16, String) {
        for _ in 0..8 {
            self.send(request.as_bytes());
            while let Some(answer) = self.receive(s(1)) {
                let status = status(&answer);
                if status >= 200 {
                    return (status, answer);
                }
            }
        }
        panic!("no final answer to\n{request}");
    }
}

/// The status code of a response; 0 for anything else.
pub fn status(answer: &str) -> u16 {
    answer
        .strip_prefix("SIP/2.0 ")
        .and_then(|rest| rest.get(..3)?.parse().ok())
        .unwrap_or(0)
}

/// A request without a body; `more` are further header lines, each with its CRLF.
pub fn request(method: &str, uri: &str, from: &str, port: u16, id: &str, more: &str) -> String {
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{id};rport\r\nMax-Forwards: 70\r\n\
         From: {from};tag=t{id}\r\nTo: <{uri}>\r\nCall-ID: {id}@test\r\nCSeq: 1 {method}\r\n\
         Contact: <sip:test@127.0.0.1:{port}>\r\n{more}Content-Length: 0\r\n\r\n"
    )
}

/// Sends bytes by TCP and gives what comes back until a pause of `limit` or the end.
pub fn tcp_answer(stream: &mut TcpStream, bytes: &[u8], limit: Duration) -> String {
    stream.write_all(bytes).unwrap();
    stream.set_read_timeout(Some(limit)).unwrap();
    let mut all = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(count) = stream.read(&mut chunk) {
        all.extend_from_slice(&chunk[..count]);
        if count == 0 || all.windows(4).any(|w| w == b"\r\n\r\n") {
            break;
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}
