//! A small world in virtual time: phones with real signalling engines, a switch with the real
//! signalling, call and media engines, and a wire between them with 5 ms of delay.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cordboard_call::*;
use cordboard_media as media;
use cordboard_media::{Clip, Codec, StreamId};
use cordboard_sip as sip;
use cordboard_sip::{Flow, Transport};

use crate::phone::Phone;
use crate::switch::Switch;

pub type Time = Duration;

/// 2026-11-22 13:46:40 UTC.
pub const BIRTH_MS: u64 = 1_795_355_200_000;
pub const DELAY: Duration = Duration::from_millis(5);

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub fn host(last: u8) -> SocketAddr {
    SocketAddr::new(IpAddr::from([192, 0, 2, last]), 5060)
}

pub const SWITCH: u8 = 1;
pub const CALLER: u8 = 10;
pub const ALICE: u8 = 20;
pub const BOB: u8 = 30;

type Datagram = (Time, u64, SocketAddr, SocketAddr, Bytes);

pub struct World {
    pub now: Time,
    pub switch: Switch,
    pub phones: BTreeMap<SocketAddr, Phone>,
    /// Everything that was sent: from, to, text.
    pub wire: Vec<(SocketAddr, SocketAddr, String)>,
    /// Of a hundred datagrams so many are lost, by a chance that is the same in every run.
    pub loss_percent: u64,
    dice: u64,
    flying: BinaryHeap<Reverse<Datagram>>,
    serial: u64,
}

pub fn sip_config(seed: u8) -> sip::Config {
    sip::Config {
        seed: [seed; 32],
        ..Default::default()
    }
}

impl World {
    pub fn new() -> Self {
        Self::with(Settings::default())
    }

    pub fn with(settings: Settings) -> Self {
        let phones = [CALLER, ALICE, BOB].map(|last| (host(last), Phone::new(last)));
        Self {
            now: Duration::from_secs(1),
            switch: Switch::new(settings),
            phones: phones.into_iter().collect(),
            wire: Vec::new(),
            loss_percent: 0,
            dice: 0x1057,
            flying: BinaryHeap::new(),
            serial: 0,
        }
    }

    pub fn phone(&mut self, last: u8) -> &mut Phone {
        self.phones.get_mut(&host(last)).unwrap()
    }

    /// Lets a phone do something, then sends what it wants sent.
    pub fn by<T>(&mut self, last: u8, act: impl FnOnce(&mut Phone, Time) -> T) -> T {
        let now = self.now;
        let result = act(self.phone(last), now);
        self.settle();
        result
    }

    /// A call comes in and is admitted; the story goes on after the switch has seen it.
    pub fn call_in(&mut self) -> CallId {
        self.by(CALLER, |phone, now| phone.call(now, host(SWITCH)));
        self.run(50);
        self.switch.admitted.pop().unwrap().unwrap()
    }

    /// As `call_in`, answered.
    pub fn answered_call(&mut self) -> CallId {
        let call = self.call_in();
        self.act(call, Action::Answer { leg: LegNo(1) }).unwrap();
        self.run(50);
        call
    }

    /// Caller and Alice talk.
    pub fn bridged_call(&mut self) -> CallId {
        let call = self.call_in();
        self.dial(call, 2, ALICE).unwrap();
        self.run(50);
        self.by(ALICE, Phone::answer);
        self.run(50);
        self.act(call, Action::Answer { leg: LegNo(1) }).unwrap();
        self.bridge(call, 1, 2);
        self.run(50);
        call
    }

    /// A call that nobody dialled in.
    pub fn originate(&mut self) -> CallId {
        let (now, switch) = (self.now, &mut self.switch);
        let origin = switch.origin(now);
        let mut doors = Doors {
            sip: &mut switch.sip,
            ports: &mut switch.ports,
        };
        let call = switch.calls.originate(now, &mut doors, origin).unwrap();
        self.settle();
        call
    }

    pub fn bridge(&mut self, call: CallId, a: u16, b: u16) {
        let (a, b) = (LegNo(a), LegNo(b));
        self.act(call, Action::Bridge { a, b }).unwrap();
    }

    pub fn dial(&mut self, call: CallId, leg: u16, last: u8) -> Result<(), Refusal> {
        self.dial_for(call, leg, last, ms(20_000))
    }

    pub fn dial_for(
        &mut self,
        call: CallId,
        leg: u16,
        last: u8,
        ring_for: Duration,
    ) -> Result<(), Refusal> {
        let name = match last {
            ALICE => "alice",
            _ => "bob",
        };
        let to = Destination {
            party: Party::User(name.into()),
            uri: format!("sip:{name}@{}", host(last)),
            to: format!("sip:{name}@demo.example"),
            flow: Flow {
                transport: Transport::Udp,
                local: host(SWITCH),
                remote: host(last),
                connection: 0,
            },
            routes: Vec::new(),
            advertise: host(SWITCH),
            media_local: host(SWITCH).ip(),
            media_advertise: host(SWITCH).ip(),
            codecs: Arc::from([Codec::Pcmu, Codec::Pcma]),
        };
        let caller = CallerId {
            number: "+441632960001".into(),
            name: Some("Ann".into()),
            host: "demo.example".into(),
        };
        let action = Action::Dial {
            leg: LegNo(leg),
            to: Box::new(to),
            caller,
            ring_for,
            headers: Vec::new(),
        };
        self.act(call, action)
    }

    pub fn play(&mut self, call: CallId, leg: u16, millis: u64) {
        let clips = vec![Clip::Audio(Arc::new(media::Audio {
            name: "welcome".into(),
            samples: vec![0; millis as usize * 8],
        }))];
        let leg = LegNo(leg);
        let repeat = false;
        self.act(call, Action::Play { leg, clips, repeat }).unwrap();
    }

    pub fn act(&mut self, call: CallId, action: Action) -> Result<(), Refusal> {
        let now = self.now;
        let switch = &mut self.switch;
        let mut doors = Doors {
            sip: &mut switch.sip,
            ports: &mut switch.ports,
        };
        let done = switch.calls.act(now, &mut doors, call, action);
        self.settle();
        done
    }

    pub fn hang_up(&mut self, call: CallId, leg: u16, cause: Cause) {
        let leg = LegNo(leg);
        self.act(call, Action::HangUp { leg, cause }).unwrap();
    }

    /// A datagram written by hand.
    pub fn inject(&mut self, from: u8, bytes: Bytes) {
        self.deliver(host(from), host(SWITCH), bytes);
        self.settle();
    }

    /// An event of the media thread that no packet caused.
    pub fn media_event(&mut self, event: media::Event) {
        self.switch.handle_media(self.now, event);
        self.settle();
    }

    /// The stream of the leg that was given the n-th port (from 0).
    pub fn stream(&self, n: usize) -> StreamId {
        let opened = self.switch.commands.iter().filter_map(|c| match c {
            media::Command::Open { port, .. } => Some(port.stream),
            _ => None,
        });
        opened.collect::<Vec<_>>()[n]
    }

    /// Tells the call engine an event that its signalling engine told long ago.
    pub fn repeat_event(&mut self, at: usize) {
        let (now, switch) = (self.now, &mut self.switch);
        if let Some(event) = switch.events.get(at).cloned() {
            let mut doors = Doors {
                sip: &mut switch.sip,
                ports: &mut switch.ports,
            };
            switch.calls.handle_sip(now, &mut doors, event);
        }
        self.settle();
    }

    /// Lets so many milliseconds pass.
    pub fn run(&mut self, millis: u64) {
        let until = self.now + ms(millis);
        self.settle();
        while let Some(at) = self.next_at().filter(|&at| at <= until) {
            self.now = self.now.max(at);
            while let Some(Reverse(next)) = self.flying.peek()
                && next.0 <= self.now
            {
                let Some(Reverse((_, _, from, to, bytes))) = self.flying.pop() else {
                    break;
                };
                self.deliver(from, to, bytes);
                self.settle();
            }
            self.tick();
            self.settle();
        }
        self.now = until;
    }

    fn next_at(&self) -> Option<Time> {
        let phones = self.phones.values().filter_map(|p| p.sip.next_timeout());
        let switch = &self.switch;
        phones
            .chain(self.flying.peek().map(|Reverse(next)| next.0))
            .chain(switch.sip.next_timeout())
            .chain(switch.calls.next_timeout())
            .chain(switch.media.next_tick())
            .min()
    }

    fn tick(&mut self) {
        let now = self.now;
        for phone in self.phones.values_mut() {
            if phone.sip.next_timeout().is_some_and(|at| at <= now) {
                phone.sip.handle_timeout(now);
            }
        }
        let switch = &mut self.switch;
        if switch.sip.next_timeout().is_some_and(|at| at <= now) {
            switch.sip.handle_timeout(now);
        }
        if switch.calls.next_timeout().is_some_and(|at| at <= now) {
            let mut doors = Doors {
                sip: &mut switch.sip,
                ports: &mut switch.ports,
            };
            switch.calls.handle_timeout(now, &mut doors);
        }
        switch.media.tick(now);
    }

    fn deliver(&mut self, from: SocketAddr, to: SocketAddr, bytes: Bytes) {
        let flow = Flow {
            transport: Transport::Udp,
            local: to,
            remote: from,
            connection: 0,
        };
        if to == host(SWITCH) {
            self.switch.sip.handle_message(self.now, flow, bytes);
        } else if let Some(phone) = self.phones.get_mut(&to)
            && phone.plugged
        {
            phone.sip.handle_message(self.now, flow, bytes);
        }
    }

    /// Carries outputs to where they belong until nobody has any.
    pub fn settle(&mut self) {
        loop {
            let mut sent = Vec::new();
            let busy = self.switch.settle(self.now, &mut sent);
            for phone in self.phones.values_mut() {
                phone.settle(self.now, &mut sent);
            }
            for (flow, bytes) in sent.drain(..) {
                self.serial += 1;
                let text = String::from_utf8_lossy(&bytes).into_owned();
                if self.is_lost() {
                    continue;
                }
                self.wire.push((flow.local, flow.remote, text));
                self.flying.push(Reverse((
                    self.now + DELAY,
                    self.serial,
                    flow.local,
                    flow.remote,
                    bytes,
                )));
            }
            if !busy {
                return;
            }
        }
    }

    fn is_lost(&mut self) -> bool {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice % 100 < self.loss_percent
    }

    /// Topics of the facts so far, in order, with their leg's number where they have one.
    pub fn story(&self) -> Vec<String> {
        let name = |event: &Event| match event.leg {
            Some(leg) => format!("{} {leg}", event.fact.topic()),
            None => event.fact.topic().to_owned(),
        };
        self.switch.facts.iter().map(name).collect()
    }

    pub fn told(&self, topic: &str) -> usize {
        let facts = self.switch.facts.iter();
        facts.filter(|event| event.fact.topic() == topic).count()
    }

    pub fn cdr(&self, leg: u16) -> &Cdr {
        let mut cdrs = self
            .switch
            .facts
            .iter()
            .filter_map(|event| match &event.fact {
                Fact::CdrWritten(cdr) if cdr.leg == LegNo(leg) => Some(&**cdr),
                _ => None,
            });
        let cdr = cdrs.next().unwrap();
        assert_eq!(cdrs.next(), None, "leg {leg} is billed twice");
        cdr
    }

    pub fn notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.switch.notices)
    }

    /// Messages to a host that begin so.
    pub fn sent_to(&self, last: u8, begin: &str) -> Vec<&str> {
        let to = self.wire.iter().filter(|(_, to, _)| *to == host(last));
        to.map(|(_, _, text)| text.as_str())
            .filter(|text| text.starts_with(begin))
            .collect()
    }

    /// Everything is over and nothing is left; the clock runs until all transactions are, too.
    pub fn assert_clean(&mut self) {
        self.run(70_000);
        assert!(self.switch.calls.is_clean(), "{:#?}", self.switch.calls);
        assert!(self.switch.ports.taken.is_empty());
        assert_eq!(self.switch.media.open_streams(), 0);
        assert_eq!(self.switch.sip.counters().dialogs, 0);
        let ended = self.told("call.ended");
        assert_eq!(ended, self.told("call.started"));
        assert_eq!(self.told("leg.ended"), self.told("cdr.written"));
    }
}
