//! What the mutator begins with: the torture messages, the demo dialplan, the example scripts,
//! and small samples of everything else; and every input that ever broke a target (`found/`).

use std::fs;
use std::path::{Path, PathBuf};

use cordboard_media::wav;

/// Inputs, and words that fit between them.
pub struct Corpus {
    /// Inputs that broke this target once: run first, never changed.
    pub found: Vec<Vec<u8>>,
    /// What is mutated.
    pub entries: Vec<Vec<u8>>,
    /// Words to insert.
    pub words: &'static [&'static str],
}

pub const SIP_WORDS: &[&str] = &[
    "INVITE ",
    "ACK ",
    "BYE ",
    "CANCEL ",
    "REGISTER ",
    "OPTIONS ",
    "INFO ",
    " SIP/2.0\r\n",
    "SIP/2.0 200 OK\r\n",
    "SIP/2.0 180 Ringing\r\n",
    "\r\n",
    "\r\n\r\n",
    "\r\n ",
    "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n",
    "v: ",
    "f: ",
    "t: ",
    "i: ",
    "m: ",
    "l: ",
    "c: ",
    "CSeq: 1 INVITE\r\n",
    "Content-Length: ",
    "Contact: *\r\n",
    "Max-Forwards: 0\r\n",
    "Record-Route: <sip:p;lr>\r\n",
    "Route: <sip:p>\r\n",
    ";tag=",
    ";branch=z9hG4bK",
    ";lr",
    ";rport",
    ";received=",
    ";expires=",
    "<sip:",
    "sips:",
    "tel:+1",
    "urn:service:sos",
    "[::1]",
    "[::ffff:1.2.3.4]",
    "%00",
    "%0d%0a",
    "\"\\\"",
    "Digest realm=\"r\", nonce=\"n\"",
    "qop=\"auth,auth-int\"",
    "stale=true",
    "nc=00000001",
    "algorithm=SHA-256",
    "Authorization: ",
    "WWW-Authenticate: ",
    "Require: 100rel\r\n",
    "Expires: ",
    "multipart/mixed;boundary=b",
    "--b\r\n",
];

pub const SDP_WORDS: &[&str] = &[
    "v=0\r\n",
    "o=- 1 1 IN IP4 192.0.2.1\r\n",
    "s=-\r\n",
    "c=IN IP4 0.0.0.0\r\n",
    "c=IN IP6 ::1\r\n",
    "t=0 0\r\n",
    "m=audio 4000 RTP/AVP 0 8 101\r\n",
    "m=audio 0 RTP/AVP 8\r\n",
    "m=video 5000 RTP/AVP 96\r\n",
    "m=image 9 udptl t38\r\n",
    "RTP/SAVP",
    "a=rtpmap:101 telephone-event/8000\r\n",
    "a=rtpmap:96 PCMU/8000/2\r\n",
    "a=fmtp:101 0-15\r\n",
    "a=sendonly\r\n",
    "a=inactive\r\n",
    "a=rtcp:4001\r\n",
    "a=rtcp-mux\r\n",
    "a=ptime:20\r\n",
    "/127",
    " 127",
    "\r\n",
];

pub const KDL_WORDS: &[&str] = &[
    "override hours {",
    "value number ",
    "{value.number}",
    "base \"../_base\"\n",
    "{",
    "}",
    "{\n",
    "\n}\n",
    ";",
    "\"",
    "\"\"\"",
    "#\"",
    "\\",
    "/-",
    "/*",
    "*/",
    "//",
    "=",
    "#true",
    "#null",
    "(type)",
    "tenant t domain=\"t.example\" {\n}\n",
    "user u {\n}\n",
    "trunk k {\n address \"192.0.2.1:5060\"\n}\n",
    "did ",
    "dids ",
    "route ",
    "outbound ",
    "calendar ",
    "when ",
    "else ",
    "ring ",
    "play ",
    "collect ",
    "run ",
    "goto ",
    "record",
    "hangup ",
    "on ",
    "test ",
    "call ",
    "expect ",
    "timeout=",
    "\"5s\"",
    "\"+44{0000..9999}\"",
    "match=\"x{1,9}\"",
    "{dialled:1}",
    "open('office')",
    "caller.number",
    " and ",
    " or ",
    "not ",
    "mon-fri",
    "\"08:00-18:00\"",
    "\"2026-02-30\"",
    "order=in-turn",
    "module desk {\n}\n",
    " src=desk",
    "grant ",
    "http \"https://a.example/*\"",
    " private=#true",
    " rate=\"5/s\"",
    "config ",
    " base=x",
    "(secret)\"t\"",
    "line \"sales\" {\n}\n",
    "desk.enter ",
    "desk.menu ",
    "ceiling a {\n modules {\n}\n}\n",
    "step \"desk.enter\" outcome=",
    "{var.desk.name}",
];

/// Modules, their grants, settings, steps, canned outcomes, and ceilings: the target knows a module
/// `desk` that has every kind of argument and setting.
const MODULES: &[&str] = &[
    "module desk {\n grant http \"https://*.example.com/a/*\" methods=\"GET POST\" rate=\"50/s\" size=\"1MiB\"\n \
     grant http \"http://10.0.0.1:8080/*\" private=#true\n grant store size=\"64KiB\"\n grant file \"t.csv\"\n \
     config base=\"x\" token=(secret)\"t\" tags=\"a b\" { line \"sales\" strategy=ring-all { member alice level=1 }; \
     hours strict=#false; table \"t.csv\" }\n}\nuser alice\n",
    "module desk { grant file \"t.csv\"; config base=x }\nuser alice\nroute late { hangup }\ndid \"1\" {\n \
     desk.enter \"{var.a}\" timeout=\"5m\" priority=\"{var.b}\" order=ring-all skip=\"alice\" overflow=late table=\"t.csv\" \
     { on timeout { hangup }; on other { answer } }\n else { desk.menu welcome digits=2 { on \"12\" { answer } } }\n \
     desk.look-up\n}\n",
    "module x src=desk { config base=x }\ndid \"1\" { x.enter s }\ntest \"t\" {\n step \"x.enter\" outcome=closed set=\"a.b=c\" \
     after=\"1s\" { set x.y=\"z\" }\n fact \"x.stats\" \"s\" waiting=3 open=#true\n call did=\"1\"\n expect \"hangup\"\n}\n",
    "ceiling a {\n calls-max 5\n modules {\n http \"https://*.example.com/*\" rate=\"5/s\"\n private-addresses #false\n \
     native #true\n instances 5\n memory-mb 5\n cpu-percent 5\n module desk \"x\"\n }\n}\n",
];

pub const LUA_WORDS: &[&str] = &[
    "function ",
    "end\n",
    "local ",
    "for i = 1, 1e9 do ",
    "while true do end\n",
    "repeat until ",
    "if ",
    " then ",
    "return ",
    "call:answer()\n",
    "call:collect({ digits = 1 })\n",
    "call:ring({})\n",
    "pcall(",
    "error(",
    "string.rep('x', 1e9)",
    "setmetatable({}, {",
    "__index",
    "coroutine.yield()",
    "require('x')",
    "http.get('http://x')",
    "store.get('k')",
    "tostring(",
    "#",
    "..",
    "[[",
    "]]",
    "--[[",
    "`{1}`",
    "\"\\u{10ffff}\"",
    "0x",
    "1e999",
    "nil",
    "::",
    "continue",
    "math.huge",
    "getfenv()",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests lie in the workspace")
        .to_path_buf()
}

/// All files of a folder with one of these endings, in order of their names.
fn files(folder: &str, endings: &[&str]) -> Vec<Vec<u8>> {
    let mut paths = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if endings
                .iter()
                .any(|ending| path.to_string_lossy().ends_with(ending))
            {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths
        .iter()
        .filter_map(|path| fs::read(path).ok())
        .collect()
}

fn found(target: &str) -> Vec<Vec<u8>> {
    files(&format!("tests/fuzz/found/{target}"), &[".bin"])
}

fn texts(all: &[&str]) -> Vec<Vec<u8>> {
    all.iter().map(|text| text.as_bytes().to_vec()).collect()
}

pub fn sip(target: &str) -> Corpus {
    let mut entries = files("tests/torture", &[".dat"]);
    assert!(entries.len() > 40, "the torture messages are there");
    entries.extend(super::targets::invites());
    Corpus {
        found: found(target),
        entries,
        words: SIP_WORDS,
    }
}

pub fn headers(target: &str) -> Corpus {
    let entries = texts(&[
        "sip:alice@atlanta.com;transport=tcp?subject=x",
        "sips:1212@gateway.com;user=phone",
        "tel:+1-201-555-0123;ext=1",
        "\"Bob \\\"x\\\"\" <sip:bob@[2001:db8::1]:5060;lr>;tag=9fxced76sl;expires=60",
        "<sip:a@b>, \"c\" <sip:d@e>;q=0.5",
        "*",
        "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK87asdks7;rport;received=192.0.2.207",
        "sip:%61lice@h;p=%20",
        "urn:x:y",
        "Digest username=\"fuzz\", realm=\"fuzz\", nonce=\"dcd98b\", uri=\"sip:fuzz.example\", response=\"6629fae4\", \
         algorithm=MD5, qop=auth, nc=00000001, cnonce=\"0a4f\", opaque=\"5ccc\"",
        "Digest realm=\"a\\\"b\", nonce=\"n\", qop=\"auth,auth-int\", algorithm=SHA-256, stale=TRUE",
    ]);
    Corpus {
        found: found(target),
        entries,
        words: SIP_WORDS,
    }
}

pub fn sdp(target: &str) -> Corpus {
    let head = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n";
    let bodies = [
        "m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\n",
        "m=audio 4000 RTP/AVP 96 8\r\na=rtpmap:96 opus/48000/2\r\na=sendonly\r\nm=video 0 RTP/AVP 31\r\n",
        "m=image 0 udptl t38\r\nm=audio 4000 RTP/AVP 18 97\r\na=rtpmap:97 PCMA/8000\r\na=rtcp:4003 IN IP4 192.0.2.3\r\n",
        "a=inactive\r\nm=audio 4000 RTP/SAVP 0\r\nc=IN IP6 2001:db8::1\r\na=crypto:1 x inline:y\r\n",
    ];
    let entries = bodies
        .iter()
        .map(|body| format!("{head}{body}").into_bytes())
        .collect();
    Corpus {
        found: found(target),
        entries,
        words: SDP_WORDS,
    }
}

pub fn dialplan(target: &str) -> Corpus {
    let mut entries = files("dialplans", &[".kdl", ".csv"]);
    assert!(entries.len() > 2, "the demo dialplan is there");
    // The parser takes time by the byte; pieces of a file find as much as the whole.
    let pieces: Vec<Vec<u8>> = entries
        .iter()
        .flat_map(|file| file.chunks(700).map(<[u8]>::to_vec))
        .collect();
    entries.retain(|file| file.len() < 1_500);
    entries.extend(pieces);
    entries.extend(texts(MODULES));
    Corpus {
        found: found(target),
        entries,
        words: KDL_WORDS,
    }
}

pub fn expressions(target: &str) -> Corpus {
    let entries = texts(&[
        "open('office')",
        "caller.number == '+44' and not open('x')",
        "hour > 5 or weekday in ['mon', 'tue']",
        "fact('a/b', 'k').x[0] >= 3",
        "var.tries < 3 and (dialled starts '+44' or caller == '')",
        "+44{dialled:1}x{caller}",
        "{var.name:0:3}",
        "+44207946{0200..0299}",
        "0[1-9]x{8,9}",
        "{{}}",
        "a.b.c",
    ]);
    Corpus {
        found: found(target),
        entries,
        words: KDL_WORDS,
    }
}

pub fn scripts(target: &str) -> Corpus {
    let entries = files("scripts", &[".lua"]);
    assert!(entries.len() > 3, "the example scripts are there");
    Corpus {
        found: found(target),
        entries,
        words: LUA_WORDS,
    }
}

/// Packets with a length octet before each, as the target reads them.
pub fn packets(target: &str) -> Corpus {
    let rtp = |payload: u8, sequence: u8, body: &[u8]| {
        let mut packet = vec![0x80, payload, 0, sequence, 0, 0, sequence, 160, 0, 0, 0, 9];
        packet.extend_from_slice(body);
        packet.insert(0, packet.len() as u8);
        packet
    };
    let voice = [
        rtp(0, 1, &[0xff; 160]),
        rtp(0, 2, &[0x7f; 160]),
        rtp(8, 3, &[0xd5; 160]),
    ]
    .concat();
    let event = |end: u8, duration: u8| rtp(101, 4 + duration / 40, &[5, end | 10, 0, duration]);
    let key = [
        event(0, 160),
        event(0, 200),
        event(0x80, 240),
        event(0x80, 240),
    ]
    .concat();
    let odd = vec![0x80 | 0x3f, 0x80, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    Corpus {
        found: found(target),
        entries: vec![voice, key, odd],
        words: &[],
    }
}

/// RTCP compounds: a sender report with a block about us, a receiver report with its names and
/// its goodbye, and a goodbye alone.
pub fn reports(target: &str) -> Corpus {
    let block = [
        0, 0, 0, 0, 12, 0, 0, 7, 0, 1, 0, 9, 0, 0, 0, 80, 1, 2, 3, 4, 0, 1, 0, 0,
    ];
    let info = [
        0, 0, 0, 9, 0x83, 0xaa, 0x7e, 0x80, 0, 0, 0, 0, 0, 0, 1, 64, 0, 0, 0, 50, 0, 0, 31, 64,
    ];
    let names = [
        0x81, 202, 0, 3, 0, 0, 0, 9, 1, 4, b'a', b'@', b'b', b'c', 0, 0,
    ];
    let bye = [0x81, 203, 0, 1, 0, 0, 0, 9];
    let sender = [&[0x81, 200, 0, 12][..], &info, &block].concat();
    let receiver = [&[0x81, 201, 0, 7, 0, 0, 0, 9][..], &block].concat();
    Corpus {
        found: found(target),
        entries: vec![
            [&sender[..], &names].concat(),
            [&receiver[..], &names, &bye].concat(),
            sender,
            receiver,
            bye.to_vec(),
        ],
        words: &[],
    }
}

pub fn sounds(target: &str) -> Corpus {
    let mut short = wav::header(200).to_vec();
    short.extend((0..800u32).map(|n| (n * 37) as u8));
    let mono = |rate: u32, format: u16, bits: u16, data: &[u8]| {
        let mut file = b"RIFF".to_vec();
        file.extend((36 + data.len() as u32).to_le_bytes());
        file.extend(b"WAVEfmt \x10\0\0\0");
        file.extend(format.to_le_bytes());
        file.extend(1u16.to_le_bytes());
        file.extend(rate.to_le_bytes());
        file.extend((rate * u32::from(bits) / 8).to_le_bytes());
        file.extend((bits / 8).to_le_bytes());
        file.extend(bits.to_le_bytes());
        file.extend(b"data");
        file.extend((data.len() as u32).to_le_bytes());
        file.extend(data);
        file
    };
    let noise: Vec<u8> = (0..400u32).map(|n| (n * 91 % 251) as u8).collect();
    let entries = vec![
        short,
        mono(8_000, 1, 16, &noise),
        mono(44_100, 1, 16, &noise),
        mono(8_000, 6, 8, &noise),
        mono(16_000, 3, 32, &noise),
        mono(11_025, 1, 8, &noise),
    ];
    Corpus {
        found: found(target),
        entries,
        words: &["RIFF", "WAVE", "fmt ", "data", "LIST", "JUNK", "fact"],
    }
}
