//! Native modules to shared libraries: Rust by cargo for this machine, C by its own compiler.
//!
//! What is built here runs here, or on a machine like it: same processor, no older C library.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::workshop::{BuildError, LONG, Workshop, on_disk, on_path};

/// Compilers of C, the first that is there.
const COMPILERS: &[&str] = &["cc", "gcc", "clang"];

/// How C is compiled. Only what is exported is seen from outside, and what is missing is told now
/// and not when the library is loaded.
const FLAGS: &[&str] = &[
    "-std=gnu11",
    "-shared",
    "-fPIC",
    "-O2",
    "-Wall",
    "-fvisibility=hidden",
    "-pthread",
    "-Wl,-z,defs",
];

/// The symbol that the switch looks for.
const SYMBOL: &[u8] = b"cordboard_module_v1";

/// Builds the Rust module in `dir`; gives its library.
///
/// # Errors
/// No cargo, with its cure; or the compiler's words.
pub fn rust(shop: &Workshop, dir: &Path) -> Result<PathBuf, BuildError> {
    if on_path("cargo").is_none() {
        return Err(BuildError::new(
            "no cargo on the search path",
            "install rustup (https://rustup.rs)",
        ));
    }
    let mut cargo = shop.tool("cargo");
    cargo
        .current_dir(dir)
        .args(["rustc", "--lib", "--release", "--crate-type", "cdylib"])
        .args(["--message-format", "json-render-diagnostics"])
        .arg("--target-dir")
        .arg(shop.target("target-native"));
    let said = shop.run(&mut cargo, LONG).map_err(not_compiled)?;
    let library = said.lines().rev().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let names = message.get("filenames")?.as_array()?;
        let names = names.iter().filter_map(Value::as_str);
        names
            .into_iter()
            .find(|name| name.ends_with(".so"))
            .map(PathBuf::from)
    });
    library.ok_or_else(|| {
        BuildError::new(
            "cargo built no shared library",
            "the module's folder needs a Cargo.toml with a library",
        )
    })
}

/// Builds the C module in `dir`; gives its library.
///
/// # Errors
/// No compiler, with its cure; or the compiler's words.
pub fn c(shop: &Workshop, dir: &Path, out: &Path) -> Result<PathBuf, BuildError> {
    let Some(compiler) = COMPILERS.iter().find_map(|name| on_path(name)) else {
        return Err(BuildError::new(
            "no C compiler on the search path",
            "install gcc or clang (Debian: `apt-get install gcc libc6-dev`)",
        ));
    };
    let sources = sources(&dir.join("src"))?;
    if sources.is_empty() {
        return Err(BuildError::new(
            format!("{}/src has no .c file", dir.display()),
            "put the module's code into src/module.c",
        ));
    }
    fs::create_dir_all(out).map_err(|e| on_disk(out, &e))?;
    let made = out.join("module.so");
    let mut compile = shop.tool(compiler);
    compile
        .current_dir(dir)
        .args(FLAGS)
        .arg(format!("-I{}", shop.sdk.join("native").display()))
        .arg("-o")
        .arg(&made)
        .args(sources);
    shop.run(&mut compile, LONG).map_err(not_compiled)?;
    Ok(made)
}

/// A library that can shake hands; the switch looks closer when it loads it.
///
/// # Errors
/// It is none.
pub fn looks_right(bytes: &[u8]) -> Result<(), BuildError> {
    let exported = bytes.windows(SYMBOL.len()).any(|part| part == SYMBOL);
    if bytes.starts_with(b"\x7fELF") && exported {
        return Ok(());
    }
    Err(BuildError::new(
        "the library exports no `cordboard_module_v1`",
        "`export!(WORLD: ...)` in Rust; in C define it with CORDBOARD_EXPORT, as sdk/native/cordboard.h shows",
    ))
}

fn not_compiled(mut error: BuildError) -> BuildError {
    error.why = "the module does not compile".to_owned();
    error
}

fn sources(folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let entries = fs::read_dir(folder).map_err(|e| on_disk(folder, &e))?;
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "c"))
        .collect();
    found.sort();
    Ok(found)
}
