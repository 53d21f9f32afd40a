//! All of a tenant in one tar file (POSIX ustar), 0600, for a move or for the record.
//!
//! What is in it stands in its first member, `CONTENTS.txt`. Passwords, their digests, tokens and
//! the values of secrets are not: a digest is as good as its password to whoever has it (RFC 8760
//! section 4), so a tenant that moves gets new ones. Rows are read in pages and written in parts of
//! at most 4 MiB, so an export takes little memory however large the tenant. A link in the folder
//! is not followed, since it may lead to another tenant's files; it is named in `skipped.txt`.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use cordboard_store::journal::StoredEvent;
use cordboard_store::{CdrQuery, SNAPSHOT_BYTES_MAX, Store, TENANT_PAGE_MAX};
use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};

use crate::clock::unix_ms;
use crate::records::when;

/// Largest part of rows, in bytes.
const PART_BYTES_MAX: usize = 4 << 20;
/// Events read at once.
const EVENTS_AT_ONCE: usize = 1_000;
/// Folders in folders, and files; a tenant with more is refused.
const DEPTH_MAX: usize = 16;
const FILES_MAX: u64 = 1_000_000;
/// Owners of values that are the machine's own: tokens are hashes of what opens doors.
const OWNERS_LEFT_OUT: [&str; 1] = ["node:tokens"];

const CONTENTS: &str = "\
CONTENTS.txt      this list
tenant.json       name, domain, time of the export, users, names of secrets
folder/           the tenant's folder as it lies under dialplans/
store/bindings.jsonl   where its users' devices were, a line each
store/values-*.jsonl   values of scripts and modules: owner, key, value (base64), end
store/snapshots/       state of modules, a file each
journal/*.jsonl   every event in order, a line each; a part has at most 4 MiB
cdrs/*.jsonl      every CDR in order of its number
recordings/       audio
skipped.txt       links and other things that are no plain files: named, not followed
totals.json       how much of each

Left out on purpose: passwords and their digests, tokens, values of secrets ((secret)\"...\" in the
dialplan: tenant.json has their names), and everything of other tenants. Prompts, scripts and
modules that are shared by all tenants are the machine's and not in here.
";

/// Where a tenant's things lie.
pub(super) struct Source<'s> {
    pub(super) tenant: &'s str,
    pub(super) folder: PathBuf,
    pub(super) recordings: PathBuf,
}

/// A tar that is being written, and what is in it so far.
struct Tar {
    builder: Builder<File>,
    totals: std::collections::BTreeMap<&'static str, u64>,
    skipped: Vec<String>,
    now_s: u64,
}

fn broken(error: std::io::Error) -> String {
    format!("the export broke: {error}")
}

impl Tar {
    fn create(path: &Path) -> Result<Tar, String> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(Tar {
            builder: Builder::new(file),
            totals: Default::default(),
            skipped: Vec::new(),
            now_s: unix_ms() / 1000,
        })
    }

    fn head(&self, bytes: u64, mtime_s: u64) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(bytes);
        header.set_mode(0o600);
        header.set_mtime(mtime_s);
        header
    }

    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let mut header = self.head(bytes.len() as u64, self.now_s);
        let put = self.builder.append_data(&mut header, name, bytes);
        put.map_err(broken)
    }

    /// A file from the disk. One that grows meanwhile is cut at the size that it had.
    fn copy(&mut self, name: &str, path: &Path) -> Result<(), String> {
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path);
        let Ok(file) = file else {
            self.skipped.push(format!("{name}: cannot be read"));
            return Ok(());
        };
        let meta = file.metadata().map_err(broken)?;
        let bytes = meta.len();
        let changed = meta.modified().ok();
        let changed = changed.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let mut header = self.head(bytes, changed.map_or(self.now_s, |at| at.as_secs()));
        // A file that became shorter is filled up: the size stands before it already.
        let rest = file.take(bytes).chain(std::io::repeat(0)).take(bytes);
        self.builder
            .append_data(&mut header, name, rest)
            .map_err(broken)
    }

    /// A folder's plain files.
    fn folder(&mut self, what: &'static str, path: &Path) -> Result<(), String> {
        let mut folders = vec![(what.to_owned(), path.to_path_buf(), 0)];
        while let Some((prefix, folder, depth)) = folders.pop() {
            let entries = match std::fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(format!("{}: {error}", folder.display())),
            };
            let mut entries: Vec<_> = entries.flatten().collect();
            entries.sort_by_key(std::fs::DirEntry::file_name);
            for entry in entries {
                let name = format!("{prefix}/{}", entry.file_name().to_string_lossy());
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() && depth < DEPTH_MAX => {
                        folders.push((name, entry.path(), depth + 1));
                    }
                    Ok(kind) if kind.is_file() => {
                        let count = self.totals.entry(what).or_default();
                        *count += 1;
                        if *count > FILES_MAX {
                            return Err(format!("more than {FILES_MAX} files in {what}"));
                        }
                        self.copy(&name, &entry.path())?;
                    }
                    _ => self.skipped.push(name),
                }
            }
        }
        Ok(())
    }
}

/// Lines of one kind, in parts.
struct Parts<'t> {
    tar: &'t mut Tar,
    what: &'static str,
    prefix: &'static str,
    text: Vec<u8>,
    number: u32,
}

impl<'t> Parts<'t> {
    fn of(tar: &'t mut Tar, what: &'static str, prefix: &'static str) -> Self {
        Parts {
            tar,
            what,
            prefix,
            text: Vec::new(),
            number: 0,
        }
    }

    fn line(&mut self, line: &Value) -> Result<(), String> {
        let _ = writeln!(self.text, "{line}");
        *self.tar.totals.entry(self.what).or_default() += 1;
        match self.text.len() >= PART_BYTES_MAX {
            true => self.flush(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<(), String> {
        if self.text.is_empty() {
            return Ok(());
        }
        self.number += 1;
        let name = format!("{}{:06}.jsonl", self.prefix, self.number);
        let text = std::mem::take(&mut self.text);
        self.tar.put(&name, &text)
    }
}

/// Writes the file.
pub(super) async fn export(
    store: &dyn Store,
    source: &Source<'_>,
    file: &Path,
) -> Result<Value, String> {
    let known = store.last_seqs().await.map_err(|e| e.to_string())?;
    let last_seq = known.iter().find(|(name, _)| name == source.tenant);
    if last_seq.is_none() && !source.folder.is_dir() {
        return Err(format!("no tenant {}", source.tenant));
    }
    let mut tar = Tar::create(file)?;
    let written = write(store, source, &mut tar).await;
    let totals = json!(tar.totals);
    let ended = written.and_then(|()| {
        let file = tar.builder.into_inner().map_err(broken)?;
        file.sync_all().map_err(broken)
    });
    if let Err(why) = ended {
        let _ = std::fs::remove_file(file);
        return Err(why);
    }
    Ok(json!({
        "tenant": source.tenant,
        "file": file.display().to_string(),
        "bytes": std::fs::metadata(file).map_or(0, |meta| meta.len()),
        "contents": totals,
    }))
}

async fn write(store: &dyn Store, source: &Source<'_>, tar: &mut Tar) -> Result<(), String> {
    let tenant = source.tenant;
    tar.put("CONTENTS.txt", CONTENTS.as_bytes())?;
    let users = store.all_ha1(tenant).await.map_err(|e| e.to_string())?;
    let users: Vec<String> = users.into_iter().map(|(user, _)| user).collect();
    let secrets = store
        .secret_names(tenant)
        .await
        .map_err(|e| e.to_string())?;
    let realm = store.node_secret(&format!("realm/{tenant}")).await;
    let realm = realm.map_err(|e| e.to_string())?;
    let about = json!({
        "tenant": tenant,
        "domain": realm.map(|realm| realm.reveal().to_owned()),
        "exported": when(unix_ms()),
        "version": env!("CARGO_PKG_VERSION"),
        "users": users,
        "secrets": secrets,
    });
    tar.put("tenant.json", format!("{about:#}\n").as_bytes())?;
    tar.folder("folder", &source.folder)?;
    rows(store, tenant, tar).await?;
    journal(store, tenant, tar).await?;
    cdrs(store, tenant, tar).await?;
    tar.folder("recordings", &source.recordings)?;
    let skipped = tar.skipped.join("\n");
    tar.put("skipped.txt", skipped.as_bytes())?;
    let totals = json!(tar.totals);
    tar.put("totals.json", format!("{totals:#}\n").as_bytes())
}

async fn rows(store: &dyn Store, tenant: &str, tar: &mut Tar) -> Result<(), String> {
    let bindings = store.bindings_of(tenant).await.map_err(|e| e.to_string())?;
    let mut text = Vec::new();
    for binding in &bindings {
        let _ = writeln!(text, "{}", json!(binding));
    }
    tar.totals.insert("bindings", bindings.len() as u64);
    tar.put("store/bindings.jsonl", &text)?;
    let mut parts = Parts::of(tar, "values", "store/values-");
    let mut after = (String::new(), String::new());
    loop {
        let page = store.values_after(tenant, (&after.0, &after.1), TENANT_PAGE_MAX);
        let page = page.await.map_err(|e| e.to_string())?;
        for row in &page {
            after = (row.owner.clone(), row.key.clone());
            if OWNERS_LEFT_OUT.contains(&row.owner.as_str()) {
                continue;
            }
            parts.line(&json!({
                "owner": row.owner, "key": row.key, "value": base64(&row.value),
                "ends_ms": row.ends_ms,
            }))?;
        }
        if page.len() < TENANT_PAGE_MAX as usize {
            break;
        }
    }
    parts.flush()?;
    let owners = store
        .snapshot_owners(tenant)
        .await
        .map_err(|e| e.to_string())?;
    for (number, owner) in owners.iter().enumerate() {
        let snapshot = store
            .snapshot(tenant, owner)
            .await
            .map_err(|e| e.to_string())?;
        let Some(snapshot) = snapshot.filter(|s| s.bytes.len() <= SNAPSHOT_BYTES_MAX) else {
            continue;
        };
        *tar.totals.entry("snapshots").or_default() += 1;
        let about = json!({ "owner": owner, "seq": snapshot.seq, "at_ms": snapshot.at_ms });
        let name = format!("store/snapshots/{:04}", number + 1);
        tar.put(&format!("{name}.json"), about.to_string().as_bytes())?;
        tar.put(&format!("{name}.bin"), &snapshot.bytes)?;
    }
    Ok(())
}

async fn journal(store: &dyn Store, tenant: &str, tar: &mut Tar) -> Result<(), String> {
    let mut parts = Parts::of(tar, "events", "journal/");
    let mut next = 0;
    loop {
        let page = store.events(tenant, next, u64::MAX, EVENTS_AT_ONCE).await;
        let page: Vec<StoredEvent> = page.map_err(|e| e.to_string())?;
        let Some(last) = page.last() else { break };
        next = last.seq + 1;
        for event in &page {
            parts.line(&json!({
                "seq": event.seq, "at_ms": event.at_ms, "topic": event.topic,
                "version": event.version, "call": event.call, "leg": event.leg,
                "data": serde_json::from_str::<Value>(&event.payload)
                    .unwrap_or_else(|_| event.payload.clone().into()),
            }))?;
        }
    }
    parts.flush()
}

async fn cdrs(store: &dyn Store, tenant: &str, tar: &mut Tar) -> Result<(), String> {
    let mut parts = Parts::of(tar, "cdrs", "cdrs/");
    let mut query = CdrQuery {
        newest_first: false,
        ..CdrQuery::newest(tenant, TENANT_PAGE_MAX)
    };
    loop {
        let page = store.cdrs(&query).await.map_err(|e| e.to_string())?;
        for row in &page {
            query.after_seq = row.seq;
            let mut cdr: Value = serde_json::from_str(&row.json).unwrap_or_default();
            if let Some(fields) = cdr.as_object_mut() {
                fields.remove("topic");
                fields.insert("number".into(), row.seq.into());
            }
            parts.line(&cdr)?;
        }
        if page.len() < TENANT_PAGE_MAX as usize {
            return parts.flush();
        }
    }
}

/// RFC 4648 section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let letter = LETTERS.get((group >> (18 - 6 * place) & 63) as usize);
            match letter.filter(|_| place <= chunk.len()) {
                Some(letter) => out.push(char::from(*letter)),
                None => out.push('='),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordboard_store::{Ha1, KvPlace, KvStore, KvWrite, MemoryStore, Secret, SecretStore};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn bytes_as_text_are_those_of_the_rfc() {
        let said = ["", "f", "fo", "foo", "foob"].map(|text| base64(text.as_bytes()));
        assert_eq!(said, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
    }

    #[tokio::test]
    async fn an_export_says_what_is_in_it_and_holds_no_secret_and_no_other_tenant() {
        let root = std::env::temp_dir().join(format!("cordboard-export-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        let folder = root.join("dialplans/acme");
        std::fs::create_dir_all(folder.join("prompts")).unwrap();
        std::fs::write(folder.join("main.kdl"), "tenant acme").unwrap();
        std::fs::write(folder.join("prompts/hello.wav"), "RIFF").unwrap();
        std::fs::create_dir_all(root.join("dialplans/demo")).unwrap();
        std::fs::write(root.join("dialplans/demo/main.kdl"), "demo-only").unwrap();
        std::os::unix::fs::symlink(root.join("dialplans/demo"), folder.join("theirs")).unwrap();
        let store = MemoryStore::new();
        let ha1 = Ha1 {
            md5: Secret::new("digest-of-ann"),
            sha256: Secret::new("digest-of-ann-too"),
        };
        store.put_ha1("acme", "ann", ha1).await.unwrap();
        store
            .put_secret("acme", "crm", Secret::new("hunter2"))
            .await
            .unwrap();
        for (tenant, owner) in [
            ("acme", "script"),
            ("acme", "node:tokens"),
            ("demo", "script"),
        ] {
            let place = KvPlace {
                tenant,
                owner,
                key: "k",
            };
            let value = format!("value-of-{tenant}-{owner}");
            store
                .kv_set(place, value.as_bytes(), KvWrite::lasting(1))
                .await
                .unwrap();
        }
        let source = Source {
            tenant: "acme",
            folder: folder.clone(),
            recordings: root.join("recordings/acme"),
        };
        let file = root.join("acme.tar");
        let said = export(&store, &source, &file).await.unwrap();
        assert_eq!(said["contents"]["folder"], 2, "{said}");
        assert_eq!(said["contents"]["values"], 1, "{said}");
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(
            export(&store, &source, &file).await.is_err(),
            "nothing is overwritten"
        );

        let bytes = std::fs::read(&file).unwrap();
        let mut archive = tar::Archive::new(&bytes[..]);
        let names: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|e| e.unwrap().path().unwrap().display().to_string())
            .collect();
        assert_eq!(names[0], "CONTENTS.txt");
        assert!(
            names.contains(&"folder/prompts/hello.wav".to_owned()),
            "{names:?}"
        );
        let text = String::from_utf8_lossy(&bytes);
        let token = base64(b"value-of-acme-node:tokens");
        for hidden in [
            "digest-of-ann",
            "hunter2",
            "demo-only",
            "value-of-demo",
            &token,
        ] {
            assert!(!text.contains(hidden), "{hidden}");
        }
        for shown in [
            "\"ann\"",
            "\"crm\"",
            &base64(b"value-of-acme-script"),
            "folder/theirs",
        ] {
            assert!(text.contains(shown), "{shown}");
        }
        std::fs::remove_dir_all(root).unwrap();
    }
}
