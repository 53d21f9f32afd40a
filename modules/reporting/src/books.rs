//! The fold: events of the journal in, totals by quarter of an hour out.
//!
//! Times are those that the events carry, so a late write changes nothing. Events that fit nothing
//! change nothing. Totals are bounded by days and by entries; the oldest go first.

use cordboard_module::Json;
use cordboard_module::ordered::Map;

use crate::accounts::State;
use crate::totals::{AgentTotals, DidTotals, Handling, QueueTotals, Totals};

/// Length of the smallest interval.
pub const QUARTER_MS: u64 = 900_000;
/// Most entries of one book: a name in a quarter each.
pub const ENTRIES_MAX: usize = 60_000;
/// Most visits that are not over; the oldest is forgotten.
const OPEN_MAX: usize = 20_000;
/// Threshold of a visit whose begin was not seen.
const THRESHOLD_MS: u64 = 20_000;
/// Longest name that has totals of its own.
const NAME_BYTES_MAX: usize = 64;

/// What the dialplan says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Minutes by which the days of reports are ahead of UTC.
    pub utc_offset_min: i64,
    /// Short abandons, milliseconds.
    pub short_ms: u64,
    /// Days that are kept.
    pub keep_days: u64,
}

impl Settings {
    /// Reads checked settings; what is not there has its default.
    pub fn read(settings: &Json) -> Self {
        let number = |name: &str, default: i64| settings[name].number().unwrap_or(default);
        Self {
            utc_offset_min: number("utc-offset", 0),
            short_ms: number("short-abandon", 5_000).try_into().unwrap_or(5_000),
            keep_days: number("keep-days", 92)
                .clamp(1, 400)
                .try_into()
                .unwrap_or(92),
        }
    }
}

/// Totals by quarter (Unix time in quarters of an hour) and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book<T> {
    /// The entries.
    pub entries: Map<(u64, String), Box<T>>,
}

impl<T: Totals> Book<T> {
    /// The totals of a name in a quarter.
    pub fn at(&mut self, quarter: u64, name: &str) -> &mut T {
        let mut end = name.len().min(NAME_BYTES_MAX);
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        let name = name.get(..end).unwrap_or_default();
        self.entries.or_default((quarter, name.to_owned()))
    }

    fn keep_from(&mut self, quarter: u64) {
        self.entries.drop_before(&(quarter, String::new()));
        while self.entries.len() > ENTRIES_MAX {
            self.entries.pop_first();
        }
    }
}

/// A visit that is not over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// Its queue.
    pub queue: String,
    /// Since when, Unix milliseconds.
    pub queued_at_ms: u64,
    /// The threshold that was in force then.
    pub threshold_ms: u64,
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Books {
    /// What the dialplan says.
    pub settings: Settings,
    /// Queues.
    pub queues: Book<QueueTotals>,
    /// Agents.
    pub agents: Book<AgentTotals>,
    /// Numbers.
    pub dids: Book<DidTotals>,
    /// Visits that are not over, by number.
    pub open: Map<u64, Open>,
    /// What agents do.
    pub states: Map<String, State>,
    /// Time of the newest event.
    pub last_ms: u64,
}

impl Books {
    /// Empty ones.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            queues: Book::default(),
            agents: Book::default(),
            dids: Book::default(),
            open: Map::default(),
            states: Map::default(),
            last_ms: 0,
        }
    }

    /// Takes an event; `written_ms` is the journal's time, used where the event has none.
    pub fn fold(&mut self, topic: &str, written_ms: u64, data: &Json) {
        let at_ms = data["at_ms"]
            .number()
            .map_or(written_ms, |_| data["at_ms"].u64());
        match topic {
            "queue.contact-queued" => self.queued(data),
            "queue.contact-refused" => self.queue(at_ms, data).refused += 1,
            "queue.contact-answered" => self.answered(at_ms, data),
            "queue.contact-abandoned" => self.abandoned(at_ms, data),
            "queue.contact-left" => self.left(at_ms, data),
            "queue.contact-handled" => self.handled(at_ms, data),
            "queue.agent-reserved" => self.agent(at_ms, data).offered += 1,
            "queue.agent-missed" => self.agent(at_ms, data).missed += 1,
            "queue.agent-state" => self.state(at_ms, data),
            "cdr.written" => self.cdr(at_ms, data),
            _ => return,
        }
        let before = self.last_ms / QUARTER_MS;
        self.last_ms = self.last_ms.max(at_ms);
        if self.last_ms / QUARTER_MS != before {
            let kept_ms = self.settings.keep_days * 86_400_000;
            let quarter = self.last_ms.saturating_sub(kept_ms) / QUARTER_MS;
            self.queues.keep_from(quarter);
            self.agents.keep_from(quarter);
            self.dids.keep_from(quarter);
        }
    }

    fn queue(&mut self, at_ms: u64, data: &Json) -> &mut QueueTotals {
        self.queues.at(at_ms / QUARTER_MS, data["queue"].str())
    }

    fn agent(&mut self, at_ms: u64, data: &Json) -> &mut AgentTotals {
        self.agents.at(at_ms / QUARTER_MS, data["agent"].str())
    }

    fn queued(&mut self, data: &Json) {
        let open = Open {
            queue: data["queue"].str().to_owned(),
            queued_at_ms: data["queued_at_ms"].u64(),
            threshold_ms: data["threshold_ms"].u64(),
        };
        self.queue(open.queued_at_ms, data).offered += 1;
        self.open.insert(data["visit"].u64(), open);
        if self.open.len() > OPEN_MAX {
            self.open.pop_first();
        }
    }

    /// Ends a visit: its wait, its threshold, and the quarter in which its service level was
    /// decided.
    fn close(&mut self, at_ms: u64, data: &Json) -> (u64, u64, u64) {
        let open = self.open.remove(&data["visit"].u64());
        let threshold_ms = open.map_or(THRESHOLD_MS, |open| open.threshold_ms);
        let decided_ms = at_ms.min(data["queued_at_ms"].u64().saturating_add(threshold_ms));
        (data["wait_ms"].u64(), threshold_ms, decided_ms / QUARTER_MS)
    }

    fn answered(&mut self, at_ms: u64, data: &Json) {
        let (wait_ms, threshold_ms, decided) = self.close(at_ms, data);
        let totals = self.queue(at_ms, data);
        totals.answered += 1;
        totals.wait_answered_ms += wait_ms;
        totals.longest_wait_ms = totals.longest_wait_ms.max(wait_ms);
        let level = &mut self.queues.at(decided, data["queue"].str()).level;
        level.answered += 1;
        level.answered_in += u64::from(wait_ms <= threshold_ms);
    }

    fn abandoned(&mut self, at_ms: u64, data: &Json) {
        let short_ms = self.settings.short_ms;
        let (wait_ms, threshold_ms, decided) = self.close(at_ms, data);
        let totals = self.queue(at_ms, data);
        totals.abandoned += 1;
        totals.wait_abandoned_ms += wait_ms;
        totals.longest_wait_ms = totals.longest_wait_ms.max(wait_ms);
        let level = &mut self.queues.at(decided, data["queue"].str()).level;
        level.abandoned += 1;
        level.abandoned_in += u64::from(wait_ms <= threshold_ms);
        level.abandoned_short += u64::from(wait_ms <= short_ms);
    }

    fn left(&mut self, at_ms: u64, data: &Json) {
        let (wait_ms, ..) = self.close(at_ms, data);
        let totals = self.queue(at_ms, data);
        match data["disposition"].str() {
            "timed-out" => totals.timed_out += 1,
            _ => totals.left += 1,
        }
        totals.longest_wait_ms = totals.longest_wait_ms.max(wait_ms);
    }

    fn handled(&mut self, at_ms: u64, data: &Json) {
        let add = |handling: &mut Handling| {
            handling.handled += 1;
            handling.talk_ms += data["talk_ms"].u64();
            handling.hold_ms += data["hold_ms"].u64();
            handling.wrap_up_ms += data["wrap_up_ms"].u64();
        };
        add(&mut self.queue(at_ms, data).handling);
        add(&mut self.agent(at_ms, data).handling);
    }

    fn state(&mut self, at_ms: u64, data: &Json) {
        let agent = data["agent"].str();
        let next = State::of(data["state"].str(), data["reason"].str(), at_ms);
        if let Some(before) = self.states.get(agent) {
            before.write(agent, at_ms, &mut self.agents);
        }
        // Who is not at work needs no entry.
        match next.account.is_empty() {
            true => self.states.remove(agent),
            false => self.states.insert(agent.to_owned(), next),
        };
    }

    /// The first leg of a call to a number of ours: it came in, and not from a user.
    fn cdr(&mut self, written_ms: u64, data: &Json) {
        if data["direction"].str() != "inbound" || data["party"]["kind"].str() == "user" {
            return;
        }
        let ended_ms = data["ended_ms"]
            .number()
            .map_or(written_ms, |_| data["ended_ms"].u64());
        let totals = self.dids.at(ended_ms / QUARTER_MS, data["dialled"].str());
        totals.calls += 1;
        totals.answered += u64::from(data["result"].str() == "answered");
        totals.cancelled += u64::from(data["result"].str() == "cancelled");
        totals.talk_ms += data["talk_ms"].u64();
    }
}
