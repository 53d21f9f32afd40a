//! Reporters: totals over the journal, folded from its beginning and then live.
//!
//! [`Folder`] owns one instance. Whatever it has folded can be folded again, so there is nothing
//! to keep but its state and the number of the last event in it: a guest that breaks is made anew
//! from the last snapshot, hears the journal from there, and the event that broke it is left out.

use cordboard_steps::{ScriptError, ScriptErrorKind};
use serde_json::Value;

use crate::contract::{Event, Refused, Report, STATE_BYTES_MAX};
use crate::module::ReporterGuest;

/// Most events that one entry takes.
pub const FOLD_MAX: usize = 256;
/// Events that broke the guest and are left out for good; beyond it the reporter is down.
pub const LEFT_OUT_MAX: usize = 1_000;

/// Makes an instance, `lifecycle.start` included.
pub type MakeReporter = Box<dyn Fn() -> Result<Box<dyn ReporterGuest>, ScriptError> + Send>;

/// Totals at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// `state-version` of the module that saved them.
    pub version: u32,
    /// Last event of the journal in them.
    pub cursor: u64,
    /// Name and version of the module: another one folds from the beginning.
    pub source: String,
    /// What the guest saved.
    pub state: Vec<u8>,
}

impl Totals {
    /// As bytes: version (4, little endian), cursor (8), length of the source (1), source, state.
    pub fn to_bytes(&self) -> Vec<u8> {
        let source = self.source.get(..self.source.len().min(255)).unwrap_or("");
        let mut out = Vec::with_capacity(13 + source.len() + self.state.len());
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&self.cursor.to_le_bytes());
        out.push(u8::try_from(source.len()).unwrap_or(0));
        out.extend_from_slice(source.as_bytes());
        out.extend_from_slice(&self.state);
        out
    }

    /// Reads those bytes; none when they are something else.
    pub fn of_bytes(bytes: &[u8]) -> Option<Totals> {
        let (version, rest) = bytes.split_first_chunk::<4>()?;
        let (cursor, rest) = rest.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first()?;
        let (source, state) = rest.split_at_checked(usize::from(*length))?;
        Some(Totals {
            version: u32::from_le_bytes(*version),
            cursor: u64::from_le_bytes(*cursor),
            source: std::str::from_utf8(source).ok()?.to_owned(),
            state: state.to_vec(),
        })
    }
}

/// One instance of a reporter.
pub struct Folder {
    version: u32,
    source: String,
    make: MakeReporter,
    guest: Option<Box<dyn ReporterGuest>>,
    /// Its guest is put away: `totals` are all of its state.
    parked: bool,
    cursor: u64,
    totals: Totals,
    left_out: Vec<u64>,
}

/// What folding did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// What the guest did wrong.
    pub faults: Vec<ScriptError>,
    /// The journal must be heard again after this number.
    pub rewind: Option<u64>,
}

impl Folder {
    /// One that goes on from `totals` where they are of the same module and version, else from
    /// the beginning.
    ///
    /// # Errors
    /// The guest cannot be made.
    pub fn start(
        (version, source): (u32, &str),
        make: MakeReporter,
        totals: Option<Totals>,
    ) -> Result<Folder, ScriptError> {
        let mut guest = make()?;
        let usable = totals.filter(|t| t.version == version && t.source == source);
        let taken = match usable {
            Some(totals) => match guest.restore(totals.version, &totals.state)? {
                Ok(()) => Some(totals),
                Err(_) => {
                    guest = make()?;
                    None
                }
            },
            None => None,
        };
        let totals = match taken {
            Some(totals) => totals,
            None => Totals {
                version,
                cursor: 0,
                source: source.to_owned(),
                state: save(guest.as_mut())?,
            },
        };
        Ok(Folder {
            version,
            source: source.to_owned(),
            make,
            guest: Some(guest),
            parked: false,
            cursor: totals.cursor,
            totals,
            left_out: Vec::new(),
        })
    }

    /// Last event of the journal that is folded.
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// It cannot be made again.
    pub fn is_down(&self) -> bool {
        self.guest.is_none() && !self.parked
    }

    /// Its guest is put away until there is something to fold or to say.
    pub fn is_parked(&self) -> bool {
        self.parked
    }

    /// Puts the guest away, with its totals kept.
    ///
    /// # Errors
    /// As `save`.
    pub fn park(&mut self) -> Result<Totals, ScriptError> {
        let totals = self.save()?;
        self.parked = self.guest.take().is_some() || self.parked;
        Ok(totals)
    }

    /// A guest that was put away is made again; what was passed over meanwhile stays so.
    fn unpark(&mut self, folded: &mut Folded) {
        if std::mem::take(&mut self.parked) {
            let cursor = self.cursor;
            if self.rebuild(folded) {
                self.cursor = cursor;
            }
        }
    }

    /// Something was folded since the last snapshot.
    pub fn is_dirty(&self) -> bool {
        self.cursor != self.totals.cursor
    }

    /// Folds events, at most [`FOLD_MAX`] at a time. Where one breaks the guest, the journal must
    /// be heard again from `Folded::rewind` on; that event is not folded then.
    pub fn fold(&mut self, events: Vec<Event>) -> Folded {
        let mut folded = Folded::default();
        let mut wanted = events;
        if !wanted.is_empty() {
            self.unpark(&mut folded);
        }
        wanted.retain(|e| e.seq > self.cursor && !self.left_out.contains(&e.seq));
        for part in wanted.chunks(FOLD_MAX) {
            let Some(last) = part.last() else { continue };
            match self.enter(part) {
                Ok(()) => self.cursor = last.seq,
                Err(fault) => {
                    folded.faults.push(fault);
                    self.blame(part, &mut folded);
                    return folded;
                }
            }
        }
        folded
    }

    /// Events that no subscription wants are passed over.
    pub fn pass(&mut self, seq: u64) {
        self.cursor = self.cursor.max(seq);
    }

    fn enter(&mut self, events: &[Event]) -> Result<(), ScriptError> {
        match &mut self.guest {
            Some(guest) => guest.fold(events),
            None => Ok(()),
        }
    }

    /// Finds which event breaks the guest: from the last snapshot the part is folded one by one
    /// in a guest whose totals are then thrown away.
    fn blame(&mut self, part: &[Event], folded: &mut Folded) {
        folded.rewind = Some(self.totals.cursor);
        if !self.rebuild(folded) {
            return;
        }
        let mut blamed = None;
        for event in part {
            if self.enter(std::slice::from_ref(event)).is_err() {
                blamed = Some(event.seq);
                break;
            }
        }
        // Only all together break it: none of them is heard.
        let blamed = blamed.map_or_else(|| part.iter().map(|e| e.seq).collect(), |seq| vec![seq]);
        self.left_out.extend(blamed);
        if self.left_out.len() > LEFT_OUT_MAX {
            self.guest = None;
            return;
        }
        self.rebuild(folded);
    }

    /// A new guest with the last snapshot. False: it is down.
    fn rebuild(&mut self, folded: &mut Folded) -> bool {
        self.cursor = self.totals.cursor;
        self.guest = None;
        let made = (self.make)().and_then(|mut guest| {
            let taken = guest.restore(self.totals.version, &self.totals.state)?;
            taken.map_err(|message| ScriptError {
                message,
                line: None,
                stack: String::new(),
                kind: ScriptErrorKind::Runtime,
            })?;
            Ok(guest)
        });
        match made {
            Ok(guest) => {
                self.guest = Some(guest);
                true
            }
            Err(error) => {
                folded.faults.push(error);
                false
            }
        }
    }

    /// Answers an operator's verb.
    ///
    /// # Errors
    /// The outer one is the guest's failure, after which it was made anew and must hear the
    /// journal again after `cursor`; the inner one is its own answer.
    pub fn render(
        &mut self,
        verb: &str,
        arguments: &Value,
    ) -> Result<Result<Report, Refused>, ScriptError> {
        self.unpark(&mut Folded::default());
        let Some(guest) = &mut self.guest else {
            let message = "the reporter is down; its last failure stands in `module info`";
            return Err(ScriptError {
                message: message.to_owned(),
                line: None,
                stack: String::new(),
                kind: ScriptErrorKind::Overload,
            });
        };
        let rendered = guest.render(verb, arguments);
        if rendered.is_err() {
            self.rebuild(&mut Folded::default());
        }
        rendered
    }

    /// A snapshot of now.
    ///
    /// # Errors
    /// The guest broke on it; it was made anew and must hear the journal again after `cursor`.
    pub fn save(&mut self) -> Result<Totals, ScriptError> {
        let Some(guest) = &mut self.guest else {
            if self.parked {
                self.totals.cursor = self.cursor;
            }
            return Ok(self.totals.clone());
        };
        match save(guest.as_mut()) {
            Ok(state) => {
                self.totals = Totals {
                    version: self.version,
                    cursor: self.cursor,
                    source: self.source.clone(),
                    state,
                };
                Ok(self.totals.clone())
            }
            Err(fault) => {
                self.rebuild(&mut Folded::default());
                Err(fault)
            }
        }
    }
}

fn save(guest: &mut dyn ReporterGuest) -> Result<Vec<u8>, ScriptError> {
    let state = guest.save()?;
    match state.len() > STATE_BYTES_MAX {
        false => Ok(state),
        true => Err(ScriptError {
            message: format!(
                "it saved {} bytes; a state may have {STATE_BYTES_MAX}",
                state.len()
            ),
            line: None,
            stack: String::new(),
            kind: ScriptErrorKind::Memory,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Default)]
    struct Sum(u64);

    impl ReporterGuest for Sum {
        fn fold(&mut self, events: &[Event]) -> Result<(), ScriptError> {
            for event in events {
                match event.payload.as_u64() {
                    Some(n) => self.0 += n,
                    None => {
                        return Err(ScriptError {
                            message: "unreachable".into(),
                            line: None,
                            stack: String::new(),
                            kind: ScriptErrorKind::Runtime,
                        });
                    }
                }
            }
            Ok(())
        }

        fn render(&mut self, _: &str, _: &Value) -> Result<Result<Report, Refused>, ScriptError> {
            Ok(Ok(Report {
                media_type: "text/csv".into(),
                body: self.0.to_string().into_bytes(),
            }))
        }

        fn save(&mut self) -> Result<Vec<u8>, ScriptError> {
            Ok(self.0.to_le_bytes().to_vec())
        }

        fn restore(&mut self, _: u32, state: &[u8]) -> Result<Result<(), String>, ScriptError> {
            match state.try_into() {
                Ok(bytes) => self.0 = u64::from_le_bytes(bytes),
                Err(_) => return Ok(Err("no state of mine".into())),
            }
            Ok(Ok(()))
        }
    }

    fn event(seq: u64, payload: Value) -> Event {
        Event {
            seq,
            at_ms: seq,
            topic: "cdr.written".into(),
            call: None,
            leg: None,
            payload,
        }
    }

    fn start(totals: Option<Totals>) -> Folder {
        let make: MakeReporter = Box::new(|| Ok(Box::new(Sum::default())));
        Folder::start((1, "reporting 0.1.0"), make, totals).unwrap()
    }

    fn shown(folder: &mut Folder) -> String {
        let report = folder.render("show", &Value::Null).unwrap().unwrap();
        String::from_utf8(report.body).unwrap()
    }

    #[test]
    fn from_scratch_and_from_a_snapshot_give_the_same() {
        let events = |from, to| (from..=to).map(|n| event(n, json!(n))).collect::<Vec<_>>();
        let mut whole = start(None);
        whole.fold(events(1, 700));
        let mut parts = start(None);
        parts.fold(events(1, 300));
        let kept = Totals::of_bytes(&parts.save().unwrap().to_bytes());
        let mut later = start(kept.clone());
        assert_eq!(later.cursor(), 300);
        later.fold(events(250, 700));
        assert_eq!(shown(&mut later), shown(&mut whole));
        let make: MakeReporter = Box::new(|| Ok(Box::new(Sum::default())));
        let newer = Folder::start((2, "reporting 0.1.0"), make, kept).unwrap();
        assert_eq!(
            newer.cursor(),
            0,
            "another version folds from the beginning"
        );
    }

    #[test]
    fn a_reporter_that_was_put_away_goes_on_where_it_was() {
        let mut folder = start(None);
        folder.fold(vec![event(1, json!(5)), event(2, json!(6))]);
        let kept = folder.park().unwrap();
        assert!(folder.is_parked() && !folder.is_down() && !folder.is_dirty());
        assert_eq!((kept.cursor, folder.park().unwrap().cursor), (2, 2));
        // Events that it does not want go by.
        folder.pass(7);
        assert!(folder.is_dirty());
        assert_eq!(folder.save().unwrap().cursor, 7);
        assert!(!folder.is_dirty() && folder.is_parked());
        assert_eq!(shown(&mut folder), "11");
        assert!(!folder.is_parked());
        folder.park().unwrap();
        assert_eq!(folder.fold(vec![event(8, json!(1))]), Folded::default());
        assert_eq!((shown(&mut folder), folder.cursor()), ("12".to_owned(), 8));
    }

    #[test]
    fn the_event_that_breaks_it_is_left_out_and_all_others_count() {
        let journal: Vec<Event> = (1..=9)
            .map(|n| event(n, if n == 5 { json!("x") } else { json!(n) }))
            .collect();
        let mut folder = start(None);
        let mut folded = folder.fold(journal.clone());
        assert_eq!(folded.faults.len(), 1);
        while let Some(after) = folded.rewind {
            let rest = journal.iter().filter(|e| e.seq > after).cloned().collect();
            folded = folder.fold(rest);
        }
        assert_eq!(shown(&mut folder), "40");
        assert_eq!(folder.cursor(), 9);
    }
}
