//! Packs what `cordboard module new` and `module build` take from `sdk/` into one file that the
//! binary carries, so that an installed program makes modules where there is no source.
//!
//! The file is one entry after another, in the order of their paths: length of the path, path,
//! length of the content, content; lengths are four bytes, little endian. `src/sdk/carried.rs`
//! takes it apart.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// What is carried, each a file or a folder in `sdk/`.
const PARTS: &[&str] = &[
    "CHANGELOG.md",
    "README.md",
    "c",
    "js",
    "lua",
    "native",
    "rust",
    "template",
    "wit",
];

/// Folders that are no source.
const NOT_SOURCE: &[&str] = &["target", "node_modules"];

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let sdk = here.join("../../sdk");
    let mut files = Vec::new();
    for part in PARTS {
        let path = sdk.join(part);
        if path.exists() {
            collect(&path, &mut files)?;
        }
    }
    files.sort();
    let mut packed = Vec::new();
    for path in &files {
        let name = path.strip_prefix(&sdk)?;
        let name = name.to_str().ok_or("a path in sdk/ is no UTF-8")?;
        put(&mut packed, name.as_bytes())?;
        put(&mut packed, &fs::read(path)?)?;
    }
    fs::write(
        PathBuf::from(std::env::var("OUT_DIR")?).join("sdk.packed"),
        packed,
    )?;
    println!("cargo:rerun-if-changed=build.rs");
    Ok(())
}

fn put(packed: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    packed.extend(u32::try_from(bytes.len())?.to_le_bytes());
    packed.extend(bytes);
    Ok(())
}

/// A file, or all files below a folder; a change in any of them packs anew.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if NOT_SOURCE.contains(&name.as_ref()) {
        return Ok(());
    }
    println!("cargo:rerun-if-changed={}", path.display());
    if !path.is_dir() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}
