//! Artefacts that cannot run, each refused with one sentence that names the cure.

use std::fs;

use super::fixtures::*;

/// Why these bytes do not load for a world.
fn refused(world: &str, bytes: Vec<u8>) -> Vec<String> {
    load_bytes(&engine(), &wanted(world, ""), bytes).unwrap_err()
}

#[test]
fn what_is_no_component_is_named() {
    let says = |bytes: &[u8], what: &str| {
        let faults = refused("router", bytes.to_vec());
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains(what), "{faults:?}");
        assert!(faults[0].starts_with("probe.wasm: "), "{faults:?}");
    };
    says(b"", "0 bytes");
    says(b"#!/bin/sh\nexit", "no WASM file");
    says(b"(module)", "WASM text");
    says(
        &wat::parse_str("(module)").unwrap(),
        "core module and not a component",
    );
    says(
        b"\0asm\x0c\0\x01\0",
        "format that this switch does not know",
    );
    let mut truncated = component("router", &router(""));
    truncated.truncate(truncated.len() / 2);
    says(&truncated, "not well-formed");
    let mut corrupt = component("router", &router(""));
    let middle = corrupt.len() / 2;
    for byte in &mut corrupt[middle..middle + 40] {
        *byte ^= 0x5a;
    }
    says(&corrupt, "not well-formed");
}

#[test]
fn another_world_is_named_with_the_line_to_write() {
    let faults = refused("service", component("router", &router("")));
    assert!(
        faults[0].contains("does not export cordboard:module/serving@0.1.0"),
        "{faults:?}"
    );
    assert!(faults[0].contains("world = \"router\""), "{faults:?}");
    // A call script that asks for the store is no router, whatever its manifest says.
    let text = script(&format!(
        "(call $get (i32.const 0) (i32.const 1) (i32.const 256)) {}",
        ok(4)
    ));
    let faults = refused("router", component("call-script", &text));
    assert!(
        faults
            .iter()
            .any(|f| f.contains("imports cordboard:module/store")),
        "{faults:?}"
    );
    assert!(
        faults.iter().any(|f| f.contains("call-script, connector")),
        "{faults:?}"
    );
}

#[test]
fn another_contract_version_is_named() {
    let wit = include_str!("../../../../../sdk/wit/module.wit").replace("@0.1.0", "@0.9.0");
    let text = router("").replace("@0.1.0", "@0.9.0");
    let faults = refused("router", component_of(&wit, "router", &text));
    assert_eq!(faults.len(), 1);
    assert!(faults[0].contains("built for contract 0.9.0"), "{faults:?}");
}

#[test]
fn lying_exports_and_foreign_imports_are_named() {
    // It says it is of this contract, and its `route` gives a number.
    let wit = "package cordboard:module@0.1.0;
        interface lifecycle { start: func() -> result<_, list<string>>; }
        interface routing { route: func(request: string) -> u32; }
        world router { export lifecycle; export routing; }";
    let text = format!(
        r#"(module {BASE} {START} (func (export "cordboard:module/routing@0.1.0#route")
            (param i32 i32) (result i32) (i32.const 1)))"#
    );
    let engine = engine();
    let bytes = component_of(wit, "router", &text);
    let lies = load_bytes(&engine, &wanted("router", ""), bytes).unwrap();
    let reasons = lies.guest.check(&lies).unwrap_err();
    assert!(
        reasons[0].contains("not what the contract says"),
        "{reasons:?}"
    );
    // A function is missing.
    let wit = wit.replace("route: func", "rout: func");
    let text = text.replace("#route", "#rout");
    let faults = refused("router", component_of(&wit, "router", &text));
    assert!(faults[0].contains("has no function `route`"), "{faults:?}");
    // It wants files.
    let wasi = r#"(component (import "wasi:cli/environment@0.2.0" (instance
        (export "get-arguments" (func (result (list string)))))))"#;
    let faults = refused("router", wat::parse_str(wasi).unwrap());
    assert!(faults[0].contains("there is no WASI here"), "{faults:?}");
    assert!(
        faults
            .iter()
            .any(|f| f.contains("cordboard:module/routing")),
        "{faults:?}"
    );
}

#[test]
fn code_is_compiled_once_and_anew_when_the_file_is_not_as_it_was() {
    let engine = engine();
    let bytes = component("router", &router(""));
    let first = load_bytes(&engine, &wanted("router", ""), bytes.clone()).unwrap();
    let folder = engine.cache_folder().to_owned();
    let code = || {
        let mut files: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .flatten()
            .map(|f| f.path())
            .collect();
        files.retain(|path| path.extension().is_some_and(|e| e == "cwasm"));
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    };
    let good = fs::read(code()).unwrap();
    let written = || fs::metadata(code()).unwrap().modified().unwrap();
    let at_first = written();
    drop(first);
    drop(load_bytes(&engine, &wanted("router", ""), bytes.clone()).unwrap());
    assert_eq!(written(), at_first, "the second load finds it compiled");
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for broken in [&good[..good.len() / 2], &flipped[..], b"", b"\x7fELF"] {
        fs::write(code(), broken).unwrap();
        let module = load_bytes(&engine, &wanted("router", ""), bytes.clone()).unwrap();
        let mut alone = module.guest.router(&module).unwrap();
        let crate::module::Work::Step(begin) = go(1) else {
            unreachable!()
        };
        assert!(alone.route(&begin.request()).is_ok());
        assert_eq!(fs::read(code()).unwrap(), good, "it was compiled anew");
    }
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(&folder).unwrap());
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_compiler_that_dies_is_a_sentence() {
    let began = std::time::Instant::now();
    let limits = crate::wasm::WasmLimits {
        instances_max: 4,
        ..Default::default()
    };
    let child = crate::wasm::Compiling::Child("/bin/false".into());
    let time = crate::lua::CpuTime::clock(move || began.elapsed());
    let engine = crate::wasm::WasmEngine::start(limits, folder(), child, time).unwrap();
    let bytes = component("router", &router(""));
    let faults = load_bytes(&engine, &wanted("router", ""), bytes).unwrap_err();
    assert!(faults[0].contains("the compiler ended with"), "{faults:?}");
}

#[test]
fn the_child_compiles_what_this_process_runs() {
    let engine = engine();
    let folder = folder();
    fs::create_dir_all(&folder).unwrap();
    let (input, output) = (folder.join("in.wasm"), folder.join("out.cwasm"));
    fs::write(&input, component("router", &router(""))).unwrap();
    crate::wasm::compile_to(&input, &output).unwrap();
    let code = fs::read(&output).unwrap();
    assert!(
        engine.accepts(&code),
        "the child's settings are not this engine's"
    );
    fs::write(&input, b"\0asm").unwrap();
    assert!(
        crate::wasm::compile_to(&input, &output)
            .unwrap_err()
            .contains("no WASM file")
    );
}
