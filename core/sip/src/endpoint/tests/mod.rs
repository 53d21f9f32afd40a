//! Stories of endpoints, in virtual time over a tiny seeded network.

mod calls;
mod net;

use net::{Net, sdp};
