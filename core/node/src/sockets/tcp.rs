//! SIP over TCP (RFC 3261 section 18): connections on the runtime, whole messages to the shard.
//!
//! Bounds: connections in all and for one address (more are closed at once), 64 KiB unread in a
//! connection, 32 s for a begun message or for the first one, 10 minutes of silence on a used
//! connection, 256 unsent messages (more are not sent, and the flow has failed), 32 s for a peer
//! to take any of what we send. A double CRLF is answered with
//! one (RFC 5626 section 4.4.1). Requests to a peer use its open connection, else a new one.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use cordboard_sip::message::{Frame, Framer, Limits};
use cordboard_sip::{Flow, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use crate::mailbox::Sender;
use crate::shard::Input;

const UNSENT_MESSAGES_MAX: usize = 256;
const FIRST_MESSAGE: Duration = Duration::from_secs(32);
const IDLE: Duration = Duration::from_secs(600);
const TAKES_NOTHING: Duration = Duration::from_secs(32);
const CONNECT: Duration = Duration::from_secs(5);

/// How many connections are kept.
#[derive(Clone, Copy, Debug)]
pub struct TcpLimits {
    /// In all.
    pub connections_max: usize,
    /// For one address.
    pub per_address_max: usize,
}

impl Default for TcpLimits {
    fn default() -> Self {
        Self {
            connections_max: 8192,
            per_address_max: 256,
        }
    }
}

#[derive(Default)]
struct Table {
    writers: HashMap<u64, (SocketAddr, mpsc::Sender<Bytes>)>,
    by_remote: HashMap<SocketAddr, u64>,
    per_address: HashMap<IpAddr, usize>,
}

/// All TCP connections of the node.
pub struct Tcp {
    table: Mutex<Table>,
    next: AtomicU64,
    /// Connections closed because a limit was met.
    pub refused: AtomicU64,
    limits: TcpLimits,
    shard: Sender<Input>,
    runtime: tokio::runtime::Handle,
}

impl Tcp {
    /// An empty table; messages go to `shard`.
    pub fn new(
        shard: Sender<Input>,
        limits: TcpLimits,
        runtime: tokio::runtime::Handle,
    ) -> Arc<Self> {
        Arc::new(Self {
            table: Mutex::default(),
            next: AtomicU64::new(1),
            refused: AtomicU64::new(0),
            limits,
            shard,
            runtime,
        })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Open connections.
    pub fn connections(&self) -> usize {
        self.table().writers.len()
    }

    /// Accepts on `local` until the runtime ends; returns the bound address.
    pub async fn listen(self: &Arc<Self>, local: SocketAddr) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(local).await?;
        let local = listener.local_addr()?;
        let tcp = Arc::clone(self);
        self.runtime.spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, remote)) => tcp.adopt(stream, local, remote),
                    // Out of descriptors: wait for some to close instead of spinning.
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        });
        Ok(local)
    }

    /// Sends on the flow's connection, on another open one to the same peer, or on a new one.
    pub fn send(self: &Arc<Self>, flow: Flow, bytes: Bytes) {
        let writer = {
            let table = self.table();
            let number = if table.writers.contains_key(&flow.connection) {
                Some(flow.connection)
            } else {
                table.by_remote.get(&flow.remote).copied()
            };
            number
                .and_then(|n| table.writers.get(&n))
                .map(|(_, writer)| writer.clone())
        };
        match writer {
            Some(writer) => {
                if writer.try_send(bytes).is_err() {
                    self.fail(flow);
                }
            }
            None => self.connect(flow, bytes),
        }
    }

    fn fail(&self, flow: Flow) {
        let _ = self.shard.try_send(Input::FlowFailed(flow));
    }

    fn connect(self: &Arc<Self>, flow: Flow, first: Bytes) {
        let Some((number, unsent)) = self.enter(flow.remote) else {
            self.refused.fetch_add(1, Ordering::Relaxed);
            self.fail(flow);
            return;
        };
        if let Some((_, writer)) = self.table().writers.get(&number) {
            let _ = writer.try_send(first);
        }
        let tcp = Arc::clone(self);
        self.runtime.spawn(async move {
            let opened = async {
                let socket = if flow.remote.is_ipv4() {
                    TcpSocket::new_v4()
                } else {
                    TcpSocket::new_v6()
                }?;
                socket.bind(SocketAddr::new(flow.local.ip(), 0))?;
                socket.connect(flow.remote).await
            };
            match timeout(CONNECT, opened).await {
                Ok(Ok(stream)) => {
                    tcp.run(stream, flow.local, flow.remote, number, unsent)
                        .await
                }
                _ => {
                    tcp.leave(number);
                    tcp.fail(flow);
                }
            }
        });
    }

    fn adopt(self: &Arc<Self>, stream: TcpStream, local: SocketAddr, remote: SocketAddr) {
        let Some((number, unsent)) = self.enter(remote) else {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let tcp = Arc::clone(self);
        self.runtime
            .spawn(async move { tcp.run(stream, local, remote, number, unsent).await });
    }

    fn enter(&self, remote: SocketAddr) -> Option<(u64, mpsc::Receiver<Bytes>)> {
        let mut table = self.table();
        let here = table.per_address.get(&remote.ip()).copied().unwrap_or(0);
        if table.writers.len() >= self.limits.connections_max || here >= self.limits.per_address_max
        {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (writer, unsent) = mpsc::channel(UNSENT_MESSAGES_MAX);
        table.writers.insert(number, (remote, writer));
        table.by_remote.insert(remote, number);
        table.per_address.insert(remote.ip(), here + 1);
        Some((number, unsent))
    }

    fn leave(&self, number: u64) {
        let mut table = self.table();
        let Some((remote, _)) = table.writers.remove(&number) else {
            return;
        };
        if table.by_remote.get(&remote) == Some(&number) {
            table.by_remote.remove(&remote);
        }
        if let Some(here) = table.per_address.get_mut(&remote.ip()) {
            *here -= 1;
            if *here == 0 {
                table.per_address.remove(&remote.ip());
            }
        }
    }

    async fn run(
        self: Arc<Self>,
        stream: TcpStream,
        local: SocketAddr,
        remote: SocketAddr,
        number: u64,
        unsent: mpsc::Receiver<Bytes>,
    ) {
        let flow = Flow {
            transport: Transport::Tcp,
            local,
            remote,
            connection: number,
        };
        let _ = stream.set_nodelay(true);
        let (reader, writer) = stream.into_split();
        let pong = self
            .table()
            .writers
            .get(&number)
            .map(|(_, writer)| writer.clone());
        // Whichever side ends first ends the other: dropping a half closes the connection.
        tokio::select! {
            () = write(writer, unsent) => {}
            () = self.read(reader, flow, pong) => {}
        }
        self.leave(number);
        self.fail(flow);
    }

    async fn read(&self, mut reader: OwnedReadHalf, flow: Flow, pong: Option<mpsc::Sender<Bytes>>) {
        let mut framer = Framer::new(Limits::default());
        let mut chunk = [0u8; 4096];
        let mut used = false;
        // By when the message that has begun, or the first one, must be whole: a byte now and then
        // buys no time, and keep-alives alone make no connection a used one.
        let mut due = Instant::now() + FIRST_MESSAGE;
        loop {
            let begun = framer.buffered_bytes() > 0;
            let until = if used && !begun {
                Instant::now() + IDLE
            } else {
                due
            };
            let Ok(Ok(length @ 1..)) = timeout_at(until, reader.read(&mut chunk)).await else {
                return;
            };
            if used && !begun {
                due = Instant::now() + FIRST_MESSAGE;
            }
            framer.push(chunk.get(..length).unwrap_or_default());
            loop {
                match framer.next() {
                    Ok(Some(Frame::Message(bytes))) => {
                        used = true;
                        due = Instant::now() + FIRST_MESSAGE;
                        // The shard is behind: TCP's own window makes the peer wait.
                        let mut message = Input::Message { flow, bytes };
                        while let Err(full) = self.shard.try_send(message) {
                            message = full.0;
                            tokio::time::sleep(Duration::from_millis(5)).await;
                        }
                    }
                    Ok(Some(Frame::Ping)) => {
                        if let Some(pong) = &pong {
                            let _ = pong.try_send(Bytes::from_static(b"\r\n"));
                        }
                    }
                    Ok(None) => break,
                    Err(_) => {
                        let _ = self.shard.try_send(Input::BadStream(flow));
                        return;
                    }
                }
            }
        }
    }
}

async fn write(mut writer: OwnedWriteHalf, mut unsent: mpsc::Receiver<Bytes>) {
    while let Some(bytes) = unsent.recv().await {
        let mut rest = bytes.as_ref();
        while !rest.is_empty() {
            match timeout(TAKES_NOTHING, writer.write(rest)).await {
                Ok(Ok(length @ 1..)) => rest = rest.get(length..).unwrap_or_default(),
                _ => return,
            }
        }
    }
}
