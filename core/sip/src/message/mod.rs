//! Messages: from bytes to typed values and back (RFC 3261 sections 7, 20 and 25).
//!
//! A message is the bytes it came in, plus an index of where its headers are. Typed values are read when asked for, so a
//! message that is only forwarded or refused costs a scan. What `Message::parse` returns has been checked: start line, the
//! fields that every message must have, single fields single, Content-Length honest, CSeq in range and of the right method.

mod build;
mod check;
mod credentials;
mod frame;
mod headers;
mod host;
mod limits;
mod method;
mod name;
mod name_addr;
mod params;
mod request;
mod scan;
mod status;
pub(crate) mod text;
mod uri;
mod via;

pub use build::Builder;
pub use credentials::{Credentials, Fields};
pub use frame::{Frame, Framer};
pub use headers::{CSeq, Contacts, Headers};
pub use host::Host;
pub use limits::Limits;
pub use method::Method;
pub use name::HeaderName;
pub use name_addr::NameAddr;
pub use params::Params;
pub use request::{Message, Request, Response};
pub use status::reason_phrase;
pub use uri::{Scheme, Uri, decoded};
pub use via::{BRANCH_COOKIE, Via};
