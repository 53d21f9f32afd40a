//! What may go wrong with a store, sorted by what the caller can do about it.

use std::future::Future;
use std::pin::Pin;

/// A store's answer that is on its way. Boxed, so that the traits stay object-safe.
pub type Task<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Why a store did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database does not answer, is locked, or its disk is full: ask again later.
    #[error("the store is not available now: {0}")]
    Unavailable(String),
    /// The database refuses this request; asking again will not help.
    #[error("the store refused the request: {0}")]
    Refused(String),
    /// What is stored cannot be read as what it should be.
    #[error("the store holds damaged data: {0}")]
    Damaged(String),
    /// The journal is already further than the batch that was offered (nothing was written).
    #[error("the journal of a tenant is already past the offered batch")]
    Position,
    /// A value, a key or all values of a place are larger than allowed.
    #[error("over the limit: {0}")]
    Limit(String),
    /// An increment met a value that is no whole number, or would leave the range of numbers.
    #[error("the value is not a whole number within +-2^53")]
    NotANumber,
}

impl StoreError {
    /// True when the same request may succeed later.
    pub fn is_passing(&self) -> bool {
        matches!(self, StoreError::Unavailable(_))
    }
}
