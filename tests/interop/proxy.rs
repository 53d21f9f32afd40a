//! Kamailio between us and a carrier: a proxy that record-routes, so that every later request of
//! the call has to go by it.

use std::path::Path;

use cordboard_tests::baresip::{Baresip, Setup};
use cordboard_tests::ports;
use cordboard_tests::programs::{Child, wanted};
use cordboard_tests::sipp::{BYE_COMES, PROVISIONAL, Run, Sipp, answered, invite, response};
use cordboard_tests::switch::{Plan, Switch};
use cordboard_tests::wait::{s, until};

use super::USERS;

/// Sends what comes from the switch to `far`, and everything else to the switch.
fn kamailio(switch: &Switch, own: u16, far: u16) -> Child {
    let folder = switch.root().join("kamailio");
    std::fs::create_dir_all(folder.join("run")).unwrap();
    let modules = ["sl", "tm", "rr", "pv", "maxfwd", "siputils"]
        .map(|m| format!("loadmodule \"{m}.so\"\n"))
        .concat();
    let settings = format!(
        "debug=1\nlog_stderror=yes\nfork=yes\nchildren=1\ndisable_tcp=yes\nlisten=udp:127.0.0.1:{own}\n{modules}\
request_route {{
    if (has_totag()) {{
        if (!loose_route()) {{ sl_send_reply(\"404\", \"Not Here\"); exit; }}
        t_relay();
        exit;
    }}
    if (method == \"CANCEL\") {{ t_relay(); exit; }}
    record_route();
    if ($sp == {switch_port}) {{ $du = \"sip:127.0.0.1:{far}\"; }} else {{ $du = \"sip:127.0.0.1:{switch_port}\"; }}
    t_relay();
}}
",
        switch_port = switch.sip
    );
    let config = folder.join("kamailio.cfg");
    std::fs::write(&config, settings).unwrap();
    Child::start(
        &folder,
        "kamailio",
        Path::new("/usr/sbin/kamailio"),
        |command| {
            command
                .arg("-f")
                .arg(&config)
                .args(["-m", "32", "-M", "4", "-DD", "-E"]);
            command
                .arg("-P")
                .arg(folder.join("kamailio.pid"))
                .arg("-Y")
                .arg(folder.join("run"));
        },
    )
    .with_children()
}

fn listens(proxy: &mut Child, port: u16) {
    until("kamailio listens", s(10), || {
        assert!(
            proxy.ended().is_none(),
            "kamailio ended:\n{}",
            proxy.printed()
        );
        std::net::UdpSocket::bind(("127.0.0.1", port))
            .is_err()
            .then_some(())
    });
}

/// R2, X3: calls out and in by a proxy that stays in the path: the BYE of either side goes its way.
#[test]
fn calls_go_through_a_proxy_that_stays_in_the_path() {
    let Some(_place) = wanted(&["baresip", "sipp", "kamailio"]) else {
        return;
    };
    let (own, far) = (ports::one(), ports::one());
    let routes = format!(
        "trunk far {{ address \"127.0.0.1:{own}\"; }}\noutbound out match=\"0x{{9,10}}\" {{ trunk far timeout=\"10s\"; }}\n\
         did \"+442079460100\" {{\n    play bye\n    hangup\n}}\n"
    );
    let switch = Plan::demo("proxy", &format!("{USERS}{routes}")).start();
    let mut proxy = kamailio(&switch, own, far);
    listens(&mut proxy, own);

    let scenario = format!(
        "<recv request=\"INVITE\"></recv>\n{}<recv request=\"ACK\"></recv>\n{BYE_COMES}",
        response("200 OK", true)
    );
    let carrier = Sipp::start(
        &switch,
        &Run {
            scenario: &scenario,
            port: Some(far),
            answers: true,
            ..Run::default()
        },
    );
    let mut alice = Baresip::registered(&switch, &Setup::default());
    alice.dial("02071112222");
    alice.wait("CALL_ESTABLISHED");
    let answered_by = switch.events.wait("the far leg answers", s(10), |e| {
        e["topic"] == "leg.answered" && e["leg"] == 2
    });
    let route = answered_by["data"]["dialog"]["route_set"][0]
        .as_str()
        .unwrap_or_default();
    assert!(route.contains(&own.to_string()), "{answered_by}");
    alice.command("hangup", "");
    carrier.passes(s(15));

    let mark = switch.events.mark();
    let scenario = format!("{}{PROVISIONAL}{}{BYE_COMES}", invite("", ""), answered());
    let run = Run {
        scenario: &scenario,
        port: Some(far),
        to: Some(own),
        number: "+442079460100",
        ..Run::default()
    };
    Sipp::start(&switch, &run).passes(s(15));
    let cdrs = switch.cdrs(&switch.events.call_from(mark));
    assert_eq!(
        (&cdrs[0]["result"], &cdrs[0]["ended_by"]),
        (&"answered".into(), &"local".into()),
        "{cdrs:#?}"
    );
}
