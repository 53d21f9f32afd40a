//! The folder of compiled code.

use super::*;

#[test]
fn the_first_bytes_say_what_a_file_is() {
    assert!(looks_like_component(b"\0asm\x0d\0\x01\0").is_ok());
    for (bytes, what) in [
        (&b"\0asm\x01\0\0\0"[..], "core module"),
        (b"(component)", "WASM text"),
        (b"\0asm", "4 bytes"),
        (b"\0asm\x01\0\0\x01", "does not know"),
        (b"0123456789", "no WASM file"),
    ] {
        let why = looks_like_component(bytes).unwrap_err();
        assert!(why.contains(what), "{why}");
    }
}

#[test]
fn a_child_that_does_not_end_is_ended() {
    let script = std::env::temp_dir().join(format!("cordboard-slow-{}", std::process::id()));
    fs::write(&script, "#!/bin/sh\nexec sleep 30\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    let none = Path::new("/nonexistent");
    let why = child(&script, none, none, Duration::from_millis(100)).unwrap_err();
    assert!(why.contains("took longer"), "{why}");
    let _ = fs::remove_file(&script);
}

#[test]
fn the_hash_of_the_engine_is_the_same_in_every_process() {
    let mut hash = Sums(Sha256::new());
    hash.write(b"abc");
    assert_eq!(hash.finish(), 0xba78_16bf_8f01_cfea);
}
