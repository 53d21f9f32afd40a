//! Module folders as they are found: good, broken, lying, twice.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cordboard_dialplan::NodeFile;
use cordboard_dialplan::file::Source;

use super::catalogue::{Found, Shelf};
use super::forge::{Compilers, Forge};
use super::*;
use crate::sdk::{keys, packages};

/// A folder of the test's own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("cordboard-loader-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join("modules")).unwrap();
        Folder(path)
    }

    fn modules(&self) -> PathBuf {
        self.0.join("modules")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn shelf(&self) -> Shelf {
        Shelf::new(vec![self.modules(), self.0.join("installed")])
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn manifest(name: &str, kind: &str, entry: &str) -> String {
    format!(
        "name = \"{name}\"\nversion = \"1.0.0\"\ncontract = \"0.1\"\nworld = \"call-script\"\n\
         kind = \"{kind}\"\nentry = \"{entry}\"\n[[step]]\nname = \"greet\"\noutcomes = [\"greeted\"]\n\
         [[ask]]\ncapability = \"file\"\nreason = \"the table\"\n"
    )
}

fn artefact(shelf: &Shelf, name: &str) -> Result<Vec<String>, String> {
    let found: Found = shelf.look().modules[name].clone();
    let (manifest, _) = found.manifest.clone().unwrap();
    let artefact = shelf.artefact(&found, &manifest)?;
    Ok(artefact.files.keys().cloned().collect())
}

#[test]
fn modules_are_found_by_folder_and_a_broken_one_takes_none_down() {
    let folder = Folder::new();
    folder.write(
        "modules/good/module.toml",
        &manifest("good", "lua", "module.lua"),
    );
    folder.write(
        "modules/broken/module.toml",
        "name = \"broken\"\nworlt = 1\n",
    );
    folder.write(
        "modules/named/module.toml",
        &manifest("other", "lua", "module.lua"),
    );
    folder.write("modules/plain/README.md", "no module");
    folder.write("modules/.hidden/module.toml", "x");
    folder.write(
        "installed/good/module.toml",
        &manifest("good", "wasm", "g.wasm"),
    );
    folder.write(
        "installed/more/module.toml",
        &manifest("more", "wasm", "m.wasm"),
    );
    let shelf = folder.shelf();
    let catalogue = shelf.look();
    let names: Vec<&str> = catalogue.modules.keys().map(String::as_str).collect();
    assert_eq!(names, ["broken", "good", "more", "named"]);
    assert_eq!(
        catalogue.warnings,
        [
            "installed/good/module.toml is not used: modules/good/module.toml has that name and comes first"
        ]
    );
    let schemas: Vec<String> = catalogue.schemas().map(|s| s.name.clone()).collect();
    assert_eq!(schemas, ["good", "more"]);
    let broken = catalogue.modules["broken"].manifest.as_ref().unwrap_err();
    assert!(
        broken
            .iter()
            .any(|d| d.help.as_deref() == Some("did you mean `world`?"))
    );
    let named = catalogue.modules["named"].manifest.as_ref().unwrap_err();
    assert!(named[0].message.contains("both must be one name"));
    // A second look reads nothing anew that did not change.
    let again = shelf.look();
    let manifest = |c: &Catalogue| Arc::as_ptr(&c.modules["good"].manifest.as_ref().unwrap().0);
    assert_eq!(manifest(&catalogue), manifest(&again));
}

#[test]
fn an_entry_is_a_plain_file_of_its_own_folder() {
    let folder = Folder::new();
    folder.write(
        "modules/far/module.toml",
        &manifest("far", "wasm", "out/far.wasm"),
    );
    let shelf = folder.shelf();
    let missing = artefact(&shelf, "far").unwrap_err();
    assert!(missing.contains("put it there"), "{missing}");
    folder.write("secret.wasm", "\0asm");
    std::fs::create_dir_all(folder.modules().join("far/out")).unwrap();
    let entry = folder.modules().join("far/out/far.wasm");
    symlink(folder.0.join("secret.wasm"), &entry).unwrap();
    let link = artefact(&shelf, "far").unwrap_err();
    assert!(link.contains("a link that leads out"), "{link}");
    std::fs::remove_file(&entry).unwrap();
    std::fs::remove_dir(folder.modules().join("far/out")).unwrap();
    symlink(&folder.0, folder.modules().join("far/out")).unwrap();
    folder.write("far.wasm", "\0asm");
    let through = artefact(&shelf, "far").unwrap_err();
    assert!(through.contains("a link that leads out"), "{through}");
    std::fs::remove_file(folder.modules().join("far/out")).unwrap();
    std::fs::create_dir_all(&entry).unwrap();
    assert!(
        artefact(&shelf, "far")
            .unwrap_err()
            .contains("no plain file")
    );
    std::fs::remove_dir(&entry).unwrap();
    folder.write("modules/far/out/far.wasm", "\0asm");
    assert_eq!(artefact(&shelf, "far").unwrap(), ["out/far.wasm"]);
}

#[test]
fn a_lua_module_is_all_its_lua_files_but_its_tests() {
    let folder = Folder::new();
    folder.write(
        "modules/good/module.toml",
        &manifest("good", "lua", "module.lua"),
    );
    for file in [
        "module.lua",
        "lib/dates.lua",
        "tests/story.lua",
        "notes.txt",
    ] {
        folder.write(&format!("modules/good/{file}"), "return {}");
    }
    let shelf = folder.shelf();
    assert_eq!(
        artefact(&shelf, "good").unwrap(),
        ["lib/dates.lua", "module.lua"]
    );
    let passwd = folder.modules().join("good/passwd.lua");
    symlink("/etc/passwd", passwd).unwrap();
    assert!(artefact(&shelf, "good").unwrap_err().contains("leads out"));
}

fn material(text: &str) -> Material {
    Material {
        source: Source::of([("main.kdl", text)]),
        scripts: BTreeMap::new(),
        prompts: Arc::default(),
        prompts_hash: [0; 32],
    }
}

fn load(folder: &Path, text: &str) -> Result<Passed, LoadError> {
    let settings = NodeFile::default();
    let forge = Forge::new(vec![folder.to_path_buf()], Compilers::default(), &settings);
    Memory::with_modules(Arc::new(forge)).check("demo", material(text))
}

#[test]
fn a_tenant_that_wants_a_broken_module_reads_the_manifests_mistakes() {
    let folder = Folder::new();
    folder.write(
        "modules/broken/module.toml",
        "name = \"broken\"\nworlt = 1\n",
    );
    let text = "tenant demo domain=\"demo.example\"\nmodule broken\n";
    let Err(refused) = load(&folder.modules(), text) else {
        panic!("it is refused");
    };
    let shown = refused.render(false);
    assert!(shown.contains("`worlt` is no key of a manifest"), "{shown}");
    let plain = "tenant demo domain=\"demo.example\"\n";
    assert!(
        load(&folder.modules(), plain).is_ok(),
        "others notice nothing"
    );
}

#[test]
fn a_module_that_was_never_built_is_left_out_and_takes_no_tenant_down() {
    let folder = Folder::new();
    let unbuilt = manifest("good", "wasm", "good.wasm");
    let unbuilt = format!("{unbuilt}[build]\ncommand = \"cordboard-rust\"\n");
    folder.write("modules/good/module.toml", &unbuilt);
    let text = "tenant demo domain=\"demo.example\"\nmodule good\n";
    let generation = match load(&folder.modules(), text) {
        Ok(passed) => passed.generation,
        Err(refused) => panic!("{}", refused.render(false)),
    };
    assert!(generation.dialplan.modules.contains_key("good"));
    assert!(generation.programs.modules.is_empty());
    // Built, it counts like any other: this switch has no compiler for it, and says so.
    folder.write("modules/good/good.wasm", "\0asm");
    let passed =
        load(&folder.modules(), text).unwrap_or_else(|why| panic!("{}", why.render(false)));
    assert!(!passed.broken[0].unbuilt);
}

#[test]
fn a_module_that_cannot_run_here_is_left_out_and_named_with_its_line() {
    let folder = Folder::new();
    folder.write(
        "modules/good/module.toml",
        &manifest("good", "wasm", "good.wasm"),
    );
    let text = "tenant demo domain=\"demo.example\"\nmodule good\n";
    let broken = |text: &str| match load(&folder.modules(), text) {
        Err(refused) => panic!("{}", refused.render(false)),
        Ok(passed) => passed.broken[0].clone(),
    };
    let shown = broken(text).to_string();
    assert!(
        shown.starts_with("main.kdl:2:1: the module `good` cannot be loaded"),
        "{shown}"
    );
    assert!(
        shown.contains("its entry `good.wasm` is not there"),
        "{shown}"
    );
    assert!(shown.ends_with("it is left out: its steps fail, and their `else` runs"));
    folder.write("modules/good/good.wasm", "\0asm");
    let found = broken(text);
    let shown = found.to_string();
    assert!(
        shown.contains("this switch runs no wasm modules"),
        "{shown}"
    );
    assert_eq!((found.refusal.place.line, found.serves), (2, None));
}

#[test]
fn a_module_of_a_package_wants_a_key_that_its_tenant_trusts() {
    let folder = Folder::new();
    let (data, modules) = (folder.0.clone(), folder.modules());
    let maker = folder.0.join("maker");
    let public = keys::new(&maker, "acme", [7; 32]).unwrap();
    keys::trust(&data, "acme-uk", &public).unwrap();
    let text = manifest("good", "lua", "module.lua");
    folder.write("source/good/module.toml", &text);
    folder.write("source/good/module.lua", "return {}");
    let source = folder.0.join("source/good");
    let key = keys::signing(&maker, "acme").unwrap();
    let package = packages::pack(&source, Some(&key), &folder.0).unwrap();
    let shelf = packages::Shelf {
        data: &data,
        modules: &modules,
    };
    shelf.install(&package, false).unwrap();

    let plain = "tenant demo domain=\"demo.example\"\nmodule good\n";
    let trusting = format!("{plain}trust acme-uk\n");
    let refused = |text: &str| match load(&modules, text) {
        Ok(_) => panic!("it is refused"),
        Err(refused) => refused.render(false),
    };
    let shown = refused(plain);
    assert!(shown.contains("main.kdl:2:1"), "{shown}");
    assert!(
        shown.contains("write `trust acme-uk` at the top level"),
        "{shown}"
    );
    let another = refused(&format!("{plain}trust acme vendor\n"));
    assert!(
        another.contains("does not trust"),
        "the name is the one here: {another}"
    );
    assert!(load(&modules, &trusting).is_ok());

    // A key that was forgotten stands behind nothing, whatever a tenant says.
    std::fs::remove_file(data.join("keys/trusted/acme-uk.pub")).unwrap();
    let shown = refused(&trusting);
    assert!(shown.contains("this machine does not trust"), "{shown}");

    // What the operator takes by hand wants no key.
    shelf.remove("good").unwrap();
    let unsigned = packages::pack(&source, None, &folder.0).unwrap();
    shelf.install(&unsigned, true).unwrap();
    assert!(load(&modules, plain).is_ok());
    std::fs::remove_dir_all(data.join("packages")).unwrap();
    assert!(load(&modules, plain).is_ok());
}

const CALLER: &str = r#"
local steps = {}
return { handle = function(inputs)
    local out = {}
    for _, input in inputs do
        local body = input.body
        if body.input == "step-started" then
            steps[body.step] = true
            local url = "https://crm.example.com/notes"
            table.insert(out, { id = body.step * 10, act = "http", method = "POST", url = url, body = "x" })
            table.insert(out, { id = body.step * 10 + 1, act = "start-call", user = "anna", route = "back" })
        elseif body.input == "refused" then
            local step = (body.action - 1) / 10
            table.insert(out, { act = "end-step", step = step, outcome = body.error.kind })
            steps[step] = nil
        elseif body.input == "http-answered" then
            local step = body.action / 10
            local outcome = if body.status == 201 then body.body else "down"
            table.insert(out, { act = "set-timer", name = step .. " " .. outcome, at_ms = input.at_ms + 1000 })
        elseif body.input == "timer" then
            local step, outcome = string.match(body.name, "^(%d+) (.*)$")
            if steps[tonumber(step)] then
                table.insert(out, { act = "end-step", step = tonumber(step), outcome = outcome })
            end
        end
    end
    return out
end, save = function() return {} end, restore = function() end }
"#;

#[test]
fn stories_script_what_a_service_hears_of_http_and_of_calls_it_starts() {
    let folder = Folder::new();
    let manifest = r#"
name = "notes"
version = "1.0.0"
contract = "0.1"
world = "service"
kind = "lua"
entry = "module.lua"
state-version = 1
[[step]]
name = "keep"
outcomes = ["kept", "down", "busy", "unavailable"]
[[ask]]
capability = "http"
what = "*"
reason = "notes"
[[ask]]
capability = "start-call"
reason = "calls back"
"#;
    folder.write("modules/notes/module.toml", manifest);
    folder.write("modules/notes/module.lua", CALLER);
    let plan = r#"
tenant demo domain="demo.example"
user anna
module notes { grant http "https://crm.example.com/*"; grant start-call }
route back { hangup }
did "100" { notes.keep { on kept { hangup } }; else { hangup cause=busy } }
test "taken" {
    http "https://crm.example.com/" status=500
    http "POST https://crm.example.com/" status=201 body="kept"
    http "GET https://crm.example.com/notes" status=500
    start "user:"
    call did="100" from="1"
    expect "notes.keep -> kept"
}
test "refused" {
    http "https://crm.example.com/" status=201 body="kept"
    start "user:"
    start "user:anna" refused=busy
    call did="100" from="1"
    expect "notes.keep -> busy"
}
test "not scripted" {
    call did="100" from="1"
    expect "notes.keep -> unavailable"
}
test "no answer" {
    start "user:anna"
    call did="100" from="1"
    expect "notes.keep -> down"
}
"#;
    let compilers = crate::start::kinds::Kinds::of_tool(folder.0.join("compiled")).compilers();
    let found = folder.shelf().look().modules["notes"].manifest.clone();
    assert_eq!(found.map(drop), Ok(()));
    let forge = Forge::new(vec![folder.modules()], compilers, &NodeFile::default());
    let passed = match Memory::with_modules(Arc::new(forge)).check("demo", material(plan)) {
        Ok(passed) => passed,
        Err(refused) => panic!("{}", refused.render(false)),
    };
    assert!(passed.broken.is_empty(), "{:?}", passed.broken);
    assert_eq!((passed.report.passed, passed.report.failed.len()), (4, 0));
}
