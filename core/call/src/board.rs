//! What all calls of a shard share: where each dialog and stream belongs, what is counted, what
//! is to be told.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasherDefault;
use std::time::Duration;

use cordboard_media::{Command, MediaPorts, StreamId};
use cordboard_sip::{DialogId, Endpoint};

use crate::event::Event;
use crate::ids::{CallId, LegNo};
use crate::limits::Limits;
use crate::{action::Notice, ids::LegId};

type Time = Duration;

/// Keys are ours, not a stranger's, so a fixed hash is safe and the same in every run.
type Map<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// What comes out of the engine. Drain all of it after each input.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)] // Lives only between an input and the drain after it.
pub enum Output {
    /// For the media thread that owns the stream, in this order.
    Media(Command),
    /// For the journal, in this order.
    Fact(Event),
    /// For the runner of that call's route.
    Notice {
        /// Which call.
        call: CallId,
        /// What it hears.
        notice: Notice,
    },
}

/// What the engine reaches the world through: each method that may need it borrows both.
pub struct Doors<'a> {
    /// The shard's signalling engine.
    pub sip: &'a mut Endpoint,
    /// RTP port pairs.
    pub ports: &'a mut dyn MediaPorts,
}

/// How much has happened since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Calls begun.
    pub calls_started: u64,
    /// Calls over.
    pub calls_ended: u64,
    /// Calls that a fault of ours has ended.
    pub calls_broken: u64,
    /// Calls not admitted.
    pub calls_refused: u64,
    /// Actions refused.
    pub actions_refused: u64,
    /// Events of signalling or media that fit no call, leg or state.
    pub inputs_ignored: u64,
    /// Streams and recordings that a media thread did not end in time.
    pub media_overdue: u64,
}

/// The shared part of the engine.
#[derive(Debug)]
pub(crate) struct Board {
    pub out: VecDeque<Output>,
    pub limits: Limits,
    pub dialogs: Map<DialogId, LegId>,
    pub streams: Map<StreamId, LegId>,
    pub recordings: Map<u64, CallId>,
    /// Streams whose leg was given up: their pair returns when the media thread closes them.
    pub orphans: Map<StreamId, ()>,
    pub counters: Counters,
    number: u64,
}

impl Board {
    /// Nothing is up; there is room for so many legs.
    pub fn new(legs_max: usize) -> Self {
        Self {
            out: VecDeque::new(),
            limits: Limits::new(legs_max),
            dialogs: Map::default(),
            streams: Map::default(),
            recordings: Map::default(),
            orphans: Map::default(),
            counters: Counters::default(),
            number: 0,
        }
    }

    /// A number not used before on this board, for recordings and plays.
    pub fn number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// Tells a media thread.
    pub fn media(&mut self, command: Command) {
        self.out.push_back(Output::Media(command));
    }

    /// Files a leg under its dialog.
    pub fn add_dialog(&mut self, dialog: DialogId, call: CallId, leg: LegNo) {
        self.dialogs.insert(dialog, LegId { call, leg });
    }

    /// Files a leg under its stream.
    pub fn add_stream(&mut self, stream: StreamId, call: CallId, leg: LegNo) {
        self.streams.insert(stream, LegId { call, leg });
    }
}

/// One moment of one input: the time, the doors and the board.
pub(crate) struct Moment<'a> {
    pub now: Time,
    pub sip: &'a mut Endpoint,
    pub ports: &'a mut dyn MediaPorts,
    pub board: &'a mut Board,
}
