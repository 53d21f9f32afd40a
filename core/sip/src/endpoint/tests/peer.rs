//! Hand-made peers: forks, proxies, NATs, old devices and the nasty messages of RFC 4475.

use super::net::{A, B, addr, ms};
use super::{Net, sdp};
use crate::endpoint::types::*;
use crate::message::Method;

const P: &str = "10.0.0.9:5060";

/// A request of the peer to B; `extra` are further header lines.
fn request(method: &str, branch: &str, extra: &str) -> String {
    format!(
        "{method} sip:bob@10.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK{branch}\n\
         From: \"P\" <sip:p@10.0.0.9>;tag=p1\nTo: <sip:bob@10.0.0.2>\nCall-ID: call-{branch}\nCSeq: 1 {method}\n{extra}\
         Content-Length: 0\n\n"
    )
}

fn last_mail(net: &mut Net) -> String {
    net.mail
        .pop_back()
        .map(|(_, text)| text)
        .unwrap_or_default()
}

fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let line = message.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_once(": "))
        .map_or("", |(_, value)| value)
}

/// The response of a peer to a request of ours.
fn answer_to(request: &str, code: &str, tag: &str, extra: &str) -> String {
    let keep = |name: &str| {
        let lines = request.lines().filter(|line| line.starts_with(name));
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    let to = format!("To: {};tag={tag}\n", header(request, "To"));
    let (via, from) = (keep("Via"), keep("From"));
    let (call_id, cseq) = (keep("Call-ID"), keep("CSeq"));
    format!("SIP/2.0 {code}\n{via}{from}{to}{call_id}{cseq}{extra}Content-Length: 0\n\n")
}

fn refusal(text: &str) -> (String, Net) {
    let mut net = Net::pair(1);
    net.say(P, B, text);
    let mail = last_mail(&mut net);
    assert!(net.event(B).is_none(), "nobody is asked");
    let counters = net.at(B).counters();
    assert_eq!(counters.transactions_total, 0, "and nothing is kept");
    (mail, net)
}

#[test]
fn unknown_methods_get_501_and_unwanted_ones_405_with_allow() {
    for (method, code) in [
        ("NEWMETHOD", "501"),
        ("!interesting-Method0123456789_*+`.%indeed'~", "501"),
        ("PUBLISH", "405"),
        ("SUBSCRIBE", "405"),
    ] {
        let (mail, _) = refusal(&request(method, "m", ""));
        assert!(mail.starts_with(&format!("SIP/2.0 {code}")), "{mail}");
        assert!(header(&mail, "Allow").contains("INVITE"));
        assert!(header(&mail, "To").contains(";tag="));
    }
}

#[test]
fn an_unknown_required_extension_gets_420_and_is_named() {
    let extra = "Require: nothingSupportsThis, nothingSupportsThisEither\nRequire: 100rel\n";
    let (mail, _) = refusal(&request("OPTIONS", "r", extra));
    assert!(mail.starts_with("SIP/2.0 420"), "{mail}");
    assert_eq!(
        header(&mail, "Unsupported"),
        "nothingSupportsThis, nothingSupportsThisEither, 100rel"
    );
}

#[test]
fn max_forwards_zero_ends_a_call_but_not_a_probe() {
    let (mail, _) = refusal(&request("INVITE", "z", "Max-Forwards: 0\n"));
    assert!(mail.starts_with("SIP/2.0 483"), "{mail}");
    let mut net = Net::pair(1);
    net.say(P, B, &request("OPTIONS", "z", "Max-Forwards: 0\n"));
    assert!(matches!(net.event(B), Some(Event::Request(_))));
}

#[test]
fn bodies_that_nobody_understands_get_415() {
    let text = request("INVITE", "b", "Content-Type: application/unknownformat\n")
        .replace("Content-Length: 0\n\n", "Content-Length: 3\n\nabc");
    let (mail, _) = refusal(&text);
    assert!(
        mail.starts_with("SIP/2.0 415") && header(&mail, "Accept") == "application/sdp",
        "{mail}"
    );
    let extra = "Content-Type: application/sdp\nContent-Encoding: gzip\n";
    let text =
        request("INVITE", "e", extra).replace("Content-Length: 0\n\n", "Content-Length: 3\n\nabc");
    let (mail, _) = refusal(&text);
    assert!(
        mail.starts_with("SIP/2.0 415") && header(&mail, "Accept-Encoding") == "identity",
        "{mail}"
    );
}

#[test]
fn a_bare_branch_cookie_and_a_wrong_cseq_method_get_400() {
    let (mail, _) = refusal(&request("OPTIONS", "", ""));
    assert!(mail.starts_with("SIP/2.0 400"), "{mail}");
    let text = request("OPTIONS", "q", "").replace("CSeq: 1 OPTIONS", "CSeq: 1 INVITE");
    let (mail, net) = refusal(&text);
    assert!(mail.starts_with("SIP/2.0 400"), "{mail}");
    let refused: Vec<_> = net.nodes[&addr(B)]
        .endpoint
        .counters()
        .refused_by_reason()
        .collect();
    assert_eq!(refused, [("cseq_method", 1)]);
}

#[test]
fn requests_of_unknown_dialogs_get_481_and_strange_acks_nothing() {
    for method in ["BYE", "INVITE", "INFO", "OPTIONS"] {
        let text = request(method, "u", "").replace(
            "To: <sip:bob@10.0.0.2>",
            "To: <sip:bob@10.0.0.2>;tag=nobody",
        );
        let (mail, _) = refusal(&text);
        assert!(mail.starts_with("SIP/2.0 481"), "{mail}");
    }
    let (mail, _) = refusal(&request("CANCEL", "u", ""));
    assert!(mail.starts_with("SIP/2.0 481"), "{mail}");
    let (mail, net) = refusal(&request("ACK", "u", ""));
    assert_eq!(mail, "");
    assert_eq!(net.nodes[&addr(B)].endpoint.counters().stray_acks, 1);
}

#[test]
fn a_request_merged_by_a_fork_gets_482() {
    let mut net = Net::pair(2);
    net.say(
        P,
        B,
        &request("INVITE", "one", "Contact: <sip:p@10.0.0.9>\n"),
    );
    net.accept(B);
    net.run_for(ms(10));
    net.mail.clear();
    let other = request("INVITE", "one", "").replace("z9hG4bKone", "z9hG4bKtwo");
    net.say(P, B, &other);
    assert!(last_mail(&mut net).starts_with("SIP/2.0 482"));
    assert!(net.event(B).is_none());
}

#[test]
fn answers_go_back_to_the_source_where_rport_asks() {
    let mut net = Net::pair(3);
    let nat = "203.0.113.5:34567";
    let text = request("OPTIONS", "n", "")
        .replace("10.0.0.9:5060;", "192.168.1.2:5060;rport;")
        .replace("v: x\n", "");
    net.say(nat, B, &text);
    let Some(Event::Request(new)) = net.event(B) else {
        panic!("OPTIONS was expected");
    };
    let now = net.now;
    net.at(B).respond(now, &new, 200, None, &[], None);
    net.run_for(ms(20));
    let (to, mail) = net.mail.pop_back().unwrap();
    assert_eq!(to, addr(nat));
    assert_eq!(
        header(&mail, "Via"),
        "SIP/2.0/UDP 192.168.1.2:5060;branch=z9hG4bKn;received=203.0.113.5;rport=34567"
    );
    assert!(
        header(&mail, "Allow").contains("OPTIONS") && header(&mail, "Accept") == "application/sdp"
    );
    // Without rport: to the port of the Via.
    let text = request("OPTIONS", "o", "").replace("10.0.0.9:5060;", "192.168.1.2:5070;");
    net.say(nat, B, &text);
    let Some(Event::Request(new)) = net.event(B) else {
        panic!("OPTIONS was expected");
    };
    net.at(B).respond_stateless(now, &new, 404, None, &[]);
    net.run_for(ms(20));
    assert_eq!(net.mail.pop_back().unwrap().0, addr("203.0.113.5:5070"));
}

#[test]
fn a_proxy_in_between_stays_in_the_path_both_ways() {
    let mut net = Net::pair(4);
    let routes = "Record-Route: <sip:10.0.0.9;lr>, <sip:p2.example;lr;x=1>\nContact: <sip:alice@192.168.7.7>\n";
    net.say(P, B, &request("INVITE", "rr", routes));
    let callee = net.accept(B);
    net.answer(B, callee);
    net.run_for(ms(10));
    let ok = last_mail(&mut net);
    assert!(
        ok.contains("Record-Route: <sip:10.0.0.9;lr>\r\nRecord-Route: <sip:p2.example;lr;x=1>\r\n"),
        "{ok}"
    );
    let tag = header(&ok, "To").split("tag=").nth(1).unwrap().to_owned();
    let ack = request("ACK", "rr-ack", "").replace(
        "To: <sip:bob@10.0.0.2>",
        &format!("To: <sip:bob@10.0.0.2>;tag={tag}"),
    );
    net.say(P, B, &ack.replace("call-rr-ack", "call-rr"));
    net.bye(B, callee);
    net.run_for(ms(20));
    let (to, bye) = net.mail.pop_back().unwrap();
    assert_eq!(to, addr(P));
    assert!(
        bye.starts_with("BYE sip:alice@192.168.7.7 SIP/2.0\r\n"),
        "{bye}"
    );
    assert!(
        bye.contains("Route: <sip:10.0.0.9;lr>\r\nRoute: <sip:p2.example;lr;x=1>\r\n"),
        "{bye}"
    );
}

#[test]
fn a_strict_router_is_put_into_the_request_uri() {
    let mut net = Net::pair(5);
    let caller = net.invite(A, P);
    net.run_for(ms(10));
    let invite = last_mail(&mut net);
    let extra =
        "Contact: <sip:bob@10.0.0.44:5062>\nRecord-Route: <sip:10.0.0.8;lr>, <sip:10.0.0.9:5060>\n";
    net.say(P, A, &answer_to(&invite, "200 OK", "x", extra));
    let (to, ack) = net.mail.pop_back().unwrap();
    assert_eq!(to, addr(P));
    assert!(
        ack.starts_with("ACK sip:10.0.0.9:5060 SIP/2.0\r\n"),
        "{ack}"
    );
    assert!(
        ack.contains("Route: <sip:10.0.0.8;lr>\r\nRoute: <sip:bob@10.0.0.44:5062>\r\n"),
        "{ack}"
    );
    assert_eq!(net.at(A).dialog(caller).unwrap().route_set.len(), 2);
}

#[test]
fn of_several_answers_the_first_wins_and_the_others_are_hung_up() {
    let mut net = Net::pair(6);
    let caller = net.invite(A, P);
    net.run_for(ms(10));
    let invite = last_mail(&mut net);
    let contact = "Contact: <sip:bob@10.0.0.9>\n";
    net.say(P, A, &answer_to(&invite, "180 Ringing", "one", contact));
    net.say(
        P,
        A,
        &answer_to(&invite, "183 Session Progress", "two", contact),
    );
    net.say(P, A, &answer_to(&invite, "200 OK", "two", contact));
    net.mail.clear();
    let late = answer_to(&invite, "200 OK", "one", contact);
    net.say(P, A, &late);
    net.say(P, A, &late);
    let sent: Vec<_> = net.mail.iter().map(|(_, text)| text.clone()).collect();
    assert!(sent[0].starts_with("ACK") && header(&sent[0], "To").ends_with("tag=one"));
    assert!(sent[1].starts_with("BYE") && header(&sent[1], "CSeq") == "2 BYE");
    assert!(
        sent[2].starts_with("ACK") && sent[2] == sent[0],
        "a copy gets its ACK, not a second BYE"
    );
    assert_eq!(sent.len(), 3);
    let told: Vec<_> = std::iter::from_fn(|| net.event(A)).collect();
    assert!(matches!(
        told[..],
        [
            Event::Provisional { .. },
            Event::Provisional { .. },
            Event::Answered { .. }
        ]
    ));
    assert_eq!(net.at(A).dialog(caller).unwrap().remote_tag, "two");
    assert_eq!(net.at(A).counters().forks_released, 1);
}

#[test]
fn responses_that_are_not_ours_are_counted_and_dropped() {
    let mut net = Net::pair(7);
    net.invite(A, P);
    net.run_for(ms(10));
    let invite = last_mail(&mut net);
    let ok = answer_to(&invite, "200 OK", "x", "");
    net.say(P, A, &ok.replace("branch=z9hG4bK", "branch=z9hG4bKx"));
    let via = format!("Via: {}\n", header(&invite, "Via"));
    net.say(
        P,
        A,
        &ok.replace(
            &via,
            &format!("{via}Via: SIP/2.0/UDP elsewhere;branch=z9hG4bKz\n"),
        ),
    );
    assert!(net.event(A).is_none());
    assert_eq!(net.at(A).counters().stray_responses, 2);
}

#[test]
fn a_device_without_branches_is_served() {
    let mut net = Net::pair(8);
    let old = |method: &str, tag: &str| {
        format!(
            "{method} sip:bob@10.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9:5060\nFrom: <sip:p@10.0.0.9>;tag=p1\n\
             To: <sip:bob@10.0.0.2>{tag}\nCall-ID: old\nCSeq: 1 {method}\nContact: <sip:p@10.0.0.9>\nContent-Length: 0\n\n"
        )
    };
    net.say(P, B, &old("INVITE", ""));
    let callee = net.accept(B);
    net.say(P, B, &old("INVITE", ""));
    assert_eq!(net.at(B).counters().retransmits_in, 1);
    let now = net.now;
    net.at(B).reject(now, callee, 486, None, &[]).unwrap();
    net.run_for(ms(10));
    let busy = last_mail(&mut net);
    let tag = header(&busy, "To").split("tag=").nth(1).unwrap().to_owned();
    net.say(P, B, &old("ACK", &format!(";tag={tag}")));
    net.run_until_idle();
    assert_eq!(net.sent("SIP/2.0 486"), 1);
    assert!(net.is_idle());
}

#[test]
fn an_old_cseq_in_a_dialog_gets_500() {
    let mut net = Net::pair(9);
    let (_, callee) = net.call();
    let view = net.at(B).dialog(callee).unwrap();
    let info = |number: u32| {
        format!(
            "INFO sip:bob@10.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKi{number}\n\
             From: <sip:alice@a.example>;tag={}\nTo: <sip:bob@b.example>;tag={}\nCall-ID: {}\nCSeq: {number} INFO\n\
             Content-Length: 0\n\n",
            view.remote_tag, view.local_tag, view.call_id
        )
    };
    net.say(A, B, &info(9));
    assert!(matches!(net.event(B), Some(Event::InDialog { .. })));
    net.say(A, B, &info(8));
    assert_eq!(net.sent("SIP/2.0 500"), 1);
    assert!(net.event(B).is_none());
    // A wrong tag of theirs is another dialog.
    net.say(A, B, &info(10).replace(&view.remote_tag, "forged"));
    assert_eq!(net.sent("SIP/2.0 481"), 1);
}

#[test]
fn a_header_cannot_be_smuggled_in() {
    let mut net = Net::pair(10);
    let (now, flow) = (net.now, net.flow(A, P));
    let probe = |headers: Vec<(String, String)>, to: &str| OutOfDialog {
        method: Method::Options,
        uri: "sip:10.0.0.9".into(),
        from: "sip:a@a.example".into(),
        to: to.into(),
        headers,
        body: None,
        advertise: addr(A),
    };
    let evil = vec![("X-A".to_owned(), "1\r\nX-B: 2".to_owned())];
    assert_eq!(
        net.at(A).request(now, flow, probe(evil, "sip:b@b")),
        Err(Refused::BadHeader)
    );
    let ours = vec![("Via".to_owned(), "SIP/2.0/UDP evil".to_owned())];
    assert_eq!(
        net.at(A).request(now, flow, probe(ours, "sip:b@b")),
        Err(Refused::BadHeader)
    );
    let crooked = net
        .at(A)
        .request(now, flow, probe(Vec::new(), "sip:b@b>\r\nX: <"));
    assert_eq!(crooked, Err(Refused::BadHeader));
    let good = net
        .at(A)
        .request(now, flow, probe(Vec::new(), "sip:b@b"))
        .unwrap();
    net.run_for(ms(10));
    let options = last_mail(&mut net);
    net.say(P, A, &answer_to(&options, "200 OK", "x", ""));
    assert!(matches!(net.event(A), Some(Event::Response { tx, code: 200, .. }) if tx == good));
    net.run_until_idle();
    assert!(net.is_idle());
}

#[test]
fn the_first_provisional_and_the_answer_carry_what_they_must() {
    let mut net = Net::pair(11);
    net.say(
        P,
        B,
        &request(
            "INVITE",
            "c",
            "Contact: <sip:p@10.0.0.9>\nTimestamp: 54\nMax-Forwards: 20\n",
        ),
    );
    let callee = net.accept(B);
    net.ring(B, callee);
    let now = net.now;
    net.at(B)
        .answer(now, callee, &[("Allow", "INVITE, BYE")], sdp("a"))
        .unwrap();
    net.run_for(ms(10));
    let texts: Vec<_> = net.mail.drain(..).map(|(_, text)| text).collect();
    let [trying, ringing, ok] = &texts[..] else {
        panic!("three responses were expected: {texts:?}");
    };
    assert!(trying.starts_with("SIP/2.0 100") && header(trying, "Timestamp") == "54");
    assert!(!header(trying, "To").contains("tag="));
    assert_eq!(header(ringing, "To"), header(ok, "To"));
    assert_eq!(header(ok, "Contact"), "<sip:bob@10.0.0.2:5060>");
    assert_eq!(ok.matches("Allow:").count(), 1);
    assert!(header(ringing, "Allow").contains("CANCEL"));
}

#[test]
fn preloaded_routes_go_before_the_invite_its_cancel_and_its_ack() {
    for (first, line) in [
        ("<sip:10.0.0.9;lr>", "sip:bob@b.example"),
        ("sip:10.0.0.9", "sip:10.0.0.9"),
    ] {
        let mut net = Net::pair(12);
        let (now, flow) = (net.now, net.flow(A, P));
        let invite = Invite {
            flow,
            uri: "sip:bob@b.example".into(),
            from: "sip:alice@a.example".into(),
            to: "sip:bob@b.example".into(),
            contact_user: None,
            advertise: addr(A),
            routes: vec![first.into(), "<sip:10.0.0.7;lr>".into()],
            headers: vec![("Max-Forwards".into(), "12".into())],
            body: Some(sdp("offer")),
        };
        let caller = net.at(A).invite(now, invite).unwrap();
        net.run_for(ms(10));
        let invite = last_mail(&mut net);
        net.say(P, A, &answer_to(&invite, "180 Ringing", "x", ""));
        let now = net.now;
        net.at(A).cancel(now, caller, &[]).unwrap();
        net.run_for(ms(10));
        let cancel = last_mail(&mut net);
        net.say(P, A, &answer_to(&invite, "487 Request Terminated", "x", ""));
        let ack = last_mail(&mut net);
        for (method, text) in [("INVITE", invite), ("CANCEL", cancel), ("ACK", ack)] {
            assert!(
                text.starts_with(&format!("{method} {line} SIP/2.0\r\n")),
                "{text}"
            );
            assert!(text.contains("Route: <sip:10.0.0.7;lr>\r\n"), "{text}");
            assert_eq!(
                text.contains("Route: <sip:bob@b.example>"),
                line != "sip:bob@b.example"
            );
            assert_eq!(header(&text, "Max-Forwards"), "12");
            assert_eq!(header(&text, "CSeq"), format!("1 {method}"));
        }
        assert!(matches!(net.event(A), Some(Event::Provisional { .. })));
        assert!(matches!(
            net.event(A),
            Some(Event::Failed { code: 487, .. })
        ));
    }
}
