//! Numbers that other numbers take away: a row that no call can reach is a warning, one that loses
//! some of its numbers a note.

use std::collections::HashMap;

use super::codes;
use crate::diagnostic::{Diagnostic, Mark};
use crate::numbers::overlap::{covered, meet};
use crate::numbers::{Entry, NumberTable, PatternClass};

/// Most pairs of patterns that are compared in one load.
const PAIRS_MAX: usize = 20_000;
/// Most rows reported.
const REPORTS_MAX: usize = 50;
/// A range of more numbers is not counted against the exact ones.
const COUNTED_MAX: u64 = 20_000;

/// Reports on a table of numbers.
pub(super) fn report<T>(table: &NumberTable<T>, findings: &mut Vec<Diagnostic>) {
    let rows: Vec<&Entry<T>> = table
        .entries()
        .iter()
        .filter(|e| e.pattern.class() != PatternClass::Exact)
        .collect();
    let mut by_prefix: HashMap<&str, Vec<usize>> = HashMap::new();
    for (n, row) in rows.iter().enumerate() {
        by_prefix
            .entry(row.pattern.literal_prefix())
            .or_default()
            .push(n);
    }
    let takers = takers(&rows, &by_prefix);
    for (n, row) in rows.iter().enumerate().take(10_000) {
        let winners: Vec<&Entry<T>> = takers
            .get(&n)
            .into_iter()
            .flatten()
            .filter_map(|w| rows.get(*w).copied())
            .collect();
        findings.extend(one(table, row, &winners));
        if findings.len() > REPORTS_MAX + 500 {
            return;
        }
    }
}

/// Which rows take numbers from which: the one that wins has a longer prefix or a closer class.
fn takers<T>(
    rows: &[&Entry<T>],
    by_prefix: &HashMap<&str, Vec<usize>>,
) -> HashMap<usize, Vec<usize>> {
    let mut takers: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut pairs = 0;
    for (n, row) in rows.iter().enumerate() {
        let prefix = row.pattern.literal_prefix();
        for length in 0..=prefix.len() {
            let shorter = prefix.get(..length).and_then(|p| by_prefix.get(p));
            for other in shorter.into_iter().flatten() {
                pairs += 1;
                if pairs > PAIRS_MAX {
                    return takers;
                }
                let Some(loser) = rows.get(*other).filter(|l| rank(l) != rank(row)) else {
                    continue;
                };
                let (from, by) = if rank(row) < rank(loser) {
                    (*other, n)
                } else {
                    (n, *other)
                };
                let known = takers.get(&from).is_some_and(|t| t.contains(&by));
                if !known && meet(&row.pattern, &loser.pattern) {
                    takers.entry(from).or_default().push(by);
                }
            }
        }
    }
    takers
}

/// Lesser wins.
fn rank<T>(row: &Entry<T>) -> (PatternClass, usize) {
    (
        row.pattern.class(),
        usize::MAX - row.pattern.literal_prefix().len(),
    )
}

fn one<T>(table: &NumberTable<T>, row: &Entry<T>, winners: &[&Entry<T>]) -> Option<Diagnostic> {
    let text = row.pattern.text();
    let size = row.pattern.size();
    let counted = size.filter(|s| *s <= COUNTED_MAX);
    let exact = counted.map_or(0, |_| table.exact_within(&row.pattern) as u64);
    let patterns: Vec<_> = winners.iter().map(|w| &w.pattern).collect();
    let few = !patterns.is_empty() && patterns.len() <= 32;
    let all_taken = Some(exact) == size || (few && covered(&row.pattern, &patterns));
    let mark = Mark::at(&row.place);
    let mut finding = if all_taken {
        let message = format!("`{text}` is never reached: closer numbers take all of it");
        Diagnostic::warning(mark, codes::UNREACHABLE_NUMBER, message)
    } else if let Some(first) = winners.first() {
        let message = format!(
            "`{}` takes some of the numbers of `{text}`",
            first.pattern.text()
        );
        Diagnostic::note(mark, codes::OVERLAP, message)
    } else if exact > 0 {
        let message =
            format!("{exact} of the numbers of `{text}` stand exactly elsewhere, and go there");
        Diagnostic::note(mark, codes::OVERLAP, message)
    } else {
        return None;
    };
    for winner in winners.iter().take(4) {
        finding = finding.also(Mark::at(&winner.place), "this is closer");
    }
    Some(finding)
}
