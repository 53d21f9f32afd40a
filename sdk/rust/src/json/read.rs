//! JSON text to values, RFC 8259, one pass.

use super::{Json, real};

/// Deeper values are refused.
const DEPTH_MAX: u32 = 64;

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

type Read<T> = Result<T, &'static str>;

pub(super) fn parse(text: &str) -> Result<Json, String> {
    let mut reader = Reader {
        bytes: text.as_bytes(),
        at: 0,
    };
    let value = reader.value(0).and_then(|value| {
        reader.blanks();
        match reader.peek() {
            None => Ok(value),
            Some(_) => Err("something after the value"),
        }
    });
    value.map_err(|why| format!("JSON, byte {}: {why}", reader.at))
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: u32) -> Read<Json> {
        if depth > DEPTH_MAX {
            return Err("deeper than 64 levels");
        }
        self.blanks();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Json::Text(self.string()?)),
            Some(b't') => self.word("true", Json::Flag(true)),
            Some(b'f') => self.word("false", Json::Flag(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => Err("no value begins so"),
            None => Err("a value is missing"),
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Read<Json> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err("no value begins so");
        }
        self.at += word.len();
        Ok(value)
    }

    fn object(&mut self, depth: u32) -> Read<Json> {
        self.at += 1;
        let mut members = Vec::new();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(members));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err("a member's name is missing");
            }
            let name = self.string()?;
            self.blanks();
            if self.take() != Some(b':') {
                return Err("`:` is missing");
            }
            members.push((name, self.value(depth + 1)?));
            self.blanks();
            match self.take() {
                Some(b',') => {}
                Some(b'}') => return Ok(Json::Object(members)),
                _ => return Err("`,` or `}` is missing"),
            }
        }
    }

    fn list(&mut self, depth: u32) -> Read<Json> {
        self.at += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.blanks();
            match self.take() {
                Some(b',') => {}
                Some(b']') => return Ok(Json::List(items)),
                _ => return Err("`,` or `]` is missing"),
            }
        }
    }

    fn number(&mut self) -> Read<Json> {
        let start = self.at;
        let mut whole = true;
        while let Some(byte) = self.peek() {
            match byte {
                b'0'..=b'9' | b'-' => {}
                b'+' | b'.' | b'e' | b'E' => whole = false,
                _ => break,
            }
            self.at += 1;
        }
        let text = self.bytes.get(start..self.at).unwrap_or_default();
        let text = std::str::from_utf8(text).map_err(|_| "no number")?;
        if let (true, Ok(number)) = (whole, text.parse()) {
            return Ok(Json::Number(number));
        }
        real::read(text).map(Json::Real).ok_or("no number")
    }

    fn string(&mut self) -> Read<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let start = self.at;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.at += 1;
            }
            let plain = self.bytes.get(start..self.at).unwrap_or_default();
            out.push_str(std::str::from_utf8(plain).map_err(|_| "no UTF-8")?);
            match self.take() {
                Some(b'"') => return Ok(out),
                Some(b'\\') => out.push(self.escaped()?),
                Some(_) => return Err("a control character in a text"),
                None => return Err("a text has no end"),
            }
        }
    }

    fn escaped(&mut self) -> Read<char> {
        Ok(match self.take() {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let mut code = self.hex()?;
                if (0xd800..0xdc00).contains(&code) {
                    if self.take() != Some(b'\\') || self.take() != Some(b'u') {
                        return Err("half a surrogate pair");
                    }
                    let low = self.hex()?;
                    if !(0xdc00..0xe000).contains(&low) {
                        return Err("half a surrogate pair");
                    }
                    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                }
                char::from_u32(code).ok_or("half a surrogate pair")?
            }
            _ => return Err("no such escape"),
        })
    }

    fn hex(&mut self) -> Read<u32> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.take().and_then(|b| char::from(b).to_digit(16));
            code = code * 16 + digit.ok_or("four hexadecimal digits follow \\u")?;
        }
        Ok(code)
    }
}
