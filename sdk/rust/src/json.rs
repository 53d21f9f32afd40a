//! JSON in a guest: settings, arguments, payloads, saved states.
//!
//! Small on purpose, since it is inside every module: no derive, no dependency. Members keep the
//! order in which they were written, so that the same state gives the same bytes. Reading is
//! forgiving to ask and strict to parse: what is not there is `Json::Null`, text that is not JSON
//! is an error that says where.

mod read;
mod real;
mod write;

#[cfg(test)]
mod tests;

use std::ops::Index;

/// A value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Json {
    /// `null`, and whatever is not there.
    #[default]
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A number with a fraction or beyond 64 bits.
    Real(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// Members in their order; of two with one name the first counts.
    Object(Vec<(String, Json)>),
}

static NULL: Json = Json::Null;

impl Json {
    /// Reads JSON text; at most 64 levels deep. The error says at which byte and why.
    pub fn parse(text: &str) -> Result<Self, String> {
        read::parse(text)
    }

    /// An empty object, to be filled by `set`.
    pub fn object() -> Self {
        Json::Object(Vec::new())
    }

    /// A member; `None` where there is none, or this is no object.
    pub fn member(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.iter().find(|(key, _)| key == name).map(|(_, v)| v),
            _ => None,
        }
    }

    /// Sets a member, in place where it is there already. What is no object becomes one.
    pub fn set(&mut self, name: &str, value: impl Into<Json>) -> &mut Self {
        self.put(name, value.into());
        self
    }

    /// Once in a module, whatever the types of its values.
    #[inline(never)]
    fn put(&mut self, name: &str, value: Json) {
        if !matches!(self, Json::Object(_)) {
            *self = Json::object();
        }
        if let Json::Object(members) = self {
            match members.iter_mut().find(|(key, _)| key == name) {
                Some((_, old)) => *old = value,
                None => members.push((name.to_owned(), value)),
            }
        }
    }

    /// The same with the member set: for writing an object in one expression.
    #[must_use]
    pub fn with(self, name: &str, value: impl Into<Json>) -> Self {
        self.joined(name, value.into())
    }

    #[inline(never)]
    fn joined(mut self, name: &str, value: Json) -> Self {
        self.put(name, value);
        self
    }

    /// The text, where it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text, or an empty one.
    pub fn str(&self) -> &str {
        self.text().unwrap_or_default()
    }

    /// The whole number, where it is one.
    pub fn number(&self) -> Option<i64> {
        match self {
            Json::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The number that is not negative, or 0.
    pub fn u64(&self) -> u64 {
        self.number()
            .and_then(|n| u64::try_from(n).ok())
            .unwrap_or(0)
    }

    /// Any number.
    pub fn real(&self) -> Option<f64> {
        match self {
            Json::Number(number) => Some(*number as f64),
            Json::Real(number) => Some(*number),
            _ => None,
        }
    }

    /// Yes or no, where it is that.
    pub fn flag(&self) -> Option<bool> {
        match self {
            Json::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The items of a list; none where it is no list.
    pub fn items(&self) -> &[Json] {
        match self {
            Json::List(items) => items,
            _ => &[],
        }
    }

    /// The texts of a list; what is no text is left out.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.items().iter().filter_map(Json::text)
    }

    /// Names and values of an object; none where it is no object.
    pub fn members(&self) -> &[(String, Json)] {
        match self {
            Json::Object(members) => members,
            _ => &[],
        }
    }

    /// True for `null` and for what is not there.
    pub fn is_null(&self) -> bool {
        matches!(self, Json::Null)
    }
}

/// `value["name"]`: the member, or `Json::Null`.
impl Index<&str> for Json {
    type Output = Json;
    fn index(&self, name: &str) -> &Json {
        self.member(name).unwrap_or(&NULL)
    }
}

/// `value[3]`: the item, or `Json::Null`.
impl Index<usize> for Json {
    type Output = Json;
    fn index(&self, at: usize) -> &Json {
        self.items().get(at).unwrap_or(&NULL)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Json::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Json::Text(text)
    }
}

impl From<&String> for Json {
    fn from(text: &String) -> Self {
        Json::Text(text.clone())
    }
}

impl From<bool> for Json {
    fn from(flag: bool) -> Self {
        Json::Flag(flag)
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Json::Number(number)
    }
}

impl From<u32> for Json {
    fn from(number: u32) -> Self {
        Json::Number(number.into())
    }
}

impl From<i32> for Json {
    fn from(number: i32) -> Self {
        Json::Number(number.into())
    }
}

/// Above `i64::MAX` it loses its last digits.
impl From<u64> for Json {
    fn from(number: u64) -> Self {
        i64::try_from(number).map_or(Json::Real(number as f64), Json::Number)
    }
}

impl From<usize> for Json {
    fn from(number: usize) -> Self {
        Json::from(number as u64)
    }
}

impl From<f64> for Json {
    fn from(number: f64) -> Self {
        Json::Real(number)
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Json::Null, Into::into)
    }
}

impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(values: Vec<T>) -> Self {
        Json::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Json>> FromIterator<T> for Json {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Json::List(values.into_iter().map(Into::into).collect())
    }
}

impl<K: Into<String>, T: Into<Json>> FromIterator<(K, T)> for Json {
    fn from_iter<I: IntoIterator<Item = (K, T)>>(members: I) -> Self {
        Json::Object(
            members
                .into_iter()
                .map(|(k, v)| (k.into(), v.into()))
                .collect(),
        )
    }
}
