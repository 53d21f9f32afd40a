//! Stories of reading and writing JSON in a guest.

use super::Json;

#[test]
fn what_is_written_reads_back_the_same() {
    let value = Json::object()
        .with("name", "Zoë \"Z\" \\ \n\u{1}")
        .with("at", 1_790_000_000_000_u64)
        .with("cost", 0.0125)
        .with("whole", 3.0)
        .with("open", true)
        .with("nothing", Json::Null)
        .with("tiers", vec![1, -2, 3]);
    assert_eq!(Json::parse(&value.to_string()), Ok(value));
}

#[test]
fn what_is_not_there_is_null_however_deep_one_asks() {
    let value = Json::parse(r#" { "a" : [ { "b" : "c" } ] } "#).unwrap();
    assert_eq!(value["a"][0]["b"].str(), "c");
    assert!(value["x"][7]["y"].is_null());
    assert_eq!(value["x"].u64(), 0);
}

#[test]
fn escapes_become_characters() {
    let value = Json::parse(r#""\u00e9\ud83d\ude00\/\t""#).unwrap();
    assert_eq!(value.str(), "é😀/\t");
}

#[test]
fn wrong_text_is_refused_with_its_byte() {
    for (text, at) in [
        ("", 0),
        ("{\"a\":}", 5),
        ("[1,2", 4),
        ("\"\\ud83d\"", 8),
        ("nul", 0),
        ("1 2", 2),
        ("--1", 3),
        ("\"a\u{1}\"", 3),
    ] {
        let error = Json::parse(text).unwrap_err();
        assert!(
            error.starts_with(&format!("JSON, byte {at}:")),
            "{text}: {error}"
        );
    }
    let deep = "[".repeat(100_000);
    assert!(Json::parse(&deep).unwrap_err().contains("64 levels"));
}
