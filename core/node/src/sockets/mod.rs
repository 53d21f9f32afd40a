//! Signalling's sockets: UDP in batches on the shard's own thread, TCP on the runtime.

pub mod tcp;
pub mod udp;
