//! Digest authentication: the server that challenges and verifies, and the client that answers (RFC 7616, RFC 8760, RFC 3261
//! section 22).
//!
//! Nonces carry their own proof and cost no memory until somebody has shown a right password with one; then a bounded table
//! keeps which nonce counts were used. A nonce holds for one address: credentials over any other nonce are not judged at
//! all, so that nobody can give wrong answers in the name of an address whose mail he cannot read. Only `qop=auth` is spoken to clients of ours. Passwords are never kept: HA1 is.
//! Known and unknown users cost the same work, and hashes are compared in constant time.

mod client;
mod nonce;

use std::net::IpAddr;
use std::time::Duration;

use md5::Md5;
use sha2::{Digest, Sha256};

pub use client::{Answer, ChallengeError, Secret, answer_challenge, answer_response};

use crate::flow::Time;
use crate::message::{Credentials, HeaderName, Headers, Request, Uri};
use nonce::{Mint, Proof, Replays};

/// A hash that digest may use (RFC 8760 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// The old one; many phones know no other.
    Md5,
    /// SHA-256.
    Sha256,
}

impl Algorithm {
    /// The name in headers.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
        }
    }

    /// The algorithm of this name in any case.
    pub fn of(name: &str) -> Option<Algorithm> {
        [Algorithm::Md5, Algorithm::Sha256]
            .into_iter()
            .find(|known| known.name().eq_ignore_ascii_case(name))
    }

    /// The hash of the parts joined with colons, in lower-case hexadecimal digits.
    fn hash(self, parts: &[&[u8]]) -> String {
        match self {
            Algorithm::Md5 => joined::<Md5>(parts),
            Algorithm::Sha256 => joined::<Sha256>(parts),
        }
    }
}

fn joined<D: Digest>(parts: &[&[u8]]) -> String {
    let mut hash = D::new();
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    hex(&hash.finalize())
}

/// Lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// The hash of user, realm and password that is kept instead of the password (RFC 7616 section 3.4.2).
pub fn ha1(algorithm: Algorithm, user: &str, realm: &str, password: &str) -> String {
    algorithm.hash(&[user.as_bytes(), realm.as_bytes(), password.as_bytes()])
}

/// What is kept of a user's password: one hash for each algorithm that may be used. Shown as `Ha1(..)`, never as text.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Ha1 {
    /// For MD5, 32 hexadecimal digits.
    pub md5: Option<String>,
    /// For SHA-256, 64 hexadecimal digits.
    pub sha256: Option<String>,
}

impl Ha1 {
    /// The hashes of a password for both algorithms.
    pub fn of_password(user: &str, realm: &str, password: &str) -> Ha1 {
        Ha1 {
            md5: Some(ha1(Algorithm::Md5, user, realm, password)),
            sha256: Some(ha1(Algorithm::Sha256, user, realm, password)),
        }
    }

    /// The hash for one algorithm.
    pub fn of(&self, algorithm: Algorithm) -> Option<&str> {
        match algorithm {
            Algorithm::Md5 => self.md5.as_deref(),
            Algorithm::Sha256 => self.sha256.as_deref(),
        }
    }
}

impl std::fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ha1(..)")
    }
}

/// What a request's hash is made of besides HA1.
struct Proofs<'a> {
    method: &'a [u8],
    uri: &'a str,
    nonce: &'a str,
    /// Nonce count and client nonce under `qop=auth`; `None` for the form of RFC 2069.
    counted: Option<(&'a str, &'a str)>,
}

/// The `response` field (RFC 7616 section 3.4.1).
fn request_digest(algorithm: Algorithm, ha1: &str, proofs: &Proofs<'_>) -> String {
    let ha2 = algorithm.hash(&[proofs.method, proofs.uri.as_bytes()]);
    let nonce = proofs.nonce.as_bytes();
    match proofs.counted {
        Some((nc, cnonce)) => algorithm.hash(&[
            ha1.as_bytes(),
            nonce,
            nc.as_bytes(),
            cnonce.as_bytes(),
            b"auth",
            ha2.as_bytes(),
        ]),
        None => algorithm.hash(&[ha1.as_bytes(), nonce, ha2.as_bytes()]),
    }
}

/// Whether two texts are equal, in a time that depends on their length alone.
fn same_hash(one: &str, two: &str) -> bool {
    let difference = one
        .bytes()
        .zip(two.bytes())
        .fold(0u8, |sum, (left, right)| sum | (left ^ right));
    one.len() == two.len() && std::hint::black_box(difference) == 0
}

/// Whose password was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The user name as the client gave it.
    pub user: String,
}

/// Why a request was not let in. All are answered by a new challenge, with `stale` as [`AuthError::is_stale`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AuthError {
    /// There are no digest credentials.
    #[error("no credentials")]
    NoCredentials,
    /// The nonce is too old, or this node did not make it for this address. The hash was not looked at, so this says
    /// nothing about the password (RFC 7616 section 3.3).
    #[error("nonce expired or of another address")]
    Stale,
    /// The hash is right, but this nonce count was used before.
    #[error("nonce count used before")]
    Replay,
    /// The nonce is good and the hash is wrong: whoever sent this has read our challenge, and guesses.
    #[error("wrong password")]
    WrongPassword,
    /// The nonce is good and there is no such user. Outside it must look like a wrong password.
    #[error("unknown user")]
    UnknownUser,
    /// The credentials are for other realms only.
    #[error("credentials for another realm")]
    WrongRealm,
    /// A mandatory field is missing or doubled, the algorithm or qop is not one of ours, or the URI is not the request's.
    #[error("malformed credentials")]
    Malformed,
}

impl AuthError {
    /// The name to count by.
    pub fn name(self) -> &'static str {
        match self {
            AuthError::NoCredentials => "no_credentials",
            AuthError::Stale => "stale",
            AuthError::Replay => "replay",
            AuthError::WrongPassword => "wrong_password",
            AuthError::UnknownUser => "unknown_user",
            AuthError::WrongRealm => "wrong_realm",
            AuthError::Malformed => "malformed",
        }
    }

    /// Whether it counts as a guess at a password. Only these do: everything else can be sent in another's name.
    pub fn is_guess(self) -> bool {
        matches!(self, AuthError::WrongPassword | AuthError::UnknownUser)
    }

    /// Whether the next challenge should say `stale=true`, so that the client tries again without asking for a password.
    pub fn is_stale(self) -> bool {
        matches!(self, AuthError::Stale | AuthError::Replay)
    }
}

/// What a challenge holds for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope<'a> {
    /// The realm.
    pub realm: &'a str,
    /// The address that is asked, as its packets show it. A device that comes from another one is challenged anew.
    pub source: IpAddr,
}

/// Challenges and verifies for any number of realms.
pub struct Verifier {
    mint: Mint,
    replays: Replays,
}

impl Verifier {
    /// A verifier with a secret key, to be made anew at every start: the table of used counts does not outlive the node, so
    /// its nonces must not either.
    ///
    /// A nonce lives for `nonce_lifetime`. At most `table_max` nonces in use are remembered (at least one); when there are
    /// more, the oldest is forgotten, and it and all older ones become stale.
    pub fn new(key: [u8; 32], nonce_lifetime: Duration, table_max: usize) -> Verifier {
        Verifier {
            mint: Mint::new(key, nonce_lifetime),
            replays: Replays::new(table_max),
        }
    }

    /// The values of WWW-Authenticate (or Proxy-Authenticate) headers, one for each algorithm in the order given; the client
    /// takes the first that it knows (RFC 8760 section 2.4). All carry the same new nonce.
    pub fn challenges(
        &mut self,
        now: Time,
        scope: Scope<'_>,
        algorithms: &[Algorithm],
        stale: bool,
    ) -> Vec<String> {
        let nonce = self.mint.issue(now, scope);
        let realm = quoted(scope.realm);
        let stale = if stale { ", stale=true" } else { "" };
        let challenge = |algorithm: &Algorithm| {
            format!(
                "Digest realm={realm}, nonce=\"{nonce}\", qop=\"auth\", algorithm={}{stale}",
                algorithm.name()
            )
        };
        algorithms.iter().map(challenge).collect()
    }

    /// Whether the request proves a password in this realm, by Authorization or Proxy-Authorization.
    ///
    /// `ha1_of` finds what is kept of a user; it is asked only where the nonce is good. Each request may be verified once: the second time its nonce count was used.
    ///
    /// # Errors
    /// See [`AuthError`].
    pub fn verify(
        &mut self,
        now: Time,
        request: &Request,
        scope: Scope<'_>,
        ha1_of: &dyn Fn(&str) -> Option<Ha1>,
    ) -> Result<Verified, AuthError> {
        let given = credentials_for(request.headers(), scope.realm)?;
        let algorithm = given
            .algorithm
            .as_deref()
            .map_or(Some(Algorithm::Md5), Algorithm::of);
        let algorithm = algorithm.ok_or(AuthError::Malformed)?;
        let (nc, cnonce) = counted(&given).ok_or(AuthError::Malformed)?;
        if !is_request_uri(&given.uri, request) {
            return Err(AuthError::Malformed);
        }
        let proof = self.mint.check(now, scope, &given.nonce);
        let proof = proof.ok_or(AuthError::Stale)?;

        let user = ha1_of(&given.username);
        let kept = user.as_ref().and_then(|user| user.of(algorithm));
        // An unknown user is checked against a hash that nothing matches, so that both take as long.
        let nobody = self.mint.nobody(algorithm);
        let proofs = Proofs {
            method: request.method().as_bytes(),
            uri: &given.uri,
            nonce: &given.nonce,
            counted: Some((given.nc.as_deref().unwrap_or_default(), cnonce)),
        };
        let wanted = request_digest(algorithm, kept.unwrap_or(&nobody), &proofs);
        let matches = same_hash(&wanted, &given.response.to_ascii_lowercase());
        match (&user, kept, matches) {
            (None, ..) => Err(AuthError::UnknownUser),
            (Some(_), Some(_), true) => self.admit(now, proof, nc, &given),
            (Some(_), ..) => Err(AuthError::WrongPassword),
        }
    }

    /// The password was right and the nonce is ours and fresh; the count must be new.
    fn admit(
        &mut self,
        now: Time,
        proof: Proof,
        nc: u32,
        given: &Credentials<'_>,
    ) -> Result<Verified, AuthError> {
        self.replays.expire(now, self.mint.lifetime());
        self.replays.take(proof, nc)?;
        Ok(Verified {
            user: given.username.clone().into_owned(),
        })
    }
}

/// The first credentials for this realm in either header.
fn credentials_for<'a>(headers: &'a Headers, realm: &str) -> Result<Credentials<'a>, AuthError> {
    const BOTH: [HeaderName; 2] = [HeaderName::Authorization, HeaderName::ProxyAuthorization];
    let mut error = AuthError::NoCredentials;
    for value in BOTH.into_iter().flat_map(|name| headers.lines(name)) {
        match Credentials::parse(value) {
            Some(given) if given.realm == realm => return Ok(given),
            Some(_) => error = AuthError::WrongRealm,
            None if is_digest(value) && error == AuthError::NoCredentials => {
                error = AuthError::Malformed
            }
            None => {}
        }
    }
    Err(error)
}

fn is_digest(value: &[u8]) -> bool {
    value
        .get(..6)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"Digest"))
}

/// Nonce count and client nonce, where qop is `auth` and both are well formed.
fn counted<'a>(given: &'a Credentials<'_>) -> Option<(u32, &'a str)> {
    let nc = given
        .nc
        .as_deref()
        .filter(|nc| nc.len() == 8 && nc.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    let qop = given.qop.as_deref()?;
    let cnonce = given
        .cnonce
        .as_deref()
        .filter(|cnonce| !cnonce.is_empty())?;
    let nc = u32::from_str_radix(nc, 16).ok().filter(|nc| *nc > 0)?;
    qop.eq_ignore_ascii_case("auth").then_some((nc, cnonce))
}

/// Whether the hashed URI is the request's. Parameters may differ, since some clients leave them out (RFC 3261 section 22.4
/// lets elements on the way change the Request-URI; those that authenticate to us send it to us directly).
fn is_request_uri(given: &str, request: &Request) -> bool {
    if given.as_bytes() == request.uri_bytes() {
        return true;
    }
    match (Uri::parse(given.as_bytes()), request.uri()) {
        (Ok(given), Ok(uri)) => {
            given.scheme() == uri.scheme()
                && given.user_decoded() == uri.user_decoded()
                && given.port() == uri.port()
                && matches!((given.host(), uri.host()), (Some(one), Some(two)) if one.same_as(&two))
        }
        _ => false,
    }
}

/// A quoted string; what cannot stand in one is left out.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        if matches!(letter, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;
