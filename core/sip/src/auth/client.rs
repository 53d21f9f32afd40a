//! The client's side: credentials for a challenge (RFC 7616 section 3.4, RFC 8760 section 2.4).

use super::{Algorithm, Ha1, Proofs, ha1, quoted, request_digest};
use crate::message::{Fields, HeaderName, Method, Response};

/// What proves who we are.
#[derive(Clone, Copy)]
pub enum Secret<'a> {
    /// A password, for the realm that the challenge names.
    Password(&'a str),
    /// A stored hash; it fits one realm only.
    Ha1(&'a Ha1),
}

/// The request that is to carry the credentials.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its Request-URI, as written.
    pub uri: &'a str,
    /// Our user name at the peer.
    pub user: &'a str,
    /// Our secret.
    pub secret: Secret<'a>,
    /// How often this nonce was used, this request counted: 1 for the first.
    pub nc: u32,
    /// A text of our own that the peer cannot foresee.
    pub cnonce: &'a str,
}

/// Why a challenge cannot be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// There is no challenge, or it is not a well-formed digest challenge.
    #[error("no readable digest challenge")]
    Malformed,
    /// The algorithm or every qop is unknown to us, or the stored hash lacks the algorithm.
    #[error("challenge asks for what we do not have")]
    Unsupported,
}

/// The value of the header that answers one challenge.
///
/// # Errors
/// See [`ChallengeError`].
pub fn answer_challenge(challenge: &str, answer: &Answer<'_>) -> Result<String, ChallengeError> {
    let fields = Fields::parse(challenge.as_bytes(), "Digest").ok_or(ChallengeError::Malformed)?;
    let realm = fields.get("realm").ok_or(ChallengeError::Malformed)?;
    let nonce = fields.get("nonce").ok_or(ChallengeError::Malformed)?;
    let algorithm = fields.get("algorithm");
    let known = algorithm
        .as_deref()
        .map_or(Some(Algorithm::Md5), Algorithm::of)
        .ok_or(ChallengeError::Unsupported)?;
    let with_qop = match fields.get("qop") {
        None => false,
        Some(offers)
            if offers
                .split(',')
                .any(|offer| offer.trim().eq_ignore_ascii_case("auth")) =>
        {
            true
        }
        Some(_) => return Err(ChallengeError::Unsupported),
    };
    let secret = match answer.secret {
        Secret::Password(password) => ha1(known, answer.user, &realm, password),
        Secret::Ha1(kept) => kept
            .of(known)
            .ok_or(ChallengeError::Unsupported)?
            .to_owned(),
    };
    let nc = format!("{:08x}", answer.nc);
    let proofs = Proofs {
        method: answer.method.as_bytes(),
        uri: answer.uri,
        nonce: &nonce,
        counted: with_qop.then_some((nc.as_str(), answer.cnonce)),
    };
    let response = request_digest(known, &secret, &proofs);
    let (user, realm, nonce) = (quoted(answer.user), quoted(&realm), quoted(&nonce));
    let uri = quoted(answer.uri);
    let mut value = format!(
        "Digest username={user}, realm={realm}, nonce={nonce}, uri={uri}, response=\"{response}\""
    );
    if algorithm.is_some() {
        value += &format!(", algorithm={}", known.name());
    }
    if with_qop {
        value += &format!(", qop=auth, nc={nc}, cnonce={}", quoted(answer.cnonce));
    }
    if let Some(opaque) = fields.get("opaque") {
        value += &format!(", opaque={}", quoted(&opaque));
    }
    Ok(value)
}

/// Header name and value that answer a 401 or 407: the topmost challenge that we can answer.
///
/// # Errors
/// See [`ChallengeError`]; the last challenge's, if none can be answered.
pub fn answer_response(
    response: &Response,
    answer: &Answer<'_>,
) -> Result<(HeaderName, String), ChallengeError> {
    let (asked, reply) = match response.code() {
        407 => (
            HeaderName::ProxyAuthenticate,
            HeaderName::ProxyAuthorization,
        ),
        _ => (HeaderName::WwwAuthenticate, HeaderName::Authorization),
    };
    let mut error = ChallengeError::Malformed;
    for challenge in response.headers().lines(asked) {
        let challenge = std::str::from_utf8(challenge).unwrap_or_default();
        match answer_challenge(challenge, answer) {
            Ok(value) => return Ok((reply, value)),
            Err(why) => error = why,
        }
    }
    Err(error)
}
