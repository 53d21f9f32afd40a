//! The tests that a dialplan carries: run, judged, reported with what was seen instead.
//!
//! An expected text fits a line that is the same or begins with it at a word's end; `play closed`
//! also fits a line that plays `closed` among others. Expected lines must be seen in their order,
//! with anything between; rejected ones must not be seen at all.

use std::fmt;
use std::sync::Arc;

use cordboard_dialplan::Dialplan;
use cordboard_dialplan::route::{Place, Test, TestCall};
use serde::{Deserialize, Serialize};

use super::coverage::{Coverage, Visited};
use super::outside::Outside;
use super::{Line, PromptLengths, ScriptHost, Simulation, Transcript};

/// What came of a dialplan's tests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TestReport {
    /// Tests that passed.
    pub passed: usize,
    /// Those that did not.
    pub failed: Vec<TestFailure>,
    /// Which blocks the tests ran.
    pub coverage: Coverage,
}

/// A test that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestFailure {
    /// The test's name.
    pub test: String,
    /// Number of its call, from 1.
    pub call: usize,
    /// File of what was expected, or of the test.
    pub file: String,
    /// Line there.
    pub line: u32,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What was seen and what was not, in order.
    pub diff: Vec<DiffLine>,
}

/// One line of a failed test's call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum DiffLine {
    /// Seen, as expected.
    Expected(Line),
    /// Seen; nothing was said of it.
    Seen(Line),
    /// Seen, and must not be.
    Rejected(Line),
    /// Expected here, and not seen.
    Missing {
        /// The text.
        text: String,
    },
}

impl TestReport {
    /// True when no test failed.
    pub fn is_passed(&self) -> bool {
        self.failed.is_empty()
    }
}

impl fmt::Display for DiffLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DiffLine::Expected(line) => write!(f, "  = {line}"),
            DiffLine::Seen(line) => write!(f, "    {line}"),
            DiffLine::Rejected(line) => write!(f, "  ! {line}"),
            DiffLine::Missing { text } => write!(f, "  - expected: {text}"),
        }
    }
}

impl fmt::Display for TestFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TestFailure {
            test,
            call,
            file,
            line,
            message,
            ..
        } = self;
        writeln!(f, "{file}:{line}: test `{test}`, call {call}: {message}")?;
        for line in &self.diff {
            writeln!(f, "{}", line.to_string().trim_end())?;
        }
        Ok(())
    }
}

impl fmt::Display for TestReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in &self.failed {
            writeln!(f, "{failure}")?;
        }
        let Coverage {
            blocks,
            ran,
            never_ran,
        } = &self.coverage;
        let failed = self.failed.len();
        writeln!(
            f,
            "{} passed, {failed} failed; {ran} of {blocks} blocks ran",
            self.passed
        )?;
        for block in never_ran {
            writeln!(
                f,
                "  never ran: {}:{} {}",
                block.file, block.line, block.title
            )?;
        }
        if blocks - ran > never_ran.len() {
            writeln!(f, "  and {} more", blocks - ran - never_ran.len())?;
        }
        Ok(())
    }
}

/// Runs the tests of a dialplan, each with its own store and what it cans.
pub fn run_tests(
    dialplan: &Arc<Dialplan>,
    prompts: &dyn PromptLengths,
    scripts: &mut dyn ScriptHost,
) -> TestReport {
    let simulation = Simulation::new(dialplan, prompts);
    let mut visited = Visited::default();
    let mut report = TestReport::default();
    for test in &dialplan.tests {
        let mut outside = Outside::of_test(test);
        scripts.begin_test(test);
        let mut failures = Vec::new();
        for (index, call) in test.calls.iter().enumerate() {
            let (transcript, entered) = simulation.call(scripts, &mut outside, call);
            visited.add(&entered);
            failures.extend(judge(test, index + 1, call, transcript));
        }
        scripts.forget();
        match failures.is_empty() {
            true => report.passed += 1,
            false => report.failed.extend(failures.into_iter().take(1)),
        }
    }
    report.coverage = visited.coverage(dialplan);
    report
}

/// What is wrong with a call, if anything.
fn judge(test: &Test, number: usize, call: &TestCall, seen: Transcript) -> Option<TestFailure> {
    let mut diff = Vec::with_capacity(seen.lines.len());
    let mut expected = call.expect.iter().peekable();
    let mut rejected = None;
    for line in seen.lines {
        let unwanted = call.reject.iter().find(|(text, _)| fits(&line.text, text));
        if let Some(unwanted) = unwanted {
            rejected.get_or_insert(unwanted);
            diff.push(DiffLine::Rejected(line));
        } else if expected
            .next_if(|(text, _)| fits(&line.text, text))
            .is_some()
        {
            diff.push(DiffLine::Expected(line));
        } else {
            diff.push(DiffLine::Seen(line));
        }
    }
    let missing: Vec<&(String, Option<Place>)> = expected.collect();
    let (message, place) = match (missing.first(), rejected) {
        (Some((text, place)), _) => (format!("`{text}` was not seen"), place),
        (None, Some((text, place))) => (format!("`{text}` was seen, and must not be"), place),
        (None, None) => return None,
    };
    // What is missing stands where it might have come: after the last line that was expected.
    let after = diff
        .iter()
        .rposition(|line| matches!(line, DiffLine::Expected(_)));
    let at = after.map_or(0, |at| at + 1);
    let lines = missing
        .iter()
        .map(|(text, _)| DiffLine::Missing { text: text.clone() });
    diff.splice(at..at, lines);
    let place = place
        .as_ref()
        .or(call.place.as_ref())
        .unwrap_or(&test.place);
    Some(TestFailure {
        test: test.name.clone(),
        call: number,
        file: place.file.to_string(),
        line: place.line,
        message,
        diff,
    })
}

/// True when a line is what a test means by this text.
fn fits(line: &str, text: &str) -> bool {
    let text = text.trim();
    if let Some(rest) = line.strip_prefix(text) {
        return rest.is_empty() || rest.starts_with([' ', ':']);
    }
    match (line.strip_prefix("play "), text.strip_prefix("play ")) {
        (Some(played), Some(wanted)) => {
            let played: Vec<&str> = played.split(' ').collect();
            let wanted: Vec<&str> = wanted.split(' ').collect();
            played.windows(wanted.len()).any(|names| names == wanted)
        }
        _ => false,
    }
}
