//! A world: half a minute in which everything goes on at once, and then the reckoning.

use std::io::ErrorKind;
use std::time::Duration;

use cordboard_node::control::verb::{Originate, Verb};
use cordboard_node::shard::Input;
use cordboard_store::StoreFaults;
use cordboard_store::journal::disk::Faults;
use cordboard_tests::sim::chance::{Chance, Draw};
use cordboard_tests::sim::node::EPOCH_MS;
use cordboard_tests::sim::phone::{Manner, State};
use cordboard_tests::sim::{PhoneId, SimNet};

/// How long things happen.
const BUSY: Duration = Duration::from_secs(25);

/// What two runs of one seed must have in common.
#[derive(Debug, PartialEq, Eq)]
pub struct Trace {
    /// Every event with its number, in order of birth.
    pub journal: String,
    /// Every SIP byte on the wire.
    pub wire: String,
    /// The first tenant's journal as the database holds it.
    pub stored: String,
    /// Events ever numbered.
    pub events: u64,
    /// Calls dialled, and those that were answered.
    pub calls: (usize, usize),
    /// Nodes that ran.
    pub lives: usize,
}

struct World {
    net: SimNet,
    chance: Chance,
    users: Vec<PhoneId>,
    carriers: Vec<PhoneId>,
    dialled: u32,
    /// When the node starts again after a crash.
    back_at: Option<Duration>,
    lives: usize,
    last_start: Duration,
    /// Last sync before each loss of power, and when the power went.
    cuts: Vec<(Duration, Duration)>,
    faults_end: Option<Duration>,
}

/// Runs a world to its end and checks what must hold.
pub fn run(seed: u64) -> Trace {
    let mut world = World::new(seed);
    while world.net.now < BUSY {
        let pause = Duration::from_millis(50) + world.chance.up_to(Duration::from_millis(500));
        world.net.run_for(pause);
        world.act();
    }
    world.calm_down();
    world.check()
}

impl World {
    fn new(seed: u64) -> Self {
        // Some worlds have few ports for audio.
        let mut net = SimNet::with_ports(seed, if seed % 5 == 4 { 8 } else { 20_000 });
        let mut chance = Chance::seeded(seed ^ 0x5eed);
        let users: Vec<PhoneId> = ["alice", "bob", "carol", "dave"]
            .map(|name| net.registered(name))
            .into();
        let carriers = vec![
            net.carrier(1, "+441632960001"),
            net.carrier(2, "+441632960002"),
        ];
        // Bob and Carol sit behind NATs.
        for user in &users[1..3] {
            net.tell(*user, |phone| {
                phone.believed = "192.168.1.7".parse().unwrap()
            });
            net.tell(*user, |phone| phone.register(600));
        }
        for (at, phone) in users.iter().chain(&carriers).enumerate() {
            net.voice(*phone, 400.0 + 100.0 * at as f32);
            net.tell(*phone, |phone| phone.pace = Duration::from_millis(240));
        }
        // A third of the worlds has a good network.
        if chance.below(3) > 0 {
            net.weather.loss = chance.below(16) as f64 / 100.0;
            net.weather.audio_loss = chance.below(10) as f64 / 100.0;
            net.weather.copies = chance.below(6) as f64 / 100.0;
            net.weather.held_up = chance.below(6) as f64 / 100.0;
            net.weather.jitter = chance.up_to(Duration::from_millis(40));
        }
        Self {
            net,
            chance,
            users,
            carriers,
            dialled: 0,
            back_at: None,
            lives: 1,
            last_start: Duration::ZERO,
            cuts: Vec::new(),
            faults_end: None,
        }
    }

    fn act(&mut self) {
        if self.back_at.is_some_and(|at| at <= self.net.now) {
            self.start_again();
        }
        if self.faults_end.is_some_and(|at| at <= self.net.now) {
            self.faults_end = None;
            self.net.remains.disk.set_faults(Faults::default());
            self.net.remains.store.set_faults(StoreFaults::default());
        }
        match self.chance.below(100) {
            0..45 => self.dial(),
            45..65 => self.hang_up(),
            65..72 => self.hold(),
            72..82 => self.press(),
            82..90 => self.change_manner(),
            90..96 => self.spoil(),
            96..98 => self.crash(),
            98 => self.start_call(),
            _ => {
                let user = self.pick_user();
                self.net.tell(user, |phone| phone.register(600));
            }
        }
    }

    fn pick_user(&mut self) -> PhoneId {
        self.users[self.chance.below(self.users.len() as u64) as usize]
    }

    fn dial(&mut self) {
        self.dialled += 1;
        let n = self.dialled % 1_000;
        if self.chance.happens(0.5) {
            let user = self.pick_user();
            let kind = self.chance.below(5);
            let number = if kind == 4 {
                format!("8{n:03}")
            } else {
                format!("7{kind}{:02}", n % 100)
            };
            self.net.dial(user, &number);
        } else {
            let carrier = self.carriers[self.chance.below(2) as usize];
            let number = match self.chance.below(6) {
                5 => format!("+493012{n:04}"),
                kind => format!("+44207{kind}{n:04}"),
            };
            self.net.dial(carrier, &number);
        }
    }

    /// Some call of some phone that is not over.
    fn some_call(&mut self, wanted: impl Fn(State) -> bool) -> Option<(PhoneId, usize)> {
        let mut open = Vec::new();
        for id in self.users.iter().chain(&self.carriers) {
            let calls = self.net.look(*id).calls.iter().enumerate();
            open.extend(
                calls
                    .filter(|(_, call)| wanted(call.state))
                    .map(|(at, _)| (*id, at)),
            );
        }
        let drawn = self.chance.below(open.len() as u64) as usize;
        open.get(drawn).copied()
    }

    /// An operator starts a call.
    fn start_call(&mut self) {
        let user = ["alice", "bob", "carol", "nobody"][self.chance.below(4) as usize];
        let ask = Originate {
            target: format!("user:{user}"),
            route: "support".to_owned(),
            timeout_s: 1 + self.chance.below(8),
            ..Originate::default()
        };
        if self.net.node.is_some() {
            self.net
                .tell_node(Input::Operator(Verb::CallStart(ask), Box::new(drop)));
        }
    }

    fn hang_up(&mut self) {
        if let Some((id, call)) = self.some_call(|state| state != State::Over) {
            self.net.tell(id, |phone| phone.hang_up(call));
        }
    }

    fn hold(&mut self) {
        let on = self.chance.happens(0.5);
        if let Some((id, call)) = self.some_call(|state| state == State::Up) {
            self.net.tell(id, |phone| phone.hold(call, on));
        }
    }

    fn press(&mut self) {
        let key = ["1", "2", "9", "#"][self.chance.below(4) as usize];
        let by_info = self.chance.happens(0.3);
        if let Some((id, call)) = self.some_call(|state| state == State::Up) {
            self.net.tell(id, |phone| match by_info {
                true => phone.press_by_info(call, key.chars().next().unwrap()),
                false => phone.press(call, key),
            });
        }
    }

    fn change_manner(&mut self) {
        let after = self.chance.up_to(Duration::from_secs(3));
        let manner = match self.chance.below(8) {
            0 => Manner::Busy,
            1 => Manner::Declines,
            2 => Manner::Rings,
            3 => Manner::EarlyThenAnswers(after),
            _ => Manner::Answers(after),
        };
        let user = self.pick_user();
        self.net.manner(user, manner);
        self.net.manner(self.carriers[1], manner);
    }

    /// Something goes wrong with the disk or the store, for a while.
    fn spoil(&mut self) {
        self.faults_end = Some(
            self.net.now + Duration::from_millis(300) + self.chance.up_to(Duration::from_secs(4)),
        );
        let room = self.chance.below(3_000);
        let disk = match self.chance.below(6) {
            // The last write before it is full is torn.
            0 => Faults {
                room_bytes: Some(room),
                ..Faults::default()
            },
            1 => Faults {
                room_bytes: Some(room),
                cut_fails: true,
                ..Faults::default()
            },
            2 => Faults {
                write_error: Some(ErrorKind::Other),
                ..Faults::default()
            },
            3 => Faults {
                sync_fails: true,
                ..Faults::default()
            },
            4 => Faults {
                read_fails: true,
                ..Faults::default()
            },
            _ => {
                let lost = self.chance.happens(0.5);
                let faults = StoreFaults {
                    still: !lost,
                    answers_lost: lost,
                    ..StoreFaults::default()
                };
                self.net.remains.store.set_faults(faults);
                return;
            }
        };
        self.net.remains.disk.set_faults(disk);
    }

    fn crash(&mut self) {
        if self.net.node.is_none() || self.lives > 3 {
            return;
        }
        if self.chance.happens(0.5) {
            self.net.kill_node();
        } else {
            let synced = self.net.witness.lock().unwrap().synced_at;
            self.cuts.push((synced, self.net.now));
            self.net.cut_power();
        }
        self.back_at = Some(
            self.net.now + Duration::from_millis(200) + self.chance.up_to(Duration::from_secs(2)),
        );
    }

    fn start_again(&mut self) {
        self.back_at = None;
        // A node starts only on a disk that can be read and a store that answers.
        self.faults_end = None;
        self.net.remains.disk.set_faults(Faults::default());
        self.net.remains.store.set_faults(StoreFaults::default());
        self.last_start = self.net.now;
        self.lives += 1;
        self.net.start_node();
    }

    /// Good weather, whole disks, and everybody hangs up.
    fn calm_down(&mut self) {
        if self.net.node.is_none() {
            self.start_again();
        }
        self.net.remains.disk.set_faults(Faults::default());
        self.net.remains.store.set_faults(StoreFaults::default());
        self.net.weather.loss = 0.0;
        self.net.run_for(Duration::from_secs(3));
        for _ in 0..3 {
            for id in self.users.iter().chain(&self.carriers) {
                for call in 0..self.net.look(*id).calls.len() {
                    if self.net.look(*id).calls[call].state != State::Over {
                        self.net.tell(*id, |phone| phone.hang_up(call));
                        self.net.run_for(Duration::from_millis(100));
                    }
                }
            }
            self.net.run_for(Duration::from_secs(40));
        }
    }

    fn check(&mut self) -> Trace {
        let net = &mut self.net;
        assert!(
            net.phones().all(|phone| phone.is_idle()),
            "a phone is still in a call\n{}",
            net.story()
        );
        assert_eq!(net.node().events_lost(), 0);
        net.assert_clean();
        net.assert_journal();
        self.check_promises();
        self.check_last_life();
        let net = &mut self.net;
        let verdict = net
            .wait(cordboard_store::JournalStore::verify(
                &net.remains.store,
                "sim",
            ))
            .unwrap();
        let calls = net
            .phones()
            .flat_map(|phone| &phone.calls)
            .filter(|call| call.dialled.is_some());
        let calls = calls.fold((0, 0), |(all, up), call| {
            (all + 1, up + usize::from(call.answered.is_some()))
        });
        let witness = net.witness.lock().unwrap();
        Trace {
            journal: witness.chain(),
            wire: net.wire_hash(),
            stored: verdict.hash,
            events: witness.count,
            calls,
            lives: self.lives,
        }
    }

    /// Who heard something above 100 has a `call.started`, unless the power went before a sync.
    fn check_promises(&self) {
        let mut begun = Vec::new();
        for tenant in ["sim", "two"] {
            let started = self
                .net
                .events(tenant)
                .into_iter()
                .filter(|event| event.topic == "call.started");
            begun.extend(started.map(|event| {
                let fact: serde_json::Value = serde_json::from_str(&event.payload).unwrap();
                (fact["dialled"].as_str().unwrap().to_owned(), event.at_ms)
            }));
        }
        for phone in self.net.phones() {
            for call in &phone.calls {
                let (Some(dialled), Some(at)) = (&call.dialled, call.heard_above_100) else {
                    continue;
                };
                let from_a_call = call
                    .responses
                    .iter()
                    .any(|code| matches!(code, 180..300 | 480 | 486));
                let power_lost = self
                    .cuts
                    .iter()
                    .any(|(synced, cut)| *synced < at && at <= *cut + Duration::from_millis(100));
                if !from_a_call || power_lost {
                    continue;
                }
                let latest = EPOCH_MS + at.as_millis() as u64;
                assert!(
                    begun
                        .iter()
                        .any(|(number, begun_at)| number == dialled && *begun_at <= latest),
                    "{dialled} heard {:?} at {at:?} and no call began\n{}",
                    call.responses,
                    self.net.story()
                );
            }
        }
    }

    /// No crash came after the last start: every call that began since has ended.
    fn check_last_life(&self) {
        let since = EPOCH_MS + self.last_start.as_millis() as u64;
        for tenant in ["sim", "two"] {
            let events = self.net.events(tenant);
            let of = |topic: &str| {
                let found = events
                    .iter()
                    .filter(|event| event.topic == topic && event.at_ms >= since);
                found
                    .filter_map(|event| event.call.clone())
                    .collect::<std::collections::BTreeSet<String>>()
            };
            assert_eq!(
                of("call.started"),
                of("call.ended"),
                "calls of the last life\n{}",
                self.net.story()
            );
        }
    }
}
