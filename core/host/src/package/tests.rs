//! Packages that are whole, and what comes of those that are not.

use super::*;

const MODULE: &str = r#"
name = "greeter"
version = "1.2.0"
contract = "0.1"
world = "call-script"
kind = "lua"
entry = "module.lua"
[[step]]
name = "greet"
"#;

fn files() -> BTreeMap<String, Vec<u8>> {
    [
        ("module.toml", MODULE),
        ("module.lua", "return {}"),
        ("assets/hello.txt", "hello"),
    ]
    .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
    .into()
}

fn key(byte: u8) -> SigningKey {
    SigningKey::from_seed([byte; 32]).unwrap()
}

/// A tar of these entries, as somebody else might write it.
fn tar_of(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (path, kind, bytes) in entries {
        let mut header = Header::new_gnu();
        let name = &mut header.as_old_mut().name;
        name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_entry_type(*kind);
        header.set_mode(0o777);
        if *kind == EntryType::Symlink {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

fn list_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let files = files.iter().map(|(path, bytes)| Listed {
        path: (*path).to_owned(),
        bytes: bytes.len() as u64,
        sha256: hex(&Sha256::digest(bytes)),
    });
    serde_json::to_vec(&List {
        format: 1,
        name: "greeter".to_owned(),
        version: "1.2.0".to_owned(),
        contract: CONTRACT.to_owned(),
        files: files.collect(),
    })
    .unwrap()
}

/// A package whose list names exactly these files, good or not.
fn package_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let list = list_of(files);
    let mut entries = vec![(LIST, EntryType::Regular, list.as_slice())];
    entries.extend(files.iter().map(|(p, b)| (*p, EntryType::Regular, *b)));
    tar_of(&entries)
}

#[test]
fn the_same_files_make_the_same_package_and_come_out_again() {
    let packed = pack(&files(), Some(&key(7))).unwrap();
    assert_eq!(packed, pack(&files(), Some(&key(7))).unwrap());
    let package = open(&packed).unwrap();
    assert_eq!(package.files, files());
    assert_eq!(package.file_name(), "greeter-1.2.0.cbm");
    assert_eq!(package.hash.len(), 64);
    let unsigned = open(&pack(&files(), None).unwrap()).unwrap();
    assert_eq!(
        package.hash, unsigned.hash,
        "a signature changes no content"
    );
    let folder = std::env::temp_dir().join(format!("cordboard-package-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    package.unpack(&folder).unwrap();
    assert_eq!(fs::read(folder.join("assets/hello.txt")).unwrap(), b"hello");
    assert!(package.unpack(&folder).is_err(), "nothing is written over");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_signature_is_trusted_by_name_and_breaks_with_any_change() {
    let packed = pack(&files(), Some(&key(7))).unwrap();
    let mut keys = TrustedKeys::default();
    assert!(matches!(
        open(&packed).unwrap().trust(&keys),
        Trust::Unknown(_)
    ));
    keys.trust("vendor", key(7).public()).unwrap();
    assert_eq!(
        open(&packed).unwrap().trust(&keys),
        Trust::Trusted("vendor".to_owned())
    );
    assert_eq!(
        open(&pack(&files(), None).unwrap()).unwrap().trust(&keys),
        Trust::Unsigned
    );
    // The signature of one package on the list of another.
    let mut other = files();
    other.insert("module.lua".to_owned(), b"return { evil = true }".to_vec());
    let (one, two) = (
        entries(&packed).unwrap(),
        entries(&pack(&other, Some(&key(9))).unwrap()).unwrap(),
    );
    let mut mixed = two.clone();
    mixed[1] = one[1].clone();
    let mixed: Vec<_> = mixed
        .iter()
        .map(|(p, b)| (p.as_str(), EntryType::Regular, b.as_slice()))
        .collect();
    assert!(matches!(
        open(&tar_of(&mixed)),
        Err(PackageError::Signature)
    ));
    // Every single changed byte of the contents is noticed.
    for at in (0..packed.len()).step_by(97) {
        let mut changed = packed.clone();
        changed[at] ^= 0x20;
        if let Ok(package) = open(&changed) {
            assert_eq!(package.files, files(), "byte {at}");
            assert_eq!(package.signer, Some(key(7).public()), "byte {at}");
        }
    }
}

#[test]
fn key_texts_are_read_back() {
    let pair = key(3);
    assert_eq!(
        SigningKey::parse(&pair.secret_text()).unwrap().public(),
        pair.public()
    );
    assert_eq!(parse_key(&key_text(&pair.public())).unwrap(), pair.public());
    for text in [
        "",
        "ed25519 12",
        "rsa 00",
        &format!("ed25519 {}", "g".repeat(64)),
    ] {
        assert!(parse_key(text).is_err(), "{text}");
    }
    assert!(
        !format!("{pair:?}").contains(&hex(&[3; 32])),
        "no secret in a log"
    );
}

#[test]
fn paths_that_lead_out_or_mean_two_files_are_refused() {
    let module = MODULE.as_bytes();
    for path in [
        "../evil",
        "a/../../evil",
        "/etc/evil",
        "a//b",
        "./a",
        ".hidden",
        "a/.b",
        "a\\b",
        "C:evil",
        "a b",
        "package.json",
        "signature.json",
    ] {
        let mut files = [
            (path, &b"x"[..]),
            ("module.lua", b""),
            ("module.toml", module),
        ];
        files.sort();
        let opened = open(&package_of(&files));
        assert!(
            matches!(opened, Err(PackageError::Path(..))),
            "{path}: {opened:?}"
        );
    }
    for files in [
        [("a", &b"x"[..]), ("a", b"y"), ("module.toml", module)],
        [("A", b"x"), ("a", b"y"), ("module.toml", module)],
        [("a", b"x"), ("a/b", b"y"), ("module.toml", module)],
        [("module.toml", module), ("b", b"x"), ("c", b"y")],
    ] {
        let opened = open(&package_of(&files));
        assert!(matches!(opened, Err(PackageError::Path(..))), "{opened:?}");
    }
}

#[test]
fn links_devices_and_renamed_entries_are_refused() {
    let list = list_of(&[("module.toml", MODULE.as_bytes())]);
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Char,
        EntryType::Fifo,
        EntryType::Directory,
        EntryType::GNULongName,
        EntryType::GNUSparse,
        EntryType::XHeader,
        EntryType::XGlobalHeader,
    ] {
        let tar = tar_of(&[
            (LIST, EntryType::Regular, &list),
            ("module.toml", kind, b""),
        ]);
        let opened = open(&tar);
        assert!(opened.is_err(), "{kind:?}: {opened:?}");
    }
}

#[test]
fn what_is_not_as_listed_is_refused() {
    let module = MODULE.as_bytes();
    let list = list_of(&[("module.lua", b"return {}"), ("module.toml", module)]);
    let regular = EntryType::Regular;
    let whole = [
        (LIST, regular, &list[..]),
        ("module.lua", regular, b"return {}"),
        ("module.toml", regular, module),
    ];
    open(&tar_of(&whole)).unwrap();
    let mut changed = whole;
    changed[1].2 = b"return []";
    assert!(matches!(
        open(&tar_of(&changed)),
        Err(PackageError::Differs(..))
    ));
    assert!(matches!(
        open(&tar_of(&whole[..2])),
        Err(PackageError::Differs(..))
    ));
    let more = [&whole[..], &[("z", regular, b"z")]].concat();
    assert!(matches!(
        open(&tar_of(&more)),
        Err(PackageError::Differs(..))
    ));
    assert!(matches!(
        open(&tar_of(&whole[1..])),
        Err(PackageError::Broken(..))
    ));
    assert!(matches!(open(b"not a tar"), Err(PackageError::Broken(..))));
    assert!(open(&[]).is_err());
    let cut = tar_of(&whole);
    for at in (0..cut.len() - 1_024).step_by(61) {
        assert!(open(&cut[..at]).is_err(), "cut at {at}");
    }
    let mut without = files();
    without.remove("module.lua");
    let why = pack(&without, None).unwrap_err().to_string();
    assert!(
        why.contains("holds no `module.lua`, its entry: build it first"),
        "{why}"
    );
}

#[test]
fn a_header_that_promises_more_than_there_is_allocates_nothing() {
    let mut tar = package_of(&[("module.toml", MODULE.as_bytes())]);
    // The size field of the second header: 8 GiB in octal.
    let at = 512
        + list_of(&[("module.toml", MODULE.as_bytes())])
            .len()
            .div_ceil(512)
            * 512;
    tar[at + 124..at + 136].copy_from_slice(b"77777777777\0");
    let mut header = Header::from_byte_slice(&tar[at..at + 512]).clone();
    header.set_cksum();
    tar[at..at + 512].copy_from_slice(header.as_bytes());
    assert!(matches!(open(&tar), Err(PackageError::Broken(_))));
}
