//! URIs: written back as they came, compared by the RFC's rules, refused where they are none.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use cordboard_sip::Fault;
use cordboard_sip::message::{Host, NameAddr, Uri};

#[test]
fn escapes_are_printed_back_as_they_came() {
    let uri = Uri::parse(b"sip:%61@h").unwrap();
    assert_eq!(uri.to_string(), "sip:%61@h");
    assert_eq!(uri.user_decoded().as_deref(), Some("a"));
    assert!(uri.same_as(&"sip:a@H".parse().unwrap()));
}

#[test]
fn uris_compare_by_the_rules_of_the_rfc() {
    let same = |one: &str, two: &str| {
        let (one, two): (Uri, Uri) = (one.parse().unwrap(), two.parse().unwrap());
        assert_eq!(one.same_as(&two), two.same_as(&one), "{one} {two}");
        one.same_as(&two)
    };
    assert!(same(
        "sip:%61lice@atlanta.com;transport=TCP",
        "sip:alice@AtlanTa.CoM;Transport=tcp"
    ));
    assert!(same(
        "sip:carol@chicago.com",
        "sip:carol@chicago.com;newparam=5"
    ));
    assert!(same(
        "sip:carol@chicago.com;newparam=5",
        "sip:carol@chicago.com;security=on"
    ));
    assert!(same(
        "sip:biloxi.com;transport=tcp;method=REGISTER",
        "sip:biloxi.com;method=REGISTER;transport=tcp"
    ));
    assert!(same(
        "sip:a@b?subject=x&priority=urgent",
        "sip:a@b?priority=urgent&subject=x"
    ));
    assert!(!same(
        "SIP:ALICE@AtLanTa.CoM;Transport=udp",
        "sip:alice@AtLanTa.CoM;Transport=UDP"
    ));
    assert!(!same("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"));
    assert!(!same(
        "sip:bob@biloxi.com",
        "sip:bob@biloxi.com;transport=udp"
    ));
    assert!(!same(
        "sip:carol@chicago.com;security=on",
        "sip:carol@chicago.com;security=off"
    ));
    assert!(!same(
        "sip:carol@chicago.com",
        "sip:carol@chicago.com?Subject=next"
    ));
    assert!(!same("sip:a@h", "sips:a@h"));
}

#[test]
fn uris_that_are_none_are_refused() {
    let bad = [
        "",
        "sip",
        "sip:",
        ":a@b",
        "1sip:a@b",
        "sip:@h",
        "sip:a@",
        "sip:a@b@c",
        "sip:a b@h",
        "sip:a@h:",
        "sip:a@h:x",
        "sip:a@h:65536",
        "sip:a@h;;x",
        "sip:a@h;",
        "sip:a@h;=1",
        "sip:a%4@h",
        "sip:a%zz@h",
        "sip:a@[::1",
        "sip:a@::1",
        "sip:a@[1.2.3.4]",
        "sip:a@h<",
        "sip:\"a\"@h",
        "sip:a@h\r\nX: y",
        "tel:",
        "tel:;x=1",
        "tel:abcxyz",
        "sip:a@h/x",
    ];
    for text in bad {
        assert_eq!(
            Uri::parse(text.as_bytes()).map_err(|error| error.fault()),
            Err(Fault::Uri),
            "{text:?}"
        );
    }
}

#[test]
fn numbers_and_names_are_hosts_where_they_are_no_addresses() {
    let host = |text: &str| {
        text.parse::<Uri>()
            .unwrap()
            .host()
            .map(|host| host.to_string())
    };
    for (text, expected) in [
        ("sip:12345", "12345"),
        ("sip:a@my_host.local.", "my_host.local."),
        ("sip:a@999.1.1.1", "999.1.1.1"),
        ("sip:a@[2001:DB8:0::1]:5060", "[2001:db8::1]"),
    ] {
        assert_eq!(host(text).as_deref(), Some(expected));
    }
    assert_eq!(
        host("sip:[2001:db8:::192.0.2.1]"),
        host("sip:[2001:db8::192.0.2.1]")
    );
    assert_eq!(host("sip:[:::192.0.2.1]"), host("sip:[::192.0.2.1]"));
    for bad in [
        "sip:[2001:db8:::10]",
        "sip:[2001:db8::::192.0.2.1]",
        "sip:[2001:db8::1:::192.0.2.1]",
    ] {
        assert!(Uri::parse(bad.as_bytes()).is_err(), "{bad}");
    }
    assert!(Host::Name("Example.COM").same_as(&Host::Name("example.com")));
    assert!(!Host::Name("192.0.2.1").same_as(&Host::V4("192.0.2.1".parse().unwrap())));
}

#[test]
fn parameters_are_read_as_they_stand() {
    let uri: Uri = "sip:a@h;transport=tcp;lr;x=%41".parse().unwrap();
    let all: Vec<_> = uri.params().iter().collect();
    assert_eq!(
        all,
        [("transport", Some("tcp")), ("lr", None), ("x", Some("%41"))]
    );
    assert_eq!((uri.param("LR"), uri.param("y")), (Some(""), None));
    let address = NameAddr::parse(b"<sip:a@h>;x=\"a;b\\\"c\" ; y = z").unwrap();
    assert_eq!(address.params().unquoted("x").as_deref(), Some("a;b\"c"));
    assert_eq!(address.param("y"), Some("z"));
}

#[test]
fn addresses_that_are_none_are_refused() {
    let bad = [
        "",
        "<>",
        "<sip:a@h",
        "sip:a@h>",
        "\"A <sip:a@h>",
        "A, B <sip:a@h>",
        "<sip:a@h> x",
        "<sip:a@h>;",
        "<sip:a@h>;;x",
        "<sip:a@h>;=x",
        "<sip:a@h>;a b=c",
        "<sip:a@h>;x=\"y",
        "sip:a@h?x=y",
        "sip:a,b@h",
        "\"A\" sip:a@h",
        "< sip:a@h>",
    ];
    for text in bad {
        assert!(NameAddr::parse(text.as_bytes()).is_err(), "{text:?}");
    }
}

#[test]
fn parameters_are_bounded() {
    let with = |count: usize| Uri::parse(format!("sip:h{}", ";x=1".repeat(count)).as_bytes());
    assert!(with(64).is_ok());
    assert_eq!(with(65).unwrap_err().fault(), Fault::Uri);
}
