//! Rust modules to WASM components: rustc's own wasm target and the component linker that rustup's
//! toolchain brings.
//!
//! The target is fetched by `rustup target add` where it is missing (2 s, 91 MB). Where rustup
//! cannot fetch, Debian's Rust and its source of the standard library are unpacked into the cache
//! without installing anything (131 MB), and the standard library is built once. All modules share
//! one target folder. A module needs no profile, no linker setting and no crate type of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::workshop::{BuildError, LONG, SHORT, Workshop, on_disk, on_path};

const TRIPLE: &str = "wasm32-unknown-unknown";

/// Small code, no unwinding, nothing for debuggers.
const PROFILE: &[(&str, &str)] = &[
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
    ("CARGO_PROFILE_RELEASE_LTO", "true"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "z"),
    ("CARGO_PROFILE_RELEASE_PANIC", "abort"),
    ("CARGO_PROFILE_RELEASE_STRIP", "true"),
];

/// A guest's stack: rustc's own choice of 1 MiB would be most of an instance's memory.
const STACK: &str = "-Clink-arg=-zstack-size=131072";

/// What every guest is built with: a change of it builds them anew.
pub fn settings() -> String {
    format!("{PROFILE:?} {STACK}")
}

/// The linkers inside rustup's toolchain.
#[derive(Clone, Debug)]
pub struct Linkers {
    /// Core modules to a component.
    pub component: PathBuf,
    /// Objects to a core module.
    pub wasm: PathBuf,
    sysroot: PathBuf,
}

/// How to call cargo.
enum Chain {
    Rustup,
    Debian(PathBuf),
}

/// What the rustc in use calls itself: part of a build's identity.
pub fn version(shop: &Workshop) -> Result<String, BuildError> {
    if let Some(known) = shop.rustc.get() {
        return Ok(known.clone());
    }
    let said = shop.run(shop.tool("rustc").arg("-vV"), SHORT);
    let said = said.map_err(|_| no_rust())?;
    Ok(shop.rustc.get_or_init(|| said).clone())
}

/// Finds the linkers of rustup's toolchain.
///
/// # Errors
/// No rustc, or not rustup's.
pub fn linkers(shop: &Workshop) -> Result<Linkers, BuildError> {
    let asked = shop.run(shop.tool("rustc").args(["--print", "sysroot"]), SHORT);
    let sysroot = PathBuf::from(asked.map_err(|_| no_rust())?.trim());
    let version = version(shop)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let tools = sysroot
        .join("lib/rustlib")
        .join(host.unwrap_or_default())
        .join("bin");
    let found = Linkers {
        component: tools.join("wasm-component-ld"),
        wasm: tools.join("gcc-ld/wasm-ld"),
        sysroot,
    };
    if found.component.is_file() && found.wasm.is_file() {
        return Ok(found);
    }
    Err(BuildError::new(
        format!(
            "{} is missing: this rustc is not rustup's",
            found.component.display()
        ),
        "install rustup (https://rustup.rs), then `rustup toolchain install stable`",
    ))
}

fn no_rust() -> BuildError {
    BuildError::new(
        "no rustc on the search path",
        "install rustup (https://rustup.rs)",
    )
}

/// Builds the module in `dir`; gives the component.
///
/// # Errors
/// No toolchain, with its cure; or the compiler's words.
pub fn build(shop: &Workshop, dir: &Path) -> Result<PathBuf, BuildError> {
    let linkers = linkers(shop)?;
    let chain = chain(shop, &linkers)?;
    sdk_is_there(dir)?;
    let mut target = shop.target("target");
    let mut cargo = shop.tool("cargo");
    cargo
        .current_dir(dir)
        .args(["rustc", "--lib", "--release", "--crate-type", "cdylib"])
        .args([
            "--target",
            TRIPLE,
            "--message-format",
            "json-render-diagnostics",
        ])
        .env(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER",
            &linkers.component,
        )
        // Set, it overrides what the user's own configuration says of flags.
        .env("CARGO_ENCODED_RUSTFLAGS", STACK)
        .envs(PROFILE.iter().copied());
    if let Chain::Debian(rustc) = &chain {
        target = shop.target("target-debian");
        let wasm_ld = linkers.wasm.display();
        let wasm_ld = format!("{STACK}\u{1f}-Clink-arg=--wasm-ld-path={wasm_ld}");
        cargo
            .env("RUSTC", rustc)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_ENCODED_RUSTFLAGS", wasm_ld)
            .arg("-Zbuild-std=std,panic_abort");
    }
    cargo.arg("--target-dir").arg(&target);
    let said = shop.run(&mut cargo, LONG).map_err(|mut error| {
        error.why = "the module does not compile".to_owned();
        error
    })?;
    artefact(&said).ok_or_else(|| {
        BuildError::new(
            "cargo built no component",
            "the module's folder needs a Cargo.toml with a library",
        )
    })
}

/// A module that was made elsewhere names an SDK that is not here.
fn sdk_is_there(dir: &Path) -> Result<(), BuildError> {
    let text = fs::read_to_string(dir.join("Cargo.toml")).unwrap_or_default();
    let line = text
        .lines()
        .find(|line| line.starts_with("cordboard-module"));
    let named = line.and_then(|line| line.split_once("path = \"")?.1.split('"').next());
    match named {
        Some(path) if !dir.join(path).join("Cargo.toml").is_file() => Err(BuildError::new(
            format!(
                "{}/Cargo.toml names an SDK at {path}, and none is there",
                dir.display()
            ),
            "`cordboard module new` somewhere else shows the path of this installation's: write it there",
        )),
        _ => Ok(()),
    }
}

/// The last `.wasm` file that cargo reports.
fn artefact(said: &str) -> Option<PathBuf> {
    said.lines().rev().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let names = message.get("filenames")?.as_array()?.clone();
        names
            .iter()
            .filter_map(Value::as_str)
            .find(|name| name.ends_with(".wasm"))
            .map(PathBuf::from)
    })
}

fn chain(shop: &Workshop, linkers: &Linkers) -> Result<Chain, BuildError> {
    let library = linkers.sysroot.join("lib/rustlib").join(TRIPLE).join("lib");
    if library.is_dir() {
        return Ok(Chain::Rustup);
    }
    let mut said = String::new();
    if on_path("rustup").is_some() {
        (shop.say)("fetching Rust's wasm32 target by rustup (once, about 20 MB)");
        match shop.run(shop.tool("rustup").args(["target", "add", TRIPLE]), LONG) {
            Ok(_) if library.is_dir() => return Ok(Chain::Rustup),
            Ok(_) => {}
            Err(error) => said = error.output,
        }
    }
    match debian(shop) {
        Ok(rustc) => Ok(Chain::Debian(rustc)),
        Err(error) => Err(BuildError {
            why: format!(
                "Rust's wasm32 target is not installed and could not be fetched ({error})"
            ),
            cure: format!("`rustup target add {TRIPLE}` with access to the network"),
            output: said,
        }),
    }
}

/// Debian's Rust with the source of its standard library, unpacked; gives its rustc.
fn debian(shop: &Workshop) -> Result<PathBuf, BuildError> {
    if on_path("apt-get").is_none() || on_path("dpkg-deb").is_none() {
        return Err(BuildError::new("there is no apt-get either", ""));
    }
    let folder = shop.fetched("debian-rust", |fresh| {
        (shop.say)("fetching Debian's Rust and its standard library (once, about 131 MB)");
        let version = depends(shop, "libstd-rust-web-dev", "libstd-rust-web-")?;
        let llvm = depends(shop, &version, "libllvm")?;
        let packages = [
            "rustc-web",
            &version,
            "libstd-rust-web-dev",
            "rust-web-src",
            &llvm,
        ];
        unpack(shop, fresh, &packages)?;
        let rustc = fresh.join("rustc");
        // Found beside itself, since the folder is renamed once it is complete.
        let text = "#!/bin/sh\nD=$(dirname \"$0\")/root/usr\n\
                    L=$(echo \"$D\"/lib/*-linux-gnu)\n\
                    LD_LIBRARY_PATH=$L exec \"$D/bin/rustc\" \"$@\"\n";
        fs::write(&rustc, text).map_err(|e| on_disk(&rustc, &e))?;
        fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755))
            .map_err(|e| on_disk(&rustc, &e))
    })?;
    Ok(folder.join("rustc"))
}

fn depends(shop: &Workshop, package: &str, wanted: &str) -> Result<String, BuildError> {
    let said = shop.run(shop.tool("apt-cache").args(["depends", package]), SHORT)?;
    said.split_whitespace()
        .find(|word| word.starts_with(wanted))
        .map(str::to_owned)
        .ok_or_else(|| BuildError::new(format!("apt knows no {wanted}* of {package}"), ""))
}

/// Fetches Debian packages and unpacks them into `folder/root`, without installing them.
pub fn unpack(shop: &Workshop, folder: &Path, packages: &[&str]) -> Result<(), BuildError> {
    let debs = folder.join("debs");
    fs::create_dir_all(&debs).map_err(|e| on_disk(&debs, &e))?;
    let mut apt = shop.tool("apt-get");
    apt.current_dir(&debs).arg("download").args(packages);
    shop.run(&mut apt, LONG)?;
    let entries = fs::read_dir(&debs).map_err(|e| on_disk(&debs, &e))?;
    for entry in entries.flatten() {
        let mut unpack: Command = shop.tool("dpkg-deb");
        unpack.arg("-x").arg(entry.path()).arg(folder.join("root"));
        shop.run(&mut unpack, LONG)?;
    }
    fs::remove_dir_all(&debs).map_err(|e| on_disk(&debs, &e))
}
