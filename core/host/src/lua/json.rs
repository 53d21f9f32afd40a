//! JSON text to Lua values and back, bounded in depth and size.
//!
//! Both ways go straight between text and VM: no tree of ours stands between, so the VM's memory
//! limit holds. In objects, `null` is an absent key; in arrays it is `json.null`.

use std::fmt;

use mlua::{Lua, Table, Value};
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};

use super::limits::JSON_DEPTH_MAX;

/// Reads JSON text.
pub(crate) fn decode(lua: &Lua, text: &[u8]) -> Result<Value, String> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let seed = Seed { lua, depth: 0 };
    let value = seed.deserialize(&mut reader).map_err(|e| e.to_string())?;
    reader.end().map_err(|e| e.to_string())?;
    Ok(value)
}

/// Turns a JSON value into a Lua value.
pub(crate) fn to_lua(lua: &Lua, value: &serde_json::Value) -> Result<Value, String> {
    Seed { lua, depth: 0 }
        .deserialize(value)
        .map_err(|e| e.to_string())
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    lua: &'a Lua,
    depth: usize,
}

impl Seed<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= JSON_DEPTH_MAX {
            return Err(E::custom(format!(
                "the JSON nests deeper than {JSON_DEPTH_MAX}"
            )));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Boolean(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(Value::Number(v as f64))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(Value::Number(v as f64))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Value, E> {
        Ok(Value::Number(v))
    }

    fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<Value, E> {
        self.lua
            .create_string(v)
            .map(Value::String)
            .map_err(E::custom)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::NULL)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let table = self.lua.create_table().map_err(A::Error::custom)?;
        let mut at = 0;
        while let Some(value) = seq.next_element_seed(inner)? {
            at += 1;
            table.raw_set(at, value).map_err(A::Error::custom)?;
        }
        Ok(Value::Table(table))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let table = self.lua.create_table().map_err(A::Error::custom)?;
        while let Some(key) = map.next_key_seed(inner)? {
            let value = map.next_value_seed(inner)?;
            if !value.is_null() {
                table.raw_set(key, value).map_err(A::Error::custom)?;
            }
        }
        Ok(Value::Table(table))
    }
}

/// Writes a value as JSON, at most `bytes_max` long. Keys are sorted.
pub(crate) fn encode(value: &Value, bytes_max: usize) -> Result<String, String> {
    let mut writer = Writer {
        text: String::new(),
        bytes_max,
    };
    writer.value(value, 0)?;
    Ok(writer.text)
}

struct Writer {
    text: String,
    bytes_max: usize,
}

impl Writer {
    fn push(&mut self, text: &str) -> Result<(), String> {
        if self.text.len() + text.len() > self.bytes_max {
            return Err(format!("the JSON is longer than {} bytes", self.bytes_max));
        }
        self.text.push_str(text);
        Ok(())
    }

    fn string(&mut self, bytes: &[u8]) -> Result<(), String> {
        let text =
            std::str::from_utf8(bytes).map_err(|_| "a text in it is not UTF-8".to_owned())?;
        if text.len() > self.bytes_max {
            return Err(format!("the JSON is longer than {} bytes", self.bytes_max));
        }
        let quoted = serde_json::to_string(text).map_err(|e| e.to_string())?;
        self.push(&quoted)
    }

    fn value(&mut self, value: &Value, depth: usize) -> Result<(), String> {
        match value {
            Value::Nil => self.push("null"),
            v if v.is_null() => self.push("null"),
            Value::Boolean(true) => self.push("true"),
            Value::Boolean(false) => self.push("false"),
            Value::Integer(n) => self.push(&n.to_string()),
            Value::Number(n) => self.push(&number(*n)?),
            Value::String(s) => self.string(&s.as_bytes()),
            Value::Table(t) => self.table(t, depth),
            other => Err(format!("a {} cannot be written as JSON", other.type_name())),
        }
    }

    fn table(&mut self, table: &Table, depth: usize) -> Result<(), String> {
        if depth >= JSON_DEPTH_MAX {
            return Err(format!(
                "the table nests deeper than {JSON_DEPTH_MAX}, or contains itself"
            ));
        }
        let length = table.raw_len();
        if length > 0 {
            self.push("[")?;
            for at in 1..=length {
                let item: Value = table.raw_get(at).map_err(|e| e.to_string())?;
                self.push(if at == 1 { "" } else { "," })?;
                self.value(&item, depth + 1)?;
            }
            // A list that also has names would lose them silently.
            if table.pairs::<Value, Value>().count() > length {
                return Err("a table is either a list or has names, not both".into());
            }
            return self.push("]");
        }
        let mut entries = Vec::new();
        for pair in table.pairs::<Value, Value>() {
            let (key, value) = pair.map_err(|e| e.to_string())?;
            let Value::String(key) = key else {
                return Err("a name in a JSON object must be a text".into());
            };
            entries.push((key.as_bytes().to_vec(), value));
            if entries.len() * 4 > self.bytes_max {
                return Err(format!("the JSON is longer than {} bytes", self.bytes_max));
            }
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        self.push("{")?;
        for (at, (key, value)) in entries.iter().enumerate() {
            self.push(if at == 0 { "" } else { "," })?;
            self.string(key)?;
            self.push(":")?;
            self.value(value, depth + 1)?;
        }
        self.push("}")
    }
}

/// Whole numbers without a point.
pub(crate) fn number(n: f64) -> Result<String, String> {
    if !n.is_finite() {
        return Err("infinity and not-a-number cannot be written".into());
    }
    if n.fract() == 0.0 && n.abs() < 9_007_199_254_740_992.0 {
        return Ok((n as i64).to_string());
    }
    Ok(n.to_string())
}
