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
    /// Bytes that the scan has complained of already.
    said: Vec<(u32, u32)>,
    over: usize,
}

impl Sink {
    pub(crate) fn new(lines: Lines, findings: Vec<Diagnostic>) -> Sink {
        let ends = |d: &Diagnostic| (d.mark.offset, d.mark.offset + d.mark.length);
        let mended = findings
            .iter()
            .filter(|d| matches!(d.code, "DP0002" | "DP0003" | "DP0005"));
        let said = mended.map(ends).collect();
        Sink {
            lines,
            findings,
            references: Vec::new(),
            modules: Arc::default(),
            module_routes: Vec::new(),
            module_files: Vec::new(),
            module_names: Vec::new(),
            said,
            over: 0,
        }
    }

    pub(crate) fn mark(&self, span: Span) -> Mark {
        self.lines.mark(span.at, span.len)
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
        match self.findings.len() < FINDINGS_MAX {
            true => self.findings.push(finding),
            false => self.over += 1,
        }
    }

    fn is_said(&self, mark: &Mark) -> bool {
        let (start, end) = (mark.offset, mark.offset + mark.length);
        self.said.iter().any(|(s, e)| start >= *s && end <= *e)
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
