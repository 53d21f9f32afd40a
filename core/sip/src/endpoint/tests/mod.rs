//! Stories of endpoints, in virtual time over a tiny seeded network.

mod calls;
mod cancel;
mod chance;
mod flood;
mod midcall;
mod net;
mod peer;

use net::{Net, sdp};
