//! Limits: how large a message may be. What exceeds them is refused and counted; a stream that does so is closed.

/// Bounds on one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole message, body included.
    pub message_bytes_max: usize,
    /// Header lines. The longest valid message of RFC 4475 (`longreq`) has 43.
    pub headers_max: usize,
    /// Bytes of one header line with its folds, and of the start line.
    pub line_bytes_max: usize,
}

impl Default for Limits {
    /// 64 kB a message, 64 header lines, 8 kB a line.
    fn default() -> Self {
        Limits {
            message_bytes_max: 65_536,
            headers_max: 64,
            line_bytes_max: 8_192,
        }
    }
}
