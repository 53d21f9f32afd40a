//! The phones of a simulated call: what the call engine and the far ends would do.
//!
//! Actions come in; what follows from them is put on the agenda. A user or trunk answers, is
//! busy or absent as the test says, else rings in vain. A talk lasts `TALK`, then the called side
//! hangs up.

use std::collections::BTreeMap;
use std::time::Duration;

use cordboard_call::action::{Action, Destination, Notice};
use cordboard_call::cause::Cause;
use cordboard_call::event::Party;
use cordboard_call::ids::LegNo;
use cordboard_dialplan::route::TestCall;
use cordboard_sip::{Flow, Transport};

use crate::sound;
use crate::world::{Located, Target, Time};

/// How long a talk lasts before the called side hangs up.
pub const TALK: Duration = Duration::from_secs(10);
/// A phone that is busy says so after this.
const REFUSAL: Duration = Duration::from_millis(100);

/// Something that is going to happen.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    Notice(Notice),
    /// A prompt's end, by the play's number.
    PlayOver(u64),
    CallerHangsUp,
    /// The tenant's longest call is over.
    TooLong,
    TalkOver(LegNo),
    Answer {
        id: u64,
        answer: crate::script::ScriptAnswer,
    },
}

/// What happens when, in order of time and then of being put there.
#[derive(Default)]
pub(super) struct Agenda {
    list: BTreeMap<(Time, u64), Happening>,
    number: u64,
}

impl Agenda {
    pub fn put(&mut self, at: Time, happening: Happening) {
        self.number += 1;
        self.list.insert((at, self.number), happening);
    }

    pub fn next_at(&self) -> Option<Time> {
        self.list.keys().next().map(|(at, _)| *at)
    }

    pub fn take(&mut self) -> Option<Happening> {
        self.list.pop_first().map(|(_, happening)| happening)
    }
}

struct Phone {
    name: String,
    answered: bool,
}

/// The first leg and the phones that were called.
pub(super) struct Phones<'c> {
    call: &'c TestCall,
    first: LegNo,
    answered: bool,
    caller_gone: bool,
    called: BTreeMap<u16, Phone>,
    bridged: Option<LegNo>,
    playing: Option<u64>,
    plays: u64,
}

impl<'c> Phones<'c> {
    pub fn new(call: &'c TestCall, first: LegNo) -> Phones<'c> {
        Phones {
            call,
            first,
            answered: false,
            caller_gone: false,
            called: BTreeMap::new(),
            bridged: None,
            playing: None,
            plays: 0,
        }
    }

    /// Does what the run wants.
    pub fn act(&mut self, now: Time, action: &Action, agenda: &mut Agenda) {
        match action {
            Action::Answer { leg } if !self.answered => {
                self.answered = true;
                agenda.put(now, Happening::Notice(Notice::Answered { leg: *leg }));
            }
            Action::Dial {
                leg, to, ring_for, ..
            } => self.dial(now, (*leg, name_of(to)), *ring_for, agenda),
            Action::Play { clips, repeat, .. } => {
                self.stop_play(now, agenda);
                self.plays += 1;
                self.playing = Some(self.plays);
                if let (false, Some(length)) = (*repeat, sound::length(clips)) {
                    agenda.put(now + length, Happening::PlayOver(self.plays));
                }
            }
            Action::StopPlay { .. } => self.stop_play(now, agenda),
            Action::Bridge { b, .. } => {
                self.stop_play(now, agenda);
                self.bridged = Some(*b);
                self.talk(now, agenda);
            }
            Action::HangUp { leg, cause } => self.hang_up(now, *leg, *cause, agenda),
            _ => {}
        }
    }

    fn dial(
        &mut self,
        now: Time,
        (leg, name): (LegNo, String),
        rings: Duration,
        agenda: &mut Agenda,
    ) {
        let ended = |cause| Happening::Notice(Notice::LegEnded { leg, cause });
        let after = self
            .call
            .answers
            .iter()
            .find(|(who, _)| *who == name)
            .map(|(_, after)| *after);
        match after {
            _ if self.call.busy.contains(&name) => agenda.put(now + REFUSAL, ended(Cause::BUSY)),
            Some(after) if after <= rings => {
                agenda.put(now, Happening::Notice(Notice::Ringing { leg }));
                agenda.put(now + after, Happening::Notice(Notice::Answered { leg }));
            }
            _ => {
                agenda.put(now, Happening::Notice(Notice::Ringing { leg }));
                agenda.put(now + rings, ended(Cause::NO_ANSWER));
            }
        }
        self.called.insert(
            leg.0,
            Phone {
                name,
                answered: false,
            },
        );
    }

    fn stop_play(&mut self, now: Time, agenda: &mut Agenda) {
        if self.playing.take().is_some() {
            let leg = self.first;
            agenda.put(
                now,
                Happening::Notice(Notice::PlayEnded { leg, stopped: true }),
            );
        }
    }

    fn hang_up(&mut self, now: Time, leg: LegNo, cause: Cause, agenda: &mut Agenda) {
        let known = leg == self.first || self.called.remove(&leg.0).is_some();
        if known {
            agenda.put(now, Happening::Notice(Notice::LegEnded { leg, cause }));
        }
    }

    fn talk(&mut self, now: Time, agenda: &mut Agenda) {
        let with = self.bridged.filter(|_| self.answered);
        let phone = with
            .and_then(|leg| self.called.get(&leg.0))
            .filter(|phone| phone.answered);
        if let (Some(leg), Some(_)) = (with, phone) {
            agenda.put(now + TALK, Happening::TalkOver(leg));
        }
    }

    /// What the run hears of a happening, and what is told of it; `None` where it did not come
    /// about after all.
    pub fn happens(
        &mut self,
        now: Time,
        happening: Happening,
        agenda: &mut Agenda,
    ) -> Option<(Notice, Option<String>)> {
        match happening {
            Happening::PlayOver(play) if self.playing == Some(play) => {
                self.playing = None;
                Some((
                    Notice::PlayEnded {
                        leg: self.first,
                        stopped: false,
                    },
                    None,
                ))
            }
            Happening::CallerHangsUp if !self.caller_gone => {
                self.caller_gone = true;
                let notice = Notice::LegEnded {
                    leg: self.first,
                    cause: Cause::NORMAL,
                };
                Some((notice, Some("caller hangs up".into())))
            }
            Happening::TooLong if !self.caller_gone => {
                self.caller_gone = true;
                let cause = Cause::TIMER_EXPIRED;
                let notice = Notice::LegEnded {
                    leg: self.first,
                    cause,
                };
                Some((notice, Some("longest call reached".into())))
            }
            Happening::TalkOver(leg) => {
                let phone = self.called.remove(&leg.0)?;
                let told = format!("{} hangs up", phone.name);
                Some((
                    Notice::LegEnded {
                        leg,
                        cause: Cause::NORMAL,
                    },
                    Some(told),
                ))
            }
            Happening::Notice(notice) => self.notice(now, notice, agenda),
            _ => None,
        }
    }

    fn notice(
        &mut self,
        now: Time,
        notice: Notice,
        agenda: &mut Agenda,
    ) -> Option<(Notice, Option<String>)> {
        match &notice {
            Notice::Answered { leg } if *leg == self.first => {
                self.talk(now, agenda);
                Some((notice, None))
            }
            Notice::Answered { leg } => {
                let phone = self.called.get_mut(&leg.0)?;
                phone.answered = true;
                let told = format!("answered {}", phone.name);
                self.talk(now, agenda);
                Some((notice, Some(told)))
            }
            // Of a play that another one replaced only the journal hears.
            Notice::PlayEnded { .. } if self.playing.is_some() => None,
            Notice::Ringing { leg } => {
                self.called.get(&leg.0)?;
                Some((notice, None))
            }
            Notice::LegEnded { leg, .. } if *leg == self.first => {
                self.caller_gone = true;
                Some((notice, None))
            }
            Notice::LegEnded { leg, cause } => {
                // A leg that rang in vain ends here; one that was hung up is not known any more.
                let rang = self.called.remove(&leg.0).is_some();
                (rang || *cause != Cause::NO_ANSWER).then_some((notice, None))
            }
            _ => Some((notice, None)),
        }
    }
}

fn name_of(to: &Destination) -> String {
    match &to.party {
        Party::User(name) | Party::Trunk(name) => name.clone(),
        Party::Stranger => String::new(),
    }
}

/// Where somebody is in a simulated world: at one device, unless absent.
pub(super) fn locate(call: &TestCall, target: &Target, known: bool) -> Located {
    let name = target.name();
    if !known {
        return Located::Unknown;
    }
    if call.absent.iter().any(|absent| absent == name) {
        return Located::Absent;
    }
    let (party, number) = match target {
        Target::User(name) => (Party::User(name.clone()), name),
        Target::Trunk { trunk, number } => (Party::Trunk(trunk.clone()), number),
    };
    let here = std::net::SocketAddr::from(([127, 0, 0, 1], 5060));
    Located::Destinations(vec![Destination {
        party,
        uri: format!("sip:{number}@{name}.invalid"),
        to: format!("sip:{number}@{name}.invalid"),
        flow: Flow {
            transport: Transport::Udp,
            local: here,
            remote: here,
            connection: 0,
        },
        routes: Vec::new(),
        advertise: here,
        media_local: here.ip(),
        media_advertise: here.ip(),
        codecs: std::sync::Arc::from([]),
    }])
}
