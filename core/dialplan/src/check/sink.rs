//! Where one file's findings and its references to names elsewhere are gathered.

use std::sync::Arc;

use super::modules::Modules;
use crate::diagnostic::{Diagnostic, Lines, Mark};
use crate::file::tree::Span;
use crate::route::Place;

/// Most findings of one file; further ones are counted in a last one.
pub(crate) const FINDINGS_MAX: usize = 200;

/// What a reference is to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Route,
    User,
    Trunk,
    Calendar,
    Prompt,
    Script,
    Role,
    /// A file beside the dialplan.
    File,
    /// A user or a trunk.
    Party,
}

/// A name used here and declared elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) mark: Mark,
}

/// A file that a step gives to a module, which its `grant file` must name.
#[derive(Clone, Debug)]
pub(crate) struct FileUse {
    pub(crate) module: String,
    pub(crate) file: String,
    pub(crate) mark: Mark,
}

/// The name of a block in a module's settings, used in a step or in other settings.
#[derive(Clone, Debug)]
pub(crate) struct NameUse {
    /// The module; empty until its node is read to the end.
    pub(crate) module: String,
    /// Which blocks, `queue`.
    pub(crate) of: String,
    pub(crate) name: String,
    pub(crate) mark: Mark,
}

/// Findings and references of one file.
pub(crate) struct Sink {
    pub(crate) lines: Lines,
    pub(crate) findings: Vec<Diagnostic>,
    pub(crate) references: Vec<Reference>,
    /// What the tenant's files load, as far as they could be read.
    pub(crate) modules: Arc<Modules>,
    /// Routes that are given to modules by name.
    pub(crate) module_routes: Vec<String>,
    /// Files that steps give to modules by name.
    pub(crate) module_files: Vec<FileUse>,
    /// Names of blocks in modules' settings.
    pub(crate) module_names: Vec<NameUse>,
    /// Files of which parts were put in; a span with `file` 1 is in the first of them.
    others: Vec<Lines>,
    /// Why something stands where it stands: its bytes, and a place that belongs to every finding
    /// in them.
    because: Vec<Because>,
    /// Bytes that the scan has complained of already.
    said: Vec<(Arc<str>, u32, u32)>,
    over: usize,
}

/// A stretch of text that was put in, with the place that explains it.
#[derive(Clone, Debug)]
pub(crate) struct Because {
    /// Its bytes.
    pub(crate) span: Span,
    /// The place.
    pub(crate) mark: Mark,
    /// What is there.
    pub(crate) message: String,
}

impl Sink {
    pub(crate) fn new(lines: Lines, findings: Vec<Diagnostic>) -> Sink {
        let said = mended(&findings).collect();
        Sink {
            lines,
            findings,
            references: Vec::new(),
            modules: Arc::default(),
            module_routes: Vec::new(),
            module_files: Vec::new(),
            module_names: Vec::new(),
            others: Vec::new(),
            because: Vec::new(),
            said,
            over: 0,
        }
    }

    /// A sink of a file in which parts of others stand; `also` are what was found in those.
    pub(crate) fn with_others(
        mut self,
        others: Vec<Lines>,
        because: Vec<Because>,
        also: &[Diagnostic],
    ) -> Sink {
        self.said.extend(mended(also));
        self.others = others;
        self.because = because;
        self
    }

    /// Says what was found before, and nothing more of these texts.
    pub(crate) fn say(&mut self, findings: Vec<Diagnostic>, of: &[Mark]) {
        findings.into_iter().for_each(|finding| self.add(finding));
        let ends = |m: &Mark| (m.file.clone(), m.offset, m.offset + m.length);
        self.said.extend(of.iter().map(ends));
    }

    fn lines_of(&self, span: Span) -> &Lines {
        let other = usize::from(span.file).checked_sub(1);
        other
            .and_then(|n| self.others.get(n))
            .unwrap_or(&self.lines)
    }

    /// The text of a span as it is written.
    pub(crate) fn text(&self, span: Span) -> &str {
        let text = self.lines_of(span).text();
        text.get(span.at..span.at + span.len).unwrap_or("...")
    }

    pub(crate) fn mark(&self, span: Span) -> Mark {
        self.lines_of(span).mark(span.at, span.len)
    }

    pub(crate) fn place(&self, span: Span) -> Place {
        self.mark(span).place()
    }

    pub(crate) fn error(
        &mut self,
        span: Span,
        code: &'static str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let mut finding = Diagnostic::error(self.mark(span), code, message);
        finding.help = help;
        self.add(finding);
    }

    pub(crate) fn warning(&mut self, span: Span, code: &'static str, message: impl Into<String>) {
        self.add(Diagnostic::warning(self.mark(span), code, message));
    }

    pub(crate) fn add(&mut self, finding: Diagnostic) {
        if self.is_said(&finding.mark) {
            return;
        }
        let finding = self.explained(finding);
        match self.findings.len() < FINDINGS_MAX {
            true => self.findings.push(finding),
            false => self.over += 1,
        }
    }

    fn is_said(&self, mark: &Mark) -> bool {
        let (start, end) = (mark.offset, mark.offset + mark.length);
        let inside =
            |(file, s, e): &(Arc<str>, u32, u32)| start >= *s && end <= *e && *file == mark.file;
        self.said.iter().any(inside)
    }

    /// A finding with the places that belong to what was put in where it is.
    fn explained(&self, mut finding: Diagnostic) -> Diagnostic {
        for because in &self.because {
            let (file, at) = (
                self.lines_of(because.span).file(),
                finding.mark.offset as usize,
            );
            let whole = because.span.at..because.span.at + because.span.len;
            if *file == finding.mark.file && whole.contains(&at) && finding.mark != because.mark {
                finding = finding.also(because.mark.clone(), because.message.clone());
            }
        }
        finding
    }

    pub(crate) fn refer(&mut self, kind: Kind, name: &str, span: Span) {
        let mark = self.mark(span);
        if !self.is_said(&mark) {
            self.references.push(Reference {
                kind,
                name: name.into(),
                mark,
            });
        }
    }

    /// All findings, with a last one for those that were not kept.
    pub(crate) fn finish(mut self) -> (Vec<Diagnostic>, Vec<Reference>) {
        if self.over > 0 {
            let message = format!("and {} more mistakes in this file", self.over);
            self.findings
                .push(Diagnostic::error(self.lines.mark(0, 0), "DP0001", message));
        }
        (self.findings, self.references)
    }
}

/// Bytes of texts that the scan has mended, and complained of.
fn mended(findings: &[Diagnostic]) -> impl Iterator<Item = (Arc<str>, u32, u32)> {
    let mended = findings
        .iter()
        .filter(|d| matches!(d.code, "DP0002" | "DP0003" | "DP0005"));
    mended.map(|d| {
        let Mark { offset, length, .. } = d.mark;
        (d.mark.file.clone(), offset, offset + length)
    })
}
