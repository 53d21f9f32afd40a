//! Patterns by class and literal prefix, so that a look-up asks few of them.
//!
//! Exact numbers are one hash look-up; ranges and patterns one for each length of literal prefix
//! in use, longest first, and a binary search inside.

use std::collections::HashMap;
use std::sync::Arc;

use super::pattern::{Pattern, PatternClass, Shape, digits};
use crate::route::Place;

/// One row: pattern, place and what it leads to.
#[derive(Clone, Debug)]
pub struct Entry<T> {
    /// The pattern.
    pub pattern: Pattern,
    /// Where it stands.
    pub place: Place,
    /// What it leads to.
    pub value: T,
}

/// What a look-up found.
#[derive(Clone, Copy, Debug)]
pub struct Match<'t, T> {
    /// What the number leads to.
    pub value: &'t T,
    /// The pattern's text.
    pub pattern: &'t str,
    /// Where it stands.
    pub place: &'t Place,
}

/// Numbers to values.
#[derive(Clone, Debug)]
pub struct NumberTable<T> {
    entries: Vec<Entry<T>>,
    exact: HashMap<Arc<str>, Rows>,
    ranges: ByPrefix<Vec<Range>>,
    wild: ByPrefix<Vec<u32>>,
}

/// Rows of one exact number: nearly always one.
#[derive(Clone, Debug)]
struct Rows {
    first: u32,
    more: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Range {
    width: usize,
    from: u64,
    to: u64,
    row: u32,
    /// The greatest `to` of this width up to here, so that a search backwards knows when to stop.
    reach: u64,
}

#[derive(Clone, Debug)]
struct ByPrefix<B> {
    buckets: HashMap<Box<str>, B>,
    /// Lengths in use, longest first.
    lengths: Vec<usize>,
}

impl<B: Default> ByPrefix<B> {
    fn bucket(&mut self, prefix: &str) -> &mut B {
        let length = prefix.len();
        if let Err(at) = self.lengths.binary_search_by(|l| length.cmp(l)) {
            self.lengths.insert(at, length);
        }
        self.buckets.entry(prefix.into()).or_default()
    }

    /// Buckets whose prefix begins the number, longest first, with the rest of the number.
    fn along<'a>(&'a self, number: &'a str) -> impl Iterator<Item = (&'a B, &'a str)> {
        self.lengths.iter().filter_map(move |length| {
            let (head, rest) = number.split_at_checked(*length)?;
            Some((self.buckets.get(head)?, rest))
        })
    }
}

impl<B> Default for ByPrefix<B> {
    fn default() -> Self {
        ByPrefix {
            buckets: HashMap::new(),
            lengths: Vec::new(),
        }
    }
}

impl<T> Default for NumberTable<T> {
    fn default() -> Self {
        NumberTable {
            entries: Vec::new(),
            exact: HashMap::new(),
            ranges: ByPrefix::default(),
            wild: ByPrefix::default(),
        }
    }
}

impl<T> NumberTable<T> {
    /// An empty table with room for so many rows.
    pub fn with_capacity(rows: usize) -> Self {
        let entries = Vec::with_capacity(rows);
        NumberTable {
            entries,
            exact: HashMap::with_capacity(rows),
            ..Self::default()
        }
    }

    /// Adds a row, whatever else is there; of rows that tie the earlier wins. The checker asks
    /// [`NumberTable::ties`] first.
    pub fn insert(&mut self, pattern: Pattern, place: Place, value: T) {
        let row = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        match *pattern.shape() {
            Shape::Exact => {
                let key: Arc<str> = pattern.shared_text();
                match self.exact.entry(key) {
                    std::collections::hash_map::Entry::Occupied(mut rows) => {
                        rows.get_mut().more.push(row);
                    }
                    std::collections::hash_map::Entry::Vacant(free) => {
                        free.insert(Rows {
                            first: row,
                            more: Vec::new(),
                        });
                    }
                }
            }
            Shape::Range { from, to, width } => {
                let bucket = self.ranges.bucket(pattern.literal_prefix());
                let at = bucket.partition_point(|r| (r.width, r.from) <= (width, from));
                bucket.insert(
                    at,
                    Range {
                        width,
                        from,
                        to,
                        row,
                        reach: to,
                    },
                );
                let mut reach = (0, 0);
                for range in bucket.iter_mut() {
                    let before = if reach.0 == range.width { reach.1 } else { 0 };
                    range.reach = before.max(range.to);
                    reach = (range.width, range.reach);
                }
            }
            Shape::Wild { .. } => self.wild.bucket(pattern.literal_prefix()).push(row),
        }
        self.entries.push(Entry {
            pattern,
            place,
            value,
        });
    }

    /// The row that wins for a number.
    pub fn lookup(&self, number: &str) -> Option<Match<'_, T>> {
        self.lookup_where(number, |_| true)
    }

    /// The row that wins among those whose value is wanted.
    pub fn lookup_where(&self, number: &str, wanted: impl Fn(&T) -> bool) -> Option<Match<'_, T>> {
        let good = |row: u32| self.entry(row).filter(|e| wanted(&e.value));
        let exact = self.exact.get(number).and_then(|rows| {
            std::iter::once(&rows.first)
                .chain(&rows.more)
                .find_map(|row| good(*row))
        });
        exact
            .or_else(|| self.range(number, &good))
            .or_else(|| {
                let mut buckets = self.wild.along(number);
                buckets.find_map(|(rows, _)| {
                    let mut rows = rows.iter();
                    rows.find_map(|row| good(*row).filter(|e| e.pattern.matches(number)))
                })
            })
            .map(|e| Match {
                value: &e.value,
                pattern: e.pattern.text(),
                place: &e.place,
            })
    }

    fn range<'t>(
        &'t self,
        number: &str,
        good: &impl Fn(u32) -> Option<&'t Entry<T>>,
    ) -> Option<&'t Entry<T>> {
        self.ranges.along(number).find_map(|(ranges, rest)| {
            let n = digits(rest)?;
            let end = ranges.partition_point(|r| (r.width, r.from) <= (rest.len(), n));
            ranges
                .get(..end)?
                .iter()
                .rev()
                .take_while(|r| r.width == rest.len() && r.reach >= n)
                .filter(|r| r.to >= n)
                .filter_map(|r| good(r.row))
                .last()
        })
    }

    fn entry(&self, row: u32) -> Option<&Entry<T>> {
        self.entries.get(row as usize)
    }

    /// Rows that would tie with a new one: same class and literal prefix, and a number fits both.
    pub fn ties<'t>(&'t self, pattern: &'t Pattern) -> impl Iterator<Item = &'t Entry<T>> {
        let prefix = pattern.literal_prefix();
        let rows: Vec<u32> = match (pattern.class(), pattern.shape()) {
            (PatternClass::Exact, _) => {
                let rows = self.exact.get(pattern.text());
                rows.map(|r| {
                    std::iter::once(r.first)
                        .chain(r.more.iter().copied())
                        .collect()
                })
                .unwrap_or_default()
            }
            (PatternClass::Range, Shape::Range { from, to, width }) => {
                let bucket = self.ranges.buckets.get(prefix).map_or(&[][..], |b| b);
                let end = bucket.partition_point(|r| (r.width, r.from) <= (*width, *to));
                let before = bucket.get(..end).unwrap_or(&[]).iter().rev();
                before
                    .take_while(|r| r.width == *width && r.reach >= *from)
                    .filter(|r| r.to >= *from)
                    .map(|r| r.row)
                    .collect()
            }
            _ => self.wild.buckets.get(prefix).cloned().unwrap_or_default(),
        };
        let wild = pattern.class() == PatternClass::Wild;
        rows.into_iter()
            .filter_map(|row| self.entry(row))
            .filter(move |e| !wild || super::overlap::meet(&e.pattern, pattern))
    }

    /// All rows in the order in which they were added.
    pub fn entries(&self) -> &[Entry<T>] {
        &self.entries
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True for a table without rows.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many exact numbers a range or pattern contains.
    pub fn exact_within(&self, pattern: &Pattern) -> usize {
        match pattern.shape() {
            Shape::Range { from, to, width } if to - from < self.exact.len() as u64 => {
                let (prefix, width) = (pattern.literal_prefix(), *width);
                let mut count = 0;
                for n in *from..=*to {
                    count += usize::from(self.exact.contains_key(&*format!("{prefix}{n:0width$}")));
                }
                count
            }
            _ => self
                .exact
                .keys()
                .filter(|number| pattern.matches(number))
                .count(),
        }
    }
}
