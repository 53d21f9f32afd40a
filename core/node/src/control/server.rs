//! The switch's side of the control socket.
//!
//! Bounds: 64 connections at once (more wait), 64 KiB a request, 30 s for an answer of the shard.
//! A `trace` that reads too slowly loses the oldest events and is told how many.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

use super::verb::{Answer, Verb};
use crate::operator::Operator;

const CONNECTIONS_MAX: usize = 64;
const REQUEST_BYTES_MAX: u64 = 65_536;
const PATIENCE: Duration = Duration::from_secs(30);

/// Binds the socket; a stale one of a dead switch is replaced, a live one is an error.
pub fn bind(path: &Path) -> io::Result<UnixListener> {
    if path.exists() {
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                format!("another switch is running on {}", path.display()),
            ));
        }
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves until the runtime ends.
pub async fn serve(listener: UnixListener, operator: Arc<Operator>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let operator = Arc::clone(&operator);
                tokio::spawn(async move {
                    let _ = converse(stream, &operator).await;
                    drop(place);
                });
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn converse(stream: UnixStream, operator: &Operator) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    BufReader::new(reader.take(REQUEST_BYTES_MAX))
        .read_line(&mut line)
        .await?;
    let answer = match serde_json::from_str::<Verb>(&line) {
        Err(error) => Answer::Error(format!("not a request: {error}")),
        Ok(Verb::Trace { call }) => return trace(operator, call, &mut writer).await,
        Ok(verb) => match tokio::time::timeout(PATIENCE, operator.carry_out(verb)).await {
            Ok(Ok(value)) => Answer::Ok(value),
            Ok(Err(why)) => Answer::Error(why),
            Err(_) => Answer::Error("no answer within 30 s".into()),
        },
    };
    write_line(
        &mut writer,
        &serde_json::to_string(&answer).map_err(io::Error::other)?,
    )
    .await
}

async fn trace(
    operator: &Operator,
    call: Option<String>,
    writer: &mut (impl AsyncWriteExt + Unpin),
) -> io::Result<()> {
    let mut events = operator.subscribe(call);
    while let Some(line) = events.next().await {
        write_line(writer, &line).await?;
    }
    Ok(())
}

async fn write_line(writer: &mut (impl AsyncWriteExt + Unpin), line: &str) -> io::Result<()> {
    writer.write_all(line.as_bytes()).await?;
    writer.write_all(b"\n").await
}
