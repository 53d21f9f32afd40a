//! A new tenant: names checked, first dialplan and ceiling written, all of it or nothing.
//!
//! The folder is made under a name that nobody serves (`.NAME.new`), checked there as `cordboard
//! check` does and held against every other tenant's domain and numbers; only then the ceiling is
//! appended to `_node.kdl` and the folder gets its name. Passwords are made last and kept nowhere.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordboard_dialplan::diagnostic;
use cordboard_dialplan::node_file::{Ceiling, CeilingText, check_ceiling, load_node};
use cordboard_dialplan::{Dialplan, check_did_owners};
use serde_json::{Value, json};

use super::NewTenant;
use crate::data_dir::generate_password;
use crate::files;
use crate::loader::forge::Forge;
use crate::loader::{Folders, LoadError, Memory};
use crate::operator::Operator;
use crate::reload::NODE_FILE;

/// Longest name and longest domain, in characters.
const NAME_MAX: usize = 63;
const DOMAIN_MAX: usize = 253;
/// Most numbers and users of one command.
const LIST_MAX: usize = 1_000;

/// Where a tenant is made.
pub(super) struct Site {
    pub(super) folders: Folders,
    pub(super) forge: Arc<Forge>,
    /// The dialplans of all other tenants.
    pub(super) others: Vec<Arc<Dialplan>>,
}

/// A tenant that was made.
pub(super) struct Made {
    pub(super) folder: PathBuf,
    /// True where `_node.kdl` had a ceiling of that name already, which stays as it is.
    pub(super) kept_ceiling: bool,
}

fn check_names(wish: &NewTenant) -> Result<(), String> {
    let name = &wish.name;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let good = (1..=NAME_MAX).contains(&name.len())
        && name.bytes().all(plain)
        && name.starts_with(|c: char| c.is_ascii_lowercase());
    if !good {
        return Err(format!(
            "`{name}` cannot be a tenant's name: lower-case letters, digits and `-`, at most \
             {NAME_MAX}, a letter first"
        ));
    }
    let domain = &wish.domain;
    let label = |part: &str| {
        let inside = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        (1..=63).contains(&part.len()) && part.bytes().all(inside) && !part.starts_with('-')
    };
    if domain.len() > DOMAIN_MAX || !domain.split('.').all(label) {
        return Err(format!(
            "`{domain}` cannot be a domain: write one such as `{name}.example.com`"
        ));
    }
    if wish.dids.len() > LIST_MAX || wish.users.len() > LIST_MAX {
        return Err(format!("at most {LIST_MAX} numbers and users at once"));
    }
    for did in &wish.dids {
        if let Err(wrong) = cordboard_dialplan::numbers::Pattern::parse(did) {
            return Err(format!("the number `{did}`: {}", wrong.message));
        }
        if !did.starts_with(|c: char| c == '+' || c.is_ascii_digit()) {
            return Err(format!(
                "the number `{did}`: write one as callers dial it, such as `+442079460300`"
            ));
        }
    }
    // What stands in quotes in the dialplan may end no quotes.
    let base = wish.base.as_deref().unwrap_or_default();
    let quoted = [base, &wish.tz]
        .into_iter()
        .chain(wish.users.iter().map(String::as_str));
    for text in quoted {
        let bad = |c: char| c.is_control() || matches!(c, '"' | '\\' | '{' | '}');
        if text.contains(bad) {
            return Err(format!("`{text}` has a character that has no place there"));
        }
    }
    Ok(())
}

/// The first dialplan.
fn dialplan(wish: &NewTenant) -> String {
    let NewTenant {
        name, domain, tz, ..
    } = wish;
    let mut out = format!(
        "// Tenant {name}. `cordboard check` says every mistake in here at once; a save is followed by\n\
         // the next call. What this tenant may have at most stands in `_node.kdl`.\n\n\
         tenant {name} domain=\"{domain}\" tz=\"{tz}\" {{\n    calls-max {}\n}}\n",
        wish.calls_max
    );
    if let Some(base) = &wish.base {
        let _ = write!(out, "\n// What it shares with others.\nbase \"{base}\"\n");
    }
    if !wish.users.is_empty() {
        out.push('\n');
    }
    for user in &wish.users {
        let _ = writeln!(out, "user \"{user}\"");
    }
    if !wish.dids.is_empty() {
        let numbers: Vec<String> = wish.dids.iter().map(|did| format!("\"{did}\"")).collect();
        let _ = write!(out, "\n// Who calls in.\ndid {} {{\n", numbers.join(" "));
        match wish.users.is_empty() {
            true => out.push_str("    hangup cause=no-answer\n"),
            false => {
                let all: Vec<String> = wish.users.iter().map(|u| format!("\"{u}\"")).collect();
                let _ = write!(
                    out,
                    "    ring {} timeout=\"20s\"\n    else {{ hangup cause=no-answer }}\n",
                    all.join(" ")
                );
            }
        }
        out.push_str("}\n");
    }
    if !wish.users.is_empty() && wish.base.is_none() {
        out.push_str(
            "\n// Users call each other by name.\noutbound colleagues match=user {\n    \
             ring user=\"{dialled}\" timeout=\"20s\"\n    else { hangup cause=no-answer }\n}\n",
        );
    }
    cordboard_dialplan::format("main.kdl", &out).unwrap_or(out)
}

/// Makes the folder and the ceiling, or nothing.
pub(super) fn make(site: &Site, wish: &NewTenant) -> Result<Made, String> {
    check_names(wish)?;
    let dialplans = &site.folders.dialplans;
    let folder = dialplans.join(&wish.name);
    if std::fs::symlink_metadata(&folder).is_ok() {
        return Err(format!(
            "tenant {} is there already: {}",
            wish.name,
            folder.display()
        ));
    }
    let fresh = dialplans.join(format!(".{}.new", wish.name));
    let _ = std::fs::remove_dir_all(&fresh);
    let io = |path: &Path, e: std::io::Error| format!("{}: {e}", path.display());
    std::fs::create_dir_all(fresh.join("prompts")).map_err(|e| io(&fresh, e))?;
    let made = (|| {
        let file = fresh.join("main.kdl");
        std::fs::write(&file, dialplan(wish)).map_err(|e| io(&file, e))?;
        let (node, kept_ceiling) = node_text(dialplans, wish)?;
        check(site, wish, &fresh, &node)?;
        if !kept_ceiling {
            write_node(dialplans, &node)?;
        }
        std::fs::rename(&fresh, &folder).map_err(|e| io(&folder, e))?;
        Ok(Made {
            folder: folder.clone(),
            kept_ceiling,
        })
    })();
    if made.is_err() {
        let _ = std::fs::remove_dir_all(&fresh);
    }
    made
}

/// `_node.kdl` with the tenant's ceiling, and whether it had one.
fn node_text(dialplans: &Path, wish: &NewTenant) -> Result<(String, bool), String> {
    let path = dialplans.join(NODE_FILE);
    let text = match path.exists() {
        true => files::read_text(&path).map_err(|e| e.to_string())?,
        false => String::new(),
    };
    let read = |text: &str| {
        load_node(NODE_FILE, text).map_err(|mistakes| {
            let lines: Vec<String> = mistakes.iter().map(diagnostic::Diagnostic::line).collect();
            format!(
                "{NODE_FILE} has mistakes, mend them first:\n{}",
                lines.join("\n")
            )
        })
    };
    if read(&text)?.settings.ceiling(&wish.name).is_some() {
        return Ok((text, true));
    }
    let ceiling = CeilingText {
        tenant: wish.name.clone(),
        calls_max: wish.calls_max,
        trunks_max: wish.trunks_max,
        users_max: wish
            .users_max
            .max(u32::try_from(wish.users.len()).unwrap_or(u32::MAX)),
        dids: wish.dids.clone(),
    };
    let more = ceiling.append(&text);
    read(&more)?;
    Ok((more, false))
}

/// Replaces `_node.kdl`, whole or not at all, with the mode that it had.
pub(super) fn write_node(dialplans: &Path, text: &str) -> Result<(), String> {
    let path = dialplans.join(NODE_FILE);
    let fresh = dialplans.join(format!(".{NODE_FILE}.new"));
    let written = (|| {
        std::fs::write(&fresh, text)?;
        if let Ok(meta) = std::fs::metadata(&path) {
            std::fs::set_permissions(&fresh, meta.permissions())?;
        }
        std::fs::rename(&fresh, &path)
    })();
    written.map_err(|e| format!("{}: {e}", path.display()))
}

fn check(site: &Site, wish: &NewTenant, fresh: &Path, node: &str) -> Result<(), String> {
    let said = |error: LoadError| error.render(false);
    let mut memory = Memory::with_modules(Arc::clone(&site.forge));
    let material = memory.read(&site.folders, fresh).map_err(said)?;
    let source = material.source.clone();
    let passed = memory.check(&wish.name, material).map_err(said)?;
    let plan = &passed.generation.dialplan;
    let settings = load_node(NODE_FILE, node).map_err(|_| "the ceiling cannot be read")?;
    let unsaid = Ceiling::unsaid(&wish.name);
    let ceiling = settings.settings.ceiling(&wish.name).unwrap_or(&unsaid);
    let above = check_ceiling(plan, ceiling);
    if !above.is_empty() {
        return Err(said(LoadError::Mistakes(above, source)));
    }
    let domain = |other: &&Arc<Dialplan>| other.tenant.domain.eq_ignore_ascii_case(&wish.domain);
    if let Some(owner) = site.others.iter().find(domain) {
        let (domain, owner) = (&wish.domain, &owner.tenant.name);
        return Err(format!(
            "the domain `{domain}` belongs to tenant `{owner}` already"
        ));
    }
    let all = site.others.iter().chain([plan]).map(|plan| &**plan);
    let own = format!("{}/", wish.name);
    let claimed = check_did_owners(all);
    match claimed
        .iter()
        .find(|found| found.mark.file.starts_with(&own))
    {
        Some(found) => Err(found.message.clone()),
        None => Ok(()),
    }
}

/// What is shown of a tenant that was made.
pub(super) fn shown(wish: &NewTenant, made: &Made, passwords: &[(String, String)]) -> Value {
    let users: Vec<Value> = passwords
        .iter()
        .map(|(user, password)| json!({ "user": user, "password": password }))
        .collect();
    let mut said = json!({
        "tenant": wish.name,
        "domain": wish.domain,
        "folder": made.folder.display().to_string(),
        "ceiling": match made.kept_ceiling {
            true => "as _node.kdl had it already",
            false => "appended to _node.kdl",
        },
    });
    if let (Some(fields), false) = (said.as_object_mut(), users.is_empty()) {
        fields.insert(
            "note".into(),
            "these passwords are shown once and kept nowhere".into(),
        );
        fields.insert("users".into(), users.into());
    }
    said
}

impl Operator {
    /// Makes a tenant and serves it.
    pub(super) async fn make_tenant(&self, wish: &NewTenant) -> Result<Value, String> {
        let site = Site {
            folders: self.reloader.folders().clone(),
            forge: Arc::clone(self.reloader.forge()),
            others: self.reloader.plans(),
        };
        let asked = wish.clone();
        let made = tokio::task::spawn_blocking(move || make(&site, &asked)).await;
        let made = made.map_err(|error| error.to_string())??;
        // The watcher may have been quicker; then nothing is left to load.
        self.reloader.load_all().await?;
        let serves = self.reloader.generation_number(&wish.name);
        if serves.is_none() {
            return Err(format!(
                "{} is made and does not serve: `cordboard check {}` says why",
                wish.name,
                made.folder.display()
            ));
        }
        let mut passwords = Vec::new();
        for user in &wish.users {
            let password = generate_password().map_err(|e| e.to_string())?;
            self.passwords.change(&wish.name, user, &password).await?;
            passwords.push((user.clone(), password));
        }
        let payload = json!({ "domain": wish.domain, "dids": wish.dids, "users": wish.users });
        self.reloader
            .record(&wish.name, "tenant.created", payload.to_string());
        Ok(shown(wish, &made, &passwords))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish() -> NewTenant {
        NewTenant {
            name: "acme".into(),
            domain: "acme.example".into(),
            dids: vec!["+442079460300".into()],
            users: vec!["ann".into(), "bert".into()],
            tz: "Europe/London".into(),
            calls_max: 5,
            users_max: 1,
            ..NewTenant::default()
        }
    }

    fn site(name: &str) -> Site {
        let root = std::env::temp_dir().join(format!("cordboard-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        std::fs::create_dir_all(root.join("dialplans")).unwrap();
        Site {
            folders: Folders {
                dialplans: root.join("dialplans"),
                scripts: root.join("scripts"),
            },
            forge: Arc::default(),
            others: Vec::new(),
        }
    }

    #[test]
    fn a_new_tenant_is_whole_and_a_second_of_its_name_domain_or_number_is_refused() {
        let mut site = site("make");
        let dialplans = site.folders.dialplans.clone();
        std::fs::write(dialplans.join(NODE_FILE), "// mine\nlimits calls=10\n").unwrap();
        let made = make(&site, &wish()).unwrap();
        assert!(!made.kept_ceiling);
        let node = std::fs::read_to_string(dialplans.join(NODE_FILE)).unwrap();
        assert!(
            node.starts_with("// mine\n") && node.contains("users 2"),
            "{node}"
        );
        let mut memory = Memory::default();
        let material = memory.read(&site.folders, &made.folder).unwrap();
        let passed = memory.check("acme", material).unwrap();
        assert!(passed.warnings.is_empty(), "{:?}", passed.warnings);
        site.others = vec![passed.generation.dialplan];

        let again = make(&site, &wish()).err().unwrap();
        assert!(again.contains("is there already"), "{again}");
        let mut other = NewTenant {
            name: "zeta".into(),
            ..wish()
        };
        let taken = make(&site, &other).err().unwrap();
        assert_eq!(
            taken,
            "the domain `acme.example` belongs to tenant `acme` already"
        );
        other.domain = "zeta.example".into();
        let taken = make(&site, &other).err().unwrap();
        assert_eq!(
            taken,
            "the number `+442079460300` belongs to tenant `acme` already"
        );
        let left: Vec<_> = std::fs::read_dir(&dialplans).unwrap().flatten().collect();
        assert_eq!(
            left.len(),
            2,
            "the folder of acme and the machine's file: {left:?}"
        );
        assert_eq!(
            std::fs::read_to_string(dialplans.join(NODE_FILE)).unwrap(),
            node
        );
        other.dids = vec!["+442079460301".into()];
        make(&site, &other).unwrap();
        std::fs::remove_dir_all(dialplans.parent().unwrap()).unwrap();
    }

    #[test]
    fn a_new_tenant_on_a_base_has_its_routes_and_writes_only_its_own() {
        let site = site("base");
        let dialplans = site.folders.dialplans.clone();
        let on_base = NewTenant {
            base: Some("../_base".into()),
            ..wish()
        };
        let none = make(&site, &on_base).err().unwrap();
        assert!(none.contains("_base"), "{none}");
        assert!(!dialplans.join("acme").exists() && !dialplans.join(NODE_FILE).exists());
        std::fs::create_dir(dialplans.join("_base")).unwrap();
        let shared = "outbound colleagues match=user {\n    ring user=\"{dialled}\"\n    \
             else { hangup cause=no-answer }\n}\n";
        std::fs::write(dialplans.join("_base/main.kdl"), shared).unwrap();
        let made = make(&site, &on_base).unwrap();
        let own = std::fs::read_to_string(made.folder.join("main.kdl")).unwrap();
        assert!(
            own.contains("base \"../_base\"") && !own.contains("colleagues"),
            "{own}"
        );
        let mut memory = Memory::default();
        let material = memory.read(&site.folders, &made.folder).unwrap();
        let passed = memory.check("acme", material).unwrap();
        assert!(passed.warnings.is_empty(), "{:?}", passed.warnings);
        assert!(passed.generation.dialplan.outbound.lookup("bert").is_some());
        std::fs::remove_dir_all(dialplans.parent().unwrap()).unwrap();
    }

    #[test]
    fn bad_names_are_refused_before_anything_is_written() {
        let site = site("names");
        let bad: [fn(&mut NewTenant); 8] = [
            |w| w.name = "../etc".into(),
            |w| w.name = "_base".into(),
            |w| w.name = "Acme".into(),
            |w| w.name = String::new(),
            |w| w.domain = "a b".into(),
            |w| w.domain = "x\" }".into(),
            |w| w.dids = vec!["abc".into()],
            |w| w.users = vec!["a\"b".into()],
        ];
        for spoil in bad {
            let mut wish = wish();
            spoil(&mut wish);
            assert!(make(&site, &wish).is_err(), "{wish:?}");
        }
        let left = std::fs::read_dir(&site.folders.dialplans).unwrap().count();
        assert_eq!(left, 0);
        std::fs::remove_dir_all(site.folders.dialplans.parent().unwrap()).unwrap();
    }
}
