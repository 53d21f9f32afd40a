//! Stories of devices that come and go.

use super::*;
use cordboard_sip::Transport;

fn flow(port: u16) -> Flow {
    Flow {
        transport: Transport::Udp,
        local: "127.0.0.1:5060".parse().unwrap(),
        remote: ([127, 0, 0, 1], port).into(),
        connection: 0,
    }
}

fn alice() -> UserKey {
    ("demo".into(), "alice".into())
}

fn ask<'a>(uri: &'a str, cseq: u32, expires: u32) -> Registration<'a> {
    Registration {
        contacts: vec![(uri, None)],
        all: false,
        expires: Some(expires),
        call_id: "one",
        cseq,
        flow: flow(5071),
        device: "phone",
        nat: false,
    }
}

#[test]
fn two_devices_ring_and_one_leaves() {
    let mut registrar = Registrar::default();
    registrar
        .register(0, &alice(), &ask("sip:a@1", 1, 60), 5)
        .unwrap();
    registrar
        .register(0, &alice(), &ask("sip:a@2", 2, 60), 5)
        .unwrap();
    assert_eq!(registrar.bindings(&alice(), 1).count(), 2);
    registrar
        .register(1, &alice(), &ask("sip:a@1", 3, 0), 5)
        .unwrap();
    let left: Vec<_> = registrar
        .bindings(&alice(), 1)
        .map(|b| b.uri.as_str())
        .collect();
    assert_eq!(left, ["sip:a@2"]);
    assert_eq!(registrar.take_changes().len(), 3);
}

#[test]
fn refusals_change_nothing() {
    let mut registrar = Registrar::default();
    registrar
        .register(0, &alice(), &ask("sip:a@1", 5, 60), 1)
        .unwrap();
    registrar.take_changes();
    assert_eq!(
        registrar.register(0, &alice(), &ask("sip:a@1", 6, 59), 1),
        Err(RegisterError::TooBrief)
    );
    assert_eq!(
        registrar.register(0, &alice(), &ask("sip:a@1", 5, 60), 1),
        Err(RegisterError::OutOfOrder)
    );
    assert_eq!(
        registrar.register(0, &alice(), &ask("sip:a@2", 6, 60), 1),
        Err(RegisterError::TooMany)
    );
    let star = Registration {
        contacts: vec![],
        all: true,
        ..ask("", 7, 60)
    };
    assert_eq!(
        registrar.register(0, &alice(), &star, 1),
        Err(RegisterError::BadStar)
    );
    assert_eq!(registrar.bindings(&alice(), 1).count(), 1);
    assert!(registrar.take_changes().is_empty());
}

#[test]
fn a_closed_connection_takes_its_bindings_and_no_others() {
    let mut registrar = Registrar::default();
    let over = |connection| Flow {
        transport: Transport::Tcp,
        connection,
        ..flow(5071)
    };
    for (uri, connection) in [("sip:a@1", 7), ("sip:a@2", 8)] {
        let ask = Registration {
            flow: over(connection),
            ..ask(uri, 1, 60)
        };
        registrar.register(0, &alice(), &ask, 5).unwrap();
    }
    registrar.flow_closed(over(9));
    assert_eq!(registrar.bindings(&alice(), 1).count(), 2);
    registrar.flow_closed(over(7));
    let left: Vec<_> = registrar
        .bindings(&alice(), 1)
        .map(|b| b.uri.as_str())
        .collect();
    assert_eq!(left, ["sip:a@2"]);
}

#[test]
fn a_device_that_spells_its_contact_anew_stays_one_device() {
    let mut registrar = Registrar::default();
    let spelled = [
        "sip:alice@Phone.example:5060;transport=tcp",
        "sip:%61lice@phone.example:5060;Transport=TCP",
    ];
    for (uri, cseq) in spelled.into_iter().zip(1..) {
        registrar
            .register(0, &alice(), &ask(uri, cseq, 60), 1)
            .unwrap();
    }
    let held: Vec<_> = registrar
        .bindings(&alice(), 1)
        .map(|b| b.uri.as_str())
        .collect();
    assert_eq!(held, [spelled[1]]);
    let changes = registrar.take_changes();
    let gone = BindingChange::Delete(alice(), spelled[0].to_owned());
    assert!(
        changes.contains(&gone),
        "the store forgets the old spelling"
    );
    registrar
        .register(1, &alice(), &ask(spelled[0], 3, 0), 1)
        .unwrap();
    assert_eq!(registrar.bindings(&alice(), 1).count(), 0);
    let gone = BindingChange::Delete(alice(), spelled[1].to_owned());
    assert_eq!(registrar.take_changes(), [gone]);
}

#[test]
fn star_removes_all_and_time_removes_the_rest() {
    let mut registrar = Registrar::default();
    registrar
        .register(0, &alice(), &ask("sip:a@1", 1, 60), 5)
        .unwrap();
    let star = Registration {
        contacts: vec![],
        all: true,
        ..ask("", 2, 0)
    };
    registrar.register(0, &alice(), &star, 5).unwrap();
    assert_eq!(registrar.bindings(&alice(), 1).count(), 0);
    registrar
        .register(0, &alice(), &ask("sip:a@1", 3, 60), 5)
        .unwrap();
    assert_eq!(registrar.bindings(&alice(), 60_000).count(), 0);
    registrar.expire(60_000);
    assert_eq!(registrar.users().count(), 0);
}
