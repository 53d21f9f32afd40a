//! What an endpoint does with each message of RFC 4475 that a stranger sends it.
//! tidy: table

#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use bytes::Bytes;
use cordboard_sip::{Config, Endpoint, Event, Flow, Output, Transport};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Reaction {
    /// Answered with this status, and nothing is kept.
    Answers(u16),
    /// Its user is asked.
    Asks,
    /// Neither.
    Silent,
}

use Reaction::{Answers, Asks, Silent};

/// Message, what the RFC wants of a UAS, what ours does.
const TABLE: [(&str, &str, Reaction); 49] = [
    ("wsinv", "in a dialog that is not ours", Answers(481)),
    ("intmeth", "unknown method", Answers(501)),
    ("esc01", "valid INVITE", Asks),
    ("escnull", "valid REGISTER", Asks),
    ("esc02", "unknown method RE%47IST%45R", Answers(501)),
    ("lwsdisp", "valid OPTIONS", Asks),
    ("longreq", "valid INVITE", Asks),
    ("dblreq", "valid REGISTER", Asks),
    ("semiuri", "valid OPTIONS", Asks),
    ("transports", "valid OPTIONS", Asks),
    ("mpart01", "MESSAGE, which we do not take", Answers(405)),
    ("unreason", "a response of nobody", Silent),
    ("noreason", "a response of nobody", Silent),
    ("badinv01", "400", Answers(400)),
    ("clerr", "400", Answers(400)),
    ("ncl", "400", Answers(400)),
    ("scalar02", "400", Answers(400)),
    ("scalarlg", "a response with bad numbers", Silent),
    ("quotbal", "400", Answers(400)),
    ("ltgtruri", "400", Answers(400)),
    ("lwsruri", "400", Answers(400)),
    ("lwsstart", "400", Answers(400)),
    ("trws", "400", Answers(400)),
    ("escruri", "400", Answers(400)),
    ("baddate", "the Date is nobody's business", Asks),
    ("regbadct", "400", Answers(400)),
    ("badaspec", "400", Answers(400)),
    ("baddn", "400", Answers(400)),
    ("badvers", "505", Answers(505)),
    ("mismatch01", "400", Answers(400)),
    ("mismatch02", "400 or 501", Answers(400)),
    ("bigcode", "a response with a bad status", Silent),
    ("badbranch", "400", Answers(400)),
    ("insuf", "400", Answers(400)),
    ("unkscm", "416", Answers(416)),
    ("novelsc", "416", Answers(416)),
    ("unksm2", "its user decides", Asks),
    ("bext01", "420 with Unsupported", Answers(420)),
    ("invut", "415 with Accept", Answers(415)),
    ("regaut01", "its user challenges", Asks),
    ("multi01", "400", Answers(400)),
    ("mcl01", "400", Answers(400)),
    ("bcast", "a response whose Via is not ours", Silent),
    ("zeromf", "OPTIONS with Max-Forwards 0 has arrived", Asks),
    ("cparam01", "valid REGISTER", Asks),
    ("cparam02", "valid REGISTER", Asks),
    ("regescrt", "valid REGISTER", Asks),
    ("sdp01", "406", Answers(406)),
    ("inv2543", "an INVITE of RFC 2543", Asks),
];

fn reaction(bytes: Bytes) -> Reaction {
    let mut endpoint = Endpoint::new(Config::default());
    let flow = Flow {
        transport: Transport::Udp,
        local: "192.0.2.1:5060".parse().unwrap(),
        remote: "192.0.2.9:5060".parse().unwrap(),
        connection: 0,
    };
    endpoint.handle_message(Duration::ZERO, flow, bytes);
    let seen = match endpoint.poll() {
        None => Silent,
        Some(Output::Event(Event::Request(_))) => Asks,
        Some(Output::Transmit { bytes, .. }) => {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let code = text.get(8..11).and_then(|code| code.parse().ok());
            Answers(code.unwrap_or_else(|| panic!("{text}")))
        }
        other => panic!("{other:?}"),
    };
    assert!(endpoint.poll().is_none());
    assert_eq!(endpoint.counters().transactions_total, 0);
    assert_eq!(endpoint.next_timeout(), None);
    seen
}

#[test]
fn reacts_to_every_message_of_rfc_4475_without_keeping_anything() {
    let mut wrong = Vec::new();
    for (name, wanted, expected) in TABLE {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/torture/rfc4475");
        let bytes = std::fs::read(format!("{folder}/{name}.dat")).unwrap();
        let seen = reaction(bytes.into());
        if seen != expected {
            wrong.push(format!(
                "{name}: {wanted}: {seen:?} instead of {expected:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
