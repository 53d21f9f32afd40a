//! A tenant's journal as one stream: each event once, in order, whatever happens to the reader.
//!
//! Live events come from the bus, as soon as the journal has written them. What the bus did not
//! give (before the subscription, or since the reader's mailbox was full) is read from the store:
//! an event that does come says by its number how far. The mailbox holds 4,096 events; at the
//! bound the oldest fall out there, and none is lost here.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use cordboard_bus::{Bus, Envelope, Filter, Subscription};
use cordboard_store::Store;
use cordboard_store::journal::Journal;

/// Events that wait for a reader; then the store is read.
pub const MAILBOX_MAX: usize = 4_096;
/// Events read from the store at once.
const PAGE: usize = 2_000;
/// How long to wait for the store before it is asked again.
const STORE_PATIENCE: Duration = Duration::from_secs(10);
const STORE_REST: Duration = Duration::from_secs(1);

/// Topic of the notice that the bus has left events out; not journalled.
pub const UNTOLD_TOPIC: &str = "journal.untold";

/// One event of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its number; 0 where the journal had no room for it.
    pub seq: u64,
    /// Unix milliseconds.
    pub at_ms: u64,
    /// What happened.
    pub topic: String,
    /// The call.
    pub call: Option<String>,
    /// The leg's number in that call.
    pub leg: Option<u16>,
    /// JSON.
    pub payload: Arc<str>,
}

/// What a feed gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fed {
    /// An event.
    Event(Told),
    /// Everything before this number was given: from here on it is live.
    CaughtUp(u64),
}

/// A reader's place in a tenant's journal.
pub struct Feed {
    tenant: Arc<str>,
    filter: Filter,
    subscription: Subscription,
    store: Arc<dyn Store>,
    journal: Journal,
    cursor: u64,
    /// The first event that comes is where it begins.
    from_now: bool,
    /// The store was read so far, wanted or not.
    read_to: u64,
    /// Read from the store, not given yet.
    page: VecDeque<Told>,
    /// Came by the bus while the store is read up to before it.
    stashed: Option<Told>,
    /// The store holds events up to before this number that the bus has not given.
    behind_to: Option<u64>,
    /// The next number on the bus says how far it is behind.
    behind: bool,
}

impl Feed {
    /// Everything of these topics after `cursor`, or from now on. The caller journals an event of
    /// one of them after this: when it comes, what came before it is known.
    pub fn open(
        bus: &Bus,
        (store, journal): (Arc<dyn Store>, Journal),
        tenant: Arc<str>,
        topics: impl IntoIterator<Item = String>,
        cursor: Option<u64>,
    ) -> Feed {
        let filter = Filter {
            tenant: Some(Arc::clone(&tenant)),
            topics: topics
                .into_iter()
                .chain([UNTOLD_TOPIC.to_owned()])
                .collect(),
            call: None,
        };
        Feed {
            subscription: bus.subscribe(filter.clone(), MAILBOX_MAX),
            tenant,
            filter,
            store,
            journal,
            cursor: cursor.unwrap_or(0),
            from_now: cursor.is_none(),
            read_to: cursor.unwrap_or(0),
            page: VecDeque::new(),
            stashed: None,
            behind_to: None,
            behind: true,
        }
    }

    /// Everything after `cursor` again. The next event that comes says how far that is.
    pub fn rewind(&mut self, cursor: u64) {
        self.cursor = cursor;
        self.read_to = cursor;
        self.page.clear();
        self.stashed = None;
        self.behind_to = None;
        self.behind = true;
    }

    /// Number of the last event that was given or passed over.
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// It reads the store: it is not live.
    pub fn is_behind(&self) -> bool {
        self.behind || self.behind_to.is_some()
    }

    /// An event that is there already.
    pub fn ready(&mut self) -> Option<Fed> {
        if let Some(told) = self.page.pop_front() {
            return Some(self.give(told));
        }
        if self.behind_to.is_some() {
            return None;
        }
        if let Some(told) = self.stashed.take() {
            return Some(self.give(told));
        }
        loop {
            let received = self.subscription.try_next()?;
            if let Some(fed) = self.take(&received.envelope, received.missed) {
                return Some(fed);
            }
            if self.behind_to.is_some() {
                return None;
            }
        }
    }

    /// The next one, waiting for it; none once the switch stops. Cancelling loses nothing.
    pub async fn next(&mut self) -> Option<Fed> {
        loop {
            if let Some(fed) = self.ready() {
                return Some(fed);
            }
            match self.behind_to {
                Some(to) => {
                    if let Some(fed) = self.read(to).await {
                        return Some(fed);
                    }
                }
                None => {
                    let received = self.subscription.next().await?;
                    if let Some(fed) = self.take(&received.envelope, received.missed) {
                        return Some(fed);
                    }
                }
            }
        }
    }

    fn give(&mut self, told: Told) -> Fed {
        self.cursor = self.cursor.max(told.seq);
        Fed::Event(told)
    }

    fn take(&mut self, envelope: &Envelope, missed: u64) -> Option<Fed> {
        self.behind |= missed > 0;
        if envelope.topic == UNTOLD_TOPIC {
            if self.behind {
                // The event that says how far it is behind comes later than those.
                return None;
            }
            let up_to = envelope.payload.parse::<u64>().unwrap_or(0);
            self.behind_to = (up_to > self.cursor).then_some(up_to + 1);
            self.read_to = self.cursor;
            return None;
        }
        let told = Told {
            seq: envelope.seq,
            at_ms: envelope.at_ms,
            topic: envelope.topic.as_str().to_owned(),
            call: envelope.call.clone(),
            leg: envelope.leg,
            payload: Arc::clone(&envelope.payload),
        };
        if told.seq == 0 {
            // Facts are no events; an input that the journal had no room for is better heard.
            let input = told.topic == cordboard_host::service::INPUT_TOPIC;
            return input.then_some(Fed::Event(told));
        }
        if self.behind {
            self.behind = false;
            self.behind_to = Some(told.seq);
            // A power loss may have taken events that a snapshot had followed already.
            if std::mem::take(&mut self.from_now) || self.cursor >= told.seq {
                self.cursor = told.seq - 1;
            }
            self.read_to = self.cursor;
            self.stashed = Some(told);
            return None;
        }
        (told.seq > self.cursor).then(|| self.give(told))
    }

    /// Reads a page from the store. Gives `CaughtUp` when there is nothing left before `to`.
    async fn read(&mut self, to: u64) -> Option<Fed> {
        let from = self.cursor.max(self.read_to) + 1;
        if from >= to {
            self.behind_to = None;
            self.cursor = self.cursor.max(to - 1);
            return Some(Fed::CaughtUp(to));
        }
        let flushed = tokio::time::timeout(STORE_PATIENCE, self.journal.flush()).await;
        let page = self.store.events(&self.tenant, from, to - 1, PAGE);
        let page = match (flushed, tokio::time::timeout(STORE_PATIENCE, page).await) {
            (Ok(()), Ok(Ok(page))) => page,
            (_, Ok(Err(error))) => {
                tracing::warn!(tenant = &*self.tenant, %error, "the journal cannot be read; trying again");
                tokio::time::sleep(STORE_REST).await;
                return None;
            }
            _ => {
                tracing::warn!(
                    tenant = &*self.tenant,
                    "the database stands still; modules wait for it"
                );
                tokio::time::sleep(STORE_REST).await;
                return None;
            }
        };
        let whole = page.len() < PAGE;
        let last = page.last().map(|event| event.seq);
        for event in page {
            if self.filter.takes(&self.tenant, &event.topic) {
                self.page.push_back(Told {
                    seq: event.seq,
                    at_ms: event.at_ms,
                    topic: event.topic,
                    call: event.call,
                    leg: event.leg,
                    payload: event.payload.into(),
                });
            }
        }
        self.read_to = match (whole, last) {
            (false, Some(last)) => last,
            _ => to - 1,
        };
        None
    }
}
