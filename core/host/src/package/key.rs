//! Keys that sign packages, and those that are trusted, by name (Ed25519, RFC 8032).
//!
//! A key's text is `ed25519 HEX`, 32 bytes; a secret one is `ed25519-secret HEX` and stays with
//! its owner. Trusted keys lie in the data folder, one file a name, `keys/NAME.pub`.

use std::collections::BTreeMap;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::{hex, unhex};

/// Most trusted keys.
const KEYS_MAX: usize = 1_000;

/// A text that is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no key: a key is `ed25519 ` and 64 digits of 0-9 a-f")]
pub struct KeyError;

/// A key that signs.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    seed: [u8; 32],
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", key_text(&self.public()))
    }
}

impl SigningKey {
    /// The key of a seed: 32 random bytes, kept secret.
    ///
    /// # Errors
    /// Never for 32 bytes; the library's signature has one.
    pub fn from_seed(seed: [u8; 32]) -> Result<SigningKey, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyError)?;
        Ok(SigningKey { pair, seed })
    }

    /// Reads a secret key's text.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<SigningKey, KeyError> {
        let digits = text
            .trim()
            .strip_prefix("ed25519-secret ")
            .ok_or(KeyError)?;
        SigningKey::from_seed(unhex(digits.trim()).ok_or(KeyError)?)
    }

    /// The secret key's text, for its owner's file.
    pub fn secret_text(&self) -> String {
        format!("ed25519-secret {}", hex(&self.seed))
    }

    /// The public half.
    pub fn public(&self) -> [u8; 32] {
        let mut public = [0u8; 32];
        for (slot, byte) in public.iter_mut().zip(self.pair.public_key().as_ref()) {
            *slot = *byte;
        }
        public
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

/// True when `signature` is the key's over `message`.
pub(super) fn is_signed(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let key = UnparsedPublicKey::new(&ED25519, key);
    key.verify(message, signature).is_ok()
}

/// The text of a public key.
pub fn key_text(key: &[u8; 32]) -> String {
    format!("ed25519 {}", hex(key))
}

/// Reads the text of a public key.
///
/// # Errors
/// It is none.
pub fn parse_key(text: &str) -> Result<[u8; 32], KeyError> {
    let digits = text.trim().strip_prefix("ed25519 ").ok_or(KeyError)?;
    unhex(digits.trim()).ok_or(KeyError)
}

/// Keys that are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedKeys {
    by_name: BTreeMap<String, [u8; 32]>,
}

impl TrustedKeys {
    /// Trusts a key under a name; the same name again replaces its key.
    ///
    /// # Errors
    /// There are 1,000 already.
    pub fn trust(&mut self, name: &str, key: [u8; 32]) -> Result<(), String> {
        if self.by_name.len() >= KEYS_MAX && !self.by_name.contains_key(name) {
            return Err(format!("{KEYS_MAX} trusted keys are the most"));
        }
        self.by_name.insert(name.to_owned(), key);
        Ok(())
    }

    /// The name under which a key is trusted.
    pub fn name_of(&self, key: &[u8; 32]) -> Option<&str> {
        let found = self
            .by_name
            .iter()
            .find(|(_, known)| known.as_slice() == key.as_slice());
        found.map(|(name, _)| name.as_str())
    }

    /// Names and keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8; 32])> {
        self.by_name.iter().map(|(name, key)| (name.as_str(), key))
    }
}
