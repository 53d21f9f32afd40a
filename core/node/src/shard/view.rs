//! SIP messages as events: one line each, so that an explanation can draw the ladder.

use bytes::Bytes;
use cordboard_sip::{Flow, Transport};
use serde::Serialize;

use super::{Record, Shard};
use crate::capture;

/// The payload of `sip.received` and `sip.sent`.
#[derive(Serialize)]
struct Line<'a> {
    line: std::borrow::Cow<'a, str>,
    peer: std::fmt::Arguments<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cseq: Option<&'a str>,
}

impl Shard {
    /// Journals a received message of a known call.
    pub(crate) fn log_received(&mut self, flow: Flow, bytes: &Bytes) {
        self.log_message(flow, bytes, "sip.received");
    }

    /// Journals a sent message of a known call.
    pub(crate) fn log_sent(&mut self, flow: Flow, bytes: &Bytes) {
        self.log_message(flow, bytes, "sip.sent");
    }

    fn log_message(&mut self, flow: Flow, bytes: &Bytes, topic: &'static str) {
        let Some(entry) = self.capture.share(bytes).cloned() else {
            return;
        };
        let transport = match flow.transport {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
        };
        let mut payload = std::mem::take(&mut self.desk.scratch);
        payload.clear();
        let cseq = capture::cseq(bytes).and_then(|c| std::str::from_utf8(c).ok());
        let line = Line {
            line: capture::summary(bytes),
            peer: format_args!("{transport} {}", flow.remote),
            cseq,
        };
        let _ = serde_json::to_writer(&mut payload, &line);
        self.write(&Record {
            tenant: &entry.tenant,
            at_ms: self.desk.moment.unix_ms,
            topic,
            version: 1,
            call: Some(entry.call),
            leg: None,
            payload: &payload,
        });
        self.desk.scratch = payload;
    }
}
