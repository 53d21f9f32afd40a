//! A script's manifest: its first comment block.
//!
//! ```lua
//! -- what: Greets the caller and asks where to go.
//! -- arguments: greeting = welcome, tries = 3, team
//! -- outcomes: sales, support, silence
//! -- http: forms.example.com, *.crm.example.com, localhost:8080
//! ```
//!
//! An argument without `=` must be given. Outcomes are what the script may return; with none
//! declared it may return anything. `http` names the hosts it may talk to; there are no others.
//! Every key may be left out, and may stand on several lines. A comment line without one of
//! these keys is text for people.

use super::compile::ScriptDiagnostic;
use super::lex::Token;

/// What a script says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptManifest {
    /// One sentence for people.
    pub what: String,
    /// Arguments it takes.
    pub arguments: Vec<Argument>,
    /// What it may return; empty allows anything.
    pub outcomes: Vec<String>,
    /// Hosts it may talk to by http.
    pub http: Vec<HttpHost>,
}

/// One argument of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its name in `args`.
    pub name: String,
    /// What it is when the dialplan gives none; without one it must be given.
    pub default: Option<String>,
    /// Line of the script that declares it, from 1.
    pub line: u32,
}

/// A host that a script may talk to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpHost {
    /// Host name in lower case, without the `*.`.
    pub host: String,
    /// True when written `*.host`: any name below it, not itself.
    pub below: bool,
    /// Only this port; else 80 for http and 443 for https.
    pub port: Option<u16>,
}

impl HttpHost {
    fn parse(text: &str) -> Option<HttpHost> {
        let (rest, below) = match text.strip_prefix("*.") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (host, port) = super::url::host_of(&format!("https://{rest}")).ok()?;
        let port = (rest.rsplit(':').next() == Some(&port.to_string())).then_some(port);
        let shown = port.map_or_else(|| host.clone(), |p| format!("{host}:{p}"));
        (shown.eq_ignore_ascii_case(rest)).then_some(HttpHost { host, below, port })
    }

    /// True when it permits this host (lower case) and port.
    pub fn permits(&self, host: &str, port: u16) -> bool {
        let name = match self.below {
            false => host == self.host,
            true => host
                .strip_suffix(self.host.as_str())
                .is_some_and(|front| front.len() > 1 && front.ends_with('.')),
        };
        name && self.port.map_or(port == 443 || port == 80, |p| p == port)
    }
}

impl ScriptManifest {
    /// True when the script may talk to this host and port.
    pub fn permits(&self, host: &str, port: u16) -> bool {
        self.http.iter().any(|h| h.permits(host, port))
    }

    /// Reads the first comment block; mistakes go to `diagnostics`.
    pub(crate) fn read(
        file: &str,
        comments: &[Token<'_>],
        diagnostics: &mut Vec<ScriptDiagnostic>,
    ) -> Self {
        let mut reader = Reader {
            file,
            manifest: ScriptManifest::default(),
            diagnostics,
        };
        for comment in comments {
            let text = comment.text.trim_start_matches('-').trim();
            let Some((key, value)) = text.split_once(':') else {
                continue;
            };
            reader.line(comment.line, key.trim(), value.trim());
        }
        reader.manifest
    }
}

struct Reader<'a> {
    file: &'a str,
    manifest: ScriptManifest,
    diagnostics: &'a mut Vec<ScriptDiagnostic>,
}

const KEYS: [&str; 4] = ["what", "arguments", "outcomes", "http"];

impl Reader<'_> {
    fn line(&mut self, line: u32, key: &str, value: &str) {
        let items = || value.split(',').map(str::trim).filter(|v| !v.is_empty());
        match key {
            "what" => {
                let space = if self.manifest.what.is_empty() {
                    ""
                } else {
                    " "
                };
                self.manifest.what.push_str(space);
                self.manifest.what.push_str(value);
            }
            "arguments" => items().for_each(|item| self.argument(line, item)),
            "outcomes" => items().for_each(|item| self.outcome(line, item)),
            "http" => items().for_each(|item| self.host(line, item)),
            // A near miss of a key would silently take a permission or a promise away.
            other => {
                let lower = other.to_ascii_lowercase();
                let near = KEYS.iter().find(|k| {
                    let far = if k.len() > 4 { 2 } else { 1 };
                    strsim::damerau_levenshtein(&lower, k) <= far
                });
                if let (Some(near), true) = (near, other.len() > 3) {
                    self.report(
                        line,
                        format!("`{other}:` is no key of a manifest"),
                        format!("did you mean `{near}:`?"),
                    );
                }
            }
        }
    }

    fn argument(&mut self, line: u32, item: &str) {
        let (name, default) = match item.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"').to_owned())),
            None => (item, None),
        };
        if !is_word(name, "_") {
            self.report(
                line,
                format!("`{name}` cannot be an argument's name"),
                "write `-- arguments: name, other = default`".into(),
            );
        } else if self.manifest.arguments.iter().any(|a| a.name == name) {
            self.report(
                line,
                format!("argument `{name}` is declared twice"),
                "drop one".into(),
            );
        } else {
            let name = name.to_owned();
            self.manifest.arguments.push(Argument {
                name,
                default,
                line,
            });
        }
    }

    fn outcome(&mut self, line: u32, item: &str) {
        if !is_word(item, "_-.") {
            self.report(
                line,
                format!("`{item}` cannot be an outcome"),
                "use letters, digits, `-`, `_`, `.`, and commas between outcomes".into(),
            );
        } else if self.manifest.outcomes.iter().any(|o| o == item) {
            self.report(
                line,
                format!("outcome `{item}` is declared twice"),
                "drop one".into(),
            );
        } else {
            self.manifest.outcomes.push(item.to_owned());
        }
    }

    fn host(&mut self, line: u32, item: &str) {
        match HttpHost::parse(item) {
            Some(host) => self.manifest.http.push(host),
            None => self.report(
                line,
                format!("`{item}` is not a host"),
                "write a host name, `*.name`, or `name:port`; no scheme and no path".into(),
            ),
        }
    }

    fn report(&mut self, line: u32, message: String, help: String) {
        self.diagnostics.push(ScriptDiagnostic {
            file: self.file.to_owned(),
            line,
            column: 1,
            message,
            help: Some(help),
        });
    }
}

fn is_word(text: &str, extra: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
}
