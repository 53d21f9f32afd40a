//! Facts on their way into the journal and onto the bus, and calls that wait for the journal.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use cordboard_bus::Envelope;
use cordboard_call::action::Action;
use cordboard_call::cause::Cause;
use cordboard_call::event::{Event, Fact};
use cordboard_call::ids::{CallId, LegNo, TenantId};

use super::{Record, Shard};

/// How long a call waits for the journal before it is refused.
const JOURNAL_PATIENCE: Duration = Duration::from_secs(20);

/// Events of a tenant that wait for the journal before readers get them.
const UNTOLD_MAX: usize = 65_536;

impl Shard {
    pub(super) fn fact(&mut self, event: Event) {
        self.calls.usage.count(&event);
        let started = matches!(event.fact, Fact::CallStarted { .. });
        if started {
            self.count("calls_started");
        }
        if matches!(event.fact, Fact::CallEnded { .. })
            && let Some(running) = self.calls.running.get_mut(&event.call)
        {
            let call = event.call;
            running.ended = Some(event);
            self.calls.stir(call);
            return;
        }
        let seq = self.write_fact(&event.tenant, event.call, event.leg, &event.fact);
        if started {
            self.calls
                .waiting
                .entry(event.tenant)
                .or_default()
                .push_back((seq, event.call, self.desk.moment.now));
        }
    }

    pub(crate) fn write_fact(
        &mut self,
        tenant: &TenantId,
        call: CallId,
        leg: Option<LegNo>,
        fact: &Fact,
    ) -> u64 {
        let mut payload = std::mem::take(&mut self.desk.scratch);
        payload.clear();
        if serde_json::to_writer(&mut payload, fact).is_err() {
            self.count("journal_unwritable");
        }
        let record = Record {
            tenant,
            at_ms: self.desk.moment.unix_ms,
            topic: fact.topic(),
            version: fact.version(),
            call: Some(call),
            leg: leg.map(|leg| leg.0),
            payload: &payload,
        };
        let seq = self.write(&record);
        self.desk.scratch = payload;
        seq
    }

    /// The one way into the journal and onto the bus.
    pub(crate) fn write(&mut self, record: &Record<'_>) -> u64 {
        let seq = self.journal.append(record);
        if self.bus.wanted(record.tenant.as_str(), record.topic) {
            let envelope = Envelope {
                tenant: Arc::clone(&record.tenant.0),
                seq,
                at_ms: record.at_ms,
                topic: record.topic.to_owned().into(),
                version: record.version,
                call: record.call.map(|call| call.to_string()),
                leg: record.leg,
                payload: String::from_utf8_lossy(record.payload).into(),
            };
            self.tell_when_written(record.tenant, envelope);
        }
        seq
    }

    /// Who has seen an event's number may rely on it: readers get it once the journal has written
    /// it. While the disk stands still the oldest are left out; they stay in the journal.
    fn tell_when_written(&mut self, tenant: &TenantId, envelope: Envelope) {
        if envelope.seq == 0 {
            self.bus.publish(envelope);
            return;
        }
        let untold = self.desk.untold.entry(tenant.clone()).or_default();
        untold.push_back(envelope);
        if untold.len() > UNTOLD_MAX
            && let Some(oldest) = untold.pop_front()
        {
            self.desk.left_out.insert(tenant.clone(), oldest.seq);
            self.count("events_untold");
        }
    }

    /// The journal has written so far: readers hear of it, and calls that waited for it begin.
    pub(crate) fn written(&mut self, tenant: &Arc<str>, up_to: u64) {
        let tenant = TenantId(Arc::clone(tenant));
        if let Some(last) = self.desk.left_out.get(&tenant).copied()
            && last <= up_to
        {
            self.desk.left_out.remove(&tenant);
            self.bus.publish(left_out(&tenant, last));
        }
        if let Some(untold) = self.desk.untold.get_mut(&tenant) {
            while untold.front().is_some_and(|event| event.seq <= up_to) {
                if let Some(event) = untold.pop_front() {
                    self.bus.publish(event);
                }
            }
        }
        while let Some(waiting) = self.calls.waiting.get_mut(&tenant)
            && waiting.front().is_some_and(|(seq, ..)| *seq <= up_to)
        {
            if let Some((_, call, _)) = waiting.pop_front() {
                self.start_route(call);
            }
        }
        if self
            .calls
            .waiting
            .get(&tenant)
            .is_some_and(VecDeque::is_empty)
        {
            self.calls.waiting.remove(&tenant);
        }
    }

    /// Calls for which the journal has had no room, or no disk, for too long are refused: nobody
    /// hears of a call that a crash would lose, and nobody hears nothing for ever.
    pub(super) fn refuse_unwritten(&mut self, now: Duration) {
        let mut refused = Vec::new();
        self.calls.waiting.retain(|_, waiting| {
            while let Some((seq, call, since)) = waiting.front()
                && (*seq == 0 || now.saturating_sub(*since) >= JOURNAL_PATIENCE)
            {
                refused.push(*call);
                waiting.pop_front();
            }
            !waiting.is_empty()
        });
        refused.sort();
        for call in refused {
            self.count("journal_late");
            let action = Action::End {
                cause: Cause::TEMPORARY_FAILURE,
                why: Some("the journal takes nothing".to_owned()),
            };
            let _ = self.try_act(call, action);
            self.settle();
        }
    }
}

/// Tells readers that events up to this number are in the journal and did not come by the bus.
fn left_out(tenant: &TenantId, last: u64) -> Envelope {
    Envelope {
        tenant: Arc::clone(&tenant.0),
        seq: 0,
        at_ms: 0,
        topic: crate::modules::feed::UNTOLD_TOPIC.into(),
        version: 1,
        call: None,
        leg: None,
        payload: last.to_string().into(),
    }
}
