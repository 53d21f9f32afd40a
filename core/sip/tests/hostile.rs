//! The fuzz targets over the torture messages, changed at random from a fixed seed: a short run of what the tests package
//! drives for longer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use cordboard_sip::fuzz;
use cordboard_sip::message::{Limits, Message};

/// SplitMix64: small, seeded, and the same everywhere.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap()
    }
}

fn corpus() -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for folder in ["rfc4475", "rfc5118"] {
        let folder = format!(
            "{}/../../tests/torture/{folder}",
            env!("CARGO_MANIFEST_DIR")
        );
        let mut paths: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        files.extend(paths.iter().map(|path| std::fs::read(path).unwrap()));
    }
    assert_eq!(files.len(), 61);
    files
}

/// A few bytes changed, cut out, doubled, or taken from another file.
fn changed(corpus: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    const PIECES: [&[u8]; 16] = [
        b"\r\n",
        b"\r\n ",
        b"\n",
        b"\0",
        b"\"",
        b"<",
        b">",
        b",",
        b";",
        b";tag=",
        b"%",
        b"@",
        b":",
        b"[",
        b"\xff",
        b" SIP/2.0\r\n",
    ];
    let mut bytes = corpus[chance.below(corpus.len())].clone();
    for _ in 0..=chance.below(2) {
        let at = chance.below(bytes.len());
        match chance.below(5) {
            0 => bytes[at] = u8::try_from(chance.below(256)).unwrap(),
            1 => drop(bytes.drain(at..(at + chance.below(20)).min(bytes.len()))),
            2 => drop(bytes.splice(at..at, PIECES[chance.below(PIECES.len())].iter().copied())),
            3 => {
                let other = &corpus[chance.below(corpus.len())];
                let from = chance.below(other.len());
                let piece = other[from..(from + chance.below(80)).min(other.len())].to_vec();
                drop(bytes.splice(at..at, piece));
            }
            _ => {
                let line = bytes[at..]
                    .split_inclusive(|byte| *byte == b'\n')
                    .next()
                    .unwrap_or_default()
                    .to_vec();
                drop(bytes.splice(at..at, line));
            }
        }
        if bytes.is_empty() {
            bytes.push(b'\r');
        }
    }
    bytes
}

#[test]
fn unchanged_torture_messages_keep_every_promise() {
    for file in corpus() {
        fuzz::fuzz_message(&file);
        fuzz::fuzz_framer(&file);
    }
}

/// The message without Content-Length, so that a changed one may still be read to its end.
fn without_length(file: &[u8]) -> Vec<u8> {
    let lines = file.split_inclusive(|byte| *byte == b'\n');
    let kept = lines.filter(|line| {
        !matches!(line, [b'l' | b'L', b':', ..]) && !line.starts_with(b"Content-Length")
    });
    kept.flatten().copied().collect()
}

#[test]
fn changed_messages_keep_every_promise() {
    let mut corpus = corpus();
    corpus.extend(corpus.clone().iter().map(|file| without_length(file)));
    let mut chance = Chance(4475);
    let mut read = 0;
    for _ in 0..8_000 {
        let bytes = changed(&corpus, &mut chance);
        read += usize::from(Message::parse(bytes.clone().into(), &Limits::default()).is_ok());
        fuzz::fuzz_message(&bytes);
        fuzz::fuzz_framer(&[bytes, changed(&corpus, &mut chance)].concat());
    }
    assert!(
        (800..7_000).contains(&read),
        "both readable and unreadable messages were tried: {read}"
    );
}

#[test]
fn changed_values_keep_every_promise() {
    let corpus: Vec<Vec<u8>> = [
        "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1@example.com:5060;transport=tcp;lr?a=b",
        "\"Bell, \\\"A\\\"\" <sips:a%20b@[2001:db8::1]:5061;x=y>;tag=1;q=0.5;+sip.instance=\"<urn:uuid:1>\"",
        "tel:+1-415-555;phone-context=example.com",
        "SIP / 2.0 / UDP [2001:db8::9:1] : 5060 ;received=2001:db8::9:255;branch=z9hG4bKas3;rport",
        "Digest realm=\"a\\\"b\", nonce=\"n,;=\", qop=\"auth,auth-int\", algorithm=SHA-256, opaque=\"\", stale=FALSE",
        "Digest username=\"u\", realm=\"fuzz\", nonce=\"n\", uri=\"sip:fuzz.example\", response=\"0\", qop=auth, nc=00000001, cnonce=\"c\"",
        "<sip:a@h>;expires=60, *, sip:b@h;q=1",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    let mut chance = Chance(3261);
    for _ in 0..20_000 {
        let bytes = changed(&corpus, &mut chance);
        fuzz::fuzz_uri(&bytes);
        fuzz::fuzz_digest(&bytes);
        fuzz::fuzz_contact(&bytes);
    }
}
