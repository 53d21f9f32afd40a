//! Reading the folders that a tenant is made of: dialplan, prompts, scripts.
//!
//! Bounds: 2,000 files and 16 MiB a file of text, 64 MiB a prompt, folders eight deep. What cannot
//! be read is an error with its path; nothing outside the folders is read, except through
//! symbolic links that the operator himself has put there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordboard_dialplan::file::Source;

const DEPTH_MAX: usize = 8;
const FILES_MAX: usize = 2_000;
const TEXT_BYTES_MAX: u64 = 16 << 20;
/// Largest prompt.
pub const PROMPT_BYTES_MAX: u64 = 64 << 20;

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The system said no.
    #[error("{path}: {source}")]
    Io {
        /// Which file or folder.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not text.
    #[error("{0}: this is not UTF-8 text")]
    NotText(String),
    /// Larger or more than is read.
    #[error("{0}: {1}")]
    TooMuch(String, &'static str),
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> FilesError + '_ {
    move |source| FilesError::Io {
        path: path.display().to_string(),
        source,
    }
}

/// Tenants' folders under `dialplans/`: every folder that does not begin with `_` or `.`.
pub fn tenant_folders(dialplans: &Path) -> Result<Vec<(String, PathBuf)>, FilesError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dialplans).map_err(io(dialplans))? {
        let entry = entry.map_err(io(dialplans))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !name.starts_with(['_', '.']) {
            found.push((name, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// A tenant's dialplan files (`*.kdl`, `*.csv`) by relative path.
pub fn dialplan_source(folder: &Path) -> Result<Source, FilesError> {
    let mut files = BTreeMap::new();
    for (name, path) in list(folder, &["kdl", "csv"])? {
        files.insert(name, Arc::from(read_text(&path)?));
    }
    Ok(Source {
        files,
        ..Source::default()
    })
}

/// Lua scripts of a folder, by path; none where there is no such folder.
pub fn scripts_in(folder: &Path) -> Result<BTreeMap<String, String>, FilesError> {
    let mut files = BTreeMap::new();
    if folder.is_dir() {
        for (name, path) in list(folder, &["lua"])? {
            files.insert(name, read_text(&path)?);
        }
    }
    Ok(files)
}

/// Prompts in a tenant's or a base's `prompts/`, by name: the path without its ending.
pub fn prompts_in(folder: &Path) -> Result<BTreeMap<String, PathBuf>, FilesError> {
    let from = folder.join("prompts");
    let mut files = BTreeMap::new();
    if from.is_dir() {
        for (name, path) in list(&from, &["wav"])? {
            files.insert(name.trim_end_matches(".wav").to_owned(), path);
        }
    }
    Ok(files)
}

/// The first symbolic link in a folder that leads out of `root`; eight folders deep, as is read.
pub fn links_out_of(folder: &Path, root: &Path) -> Option<PathBuf> {
    let mut open = vec![(folder.to_path_buf(), DEPTH_MAX)];
    while let Some((here, depth)) = open.pop() {
        for entry in fs::read_dir(&here).into_iter().flatten().flatten() {
            let path = entry.path();
            let outside = |path: &Path| path.canonicalize().is_ok_and(|p| !p.starts_with(root));
            if path.is_symlink() && outside(&path) {
                return path.strip_prefix(folder).map(Path::to_path_buf).ok();
            }
            if depth > 0 && path.is_dir() {
                open.push((path, depth - 1));
            }
        }
    }
    None
}

fn list(folder: &Path, endings: &[&str]) -> Result<Vec<(String, PathBuf)>, FilesError> {
    let mut found = Vec::new();
    collect(folder, "", endings, DEPTH_MAX, &mut found)?;
    Ok(found)
}

fn collect(
    folder: &Path,
    prefix: &str,
    endings: &[&str],
    depth: usize,
    found: &mut Vec<(String, PathBuf)>,
) -> Result<(), FilesError> {
    for entry in fs::read_dir(folder).map_err(io(folder))? {
        let entry = entry.map_err(io(folder))?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        // Editors leave `.main.kdl.swp` and `#main.kdl#` beside what they edit.
        if name.starts_with(['.', '#']) || name.ends_with('~') {
            continue;
        }
        let relative = format!("{prefix}{name}");
        if path.is_dir() {
            if depth > 0 {
                collect(&path, &format!("{relative}/"), endings, depth - 1, found)?;
            }
        } else if path
            .extension()
            .is_some_and(|e| endings.iter().any(|want| e == *want))
        {
            found.push((relative, path));
            if found.len() > FILES_MAX {
                return Err(FilesError::TooMuch(
                    folder.display().to_string(),
                    "more than 2,000 files",
                ));
            }
        }
    }
    Ok(())
}

/// A text file, whole.
pub fn read_text(path: &Path) -> Result<String, FilesError> {
    let meta = fs::metadata(path).map_err(io(path))?;
    if !meta.is_file() {
        let path = path.display().to_string();
        return Err(FilesError::TooMuch(path, "this is no plain file"));
    }
    if meta.len() > TEXT_BYTES_MAX {
        return Err(FilesError::TooMuch(
            path.display().to_string(),
            "larger than 16 MiB",
        ));
    }
    let bytes = fs::read(path).map_err(io(path))?;
    String::from_utf8(bytes).map_err(|_| FilesError::NotText(path.display().to_string()))
}
