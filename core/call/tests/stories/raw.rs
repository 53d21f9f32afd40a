//! What the phones' own engine does not do: offers that come late, written by hand.

use bytes::Bytes;
use cordboard_call::*;
use cordboard_media::{Codec, Command};

use crate::phone::Phone;
use crate::world::*;

const SDP: &str = "v=0\r\no=- 5 5 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n\
                   m=audio 6000 RTP/AVP 8\r\na=sendrecv\r\n";

fn request(method: &str, cseq: u32, to_tag: &str, body: &str) -> Bytes {
    let kind = match body {
        "" => "",
        _ => "Content-Type: application/sdp\r\n",
    };
    Bytes::from(format!(
        "{method} sip:+442079460100@192.0.2.1:5060 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-{method}-{cseq}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:hand@192.0.2.10>;tag=hand\r\n\
         To: <sip:+442079460100@192.0.2.1>{to_tag}\r\nCall-ID: by-hand\r\nCSeq: {cseq} {method}\r\n\
         Contact: <sip:hand@192.0.2.10:5060>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}

/// The To tag of the switch's first answer above 100, as a parameter.
fn to_tag(world: &World) -> String {
    let answer = world.sent_to(CALLER, "SIP/2.0 200")[0];
    let to = answer.lines().find(|line| line.starts_with("To:")).unwrap();
    to[to.find(";tag=").unwrap()..].to_owned()
}

#[test]
fn a_late_answer_brings_the_leg_up_and_a_bare_reinvite_gets_our_offer() {
    let mut world = World::new();
    world.inject(CALLER, request("INVITE", 1, "", ""));
    world.run(50);
    let call = world.switch.admitted.pop().unwrap().unwrap();
    world.act(call, Action::Answer { leg: LegNo(1) }).unwrap();
    world.run(50);
    assert_eq!(world.notices(), [], "not up before the answer");
    let tag = to_tag(&world);
    world.inject(CALLER, request("ACK", 1, &tag, SDP));
    world.run(50);
    assert_eq!(world.notices(), [Notice::Answered { leg: LegNo(1) }]);
    let configured = world.switch.commands.last();
    assert!(matches!(
        configured,
        Some(Command::Configure { spec, .. })
            if spec.codec == Codec::Pcma && spec.remote.port() == 6000
    ));

    world.inject(CALLER, request("INVITE", 2, &tag, ""));
    world.run(50);
    let offers = world.sent_to(CALLER, "SIP/2.0 200");
    let offer = offers.last().unwrap();
    assert!(offer.contains("RTP/AVP 8 0 101"), "{offer}");
    let moved = SDP.replace("6000", "7000");
    world.inject(CALLER, request("ACK", 2, &tag, &moved));
    world.run(50);
    assert!(matches!(
        world.switch.commands.last(),
        Some(Command::Configure { spec, .. }) if spec.remote.port() == 7000
    ));
    assert_eq!(world.told("leg.renegotiated"), 1);
    let cause = Cause::NORMAL;
    world.act(call, Action::End { cause, why: None }).unwrap();
    world.assert_clean();
}

#[test]
fn a_bridge_that_converts_asks_the_phone_that_can_change() {
    let mut world = World::new();
    // The caller is answered with PCMU; Alice then knows only PCMA.
    let call = world.answered_call();
    world.phone(ALICE).formats = "8 101";
    world.dial(call, 2, ALICE).unwrap();
    world.run(50);
    world.by(ALICE, Phone::answer);
    world.run(50);
    world.phone(CALLER).formats = "8 101";
    world.bridge(call, 1, 2);
    world.run(50);
    assert!(world.phone(CALLER).saw("re-INVITE"));
    assert!(world.phone(CALLER).heard_sdp.contains("RTP/AVP 8 101"));
    let codecs = world.switch.calls.call(call).unwrap().legs;
    assert!(codecs.iter().all(|leg| leg.codec == Some("PCMA")));
    assert_eq!(world.told("leg.renegotiated"), 1);
    world.by(CALLER, |caller, now| caller.bye(now, &[]));
    world.assert_clean();
}
