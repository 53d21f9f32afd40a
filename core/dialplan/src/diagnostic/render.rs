//! Findings as people read them (miette's graphical report) and as programs do (JSON).

use std::fmt::Display;
use std::sync::Arc;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents,
};

use super::{Diagnostic, Mark, Severity};
use crate::file::Source;

/// All findings with the text underlined, with or without colours.
pub fn render(findings: &[Diagnostic], source: &Source, colour: bool) -> String {
    let theme = match colour {
        true => GraphicalTheme::unicode(),
        false => GraphicalTheme::unicode_nocolor(),
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(100)
        .with_links(false);
    let mut out = String::new();
    for finding in findings {
        if !source.files.contains_key(&*finding.mark.file) {
            plain(finding, &mut out);
            continue;
        }
        let report = Report::new(finding, source);
        if handler.render_report(&mut out, &report).is_err() {
            out.push_str(&finding.line());
        }
        out.push('\n');
    }
    out
}

/// A finding whose file is not at hand: its line and what belongs to it.
fn plain(finding: &Diagnostic, out: &mut String) {
    let help = finding.help.iter().map(|help| format!("  help: {help}"));
    let related = finding.related.iter().map(|r| {
        format!(
            "  {}:{}:{}: {}",
            r.mark.file, r.mark.line, r.mark.column, r.message
        )
    });
    out.push_str(&format!("{} {}\n", finding.code, finding.line()));
    related
        .chain(help)
        .for_each(|line| out.push_str(&(line + "\n")));
    out.push('\n');
}

/// All findings as a JSON list.
pub fn to_json(findings: &[Diagnostic]) -> serde_json::Value {
    serde_json::to_value(findings).unwrap_or_default()
}

/// A finding dressed for miette. Its own places become labels; places in other files are said in
/// words, since one report shows one file.
#[derive(Debug)]
struct Report<'d> {
    finding: &'d Diagnostic,
    text: Text,
    elsewhere: Vec<String>,
}

impl<'d> Report<'d> {
    fn new(finding: &'d Diagnostic, source: &Source) -> Report<'d> {
        let file = finding.mark.file.clone();
        let text = source
            .files
            .get(&*file)
            .cloned()
            .unwrap_or_else(|| Arc::from(""));
        let related = finding.related.iter().filter(|r| r.mark.file != file);
        let elsewhere = related
            .map(|r| {
                format!(
                    "{}:{}:{}: {}",
                    r.mark.file, r.mark.line, r.mark.column, r.message
                )
            })
            .collect();
        Report {
            finding,
            text: Text { file, text },
            elsewhere,
        }
    }

    fn label(&self, mark: &Mark, message: Option<String>, primary: bool) -> LabeledSpan {
        let offset = match mark.offset {
            u32::MAX => self.text.offset(mark.line, mark.column),
            offset => offset as usize,
        };
        let offset = offset.min(self.text.text.len());
        let length = (mark.length as usize).min(self.text.text.len() - offset);
        match primary {
            true => LabeledSpan::new_primary_with_span(message, (offset, length)),
            false => LabeledSpan::new(message, offset, length),
        }
    }
}

impl Display for Report<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.finding.message)?;
        self.elsewhere
            .iter()
            .try_for_each(|line| write!(f, "\n{line}"))
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(Box::new(self.finding.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.finding
            .help
            .as_ref()
            .map(|h| Box::new(h) as Box<dyn Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.text)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let own = std::iter::once(self.label(&self.finding.mark, None, true));
        let file = &self.finding.mark.file;
        let related = self
            .finding
            .related
            .iter()
            .filter(move |r| r.mark.file == *file);
        let related = related.map(|r| self.label(&r.mark, Some(r.message.clone()), false));
        Some(Box::new(own.chain(related)))
    }
}

/// A file whose columns are counted in characters: miette counts bytes.
#[derive(Debug)]
struct Text {
    file: Arc<str>,
    text: Arc<str>,
}

impl Text {
    fn offset(&self, line: u32, column: u32) -> usize {
        let lines = self.text.split_inclusive('\n');
        let before: usize = lines.take(line as usize - 1).map(str::len).sum();
        let rest = self.text.get(before..).unwrap_or("");
        let inside = rest.char_indices().nth(column as usize - 1);
        before + inside.map_or(rest.len(), |(at, _)| at)
    }
}

impl SourceCode for Text {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.read_span(span, before, after)?;
        let start = inner.span().offset();
        let line_start = self
            .text
            .get(..start)
            .and_then(|t| t.rfind('\n'))
            .map_or(0, |n| n + 1);
        let column = match inner.column() {
            0 => 0,
            _ => self
                .text
                .get(line_start..start)
                .map_or(0, |t| t.chars().count()),
        };
        Ok(Box::new(MietteSpanContents::new_named(
            self.file.to_string(),
            inner.data(),
            *inner.span(),
            inner.line(),
            column,
            inner.line_count(),
        )))
    }
}
