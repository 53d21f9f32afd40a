//! Bindings: where users are now (RFC 3261 section 10), kept so that they survive a restart.
//!
//! A binding is one contact URI of one user. The node's registrar decides everything; the store
//! only remembers. Writing behind the registrar's back-pressure is the node's part.

use serde::{Deserialize, Serialize};

use crate::error::Task;

/// One contact of one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Whose user it is.
    pub tenant: String,
    /// The user.
    pub user: String,
    /// The contact URI as registered; with tenant and user it is the binding's key.
    pub contact: String,
    /// The flow that requests to it take: `udp 10.0.0.5:5060`.
    pub flow: String,
    /// Path of RFC 3327, outermost first, as one header value; empty where there is none.
    pub path: String,
    /// Call-ID of the REGISTER that set it.
    pub sip_call_id: String,
    /// CSeq number of that REGISTER.
    pub cseq: u32,
    /// `+sip.instance` of RFC 5626, if the device has one.
    pub instance: Option<String>,
    /// When it ends, in Unix milliseconds.
    pub expires_at_ms: u64,
    /// The device's User-Agent text; empty where it has none.
    pub user_agent: String,
}

/// Keeps bindings.
pub trait BindingStore: Send + Sync {
    /// Sets these bindings, each replacing the one with its key, all or none.
    fn put_bindings<'a>(&'a self, bindings: &'a [Binding]) -> Task<'a, ()>;
    /// Removes one binding; false when it was not there.
    fn delete_binding<'a>(
        &'a self,
        tenant: &'a str,
        user: &'a str,
        contact: &'a str,
    ) -> Task<'a, bool>;
    /// All bindings that end after `now_ms`; the others are forgotten on the way.
    fn load_bindings(&self, now_ms: u64) -> Task<'_, Vec<Binding>>;
}
