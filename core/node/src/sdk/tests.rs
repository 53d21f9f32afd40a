//! Stories of modules' files: made, built, packed, carried elsewhere. The tools are the real ones.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};

use super::build::{Built, build};
use super::packages::{Shelf, pack};
use super::workshop::Workshop;
use super::{keys, manifest, new};

/// A folder that goes away with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let dir = std::env::temp_dir().join(format!("cordboard-sdk-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        Scratch(dir)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A run that fetches nothing, or that could not, says so; every other must have a toolchain.
fn no_toolchain() -> bool {
    let none = std::env::var_os("CORDBOARD_TESTS_UNBUILT").is_some()
        || std::env::var("CORDBOARD_TESTS").as_deref() == Ok("fast");
    if none {
        println!("skipped: no toolchain of WebAssembly in this run");
    }
    none
}

fn shop(scratch: &Scratch) -> Workshop {
    Workshop {
        sdk: Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk"),
        cache: scratch.at("cache"),
        say: Box::new(|_| {}),
        rustc: OnceCell::new(),
        gentle: false,
    }
}

const LUA: &str = r#"
name = "greet"
version = "VERSION"
contract = "0.1"
world = "call-script"
kind = "lua"
entry = "module.lua"
[[step]]
name = "say"
outcomes = ["done"]
"#;

fn lua_package(scratch: &Scratch, version: &str, key: Option<&str>) -> PathBuf {
    let dir = scratch.at(&format!("source-{version}")).join("greet");
    fs::create_dir_all(dir.join("tests")).unwrap();
    fs::write(dir.join("module.toml"), LUA.replace("VERSION", version)).unwrap();
    fs::write(dir.join("module.lua"), format!("-- {version}\n")).unwrap();
    fs::write(dir.join("tests/main.kdl"), "").unwrap();
    let key = key.map(|name| keys::signing(&scratch.at("maker"), name).unwrap());
    pack(&dir, key.as_ref(), &scratch.0).unwrap()
}

fn installed(scratch: &Scratch) -> String {
    fs::read_to_string(scratch.at("modules/greet/module.lua")).unwrap_or_default()
}

#[test]
fn a_signed_package_goes_from_its_maker_to_an_installation_and_back_again() {
    let scratch = Scratch::new("carry");
    let public = keys::new(&scratch.at("maker"), "acme", [7; 32]).unwrap();
    let first = lua_package(&scratch, "1.0.0", Some("acme"));
    let second = lua_package(&scratch, "1.1.0", Some("acme"));
    let (data, modules) = (scratch.at("data"), scratch.at("modules"));
    let shelf = Shelf {
        data: &data,
        modules: &modules,
    };

    let stranger = shelf.install(&first, false).unwrap_err();
    assert!(stranger.why.contains("unknown key"), "{stranger}");
    assert!(stranger.cure.contains("keys trust"), "{stranger}");
    assert!(!modules.join("greet").exists());

    keys::trust(&data, "acme-uk", &public).unwrap();
    assert_eq!(shelf.install(&first, false).unwrap().signer, "acme-uk");
    assert_eq!(installed(&scratch), "-- 1.0.0\n");
    assert!(!modules.join("greet/tests").exists());
    let again = shelf.install(&first, false).unwrap_err();
    assert!(again.why.contains("there already"), "{again}");

    assert_eq!(shelf.upgrade(&second, false).unwrap().version, "1.1.0");
    assert_eq!(installed(&scratch), "-- 1.1.0\n");
    let older = shelf.upgrade(&first, false).unwrap_err();
    assert!(older.why.contains("is not newer"), "{older}");

    // A key that is trusted no longer signs nothing that comes back either.
    let (kept, aside) = (scratch.at("data/keys/trusted"), scratch.at("aside"));
    fs::rename(&kept, &aside).unwrap();
    let stranger = shelf.rollback("greet", false).unwrap_err();
    assert!(stranger.why.contains("unknown key"), "{stranger}");
    assert_eq!(installed(&scratch), "-- 1.1.0\n");
    let _ = fs::remove_dir_all(&kept);
    fs::rename(&aside, &kept).unwrap();
    assert_eq!(shelf.rollback("greet", false).unwrap().version, "1.0.0");
    assert_eq!(installed(&scratch), "-- 1.0.0\n");
    let first_of_all = shelf.rollback("greet", true).unwrap_err();
    assert!(first_of_all.why.contains("no earlier"), "{first_of_all}");

    shelf.remove("greet").unwrap();
    assert!(!modules.join("greet").exists());
    assert!(shelf.remove("greet").is_err());
}

#[test]
fn native_code_wants_a_key_that_the_operator_trusts_so_far() {
    let scratch = Scratch::new("native-key");
    let public = keys::new(&scratch.at("maker"), "acme", [7; 32]).unwrap();
    let dir = scratch.at("made/fax");
    fs::create_dir_all(&dir).unwrap();
    let text = LUA
        .replace("VERSION", "1.0.0")
        .replace("name = \"greet\"", "name = \"fax\"")
        .replace("kind = \"lua\"", "kind = \"native\"")
        .replace("module.lua", "libfax.so");
    let ask = "[[ask]]\ncapability = \"native\"\nreason = \"C\"\n";
    fs::write(dir.join("module.toml"), format!("{text}{ask}")).unwrap();
    fs::write(dir.join("libfax.so"), b"\x7fELF").unwrap();
    let pack = |name: Option<&str>| {
        let key = name.map(|name| keys::signing(&scratch.at("maker"), name).unwrap());
        pack(&dir, key.as_ref(), &scratch.0).unwrap()
    };
    let (data, modules) = (scratch.at("data"), scratch.at("modules"));
    let shelf = Shelf {
        data: &data,
        modules: &modules,
    };
    let unsigned = shelf.install(&pack(None), true).unwrap_err();
    assert!(unsigned.why.contains("native code"), "{unsigned}");
    keys::trust(&data, "acme", &public).unwrap();
    let signed = pack(Some("acme"));
    let trusted = shelf.install(&signed, true).unwrap_err();
    assert!(trusted.cure.contains("--native"), "{trusted}");
    assert!(!modules.join("fax").exists());
    keys::trust_native(&data, "acme").unwrap();
    assert_eq!(shelf.install(&signed, false).unwrap().signer, "acme");
}

#[test]
fn native_modules_are_made_built_and_tested_in_two_languages() {
    let scratch = Scratch::new("native-made");
    let shop = shop(&scratch);
    for language in ["c-native", "rust-native"] {
        let dir = new::new(
            &shop,
            &scratch.at("modules"),
            &format!("hello-{language}"),
            language,
            "call-script",
        )
        .unwrap();
        let description = manifest(&dir).unwrap();
        let built = build(&shop, &dir, &description, false);
        let built = built.unwrap_or_else(|error| panic!("{language}: {error}"));
        let Built::Fresh(library) = built else {
            panic!("{language}: {built:?}");
        };
        assert!(fs::read(library).unwrap().starts_with(b"\x7fELF"));
        assert!(matches!(
            build(&shop, &dir, &description, false).unwrap(),
            Built::Kept(_)
        ));
        let source = match language {
            "c-native" => dir.join("src/module.c"),
            _ => dir.join("src/lib.rs"),
        };
        let text = fs::read_to_string(&source).unwrap();
        let text = text.replace("cordboard_native::export!", "// ");
        let text = text.replace("cordboard_module_v1", "another_name");
        fs::write(&source, text).unwrap();
        let error = build(&shop, &dir, &description, false).unwrap_err();
        assert!(
            error.why.contains("exports no `cordboard_module_v1`"),
            "{error}"
        );
    }
}

#[test]
fn somebodys_source_is_neither_overwritten_nor_removed() {
    let scratch = Scratch::new("source");
    let package = lua_package(&scratch, "1.0.0", None);
    let (data, modules) = (scratch.at("data"), scratch.at("modules"));
    fs::create_dir_all(modules.join("greet")).unwrap();
    fs::write(modules.join("greet/module.lua"), "-- mine\n").unwrap();
    let shelf = Shelf {
        data: &data,
        modules: &modules,
    };
    assert!(shelf.install(&package, true).is_err());
    assert!(shelf.upgrade(&package, true).is_err());
    let refused = shelf.remove("greet").unwrap_err();
    assert!(
        refused.why.contains("was not installed from a package"),
        "{refused}"
    );
    assert!(shelf.remove("../greet").is_err());
    assert_eq!(installed(&scratch), "-- mine\n");
}

#[test]
fn a_package_that_was_changed_is_refused() {
    let scratch = Scratch::new("changed");
    keys::new(&scratch.at("maker"), "acme", [7; 32]).unwrap();
    let file = lua_package(&scratch, "1.0.0", Some("acme"));
    let text = fs::read(&file).unwrap();
    let at = text.windows(8).position(|w| w == b"-- 1.0.0").unwrap();
    let mut changed = text.clone();
    changed[at + 3] = b'2';
    fs::write(&file, changed).unwrap();
    let (data, modules) = (scratch.at("data"), scratch.at("modules"));
    let shelf = Shelf {
        data: &data,
        modules: &modules,
    };
    let refused = shelf.install(&file, true).unwrap_err();
    assert!(refused.why.contains("module.lua"), "{refused}");
    assert!(!modules.exists());
}

#[test]
fn a_rust_template_becomes_a_component_and_is_not_built_twice() {
    if no_toolchain() {
        return;
    }
    let scratch = Scratch::new("rust");
    let shop = shop(&scratch);
    let dir = new::new(
        &shop,
        &scratch.at("modules"),
        "hello",
        "rust",
        "call-script",
    )
    .unwrap();
    let description = manifest(&dir).unwrap();
    assert!(matches!(
        build(&shop, &dir, &description, false),
        Ok(Built::Fresh(_))
    ));
    let component = fs::read(dir.join("hello.wasm")).unwrap();
    assert!(component.len() < 100_000, "{} bytes", component.len());
    assert!(matches!(
        build(&shop, &dir, &description, false),
        Ok(Built::Kept(_))
    ));

    // A lost artefact comes back from the cache; a changed source is built.
    fs::remove_file(dir.join("hello.wasm")).unwrap();
    assert!(matches!(
        build(&shop, &dir, &description, false),
        Ok(Built::Kept(_))
    ));
    assert_eq!(fs::read(dir.join("hello.wasm")).unwrap(), component);
    let source = dir.join("src/lib.rs");
    let text = fs::read_to_string(&source).unwrap();
    fs::write(&source, text.replace("\"done\"", "\"over\"")).unwrap();
    assert!(matches!(
        build(&shop, &dir, &description, false),
        Ok(Built::Fresh(_))
    ));

    // A mistake is told in the compiler's words, and what was there stays.
    let before = fs::read(dir.join("hello.wasm")).unwrap();
    fs::write(&source, "//! Broken.\nfn").unwrap();
    let error = build(&shop, &dir, &description, false).unwrap_err();
    assert!(error.output.contains("src/lib.rs:2"), "{error}");
    assert_eq!(fs::read(dir.join("hello.wasm")).unwrap(), before);
}

#[test]
fn a_manifest_of_another_world_than_the_code_is_refused_at_the_build() {
    if no_toolchain() {
        return;
    }
    let scratch = Scratch::new("world");
    let shop = shop(&scratch);
    let dir = new::new(
        &shop,
        &scratch.at("modules"),
        "hello",
        "rust",
        "call-script",
    )
    .unwrap();
    let text = fs::read_to_string(dir.join("module.toml")).unwrap();
    let text = text.replace("world = \"call-script\"", "world = \"router\"");
    fs::write(dir.join("module.toml"), text).unwrap();
    let error = build(&shop, &dir, &manifest(&dir).unwrap(), false).unwrap_err();
    assert!(error.why.contains("no `routing`"), "{error}");
    assert!(!dir.join("hello.wasm").exists());
}

#[test]
fn a_command_line_of_a_manifest_waits_for_a_yes() {
    let scratch = Scratch::new("shell");
    let shop = shop(&scratch);
    let dir = scratch.at("greet");
    fs::create_dir_all(&dir).unwrap();
    let text = format!("{LUA}[build]\ncommand = \"cp ../made.lua module.lua\"\n");
    fs::write(dir.join("module.toml"), text.replace("VERSION", "1.0.0")).unwrap();
    fs::write(scratch.at("made.lua"), "-- made\n").unwrap();
    let description = manifest(&dir).unwrap();
    let refused = build(&shop, &dir, &description, false).unwrap_err();
    assert!(refused.why.contains("cp ../made.lua"), "{refused}");
    assert!(!dir.join("module.lua").exists());
    build(&shop, &dir, &description, true).unwrap();
    assert_eq!(
        fs::read_to_string(dir.join("module.lua")).unwrap(),
        "-- made\n"
    );
}

#[test]
fn a_tool_that_takes_too_long_is_ended_with_its_children() {
    let scratch = Scratch::new("slow");
    let shop = shop(&scratch);
    let mut slow = shop.tool("/bin/sh");
    slow.args(["-c", "sleep 30 & sleep 30"]);
    let begun = std::time::Instant::now();
    let error = shop
        .run(&mut slow, std::time::Duration::from_millis(50))
        .unwrap_err();
    assert!(error.why.contains("took longer"), "{error}");
    assert!(begun.elapsed().as_secs() < 10);
}

#[test]
fn the_bindings_are_of_the_contract_that_is_there() {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk");
    let wit = fs::read(sdk.join("wit/module.wit")).unwrap();
    let number = wit.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    let bindings = fs::read_to_string(sdk.join("rust/src/bindings.rs")).unwrap();
    let line = bindings.lines().nth(2).unwrap();
    assert!(
        line.contains(&format!("{number:016x}")),
        "sdk/wit has changed: run sdk/gen/run ({line})"
    );
}
