//! Recordings of one call: their files, and who waits for their end.
//!
//! A recording stays on one leg (the left channel) and so survives bridging and parting. It is
//! over only when the media thread has completed the file, or kept us waiting too long.

use std::time::Duration;

use smallvec::SmallVec;

use crate::ids::{CallId, LegNo, TenantId};

type Time = Duration;

/// One recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tape {
    /// Its number on this node.
    pub number: u64,
    /// File relative to the recordings' folder.
    pub file: String,
    /// The leg on the left channel.
    pub left: LegNo,
    /// Set once it was told to stop: how long we wait for the file.
    pub until: Option<Time>,
}

/// All recordings of a call that are not complete.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tapes {
    tapes: SmallVec<[Tape; 1]>,
    begun: u16,
}

impl Tapes {
    /// Recordings that one call may begin; a further one is refused.
    pub const MAX: u16 = 100;

    /// The recording that runs now.
    pub fn running(&self) -> Option<&Tape> {
        self.tapes.iter().find(|tape| tape.until.is_none())
    }

    /// Names the next recording, or `None` at the bound.
    pub fn next_file(&mut self, tenant: &TenantId, unix_ms: u64, call: CallId) -> Option<String> {
        if self.begun >= Self::MAX {
            return None;
        }
        self.begun += 1;
        let date = date(unix_ms);
        Some(match self.begun {
            1 => format!("{tenant}/{date}/{call}.wav"),
            more => format!("{tenant}/{date}/{call}-{more}.wav"),
        })
    }

    /// It has begun.
    pub fn begin(&mut self, tape: Tape) {
        self.tapes.push(tape);
    }

    /// Marks the running one as told to stop; gives its number.
    pub fn stop(&mut self, until: Time) -> Option<u64> {
        let tape = self.tapes.iter_mut().find(|tape| tape.until.is_none())?;
        tape.until = Some(until);
        Some(tape.number)
    }

    /// The file of that number is complete.
    pub fn take(&mut self, number: u64) -> Option<Tape> {
        let at = self.tapes.iter().position(|tape| tape.number == number)?;
        Some(self.tapes.remove(at))
    }

    /// One that we have waited for too long.
    pub fn take_overdue(&mut self, now: Time) -> Option<Tape> {
        let at = self
            .tapes
            .iter()
            .position(|tape| tape.until.is_some_and(|until| until <= now))?;
        Some(self.tapes.remove(at))
    }

    /// When the first wait ends.
    pub fn deadline(&self) -> Option<Time> {
        self.tapes.iter().filter_map(|tape| tape.until).min()
    }

    /// Nothing is being recorded or completed.
    pub fn is_empty(&self) -> bool {
        self.tapes.is_empty()
    }
}

/// The UTC date of a wall-clock time, `2026-11-22`, at most of the year 9999 (days to civil date in the proleptic
/// Gregorian calendar, counted in eras of 400 years that begin on 1 March).
fn date(unix_ms: u64) -> String {
    let days = (unix_ms / 86_400_000).min(2_932_896) + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_date() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(951_782_400_000), "2000-02-29");
        assert_eq!(date(951_868_800_000), "2000-03-01");
        assert_eq!(date(1_798_761_599_999), "2026-12-31");
        assert_eq!(date(1_798_761_600_000), "2027-01-01");
        assert_eq!(date(u64::MAX).len(), 10);
    }

    #[test]
    fn a_second_recording_has_its_own_file_and_the_hundredth_is_the_last() {
        let mut tapes = Tapes::default();
        let (tenant, call) = (TenantId::new("demo"), CallId::new(0, 0, 1));
        let first = tapes.next_file(&tenant, 0, call).unwrap();
        assert_eq!(first, format!("demo/1970-01-01/{call}.wav"));
        let second = tapes.next_file(&tenant, 0, call).unwrap();
        assert_eq!(second, format!("demo/1970-01-01/{call}-2.wav"));
        let more = std::iter::from_fn(|| tapes.next_file(&tenant, 0, call)).count();
        assert_eq!(more, 98);
    }
}
