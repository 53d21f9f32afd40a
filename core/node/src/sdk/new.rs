//! `cordboard module new`: the smallest module that answers a call and says a digit, copied.
//!
//! A template is a folder `sdk/template/LANGUAGE`; in its texts `{{name}}` is the module's name,
//! `{{crate}}` the same with `_`, and `{{sdk}}` the way to the SDK.

use std::fs;
use std::path::{Path, PathBuf};

use super::workshop::{BuildError, Workshop, on_disk};

/// Languages that there are templates for.
pub const LANGUAGES: &[&str] = &["rust", "c", "js", "lua"];

/// The templates, as `--help` tells them.
pub const TEMPLATES: &str = "\
Templates:
  --lang rust                    a call script, compiled to WebAssembly
  --lang c                       the same in C
  --lang js                      the same in JavaScript
  --lang lua                     the same in Lua, which needs no build
  --lang rust --world router     where a call goes
  --lang lua  --world router     the same in Lua
  --lang lua  --world connector  a look-up in another program
  --lang rust-native             a call script as a shared library, in a process of its own
  --lang c-native                the same in C
  --lang rust --world service    state that follows events
  --lang rust --world reporter   totals over the journal";

/// Longest name of a module.
const NAME_MAX: usize = 63;

/// Makes `folder/name` from a template; gives the folder.
///
/// # Errors
/// A bad name, a folder that is there, no such template.
pub fn new(
    shop: &Workshop,
    folder: &Path,
    name: &str,
    language: &str,
    world: &str,
) -> Result<PathBuf, BuildError> {
    right_name(name)?;
    let templates = shop.sdk.join("template");
    let from = match world {
        "call-script" => templates.join(language),
        other => templates.join(format!("{language}-{other}")),
    };
    if !from.is_dir() {
        return Err(BuildError::new(
            format!("there is no template for a {world} in {language}"),
            format!("one of: {}", there(&templates).join(", ")),
        ));
    }
    let dir = folder.join(name);
    if dir.exists() {
        return Err(BuildError::new(
            format!("{} is there already", dir.display()),
            "another name, or remove it first",
        ));
    }
    let words = Words {
        name: name.to_owned(),
        sdk: way(&dir, &shop.sdk),
    };
    copy(&from, &dir, &words)?;
    Ok(dir)
}

/// Names of modules are prefixes of steps and topics.
pub fn right_name(name: &str) -> Result<(), BuildError> {
    let good = (1..=NAME_MAX).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if good {
        return Ok(());
    }
    Err(BuildError::new(
        format!("`{name}` is no name of a module"),
        "a lower-case letter, then up to 62 of a-z 0-9 -",
    ))
}

struct Words {
    name: String,
    sdk: String,
}

impl Words {
    fn fill(&self, text: &str) -> String {
        text.replace("{{name}}", &self.name)
            .replace("{{crate}}", &self.name.replace('-', "_"))
            .replace("{{sdk}}", &self.sdk)
    }
}

fn there(templates: &Path) -> Vec<String> {
    let entries = fs::read_dir(templates).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The way from a module to the SDK: with `..` inside one tree, so that the tree may be moved.
fn way(dir: &Path, sdk: &Path) -> String {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let (dir, sdk) = (absolute(dir), absolute(sdk));
    let shared = dir
        .components()
        .zip(sdk.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = dir.components().count() - shared;
    let beside = sdk.parent().is_some_and(|tree| dir.starts_with(tree));
    if !beside {
        return sdk.display().to_string();
    }
    let rest: PathBuf = sdk.components().skip(shared).collect();
    format!("{}{}", "../".repeat(up), rest.display())
}

fn copy(from: &Path, to: &Path, words: &Words) -> Result<(), BuildError> {
    fs::create_dir_all(to).map_err(|e| on_disk(to, &e))?;
    let entries = fs::read_dir(from).map_err(|e| on_disk(from, &e))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            copy(&path, &to.join(&name), words)?;
            continue;
        }
        let bytes = fs::read(&path).map_err(|e| on_disk(&path, &e))?;
        // `Cargo.toml` of a template is named otherwise, so that cargo leaves it alone.
        let target = to.join(name.trim_end_matches(".template"));
        let written = match std::str::from_utf8(&bytes) {
            Ok(text) => fs::write(&target, words.fill(text)),
            Err(_) => fs::write(&target, &bytes),
        };
        written.map_err(|e| on_disk(&target, &e))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_prefix_of_steps() {
        for good in ["crm", "sales-crm", "a1"] {
            assert_eq!(right_name(good), Ok(()), "{good}");
        }
        for bad in ["", "Crm", "1a", "a_b", "a/b", "../x", &"a".repeat(64)] {
            assert!(right_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn help_tells_every_template_that_there_is() {
        let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk");
        let told = TEMPLATES.lines().filter(|line| line.contains("--lang"));
        let mut told: Vec<String> = told
            .map(|line| {
                let mut words = line.split_whitespace().skip(1);
                let language = words.next().unwrap().to_owned();
                match (words.next(), words.next()) {
                    (Some("--world"), Some(world)) => format!("{language}-{world}"),
                    _ => language,
                }
            })
            .collect();
        told.sort();
        assert_eq!(told, there(&sdk.join("template")));
    }

    #[test]
    fn the_way_to_the_sdk_is_relative_inside_one_tree() {
        let sdk = Path::new("/src/switch/sdk");
        assert_eq!(way(Path::new("/src/switch/modules/mine"), sdk), "../../sdk");
        assert_eq!(way(Path::new("/home/me/mine"), sdk), "/src/switch/sdk");
    }
}
