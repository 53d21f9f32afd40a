//! Secrets: digest hashes of users, named secrets of tenants, and the node's own.
//!
//! A password is never kept, only its HA1 (RFC 8760 section 2.6: H(user ":" realm ":" password)),
//! once by MD5 and once by SHA-256. No secret is ever printed by `Debug`.

use std::fmt;

use crate::error::Task;

/// A text that must not be seen by chance. `Debug` prints `Secret(..)`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself: only where it is used or shown on purpose.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A user's digest hashes, lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ha1 {
    /// By MD5, 32 digits.
    pub md5: Secret,
    /// By SHA-256, 64 digits.
    pub sha256: Secret,
}

/// Keeps secrets. All errors are [`StoreError`](crate::StoreError)s.
pub trait SecretStore: Send + Sync {
    /// The hashes of one user.
    fn ha1<'a>(&'a self, tenant: &'a str, user: &'a str) -> Task<'a, Option<Ha1>>;
    /// The hashes of all users of a tenant, by name; the node keeps them at hand.
    fn all_ha1<'a>(&'a self, tenant: &'a str) -> Task<'a, Vec<(String, Ha1)>>;
    /// Sets the hashes of one user.
    fn put_ha1<'a>(&'a self, tenant: &'a str, user: &'a str, ha1: Ha1) -> Task<'a, ()>;
    /// Removes them; false when there were none.
    fn delete_ha1<'a>(&'a self, tenant: &'a str, user: &'a str) -> Task<'a, bool>;

    /// A tenant's secret by name (`(secret)"acme-crm"` in its dialplan).
    fn secret<'a>(&'a self, tenant: &'a str, name: &'a str) -> Task<'a, Option<Secret>>;
    /// Names of a tenant's secrets.
    fn secret_names<'a>(&'a self, tenant: &'a str) -> Task<'a, Vec<String>>;
    /// Sets a tenant's secret.
    fn put_secret<'a>(&'a self, tenant: &'a str, name: &'a str, value: Secret) -> Task<'a, ()>;
    /// Removes it; false when there was none.
    fn delete_secret<'a>(&'a self, tenant: &'a str, name: &'a str) -> Task<'a, bool>;

    /// A secret of the node itself: the nonce key, the console's token.
    fn node_secret<'a>(&'a self, name: &'a str) -> Task<'a, Option<Secret>>;
    /// Sets it.
    fn put_node_secret<'a>(&'a self, name: &'a str, value: Secret) -> Task<'a, ()>;
}
