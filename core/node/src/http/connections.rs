//! Connections of the http door: how many, how slow they may be.
//!
//! Bounds: 2,048 at once and 256 of one address (one more is closed at once and counted), 10 s for
//! a request's head (also the rest between two), 32 KiB of it, and 30 s in which nothing at all
//! can be written to a reader; then the connection is closed.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep};

use super::Door;

const CONNECTIONS_MAX: usize = 2_048;
const OF_ONE_ADDRESS_MAX: usize = 256;
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
const HEAD_BYTES_MAX: usize = 32 << 10;
const WRITE_PATIENCE: Duration = Duration::from_secs(30);

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

#[derive(Default)]
struct Open {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

/// A connection's place; it is given back when this ends.
struct Place {
    open: Arc<Mutex<Open>>,
    address: IpAddr,
}

impl Place {
    fn take(open: &Arc<Mutex<Open>>, address: IpAddr) -> Option<Place> {
        let mut places = open.lock().unwrap_or_else(PoisonError::into_inner);
        let own = places.of.get(&address).copied().unwrap_or(0);
        if places.all >= CONNECTIONS_MAX || own >= OF_ONE_ADDRESS_MAX {
            return None;
        }
        places.all += 1;
        places.of.insert(address, own + 1);
        let open = Arc::clone(open);
        Some(Place { open, address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        places.all = places.all.saturating_sub(1);
        if let Some(own) = places.of.get_mut(&self.address) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                places.of.remove(&self.address);
            }
        }
    }
}

/// Serves a listener until the runtime ends.
pub(super) async fn serve(listener: TcpListener, router: Router, door: Arc<Door>) {
    let open = Arc::new(Mutex::new(Open::default()));
    loop {
        let (stream, from) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(_) => {
                // No file to spare: those that are open end soon.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        match Place::take(&open, from.ip().to_canonical()) {
            Some(place) => drop(tokio::spawn(converse(stream, from, router.clone(), place))),
            None => door.access.count("http_connections_refused"),
        }
    }
}

async fn converse(stream: TcpStream, from: SocketAddr, router: Router, place: Place) {
    let _ = stream.set_nodelay(true);
    let peer = Peer(from.ip().to_canonical());
    let service = TowerToHyperService::new(router.layer(Extension(peer)));
    let patient = Patient {
        stream,
        until: None,
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(patient), service)
        .with_upgrades();
    if let Err(error) = connection.await {
        tracing::debug!(%error, "an http connection broke");
    }
    drop(place);
}

/// A stream whose reader must read something now and then.
struct Patient {
    stream: TcpStream,
    until: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    fn written<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.until = None;
            return written;
        }
        let until = self.until.get_or_insert_with(|| {
            Box::pin(tokio::time::sleep_until(Instant::now() + WRITE_PATIENCE))
        });
        match until.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(written, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.written(flushed, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.written(shut, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.written(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
