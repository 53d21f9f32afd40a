//! The switch's side of the control socket.
//!
//! Bounds: 64 connections at once (more wait), 64 KiB and 30 s for a request, 30 s for its answer.
//! A `trace` that reads too slowly loses the oldest events and is told how many.

use std::fs::{File, TryLockError};
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

/// Binds the socket; a stale one of a dead switch is replaced, a live one is an error. The lock
/// decides which it is, also between two that start at once; it lasts as long as the file is held.
/// The folder is closed to others (0700), so the socket is, too, before its own mode says so.
pub fn bind(path: &Path) -> io::Result<(UnixListener, File)> {
    let lock = File::create(path.with_extension("lock"))?;
    lock.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => io::Error::new(
            io::ErrorKind::AddrInUse,
            format!("another switch is running on {}", path.display()),
        ),
        TryLockError::Error(error) => error,
    })?;
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok((listener, lock))
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
    let mut reader = BufReader::new(reader.take(REQUEST_BYTES_MAX));
    tokio::time::timeout(PATIENCE, reader.read_line(&mut line)).await??;
    let answer = match serde_json::from_str::<Verb>(&line) {
        Err(error) => Answer::Error(format!("not a request: {error}")),
        Ok(Verb::Trace { call }) => {
            // A client that has left gives its place back, also while nothing happens.
            let left = async { while matches!(reader.read(&mut [0; 64]).await, Ok(1..)) {} };
            return tokio::select! {
                done = trace(operator, call, &mut writer) => done,
                () = left => Ok(()),
            };
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_switch_holds_a_folder_and_a_dead_ones_socket_is_replaced() {
        let folder = std::env::temp_dir().join(format!("cordboard-bind-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("control.sock");
        let held = bind(&path).unwrap();
        let second = bind(&path).unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::AddrInUse);
        assert!(path.exists(), "the living one keeps its socket");
        drop(held);
        assert!(path.exists(), "the dead one leaves its socket");
        bind(&path).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
