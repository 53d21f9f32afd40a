//! `cordboard MODULE VERB --name value`: verbs that modules declare, said at the console.
//!
//! The command line knows no module; the running switch does, and it checks verb and arguments
//! against the module's manifest. Here words only become names and values.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::Value;

use super::print;
use crate::control::client::{self, ClientError};
use crate::control::verb::Verb;
use crate::data_dir::DataDir;
use crate::modules::Ask;

/// Most words of one command.
const WORDS_MAX: usize = 200;

/// Asks a module of the running switch.
pub(super) fn carry_out(data: &DataDir, words: &[String], json: bool) -> ExitCode {
    let (ask, options) = match read(words) {
        Ok(read) => read,
        Err(why) => return print(Err(why), json),
    };
    let json = json || options.json;
    let data = match options.data {
        Some(folder) => DataDir::choose(Some(folder)),
        None => data.clone(),
    };
    let module = ask.module.clone();
    let said = match client::ask(&data.control(), &Verb::Operate(ask)) {
        Ok(value) => Ok(value),
        Err(ClientError::NotRunning { path, .. }) => Err(format!(
            "there is no command `{module}`, and no switch runs on {path} whose modules could have \
             it; `cordboard --help` lists the commands"
        )),
        Err(error) => Err(error.to_string()),
    };
    match said {
        // A report in another form than JSON is printed as it is.
        Ok(Value::Object(report)) if !json && report.contains_key("media_type") => {
            let text = report.get("text").and_then(Value::as_str);
            let _ = std::io::Write::write_all(
                &mut std::io::stdout(),
                text.unwrap_or_default().as_bytes(),
            );
            ExitCode::SUCCESS
        }
        said => print(said, json),
    }
}

/// Options of every command, where they stand behind the module's name.
#[derive(Debug, Default)]
struct Options {
    json: bool,
    data: Option<PathBuf>,
}

/// Words as a question.
fn read(words: &[String]) -> Result<(Ask, Options), String> {
    if words.len() > WORDS_MAX {
        return Err(format!("a command has at most {WORDS_MAX} words"));
    }
    let mut ask = Ask::default();
    let mut options = Options::default();
    let mut rest = words.iter().peekable();
    ask.module = rest.next().cloned().unwrap_or_default();
    let mut arguments: BTreeMap<String, Vec<String>> = BTreeMap::new();
    while let Some(word) = rest.next() {
        let Some(name) = word.strip_prefix("--") else {
            if ask.verb.is_some() {
                return Err(format!(
                    "`{word}` has no name: write `{} {} --NAME {word}`",
                    ask.module,
                    ask.verb.as_deref().unwrap_or_default()
                ));
            }
            ask.verb = Some(word.clone());
            continue;
        };
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            None if name == "json" || name == "help" => (name, String::new()),
            None => match rest.next_if(|next| !next.starts_with("--")) {
                Some(value) => (name, value.clone()),
                // A flag without a value is one that is set.
                None => (name, "yes".to_owned()),
            },
        };
        match name {
            "json" => options.json = true,
            "help" => ask.verb = None,
            "tenant" => ask.tenant = Some(value),
            "data" => options.data = Some(value.into()),
            _ => arguments.entry(name.to_owned()).or_default().push(value),
        }
    }
    ask.arguments = arguments;
    Ok((ask, options))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn words_become_a_question() {
        let text = "queue login --agent alice --tenant demo --json --data d";
        let (ask, options) = read(&words(text)).unwrap();
        assert!(options.json && options.data.is_some());
        assert_eq!(ask.module, "queue");
        assert_eq!(ask.verb.as_deref(), Some("login"));
        assert_eq!(ask.tenant.as_deref(), Some("demo"));
        assert_eq!(ask.arguments["agent"], ["alice"]);
        let (ask, _) = read(&words("queue pause --quiet --reason=lunch --reason=late")).unwrap();
        assert_eq!(ask.arguments["quiet"], ["yes"]);
        assert_eq!(ask.arguments["reason"], ["lunch", "late"]);
        let (ask, _) = read(&words("queue")).unwrap();
        assert_eq!(ask.verb, None);
        let why = read(&words("queue login alice")).unwrap_err();
        assert!(why.contains("--NAME alice"), "{why}");
    }
}
