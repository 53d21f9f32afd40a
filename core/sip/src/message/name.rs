//! Header names: the ones that this engine or its users read by name, with their compact forms.
//! tidy: table
//!
//! Any other header is [`HeaderName::Other`] in the index and is found by its text. Compact forms are those of the IANA registry.

/// Declares the known names: variant, canonical spelling, compact form (0: none), whether commas separate values.
macro_rules! names {
    ($($variant:ident, $name:literal, $compact:literal, $list:literal;)*) => {
        /// A known header name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum HeaderName {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
            /// A header without a variant of its own; look it up by its text.
            Other,
        }

        impl HeaderName {
            /// Every known name (without `Other`).
            pub const KNOWN: &'static [HeaderName] = &[$(HeaderName::$variant,)*];

            /// The canonical spelling; empty for `Other`.
            pub const fn as_str(self) -> &'static str {
                match self { $(HeaderName::$variant => $name,)* HeaderName::Other => "" }
            }

            /// The compact form (RFC 3261 section 7.3.3), if there is one.
            pub fn compact(self) -> Option<u8> {
                let compact = match self { $(HeaderName::$variant => $compact,)* HeaderName::Other => 0 };
                (compact != 0).then_some(compact)
            }

            /// Whether one line may hold several values separated by commas (RFC 3261 section 7.3.1).
            pub fn is_list(self) -> bool {
                match self { $(HeaderName::$variant => $list,)* HeaderName::Other => false }
            }
        }
    };
}

names! {
    Via, "Via", b'v', true;
    From, "From", b'f', false;
    To, "To", b't', false;
    CallId, "Call-ID", b'i', false;
    CSeq, "CSeq", 0, false;
    Contact, "Contact", b'm', true;
    MaxForwards, "Max-Forwards", 0, false;
    ContentLength, "Content-Length", b'l', false;
    ContentType, "Content-Type", b'c', false;
    ContentEncoding, "Content-Encoding", b'e', true;
    ContentDisposition, "Content-Disposition", 0, false;
    Route, "Route", 0, true;
    RecordRoute, "Record-Route", 0, true;
    Path, "Path", 0, true;
    ServiceRoute, "Service-Route", 0, true;
    Expires, "Expires", 0, false;
    MinExpires, "Min-Expires", 0, false;
    Authorization, "Authorization", 0, false;
    ProxyAuthorization, "Proxy-Authorization", 0, false;
    WwwAuthenticate, "WWW-Authenticate", 0, false;
    ProxyAuthenticate, "Proxy-Authenticate", 0, false;
    AuthenticationInfo, "Authentication-Info", 0, false;
    Allow, "Allow", 0, true;
    AllowEvents, "Allow-Events", b'u', true;
    Supported, "Supported", b'k', true;
    Unsupported, "Unsupported", 0, true;
    Require, "Require", 0, true;
    ProxyRequire, "Proxy-Require", 0, true;
    Accept, "Accept", 0, true;
    AcceptEncoding, "Accept-Encoding", 0, true;
    AcceptLanguage, "Accept-Language", 0, true;
    UserAgent, "User-Agent", 0, false;
    Server, "Server", 0, false;
    Subject, "Subject", b's', false;
    Date, "Date", 0, false;
    Timestamp, "Timestamp", 0, false;
    RetryAfter, "Retry-After", 0, false;
    Warning, "Warning", 0, true;
    Reason, "Reason", 0, true;
    Event, "Event", b'o', false;
    SubscriptionState, "Subscription-State", 0, false;
    ReferTo, "Refer-To", b'r', false;
    ReferredBy, "Referred-By", b'b', false;
    Replaces, "Replaces", 0, false;
    SessionExpires, "Session-Expires", b'x', false;
    MinSe, "Min-SE", 0, false;
    RSeq, "RSeq", 0, false;
    RAck, "RAck", 0, false;
    PAssertedIdentity, "P-Asserted-Identity", 0, true;
    PPreferredIdentity, "P-Preferred-Identity", 0, true;
    RemotePartyId, "Remote-Party-ID", 0, true;
    Privacy, "Privacy", 0, false;
    Diversion, "Diversion", 0, true;
    HistoryInfo, "History-Info", 0, true;
    Identity, "Identity", b'y', false;
    MimeVersion, "MIME-Version", 0, false;
}

/// Slots of the table below: four times the names, so that most are found at the first look.
const SLOTS: usize = 256;

/// The known names by the hash of their spelling; a name whose slot is taken stands in the next free one.
static BY_HASH: [HeaderName; SLOTS] = by_hash();

const fn by_hash() -> [HeaderName; SLOTS] {
    let mut table = [HeaderName::Other; SLOTS];
    let mut place = 0;
    while place < HeaderName::KNOWN.len() {
        let name = HeaderName::KNOWN[place];
        let mut slot = hash(name.as_str().as_bytes());
        while !matches!(table[slot], HeaderName::Other) {
            slot = (slot + 1) % SLOTS;
        }
        table[slot] = name;
        place += 1;
    }
    table
}

/// Mixes length, first, middle and last letter, in lower case.
const fn hash(text: &[u8]) -> usize {
    let len = text.len();
    if len == 0 {
        return 0;
    }
    let (first, middle, last) = (text[0] | 32, text[len / 2] | 32, text[len - 1] | 32);
    let mixed = (first as usize) * 7 + (middle as usize) * 31 + (last as usize) * 3 + len * 17;
    mixed % SLOTS
}

impl HeaderName {
    /// The known name that `text` spells, in any case and in compact form too; else `Other`.
    pub fn of(text: &[u8]) -> HeaderName {
        if let [letter] = text {
            let letter = letter.to_ascii_lowercase();
            let found = HeaderName::KNOWN
                .iter()
                .find(|name| name.compact() == Some(letter));
            return found.copied().unwrap_or(HeaderName::Other);
        }
        let (before, from) = BY_HASH.split_at(hash(text));
        // The table is never full, so there is always an end to the look.
        let looked_at = from
            .iter()
            .chain(before)
            .take_while(|name| **name != HeaderName::Other);
        let mut matching =
            looked_at.filter(|name| name.as_str().as_bytes().eq_ignore_ascii_case(text));
        matching.next().copied().unwrap_or(HeaderName::Other)
    }

    /// Whether a second line of this name makes the message ambiguous, so that it is refused (RFC 3261 section 7.3.1).
    pub fn is_single(self) -> bool {
        matches!(
            self,
            HeaderName::From
                | HeaderName::To
                | HeaderName::CallId
                | HeaderName::CSeq
                | HeaderName::MaxForwards
                | HeaderName::ContentLength
                | HeaderName::ContentType
                | HeaderName::Expires
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case_and_by_its_compact_form() {
        for name in HeaderName::KNOWN {
            assert_eq!(HeaderName::of(name.as_str().as_bytes()), *name);
            assert_eq!(
                HeaderName::of(name.as_str().to_uppercase().as_bytes()),
                *name
            );
            assert_eq!(
                HeaderName::of(name.as_str().to_lowercase().as_bytes()),
                *name
            );
            assert_eq!(
                HeaderName::of(format!("{}x", name.as_str()).as_bytes()),
                HeaderName::Other
            );
            if let Some(letter) = name.compact() {
                assert_eq!(HeaderName::of(&[letter]), *name);
                assert_eq!(HeaderName::of(&[letter.to_ascii_uppercase()]), *name);
            }
        }
        assert_eq!(HeaderName::of(b""), HeaderName::Other);
        assert_eq!(HeaderName::of(b"z"), HeaderName::Other);
    }

    #[test]
    fn names_are_found_soon() {
        let looks = |name: HeaderName| {
            let home = hash(name.as_str().as_bytes());
            let slot = BY_HASH.iter().position(|other| *other == name).unwrap();
            (slot + SLOTS - home) % SLOTS
        };
        let total: usize = HeaderName::KNOWN.iter().map(|name| looks(*name)).sum();
        assert!(
            total <= HeaderName::KNOWN.len() / 2,
            "{total} extra looks for all names"
        );
        assert!(HeaderName::KNOWN.len() * 2 < SLOTS);
    }
}
