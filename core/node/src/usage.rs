//! What tenants use, counted as it happens: calls and legs from their facts, the rest from the
//! figures of media threads and modules. One `usage.measured` event a tenant and interval.
//!
//! An interval is five minutes by the clock (UTC), cut short by a clean stop. Seconds, bytes and
//! calls count in the interval in which the leg, recording or call ended; peaks are of the whole
//! interval. Nothing is written for a tenant where nothing happened. A killed process loses the
//! interval that ran; its legs' seconds are in their CDRs all the same, if they had ended.
//! It lives on the shard's thread: no lock, and no work for any packet.

use std::collections::BTreeMap;

use cordboard_call::TenantId;
use cordboard_call::cdr::Cdr;
use cordboard_call::event::{Direction, Event, Fact, Party};
use serde::{Deserialize, Serialize};

/// Length of an interval, milliseconds.
pub const INTERVAL_MS: u64 = 300_000;
/// The event's topic.
pub const TOPIC: &str = "usage.measured";
/// Ports of one leg: RTP and RTCP.
const PORTS_A_LEG: u64 = 2;
/// A recording as it is written: two channels of 16 bits, 8,000 samples a second, 44 bytes before them.
const RECORDING_BYTES_A_MS: u64 = 32;
const RECORDING_HEADER_BYTES: u64 = 44;

/// Calls and legs. Milliseconds from answer to end, of legs that ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Talk {
    /// Calls that began.
    pub calls: u64,
    /// Legs that ended.
    pub legs: u64,
    /// Of legs that began at the other side.
    pub talk_ms_in: u64,
    /// Of legs that we began.
    pub talk_ms_out: u64,
    /// Of `talk_ms_in`, those of trunks.
    pub trunk_ms_in: u64,
    /// Of `talk_ms_out`, those of trunks.
    pub trunk_ms_out: u64,
    /// Most legs at once.
    pub legs_peak: u64,
}

/// Audio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Audio {
    /// Most UDP ports at once.
    pub rtp_ports_peak: u64,
    /// Bytes of RTP that came, header and payload.
    pub rtp_bytes_in: u64,
    /// Bytes of RTP that were sent.
    pub rtp_bytes_out: u64,
    /// Bytes of recordings that ended.
    pub recording_bytes: u64,
}

/// Modules and what they keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Compute {
    /// Most instances at once, as they were seen every second.
    pub instances_peak: u64,
    /// CPU time of modules.
    pub module_cpu_ms: u64,
    /// Bytes of values and snapshots at the end.
    pub store_bytes: u64,
}

/// One interval of one tenant, or a sum of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Its begin, Unix milliseconds.
    #[serde(default)]
    pub from_ms: u64,
    /// Its end.
    #[serde(default)]
    pub to_ms: u64,
    /// Calls and legs.
    #[serde(flatten)]
    pub talk: Talk,
    /// Audio.
    #[serde(flatten)]
    pub audio: Audio,
    /// Modules.
    #[serde(flatten)]
    pub compute: Compute,
}

impl Talk {
    /// A leg's bill.
    pub fn bill(&mut self, direction: Direction, party: &Party, talk_ms: u64) {
        self.legs += 1;
        let trunk = matches!(party, Party::Trunk(_));
        let (all, of_trunks) = match direction {
            Direction::Inbound => (&mut self.talk_ms_in, &mut self.trunk_ms_in),
            Direction::Outbound => (&mut self.talk_ms_out, &mut self.trunk_ms_out),
        };
        *all += talk_ms;
        *of_trunks += if trunk { talk_ms } else { 0 };
    }
}

impl Used {
    /// True where nothing happened that anybody would pay for: what is merely kept is no event.
    pub fn is_nothing(&self) -> bool {
        self.talk == Talk::default()
            && self.audio == Audio::default()
            && self.compute.module_cpu_ms == 0
    }

    /// A later interval is added: sums are summed, peaks the greater one, what is kept the latest.
    pub fn add(&mut self, later: &Used) {
        if self.to_ms == 0 {
            self.from_ms = later.from_ms;
        }
        self.to_ms = self.to_ms.max(later.to_ms);
        let (talk, more) = (&mut self.talk, &later.talk);
        talk.calls += more.calls;
        talk.legs += more.legs;
        talk.talk_ms_in += more.talk_ms_in;
        talk.talk_ms_out += more.talk_ms_out;
        talk.trunk_ms_in += more.trunk_ms_in;
        talk.trunk_ms_out += more.trunk_ms_out;
        talk.legs_peak = talk.legs_peak.max(more.legs_peak);
        let (audio, more) = (&mut self.audio, &later.audio);
        audio.rtp_ports_peak = audio.rtp_ports_peak.max(more.rtp_ports_peak);
        audio.rtp_bytes_in += more.rtp_bytes_in;
        audio.rtp_bytes_out += more.rtp_bytes_out;
        audio.recording_bytes += more.recording_bytes;
        let (compute, more) = (&mut self.compute, &later.compute);
        compute.instances_peak = compute.instances_peak.max(more.instances_peak);
        compute.module_cpu_ms += more.module_cpu_ms;
        compute.store_bytes = more.store_bytes;
    }
}

/// What modules of a tenant did since this was told last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gauge {
    /// Whose.
    pub tenant: TenantId,
    /// Most instances at once.
    pub instances: u64,
    /// CPU time, milliseconds.
    pub cpu_ms: u64,
    /// Bytes that it keeps, where they were counted.
    pub store_bytes: Option<u64>,
}

#[derive(Debug, Default)]
struct Meter {
    used: Used,
    /// Legs now.
    legs: u64,
}

/// The meters of a shard.
#[derive(Debug, Default)]
pub struct Usage {
    meters: BTreeMap<TenantId, Meter>,
    /// Begin of the interval, Unix milliseconds; 0 before the first look at the clock.
    from_ms: u64,
}

impl Usage {
    fn meter(&mut self, tenant: &TenantId) -> &mut Meter {
        if !self.meters.contains_key(tenant) {
            self.meters.insert(tenant.clone(), Meter::default());
        }
        self.meters.entry(tenant.clone()).or_default()
    }

    /// A fact of a call.
    pub fn count(&mut self, event: &Event) {
        match &event.fact {
            Fact::CallStarted { direction, .. } => {
                let meter = self.meter(&event.tenant);
                meter.used.talk.calls += 1;
                // A call that came in brings its first leg; one that we began dials it.
                if *direction == Direction::Inbound {
                    meter.leg_began();
                }
            }
            Fact::LegDialled { .. } => self.meter(&event.tenant).leg_began(),
            Fact::LegEnded { .. } => {
                let meter = self.meter(&event.tenant);
                meter.legs = meter.legs.saturating_sub(1);
            }
            Fact::CdrWritten(cdr) => self.meter(&event.tenant).bill(cdr),
            Fact::RecordingEnded { length_ms, .. } => {
                let bytes = RECORDING_HEADER_BYTES + length_ms * RECORDING_BYTES_A_MS;
                self.meter(&event.tenant).used.audio.recording_bytes += bytes;
            }
            _ => {}
        }
    }

    /// What modules did meanwhile.
    pub fn gauge(&mut self, gauge: &Gauge) {
        let compute = &mut self.meter(&gauge.tenant).used.compute;
        compute.instances_peak = compute.instances_peak.max(gauge.instances);
        compute.module_cpu_ms += gauge.cpu_ms;
        compute.store_bytes = gauge.store_bytes.unwrap_or(compute.store_bytes);
    }

    /// Forgets a tenant.
    pub fn forget(&mut self, tenant: &TenantId) {
        self.meters.remove(tenant);
    }

    /// The interval that runs, as far as it has come.
    pub fn running(&self, unix_ms: u64) -> impl Iterator<Item = (&TenantId, Used)> {
        let from_ms = self.from_ms;
        self.meters.iter().map(move |(tenant, meter)| {
            let mut used = meter.used;
            (used.from_ms, used.to_ms) = (from_ms, unix_ms);
            (tenant, used)
        })
    }

    /// What is to be written now: all intervals, once the clock has passed the end of one.
    pub fn due(&mut self, unix_ms: u64) -> Vec<(TenantId, Used)> {
        let begun = self.from_ms;
        if begun == 0 {
            self.from_ms = unix_ms;
            return Vec::new();
        }
        let end = (begun / INTERVAL_MS + 1) * INTERVAL_MS;
        match unix_ms >= end {
            // A clock that has jumped, or a machine that slept: the interval ends where it should.
            true => self.close(end, unix_ms / INTERVAL_MS * INTERVAL_MS),
            false => Vec::new(),
        }
    }

    /// The interval ends now, before its time.
    pub fn stop(&mut self, unix_ms: u64) -> Vec<(TenantId, Used)> {
        self.close(unix_ms, unix_ms)
    }

    fn close(&mut self, to_ms: u64, next_ms: u64) -> Vec<(TenantId, Used)> {
        let from_ms = std::mem::replace(&mut self.from_ms, next_ms);
        let mut all = Vec::new();
        self.meters.retain(|tenant, meter| {
            let mut used = std::mem::take(&mut meter.used);
            let legs = meter.legs;
            // Legs that are up are the next interval's peak already.
            meter.used.talk.legs_peak = legs;
            meter.used.audio.rtp_ports_peak = legs * PORTS_A_LEG;
            if !used.is_nothing() {
                (used.from_ms, used.to_ms) = (from_ms, to_ms);
                all.push((tenant.clone(), used));
            }
            meter.used.compute.store_bytes = used.compute.store_bytes;
            legs > 0 || used.compute.store_bytes > 0
        });
        all
    }
}

impl Meter {
    fn leg_began(&mut self) {
        self.legs += 1;
        let (talk, audio) = (&mut self.used.talk, &mut self.used.audio);
        talk.legs_peak = talk.legs_peak.max(self.legs);
        audio.rtp_ports_peak = audio.rtp_ports_peak.max(self.legs * PORTS_A_LEG);
    }

    fn bill(&mut self, cdr: &Cdr) {
        self.used.talk.bill(cdr.direction, &cdr.party, cdr.talk_ms);
        if let Some(media) = &cdr.media {
            self.used.audio.rtp_bytes_in += media.received_bytes;
            self.used.audio.rtp_bytes_out += media.sent_bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordboard_call::cause::Cause;
    use cordboard_call::ids::{CallId, LegNo};

    fn event(tenant: &str, leg: u16, fact: Fact) -> Event {
        Event {
            tenant: TenantId::new(tenant),
            call: CallId::new(1, 0, 1),
            leg: Some(LegNo(leg)),
            fact,
        }
    }

    fn started(tenant: &str) -> Event {
        let fact = Fact::CallStarted {
            direction: Direction::Inbound,
            caller: "1".into(),
            caller_name: None,
            dialled: "2".into(),
            party: Party::Trunk("far".into()),
            generation: 1,
        };
        event(tenant, 1, fact)
    }

    fn dialled(tenant: &str) -> Event {
        let fact = Fact::LegDialled {
            party: Party::User("ann".into()),
            target: "sip:ann@10.0.0.1".into(),
            caller: "1".into(),
        };
        event(tenant, 2, fact)
    }

    fn ended(tenant: &str, leg: u16) -> Event {
        let fact = Fact::LegEnded {
            cause: Cause::NORMAL,
            sip_status: None,
            by: cordboard_call::event::EndedBy::Remote,
            why: None,
            media: None,
        };
        event(tenant, leg, fact)
    }

    fn minute(n: u64) -> u64 {
        1_795_428_000_000 + n * 60_000
    }

    #[test]
    fn an_interval_is_written_once_at_its_end_and_only_where_something_happened() {
        let mut usage = Usage::default();
        assert!(usage.due(minute(1)).is_empty());
        usage.count(&started("acme"));
        usage.count(&dialled("acme"));
        usage.gauge(&Gauge {
            tenant: TenantId::new("idle"),
            instances: 1,
            cpu_ms: 0,
            store_bytes: Some(10),
        });
        assert!(usage.due(minute(4)).is_empty(), "not yet");
        let written = usage.due(minute(5));
        assert_eq!(written.len(), 1, "{written:?}");
        let (tenant, used) = &written[0];
        assert_eq!(tenant.as_str(), "acme");
        assert_eq!((used.from_ms, used.to_ms), (minute(1), minute(5)));
        assert_eq!((used.talk.calls, used.talk.legs_peak), (1, 2));
        assert_eq!(used.audio.rtp_ports_peak, 4);
        assert!(usage.due(minute(6)).is_empty());

        usage.count(&ended("acme", 1));
        usage.count(&ended("acme", 2));
        let written = usage.due(minute(11));
        let (_, used) = &written[0];
        assert_eq!((used.from_ms, used.to_ms), (minute(5), minute(10)));
        assert_eq!(used.talk.legs_peak, 2, "they were up when it began");
        assert!(usage.due(minute(16)).is_empty(), "nothing happened since");
        usage.count(&started("acme"));
        assert_eq!(
            usage.stop(minute(17)).len(),
            1,
            "a clean stop writes what runs"
        );
    }

    #[test]
    fn seconds_are_counted_by_direction_and_intervals_are_summed() {
        let mut talk = Talk::default();
        let trunk = Party::Trunk("far".into());
        talk.bill(Direction::Inbound, &trunk, 1_000);
        talk.bill(Direction::Outbound, &Party::User("ann".into()), 900);
        assert_eq!(
            (
                talk.legs,
                talk.talk_ms_in,
                talk.trunk_ms_in,
                talk.talk_ms_out,
                talk.trunk_ms_out
            ),
            (2, 1_000, 1_000, 900, 0)
        );
        let mut first = Used {
            from_ms: 1,
            to_ms: 2,
            talk: Talk {
                legs_peak: 3,
                ..talk
            },
            ..Used::default()
        };
        let mut sum = Used::default();
        sum.add(&first);
        (first.from_ms, first.to_ms, first.talk.legs_peak) = (2, 3, 1);
        sum.add(&first);
        assert_eq!((sum.from_ms, sum.to_ms), (1, 3));
        assert_eq!((sum.talk.talk_ms_in, sum.talk.legs_peak), (2_000, 3));
        let text = serde_json::to_string(&sum).unwrap();
        assert_eq!(serde_json::from_str::<Used>(&text).unwrap(), sum, "{text}");
    }
}
