//! An envelope: one event on its way from the journal's sequencer to its readers.
//!
//! The payload stays the JSON text that the journal holds, so a reader sees byte for byte what
//! was written, and publishing costs no second serialisation.

use std::sync::Arc;

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use crate::topic::Topic;

/// One event with everything a reader needs to place it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Whose event it is.
    pub tenant: Arc<str>,
    /// Its number in the tenant's journal, from 1; 0 for facts that are not journalled.
    pub seq: u64,
    /// When it happened, in Unix milliseconds.
    pub at_ms: u64,
    /// What happened, in dotted words: `call.started`, `leg.digit-pressed`.
    pub topic: Topic,
    /// Version of the payload's shape.
    pub version: u16,
    /// The call it belongs to, as the text of its id.
    pub call: Option<String>,
    /// The leg's number in that call.
    pub leg: Option<u16>,
    /// The payload, one JSON value as text.
    pub payload: Arc<str>,
}

/// One JSON object with the payload embedded under `data`: the form of console and stream.
/// A payload that is not JSON is shown as a JSON string.
impl Serialize for Envelope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let data: serde_json::Value = serde_json::from_str(&self.payload)
            .unwrap_or_else(|_| serde_json::Value::String(self.payload.to_string()));
        let mut out = serializer.serialize_struct("Envelope", 8)?;
        out.serialize_field("tenant", &*self.tenant)?;
        out.serialize_field("seq", &self.seq)?;
        out.serialize_field("at_ms", &self.at_ms)?;
        out.serialize_field("topic", self.topic.as_str())?;
        out.serialize_field("version", &self.version)?;
        match &self.call {
            Some(call) => out.serialize_field("call", call)?,
            None => out.skip_field("call")?,
        }
        match &self.leg {
            Some(leg) => out.serialize_field("leg", leg)?,
            None => out.skip_field("leg")?,
        }
        out.serialize_field("data", &data)?;
        out.end()
    }
}
