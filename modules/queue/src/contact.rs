//! A contact's visit of a queue: waiting, ringing an agent, talking.
//!
//! A contact is a call by voice and may visit several queues; each visit ends in exactly one way.
//! While an agent's phone rings the visit keeps its place, so that a missed ring costs the caller
//! nothing.

use cordboard_module::json::Json;

/// Where a visit stands among all that wait: first the higher priority, then who came first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Priority with its sign turned, so that the smaller comes first.
    pub rank: i64,
    /// When it came, Unix milliseconds.
    pub queued_at_ms: u64,
    /// Number of the visit: the host's for the step that runs it.
    pub visit: u64,
}

/// What a visit does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Waits for an agent.
    #[default]
    Waiting,
    /// This agent is reserved and the phone rings.
    Ringing {
        /// Who.
        agent: String,
        /// Since when, Unix milliseconds.
        since_ms: u64,
    },
    /// Talks with this agent.
    Talking(Talk),
}

/// A talk that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Talk {
    /// With whom.
    pub agent: String,
    /// Since when, Unix milliseconds.
    pub since_ms: u64,
    /// Holds that are over.
    pub hold_ms: u64,
    /// Begin of the hold that runs.
    pub held_at_ms: Option<u64>,
}

impl Talk {
    /// Talk without hold, and hold, if it ended at that time.
    pub fn lengths(&self, now_ms: u64) -> (u64, u64) {
        let hold = self.hold_ms + self.held_at_ms.map_or(0, |at| now_ms.saturating_sub(at));
        let whole = now_ms.saturating_sub(self.since_ms);
        (whole.saturating_sub(hold), hold.min(whole))
    }
}

/// What a waiting caller hears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sound {
    /// Nothing was begun.
    #[default]
    None,
    /// The queue's music.
    Music,
    /// "You are number three."
    Position,
    /// Silence: the music could not be played.
    Silence,
}

/// One visit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visit {
    /// The contact: the call's id.
    pub contact: String,
    /// Which queue.
    pub queue: String,
    /// The number that was dialled.
    pub dialled: String,
    /// Its place.
    pub place: Place,
    /// When the caller has waited long enough, Unix milliseconds.
    pub gives_up_at_ms: u64,
    /// What it does.
    pub phase: Phase,
    /// What the caller hears while waiting.
    pub sound: Sound,
    /// The action whose answer is awaited; 0 is none. Answers to others came too late.
    pub awaited: u64,
    /// The position is told with this input; never saved, since it is used at once.
    pub tells_position: bool,
    /// When the position is told next, Unix milliseconds; 0 is never.
    pub announce_at_ms: u64,
    /// When the next level of its queue opens for it, Unix milliseconds; 0 is never.
    pub opens_at_ms: u64,
    /// When it must be looked at, Unix milliseconds; 0 is never.
    pub wakes_at_ms: u64,
}

impl Visit {
    /// How long it has been there.
    pub fn waited_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.place.queued_at_ms)
    }

    /// For a saved state.
    pub fn save(&self) -> Json {
        let (phase, agent, since_ms) = match &self.phase {
            Phase::Waiting => ("waiting", "", 0),
            Phase::Ringing { agent, since_ms } => ("ringing", agent.as_str(), *since_ms),
            Phase::Talking(talk) => ("talking", talk.agent.as_str(), talk.since_ms),
        };
        let mut saved = Json::object()
            .with("contact", self.contact.as_str())
            .with("queue", self.queue.as_str())
            .with("dialled", self.dialled.as_str())
            .with("rank", self.place.rank)
            .with("queued_at_ms", self.place.queued_at_ms)
            .with("visit", self.place.visit)
            .with("gives_up_at_ms", self.gives_up_at_ms)
            .with("phase", phase)
            .with("agent", agent)
            .with("since_ms", since_ms)
            .with("sound", self.sound.word())
            .with("awaited", self.awaited)
            .with("announce_at_ms", self.announce_at_ms)
            .with("opens_at_ms", self.opens_at_ms)
            .with("wakes_at_ms", self.wakes_at_ms);
        if let Phase::Talking(talk) = &self.phase {
            saved.set("hold_ms", talk.hold_ms);
            saved.set("held_at_ms", talk.held_at_ms);
        }
        saved
    }

    /// From a saved state.
    pub fn restore(saved: &Json) -> Self {
        let agent = saved["agent"].str().to_owned();
        let since_ms = saved["since_ms"].u64();
        let phase = match saved["phase"].str() {
            "ringing" => Phase::Ringing { agent, since_ms },
            "talking" => Phase::Talking(Talk {
                agent,
                since_ms,
                hold_ms: saved["hold_ms"].u64(),
                held_at_ms: saved["held_at_ms"]
                    .number()
                    .map(|_| saved["held_at_ms"].u64()),
            }),
            _ => Phase::Waiting,
        };
        Self {
            tells_position: false,
            contact: saved["contact"].str().to_owned(),
            queue: saved["queue"].str().to_owned(),
            dialled: saved["dialled"].str().to_owned(),
            place: Place {
                rank: saved["rank"].number().unwrap_or(0),
                queued_at_ms: saved["queued_at_ms"].u64(),
                visit: saved["visit"].u64(),
            },
            gives_up_at_ms: saved["gives_up_at_ms"].u64(),
            phase,
            sound: Sound::of(saved["sound"].str()),
            awaited: saved["awaited"].u64(),
            announce_at_ms: saved["announce_at_ms"].u64(),
            opens_at_ms: saved["opens_at_ms"].u64(),
            wakes_at_ms: saved["wakes_at_ms"].u64(),
        }
    }
}

impl Sound {
    fn word(self) -> &'static str {
        match self {
            Sound::None => "",
            Sound::Music => "music",
            Sound::Position => "position",
            Sound::Silence => "silence",
        }
    }

    fn of(word: &str) -> Self {
        match word {
            "music" => Sound::Music,
            "position" => Sound::Position,
            "silence" => Sound::Silence,
            _ => Sound::None,
        }
    }
}
