//! Transactions: the four machines of RFC 3261 section 17, corrected by RFC 6026.
//!
//! Each machine is one table in one file. A machine owns no bytes and no timers: it is fed an
//! input and says in a [`Step`] what its endpoint shall do. Every machine has two timer slots,
//! which name the RFC's letters by state:
//!
//! | machine | `Resend` | `Limit` |
//! |---|---|---|
//! | client INVITE | A | B, D in Completed, M in Accepted |
//! | client other | E | F, K in Completed |
//! | server INVITE | G | H, I in Confirmed, L in Accepted |
//! | server other | none | J; in Trying the time after which the client has given up |

mod client_invite;
mod client_other;
pub(crate) mod key;
mod server_invite;
mod server_other;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use client_invite::ClientInvite;
pub use client_other::ClientOther;
pub use server_invite::ServerInvite;
pub use server_other::ServerOther;

/// The base intervals of RFC 3261 17.1.1.1, and whether the transport is reliable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Round-trip estimate, 500 ms by default.
    pub t1: Duration,
    /// Longest interval of non-INVITE requests and INVITE responses, 4 s by default.
    pub t2: Duration,
    /// How long a message may live in the network, 5 s by default.
    pub t4: Duration,
    /// TCP and the like: no retransmissions, no waiting for stray copies.
    pub reliable: bool,
}

impl Timing {
    /// 64*T1: how long a transaction tries.
    pub fn patience(&self) -> Duration {
        self.t1 * 64
    }

    fn linger(&self, unreliable: Duration) -> Change {
        Change::In(if self.reliable {
            Duration::ZERO
        } else {
            unreliable
        })
    }

    fn first_resend(&self) -> Change {
        if self.reliable {
            Change::Stop
        } else {
            Change::In(self.t1)
        }
    }
}

/// What happens to one of the two timer slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change {
    /// It goes on as it was.
    #[default]
    Keep,
    /// It is disarmed.
    Stop,
    /// It is armed anew; zero means that the transaction ends at once.
    In(Duration),
}

/// Why a transaction is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It did its work.
    Done,
    /// Timer B, F or H: nobody answered.
    TimedOut,
    /// The transport failed.
    Transport,
}

/// What the endpoint shall do after an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Send the stored message (the request, or the last reply) again, or the new one.
    pub send: bool,
    /// Send the ACK that belongs to this failure response.
    pub ack: bool,
    /// Hand the input to the user of the transaction.
    pub deliver: bool,
    /// The retransmission slot.
    pub resend: Change,
    /// The life-time slot.
    pub limit: Change,
    /// The transaction is over.
    pub end: Option<End>,
    /// The table has no row for this input: count it, nothing else.
    pub ignored: bool,
}

impl Step {
    const fn new() -> Self {
        Self {
            send: false,
            ack: false,
            deliver: false,
            resend: Change::Keep,
            limit: Change::Keep,
            end: None,
            ignored: false,
        }
    }

    fn ignored() -> Self {
        Self {
            ignored: true,
            ..Self::new()
        }
    }

    fn nothing() -> Self {
        Self::new()
    }

    fn send() -> Self {
        Self::new().and_send()
    }

    fn deliver() -> Self {
        Self::new().and_deliver()
    }

    fn over(end: End) -> Self {
        Self {
            end: Some(end),
            resend: Change::Stop,
            limit: Change::Stop,
            ..Self::new()
        }
    }

    fn and_send(mut self) -> Self {
        self.send = true;
        self
    }

    fn and_ack(mut self) -> Self {
        self.ack = true;
        self
    }

    fn and_deliver(mut self) -> Self {
        self.deliver = true;
        self
    }

    fn resend(mut self, change: Change) -> Self {
        self.resend = change;
        self
    }

    /// Sets the life-time slot; a life of zero is over at once.
    fn limit(mut self, change: Change) -> Self {
        self.limit = change;
        if change == Change::In(Duration::ZERO) {
            self.limit = Change::Stop;
            self.end = Some(End::Done);
        }
        self
    }
}

/// What a client transaction is fed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientInput {
    /// 100..199 came.
    Provisional,
    /// 200..299 came.
    Success,
    /// 300..699 came.
    Failure,
    /// The retransmission timer fired.
    Resend,
    /// The life-time timer fired.
    Limit,
    /// The transport says that the request cannot be delivered.
    TransportFailed,
}

impl ClientInput {
    /// The input that a response of this status code is.
    pub fn of_status(code: u16) -> Self {
        match code {
            0..=199 => Self::Provisional,
            200..=299 => Self::Success,
            _ => Self::Failure,
        }
    }
}

/// What a server transaction is fed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerInput {
    /// The request came again.
    Request,
    /// An ACK with the transaction's branch came.
    Ack,
    /// The user sends 100..199.
    Provisional,
    /// The user sends 200..299.
    Success,
    /// The user sends 300..699.
    Failure,
    /// The retransmission timer fired.
    Resend,
    /// The life-time timer fired.
    Limit,
    /// The transport says that the response cannot be delivered.
    TransportFailed,
}

impl ServerInput {
    /// The input that sending this status code is.
    pub fn of_status(code: u16) -> Self {
        match code {
            0..=199 => Self::Provisional,
            200..=299 => Self::Success,
            _ => Self::Failure,
        }
    }
}
