//! The command line's side of the control socket: blocking, one request a connection.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::verb::{Answer, Verb};

/// Why a command could not be given.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error(
        "no switch is running on {path} ({source}); start one with `cordboard`, or name its data folder with --data"
    )]
    NotRunning {
        /// The socket.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The connection broke.
    #[error("the switch closed the connection: {0}")]
    Broken(std::io::Error),
    /// The answer is no answer.
    #[error("the switch answered with something else: {0}")]
    Strange(String),
    /// The switch refused.
    #[error("{0}")]
    Refused(String),
}

/// Sends a request and reads its answer.
pub fn ask(socket: &Path, verb: &Verb) -> Result<serde_json::Value, ClientError> {
    let mut line = String::new();
    connect(socket, verb)?
        .read_line(&mut line)
        .map_err(ClientError::Broken)?;
    match serde_json::from_str(&line) {
        Ok(Answer::Ok(value)) => Ok(value),
        Ok(Answer::Error(why)) => Err(ClientError::Refused(why)),
        Err(_) => Err(ClientError::Strange(line)),
    }
}

/// Sends a request whose answer is many lines.
pub fn stream(
    socket: &Path,
    verb: &Verb,
    mut each: impl FnMut(&str) -> bool,
) -> Result<(), ClientError> {
    for line in connect(socket, verb)?.lines() {
        if !each(&line.map_err(ClientError::Broken)?) {
            break;
        }
    }
    Ok(())
}

fn connect(socket: &Path, verb: &Verb) -> Result<BufReader<UnixStream>, ClientError> {
    let mut stream = UnixStream::connect(socket).map_err(|source| ClientError::NotRunning {
        path: socket.display().to_string(),
        source,
    })?;
    let mut line = serde_json::to_vec(verb).map_err(|e| ClientError::Strange(e.to_string()))?;
    line.push(b'\n');
    stream.write_all(&line).map_err(ClientError::Broken)?;
    Ok(BufReader::new(stream))
}
