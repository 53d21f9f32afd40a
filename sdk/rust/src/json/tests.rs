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

#[test]
fn numbers_with_a_fraction_read_back_exactly() {
    let known = [
        (0.0125, "0.0125"),
        (3.0, "3.0"),
        (-0.5, "-0.5"),
        (66.67, "66.67"),
        (1.0 / 3.0, "0.3333333333333333"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e17, "100000000000000000.0"),
        (0.000_012_5, "1.25e-5"),
        (1.5e300, "1.5e300"),
        (2.5e-9, "2.5e-9"),
        (-0.0, "-0.0"),
    ];
    for (number, text) in known {
        assert_eq!(Json::Real(number).to_string(), text);
        let read = Json::parse(text).unwrap().real().unwrap();
        assert!(
            (read / number - 1.0).abs() < 1e-14 || read == number,
            "{text}"
        );
    }
    let mut chance = 7_u64;
    for _ in 0..20_000 {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        // Every mantissa, from 2^-13 to 2^59.
        let exponent = 1023 - 13 + (chance >> 3) % 72;
        let number = f64::from_bits(exponent << 52 | chance >> 12);
        let text = Json::Real(number).to_string();
        let ours = Json::parse(&text).unwrap().real().unwrap();
        assert_eq!(ours.to_bits(), number.to_bits(), "{text}");
        assert_eq!(text.parse(), Ok(number), "{text}");
        let theirs = format!("{number:?}");
        let read = Json::parse(&theirs).unwrap().real().unwrap();
        assert_eq!(read.to_bits(), number.to_bits(), "{theirs}");
        assert!(text.len() <= theirs.len() + 2, "{text} {theirs}");
    }
    for wrong in ["1.", "-", "1e", "1.e5", "1.5.2", "1e5.5", "-e3"] {
        assert!(Json::parse(wrong).is_err(), "{wrong}");
    }
}
