//! The mutator: flips, splices, cuts, extremes and words, drawn from one seed.

use crate::sim::chance::{Chance, Draw};

/// Longest input.
pub const INPUT_BYTES_MAX: usize = 16_384;

/// Numbers where readers break.
const EXTREMES: [&str; 22] = [
    "0",
    "-1",
    "1",
    "7",
    "8",
    "9",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999999",
    "00000000000",
    "1e309",
    "0x7f",
    "+1",
    "-0",
    "NaN",
];

/// Makes inputs of a corpus.
pub struct Mutator {
    chance: Chance,
    corpus: Vec<Vec<u8>>,
    words: &'static [&'static str],
}

impl Mutator {
    /// A mutator over a corpus, which is never empty.
    pub fn new(seed: u64, mut corpus: Vec<Vec<u8>>, words: &'static [&'static str]) -> Self {
        if corpus.is_empty() {
            corpus.push(Vec::new());
        }
        Self {
            chance: Chance::seeded(seed),
            corpus,
            words,
        }
    }

    fn at(&mut self, length: usize) -> usize {
        self.chance.below(length as u64 + 1) as usize
    }

    fn entry(&mut self) -> Vec<u8> {
        let at = self.chance.below(self.corpus.len() as u64) as usize;
        self.corpus[at].clone()
    }

    /// The next input.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.entry();
        // Mostly a few changes, so that what begins well gets far; now and then very many.
        let changes = if self.chance.happens(0.05) {
            200
        } else {
            1 + self.chance.below(6)
        };
        for _ in 0..changes {
            self.change(&mut input);
        }
        input.truncate(INPUT_BYTES_MAX);
        // An input that is unlike all others may lead on.
        if self.chance.happens(0.01) && self.corpus.len() < 2_000 && input.len() < 4_096 {
            self.corpus.push(input.clone());
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self
            .at(input.len().saturating_sub(1))
            .min(input.len().saturating_sub(1));
        match self.chance.below(12) {
            0 if !input.is_empty() => input[at] ^= 1 << self.chance.below(8),
            1 if !input.is_empty() => input[at] = self.chance.below(256) as u8,
            2 if !input.is_empty() => {
                input[at] = *b"\0\r\n\t \"<>;,:@%/\\{}()[]=#&?*'\x7f\x80\xff"
                    .get(self.chance.below(32) as usize)
                    .unwrap_or(&0)
            }
            3 => input.truncate(at),
            4 => self.splice(input, at),
            5 => {
                let end = (at + self.at(40)).min(input.len());
                input.drain(at.min(end)..end);
            }
            6 => {
                let end = (at + self.at(60)).min(input.len());
                let piece = input[at.min(end)..end].to_vec();
                let times = if self.chance.happens(0.1) { 100 } else { 1 };
                self.insert(input, at, &piece.repeat(times));
            }
            7 | 8 => self.number(input),
            9 => {
                let one = self.chance.below(self.words.len().max(1) as u64) as usize;
                let word = self.words.get(one).copied().unwrap_or_default();
                self.insert(input, at, word.as_bytes());
            }
            10 => self.line(input),
            _ => {
                let byte = self.chance.below(256) as u8;
                let most = if self.chance.happens(0.02) { 2_000 } else { 8 };
                let times = self.at(most);
                self.insert(input, at, &vec![byte; times]);
            }
        }
    }

    fn insert(&mut self, input: &mut Vec<u8>, at: usize, piece: &[u8]) {
        if input.len() + piece.len() <= INPUT_BYTES_MAX {
            let at = at.min(input.len());
            input.splice(at..at, piece.iter().copied());
        }
    }

    /// The head of this and the tail of another.
    fn splice(&mut self, input: &mut Vec<u8>, at: usize) {
        let other = self.entry();
        let from = self.at(other.len()).min(other.len());
        input.truncate(at);
        input.extend_from_slice(&other[from..]);
    }

    /// Some number becomes an extreme one.
    fn number(&mut self, input: &mut Vec<u8>) {
        let mut runs = Vec::new();
        let mut begin = None;
        for (at, byte) in input.iter().enumerate() {
            match (byte.is_ascii_digit(), begin) {
                (true, None) => begin = Some(at),
                (false, Some(from)) => {
                    runs.push((from, at));
                    begin = None;
                }
                _ => {}
            }
        }
        if let Some(&(from, to)) = runs.get(self.chance.below(runs.len().max(1) as u64) as usize) {
            let extreme = EXTREMES[self.chance.below(EXTREMES.len() as u64) as usize];
            input.splice(from..to, extreme.bytes());
        }
    }

    /// A line is doubled, dropped or moved.
    fn line(&mut self, input: &mut Vec<u8>) {
        let mut lines: Vec<Vec<u8>> = input
            .split_inclusive(|byte| *byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect();
        if lines.is_empty() {
            return;
        }
        let one = self.chance.below(lines.len() as u64) as usize;
        match self.chance.below(3) {
            0 => lines.insert(one, lines[one].clone()),
            1 => drop(lines.remove(one)),
            _ => {
                let other = self.chance.below(lines.len() as u64) as usize;
                lines.swap(one, other);
            }
        }
        *input = lines.concat();
        input.truncate(INPUT_BYTES_MAX);
    }
}
