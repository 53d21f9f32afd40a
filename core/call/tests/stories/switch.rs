//! The switch of the stories: what a node would join together, with the world in one place.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use cordboard_call::*;
use cordboard_media as media;
use cordboard_media::{MediaPort, MediaPorts, StreamId};
use cordboard_sip as sip;
use cordboard_sip::Flow;

use crate::world::{BIRTH_MS, SWITCH, Time, host, sip_config};

/// Port pairs that are counted.
#[derive(Default)]
pub struct Ports {
    pub taken: BTreeSet<StreamId>,
    pub free: u32,
    /// So many of the next uses panic, as a fault of ours in the middle of a call would.
    pub faults: u32,
    next: u32,
}

impl Ports {
    fn fault(&mut self) {
        if let Some(left) = self.faults.checked_sub(1) {
            self.faults = left;
            panic!("a fault that the story wanted");
        }
    }
}

impl MediaPorts for Ports {
    fn take(&mut self, local: IpAddr) -> Option<MediaPort> {
        self.fault();
        self.free = self.free.checked_sub(1)?;
        self.next += 1;
        let stream = StreamId {
            slot: self.next % 4096,
            generation: self.next,
        };
        self.taken.insert(stream);
        let local = SocketAddr::new(local, 20_000 + (stream.slot * 2) as u16);
        Some(MediaPort { stream, local })
    }

    fn give_back(&mut self, stream: StreamId) {
        self.fault();
        assert!(
            self.taken.remove(&stream),
            "{stream:?} was given back twice"
        );
        self.free += 1;
    }
}

/// The switch: what a node would join together.
pub struct Switch {
    pub sip: sip::Endpoint,
    pub calls: Engine,
    pub media: media::Engine,
    pub ports: Ports,
    pub facts: Vec<Event>,
    pub notices: Vec<Notice>,
    /// Everything that the media threads were told.
    pub commands: Vec<media::Command>,
    /// The last events of signalling, for whoever wants to repeat them.
    pub events: Vec<sip::Event>,
    /// RTP packets sent to each address.
    pub sent_rtp: BTreeMap<SocketAddr, usize>,
    /// The media thread stands still: commands reach it, nothing comes back.
    pub media_hangs: bool,
    pub settings: Settings,
    pub caller: Party,
    pub admitted: Vec<Result<CallId, Refusal>>,
    born: u64,
}

impl Switch {
    pub fn new(settings: Settings) -> Self {
        Self {
            sip: sip::Endpoint::new(sip_config(SWITCH)),
            calls: Engine::new(Config::default()),
            media: media::Engine::new(7),
            ports: Ports {
                free: 1000,
                ..Ports::default()
            },
            facts: Vec::new(),
            notices: Vec::new(),
            commands: Vec::new(),
            events: Vec::new(),
            sent_rtp: BTreeMap::new(),
            media_hangs: false,
            settings,
            caller: Party::Trunk("carrier".into()),
            admitted: Vec::new(),
            born: 0,
        }
    }

    pub fn origin(&mut self, now: Time) -> Origination {
        self.born += 1;
        Origination {
            call: CallId::new(BIRTH_MS, 0, u128::from(self.born)),
            tenant: TenantId::new("demo"),
            party: self.caller.clone(),
            caller: "+441632960001".into(),
            caller_name: None,
            dialled: "+442079460100".into(),
            settings: Arc::new(self.settings.clone()),
            generation: 1,
            unix_ms: BIRTH_MS + now.as_millis() as u64,
            random: self.born,
        }
    }

    /// Hands outputs on inside the switch; true when there were any.
    pub fn settle(&mut self, now: Time, sent: &mut Vec<(Flow, Bytes)>) -> bool {
        let mut busy = false;
        while let Some(output) = self.sip.poll() {
            busy = true;
            match output {
                sip::Output::Transmit { flow, bytes } => sent.push((flow, bytes)),
                sip::Output::Event(event) => self.handle_sip(now, event),
            }
        }
        while let Some(output) = self.calls.poll() {
            busy = true;
            match output {
                Output::Media(command) => {
                    self.commands.push(command.clone());
                    self.media.command(now, command);
                }
                Output::Fact(event) => self.facts.push(event),
                Output::Notice { notice, .. } => self.notices.push(notice),
            }
        }
        let mut packet = [0; media::engine::SEND_BYTES_MAX];
        while let Some(out) = self.media.poll_send(&mut packet) {
            *self.sent_rtp.entry(out.to).or_default() += 1;
        }
        while let Some(recorded) = self.media.poll_recorded() {
            if let media::Recorded::Stopped { recording, length } = recorded {
                busy = true;
                let error = None;
                let event = media::Event::Recorded {
                    recording,
                    length,
                    error,
                };
                if !self.media_hangs {
                    self.handle_media(now, event);
                }
            }
        }
        while let Some(event) = self.media.poll_event() {
            busy = true;
            if !self.media_hangs {
                self.handle_media(now, event);
            }
        }
        busy
    }

    fn handle_sip(&mut self, now: Time, event: sip::Event) {
        let origin = self.origin(now);
        let mut doors = Doors {
            sip: &mut self.sip,
            ports: &mut self.ports,
        };
        let sip::Event::Request(new) = event else {
            self.events.truncate(40);
            self.events.insert(0, event.clone());
            self.calls.handle_sip(now, &mut doors, event);
            return;
        };
        let admission = Admission {
            origin,
            advertise: host(SWITCH),
            media_local: host(SWITCH).ip(),
            media_advertise: host(SWITCH).ip(),
        };
        let admitted = self.calls.admit(now, &mut doors, &new, admission);
        if let Err(refusal) = &admitted {
            let code = refusal.sip_status();
            self.sip.respond_stateless(now, &new, code, None, &[]);
        }
        self.admitted.push(admitted);
    }

    pub fn handle_media(&mut self, now: Time, event: media::Event) {
        let mut doors = Doors {
            sip: &mut self.sip,
            ports: &mut self.ports,
        };
        self.calls.handle_media(now, &mut doors, event);
    }
}
