//! An agent: presence, one voice slot, and what distribution must know of the past.
//!
//! Presence is what the agent says, the slot is what the agent does; the two are independent, so
//! an agent may pause while talking. Idle time counts from the end of the last contact and is
//! touched by nothing else: no pause, login, reload or missed ring makes anybody "fresh".

use cordboard_module::json::Json;

/// What the agent says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// Not at work.
    #[default]
    LoggedOut,
    /// Takes contacts.
    Ready,
    /// At work, takes none, for this reason: 1 to 64 of `a-z 0-9 -`.
    Paused(String),
}

impl Presence {
    /// The word of events and answers.
    pub fn word(&self) -> &'static str {
        match self {
            Presence::LoggedOut => "logged-out",
            Presence::Ready => "ready",
            Presence::Paused(_) => "paused",
        }
    }

    /// Why paused; empty otherwise.
    pub fn reason(&self) -> &str {
        match self {
            Presence::Paused(reason) => reason,
            _ => "",
        }
    }

    fn of(word: &str, reason: &str) -> Self {
        match word {
            "ready" => Presence::Ready,
            "paused" => Presence::Paused(reason.to_owned()),
            _ => Presence::LoggedOut,
        }
    }
}

/// What the agent's voice slot does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slot {
    /// Nothing.
    #[default]
    Free,
    /// Held for one contact while the phone rings.
    Reserved,
    /// Talking.
    Busy,
    /// Talking, and holding the customer.
    Held,
    /// After the talk.
    WrapUp,
}

impl Slot {
    /// The word of events and answers.
    pub fn word(self) -> &'static str {
        match self {
            Slot::Free => "free",
            Slot::Reserved => "reserved",
            Slot::Busy => "busy",
            Slot::Held => "held",
            Slot::WrapUp => "wrap-up",
        }
    }

    fn of(word: &str) -> Self {
        match word {
            "reserved" => Slot::Reserved,
            "busy" => Slot::Busy,
            "held" => Slot::Held,
            "wrap-up" => Slot::WrapUp,
            _ => Slot::Free,
        }
    }
}

/// The contact that an agent wraps up: told as one event when that is over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handled {
    /// Number of the visit.
    pub visit: u64,
    /// The contact: its call.
    pub contact: String,
    /// The queue it waited in.
    pub queue: String,
    /// Talk without hold.
    pub talk_ms: u64,
    /// Hold.
    pub hold_ms: u64,
    /// End of the talk, Unix milliseconds.
    pub ended_at_ms: u64,
}

/// One agent. Times are Unix milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// What the agent says.
    pub presence: Presence,
    /// What the agent does.
    pub slot: Slot,
    /// The visit that the slot is for, where it is for one.
    pub visit: Option<u64>,
    /// When presence or slot last changed.
    pub since_ms: u64,
    /// End of the last contact, or the first login where there was none; 0 is never.
    pub idle_since_ms: u64,
    /// Contacts answered since ever.
    pub answered: u64,
    /// Reservations that the agent did not take.
    pub missed: u64,
    /// Not rung before then: end of the wrap-up, or of the rest that a busy or broken phone gets.
    pub not_before_ms: u64,
    /// What is wrapped up.
    pub handled: Option<Handled>,
    /// Calls of the agent's own that are up; meanwhile no contact comes.
    pub own_calls: u64,
}

impl Agent {
    /// May be reserved now.
    pub fn takes_contacts(&self, now_ms: u64) -> bool {
        self.presence == Presence::Ready
            && self.slot == Slot::Free
            && self.own_calls == 0
            && self.not_before_ms <= now_ms
    }

    /// One word for people and for time accounts, derived from presence and slot.
    pub fn state(&self) -> &'static str {
        match (self.slot, &self.presence) {
            (Slot::Reserved, _) => "reserved",
            (Slot::Busy, _) => "talk",
            (Slot::Held, _) => "hold",
            (Slot::WrapUp, _) => "wrap-up",
            (Slot::Free, Presence::LoggedOut) => "offline",
            (Slot::Free, Presence::Ready) if self.own_calls > 0 => "outbound",
            (Slot::Free, Presence::Ready) => "ready",
            (Slot::Free, Presence::Paused(_)) => "paused",
        }
    }

    /// What anybody may know: the retained fact, and the answer of `status`.
    pub fn facts(&self) -> Json {
        Json::object()
            .with("state", self.state())
            .with("presence", self.presence.word())
            .with("reason", self.presence.reason())
            .with(
                "slot",
                if self.own_calls > 0 {
                    Slot::Busy.word()
                } else {
                    self.slot.word()
                },
            )
            .with("since_ms", self.since_ms)
            .with("idle_since_ms", self.idle_since_ms)
            .with("answered", self.answered)
            .with("missed", self.missed)
    }

    /// For a saved state.
    pub fn save(&self) -> Json {
        let mut saved = self
            .facts()
            .with("visit", self.visit)
            .with("slot", self.slot.word())
            .with("own_calls", self.own_calls)
            .with("not_before_ms", self.not_before_ms);
        if let Some(handled) = &self.handled {
            saved.set("handled", handled.save());
        }
        saved
    }

    /// From a saved state; what is not there is as in a new agent.
    pub fn restore(saved: &Json) -> Self {
        Self {
            presence: Presence::of(saved["presence"].str(), saved["reason"].str()),
            slot: Slot::of(saved["slot"].str()),
            visit: saved["visit"].number().map(|_| saved["visit"].u64()),
            since_ms: saved["since_ms"].u64(),
            idle_since_ms: saved["idle_since_ms"].u64(),
            answered: saved["answered"].u64(),
            missed: saved["missed"].u64(),
            not_before_ms: saved["not_before_ms"].u64(),
            handled: Handled::restore(&saved["handled"]),
            own_calls: saved["own_calls"].u64(),
        }
    }
}

impl Handled {
    fn save(&self) -> Json {
        Json::object()
            .with("visit", self.visit)
            .with("contact", self.contact.as_str())
            .with("queue", self.queue.as_str())
            .with("talk_ms", self.talk_ms)
            .with("hold_ms", self.hold_ms)
            .with("ended_at_ms", self.ended_at_ms)
    }

    fn restore(saved: &Json) -> Option<Self> {
        (!saved.is_null()).then(|| Self {
            visit: saved["visit"].u64(),
            contact: saved["contact"].str().to_owned(),
            queue: saved["queue"].str().to_owned(),
            talk_ms: saved["talk_ms"].u64(),
            hold_ms: saved["hold_ms"].u64(),
            ended_at_ms: saved["ended_at_ms"].u64(),
        })
    }
}
