//! C modules to WASM components: any clang that knows wasm32 (14 will do), else Debian's, unpacked
//! into the cache, else zig from Python's registry; linked by rustup's component linker.
//!
//! No C library: `sdk/c` brings the little that the bindings and a small module need. Every `.c`
//! file in the module's `src` is compiled.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::rust;
use super::workshop::{BuildError, LONG, SHORT, Workshop, on_disk, on_path};

/// Zig as Python's registry has it: the last resort.
const ZIG: &str = "ziglang==0.17.1";

const CLANGS: &[&str] = &[
    "clang", "clang-22", "clang-21", "clang-20", "clang-19", "clang-18", "clang-17", "clang-16",
    "clang-15", "clang-14",
];

/// What compiling for wasm never touches of what Debian's clang depends on.
const NOT_NEEDED: &[&str] = &[
    "clang",
    "binutils",
    "libc6-dev",
    "libobjc",
    "libgcc",
    "libstdc",
    "libclang1-",
    "llvm-",
    "libgc1",
];

const FLAGS: &[&str] = &[
    "-std=c11",
    "-Oz",
    "-ffreestanding",
    // Keeps the compiler from turning the run-time's own loops into calls of themselves.
    "-fno-builtin",
    "-nostdlib",
    "-ffunction-sections",
    "-Wall",
];

/// A compiler: program, its first arguments, its name of the target.
struct Compiler {
    program: PathBuf,
    arguments: Vec<&'static str>,
}

/// Builds the module in `dir` for `world`; gives the component.
///
/// # Errors
/// No compiler, with its cure; or the compiler's words.
pub fn build(shop: &Workshop, dir: &Path, world: &str, out: &Path) -> Result<PathBuf, BuildError> {
    let linkers = rust::linkers(shop)?;
    let compiler = compiler(shop)?;
    let sdk = shop.sdk.join("c");
    let generated = sdk.join("generated");
    let world = world.replace('-', "_");
    let mut sources = sources(dir)?;
    if sources.is_empty() {
        return Err(BuildError::new(
            format!("{}/src has no .c file", dir.display()),
            "put the module's code into src/module.c",
        ));
    }
    sources.push(generated.join(format!("{world}.c")));
    sources.push(sdk.join("cordboard.c"));
    sources.push(sdk.join("rt.c"));
    fs::create_dir_all(out).map_err(|e| on_disk(out, &e))?;
    let mut link = shop.tool(&linkers.component);
    link.arg(format!("--wasm-ld-path={}", linkers.wasm.display()))
        .args(["--no-entry", "--gc-sections", "--strip-all"])
        // Keeps the first memory at two pages.
        .args(["-z", "stack-size=65536"]);
    for (at, source) in sources.iter().enumerate() {
        let object = out.join(format!("{at}.o"));
        let mut compile = shop.tool(&compiler.program);
        compile
            .args(&compiler.arguments)
            .args(FLAGS)
            .arg(format!("-I{}", sdk.join("include").display()))
            .arg(format!("-I{}", generated.display()))
            .arg("-c")
            .arg(source)
            .arg("-o")
            .arg(&object)
            .env("ZIG_GLOBAL_CACHE_DIR", shop.cache.join("zig-cache"))
            .env("ZIG_LOCAL_CACHE_DIR", shop.cache.join("zig-cache"));
        let said = shop.run(&mut compile, LONG);
        said.map_err(|error| BuildError {
            why: format!("{} does not compile", source.display()),
            ..error
        })?;
        link.arg(object);
    }
    let made = out.join("module.wasm");
    link.arg(generated.join(format!("{world}_component_type.o")))
        .arg("-o")
        .arg(&made);
    let said = shop.run(&mut link, LONG);
    said.map_err(|error| BuildError {
        why: "the module does not link".to_owned(),
        ..error
    })?;
    Ok(made)
}

fn sources(dir: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let folder = dir.join("src");
    let entries = fs::read_dir(&folder).map_err(|e| on_disk(&folder, &e))?;
    let files = entries.flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|e| e == "c"))
        .collect();
    found.sort();
    Ok(found)
}

fn knows_wasm(shop: &Workshop, program: &Path) -> bool {
    let mut ask = shop.tool(program);
    shop.run(ask.arg("--print-targets"), SHORT)
        .is_ok_and(|said| said.contains("wasm32"))
}

fn compiler(shop: &Workshop) -> Result<Compiler, BuildError> {
    let clang = |program| Compiler {
        program,
        arguments: vec!["--target=wasm32-unknown-unknown"],
    };
    let given = CLANGS.iter().filter_map(|name| on_path(name));
    if let Some(found) = given.into_iter().find(|path| knows_wasm(shop, path)) {
        return Ok(clang(found));
    }
    if let Ok(found) = debian(shop)
        && knows_wasm(shop, &found)
    {
        return Ok(clang(found));
    }
    if let Ok(python) = zig(shop) {
        // It takes its own name of the target, and sanitises unless told not to.
        let arguments = vec![
            "-m",
            "ziglang",
            "cc",
            "-target",
            "wasm32-freestanding",
            "-fno-sanitize=all",
        ];
        return Ok(Compiler {
            program: python,
            arguments,
        });
    }
    Err(BuildError::new(
        "C modules need a clang that knows wasm32, and none could be fetched",
        "`apt install clang`, or network access for apt or pip",
    ))
}

fn debian(shop: &Workshop) -> Result<PathBuf, BuildError> {
    if on_path("apt-get").is_none() || on_path("dpkg-deb").is_none() {
        return Err(BuildError::new("there is no apt-get", ""));
    }
    let folder = shop.fetched("debian-clang", |fresh| {
        (shop.say)("fetching Debian's clang (once, about 41 MB)");
        let mut ask = shop.tool("apt-get");
        ask.args([
            "install",
            "--print-uris",
            "-qq",
            "--no-install-recommends",
            "clang",
        ]);
        let said = shop.run(&mut ask, SHORT)?;
        let names: Vec<&str> = said.lines().filter_map(package).collect();
        if names.is_empty() {
            return Err(BuildError::new("apt has no clang", ""));
        }
        rust::unpack(shop, fresh, &names)?;
        let clang = fresh.join("clang");
        // Found beside itself, since the folder is renamed once it is complete.
        let text = "#!/bin/sh\nD=$(dirname \"$0\")/root/usr/lib\nC=$(echo \"$D\"/llvm-*)\n\
                    L=$(echo \"$D\"/*-linux-gnu)\n\
                    LD_LIBRARY_PATH=$L:$C/lib exec \"$C/bin/clang\" \"$@\"\n";
        fs::write(&clang, text).map_err(|e| on_disk(&clang, &e))?;
        fs::set_permissions(&clang, fs::Permissions::from_mode(0o755))
            .map_err(|e| on_disk(&clang, &e))
    })?;
    Ok(folder.join("clang"))
}

/// The package of a line `'uri' name_version_arch.deb size hash`, where compiling needs it.
fn package(line: &str) -> Option<&str> {
    let file = line.split_whitespace().nth(1)?;
    let name = file.split('_').next()?;
    let skipped = NOT_NEEDED.iter().any(|not| match *not {
        "clang" | "libgc1" => name == *not,
        start => name.starts_with(start),
    });
    (!skipped).then_some(name)
}

fn zig(shop: &Workshop) -> Result<PathBuf, BuildError> {
    if on_path("python3").is_none() {
        return Err(BuildError::new("there is no python3", ""));
    }
    let name = ZIG.replace("==", "-");
    // Made in place: a virtual environment knows its own path.
    let folder = shop.cache.join(name);
    let python = folder.join("bin/python");
    if folder.join("complete").is_file() {
        return Ok(python);
    }
    (shop.say)("fetching zig, a C compiler, by pip (once, about 101 MB)");
    let _ = fs::remove_dir_all(&folder);
    let mut make = shop.tool("python3");
    shop.run(make.args(["-m", "venv"]).arg(&folder), LONG)?;
    let mut pip = shop.tool(folder.join("bin/pip"));
    shop.run(pip.args(["install", "-q", ZIG]), LONG)?;
    fs::write(folder.join("complete"), "").map_err(|e| on_disk(&folder, &e))?;
    Ok(python)
}
