//! The fields of a request that name its transaction and dialog, read once.

use crate::message::{HeaderName, Request, Via};

/// Borrowed from the request; nothing is copied.
pub(crate) struct Fields<'a> {
    pub(crate) via: Via<'a>,
    /// The topmost Via as it came.
    pub(crate) via_text: &'a [u8],
    /// The host of its sent-by as it came.
    pub(crate) via_host: &'a [u8],
    /// Empty where an RFC 2543 device sends none.
    pub(crate) from_tag: &'a [u8],
    pub(crate) to_tag: Option<&'a [u8]>,
    pub(crate) call_id: &'a [u8],
    pub(crate) cseq: u32,
    pub(crate) method: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Every request that was parsed has them all.
    pub(crate) fn of(request: &'a Request) -> Option<Self> {
        let headers = request.headers();
        let via_text = headers.all(HeaderName::Via).next()?;
        let via = Via::parse(via_text).ok()?;
        let (cseq, method) = headers.cseq_parts().ok()?;
        Some(Self {
            via,
            via_text,
            via_host: host_text(via_text),
            from_tag: headers.from_tag().unwrap_or_default().as_bytes(),
            to_tag: headers.to_tag().map(str::as_bytes),
            call_id: headers.call_id().ok()?.as_bytes(),
            cseq,
            method,
        })
    }
}

/// The text between the transport and the port or parameters.
fn host_text(via: &[u8]) -> &[u8] {
    let sent_by = via.split(|byte| *byte == b';').next().unwrap_or_default();
    let host = sent_by.trim_ascii_end();
    let start = memchr::memrchr(b' ', host).map_or(0, |at| at + 1);
    let host = host.get(start..).unwrap_or_default();
    if host.starts_with(b"[") {
        return host.split(|byte| *byte == b']').next().unwrap_or_default();
    }
    host.split(|byte| *byte == b':').next().unwrap_or_default()
}
