//! What a driver keeps beside its guest's own state, and both together as a snapshot.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Journalled;

/// Timers of one service; one more is refused.
pub const TIMERS_MAX: usize = 10_000;
/// Steps under way; one more fails at once.
pub const STEPS_MAX: usize = 10_000;
/// Http requests under way; one more is refused.
pub const HTTP_MAX: usize = 256;
/// Retained facts; a new one beyond is refused.
pub const RETAINED_MAX: usize = 2_000;
/// Bytes of retained facts, topics and keys included.
pub const RETAINED_BYTES_MAX: usize = 2 << 20;
/// Published events that the journal has not written yet; one more is refused.
pub const UNSEEN_MAX: usize = 4_096;

/// A step under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Step {
    /// Its call.
    pub call: String,
    /// Which of the call's programs it is.
    #[serde(default)]
    pub program: u32,
    /// Its name in the manifest.
    pub name: String,
    /// Actions whose operations are under way, the oldest first; all but the last end as `busy`.
    pub under_way: VecDeque<u64>,
}

impl Step {
    /// What its guest is told when it is over from outside.
    pub(crate) fn gone(&self) -> Journalled {
        Journalled::StepGone {
            call: self.call.clone(),
            program: self.program,
        }
    }
}

/// Everything that must survive, but for the guest's own state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Which module this is the state of, by the name of its source.
    pub source: String,
    /// Number of the last input.
    pub seq: u64,
    /// Number of the last event of the journal that was heard.
    pub cursor: u64,
    /// Time of the last input, Unix milliseconds; never goes back.
    pub clock_ms: u64,
    /// Chance of the next input comes of it.
    pub seed: u64,
    pub(crate) timers: BTreeMap<String, u64>,
    pub(crate) steps: BTreeMap<u64, Step>,
    pub(crate) http: BTreeSet<u64>,
    /// Retained facts by topic and key.
    pub(crate) facts: BTreeMap<String, BTreeMap<String, Value>>,
    pub(crate) fact_bytes: usize,
    /// Published, and not seen in the journal yet.
    pub(crate) unseen: VecDeque<(String, Value)>,
}

impl Kept {
    /// A beginning.
    pub fn new(source: &str, seed: u64, cursor: u64) -> Self {
        Self {
            source: source.to_owned(),
            seed,
            cursor,
            ..Self::default()
        }
    }

    /// The step that is this program of a call.
    pub(crate) fn program_of(&self, call: &str, program: u32) -> Option<u64> {
        let number = self.step_of(call)?;
        let step = self.steps.get(&number)?;
        (step.program == program).then_some(number)
    }

    /// The step of a call.
    pub(crate) fn step_of(&self, call: &str) -> Option<u64> {
        self.steps
            .iter()
            .find(|(_, step)| step.call == call)
            .map(|(number, _)| *number)
    }

    /// Chance for the input with this number: a stream (SplitMix64) that the number indexes.
    pub(crate) fn chance(&self, seq: u64) -> u64 {
        let mut z = self
            .seed
            .wrapping_add(seq.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Keeps or forgets a fact; a sentence when it is one too many.
    pub(crate) fn retain(
        &mut self,
        topic: &str,
        key: &str,
        payload: Option<&Value>,
    ) -> Result<(), String> {
        let cost = |value: &Value| topic.len() + key.len() + value.to_string().len();
        let old = self.facts.get(topic).and_then(|keys| keys.get(key));
        let freed = old.map_or(0, cost);
        let is_new = old.is_none();
        let Some(payload) = payload else {
            self.fact_bytes = self.fact_bytes.saturating_sub(freed);
            if let Some(keys) = self.facts.get_mut(topic) {
                keys.remove(key);
            }
            return Ok(());
        };
        let bytes = self.fact_bytes.saturating_sub(freed) + cost(payload);
        if bytes > RETAINED_BYTES_MAX {
            return Err(format!(
                "retained facts may take {RETAINED_BYTES_MAX} bytes"
            ));
        }
        let count: usize = self.facts.values().map(BTreeMap::len).sum();
        if is_new && count >= RETAINED_MAX {
            return Err(format!("retained facts may be {RETAINED_MAX}"));
        }
        self.fact_bytes = bytes;
        let keys = self.facts.entry(topic.to_owned()).or_default();
        keys.insert(key.to_owned(), payload.clone());
        Ok(())
    }

    /// An event of ours is in the journal: it, and what was published before it, is seen.
    pub(crate) fn saw(&mut self, topic: &str) {
        if let Some(at) = self.unseen.iter().position(|(unseen, _)| unseen == topic) {
            self.unseen.drain(..=at);
        }
    }
}

/// A service at one moment: enough to go on from there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// `state-version` of the module that saved it.
    pub version: u32,
    /// What the driver keeps.
    pub kept: Kept,
    /// What the guest saved.
    pub state: Vec<u8>,
}

impl Snapshot {
    /// As bytes: version (4, little endian), length of the kept part (4), that part as JSON, state.
    pub fn to_bytes(&self) -> Vec<u8> {
        let kept = serde_json::to_vec(&self.kept).unwrap_or_default();
        let mut out = Vec::with_capacity(8 + kept.len() + self.state.len());
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&u32::try_from(kept.len()).unwrap_or(0).to_le_bytes());
        out.extend_from_slice(&kept);
        out.extend_from_slice(&self.state);
        out
    }

    /// Reads those bytes; none when they are something else.
    pub fn of_bytes(bytes: &[u8]) -> Option<Snapshot> {
        let (version, rest) = bytes.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let (kept, state) = rest.split_at_checked(length)?;
        Some(Snapshot {
            version: u32::from_le_bytes(*version),
            kept: serde_json::from_slice(kept).ok()?,
            state: state.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_snapshot_survives_its_bytes_and_others_are_refused() {
        let mut kept = Kept::new("queue", 7, 3);
        kept.timers.insert("t".into(), 5);
        kept.steps.insert(4, Step::default());
        kept.retain("queue.stats", "sales", Some(&json!({"waiting": 1})))
            .unwrap();
        let snapshot = Snapshot {
            version: 2,
            kept,
            state: vec![1, 2, 3],
        };
        let bytes = snapshot.to_bytes();
        assert_eq!(Snapshot::of_bytes(&bytes), Some(snapshot));
        assert_eq!(Snapshot::of_bytes(&bytes[..20]), None);
        assert_eq!(Snapshot::of_bytes(b"xx"), None);
    }

    #[test]
    fn facts_have_a_bound_and_an_old_one_may_always_be_replaced() {
        let mut kept = Kept::default();
        for n in 0..RETAINED_MAX {
            kept.retain("q.s", &n.to_string(), Some(&json!(1))).unwrap();
        }
        assert!(kept.retain("q.s", "more", Some(&json!(1))).is_err());
        kept.retain("q.s", "7", Some(&json!(2))).unwrap();
        kept.retain("q.s", "8", None).unwrap();
        kept.retain("q.s", "more", Some(&json!(1))).unwrap();
    }
}
