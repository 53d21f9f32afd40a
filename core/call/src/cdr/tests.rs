//! The bill: facts in, CDRs out.

use super::*;
use crate::event::{DialogFacts, MediaFacts};
use crate::ids::TenantId;

fn event(leg: Option<u16>, fact: Fact) -> Event {
    Event {
        tenant: TenantId::new("demo"),
        call: CallId::new(1, 0, 2),
        leg: leg.map(LegNo),
        fact,
    }
}

fn started(direction: Direction) -> Event {
    event(
        None,
        Fact::CallStarted {
            direction,
            caller: "+441".into(),
            caller_name: None,
            dialled: "+442".into(),
            party: Party::Trunk("carrier".into()),
            generation: 1,
        },
    )
}

fn dialled(leg: u16) -> Event {
    event(
        Some(leg),
        Fact::LegDialled {
            party: Party::User("alice".into()),
            target: "sip:alice@10.0.0.5;transport=udp".into(),
            caller: "+441".into(),
        },
    )
}

fn answered(leg: u16) -> Event {
    let media = MediaFacts {
        codec: "PCMA".into(),
        local: ([192, 0, 2, 1], 4000).into(),
        remote: ([192, 0, 2, 9], 4000).into(),
        sdp_version: 1,
    };
    let dialog = DialogFacts::default();
    event(Some(leg), Fact::LegAnswered { dialog, media })
}

fn ended(leg: u16, cause: Cause, by: EndedBy) -> Event {
    event(
        Some(leg),
        Fact::LegEnded {
            cause,
            sip_status: None,
            by,
            why: None,
            media: None,
        },
    )
}

#[test]
fn one_bill_a_leg_with_its_own_times() {
    let mut fold = Fold::default();
    assert_eq!(fold.apply(1_000, &started(Direction::Inbound)), None);
    assert_eq!(fold.apply(1_500, &answered(1)), None);
    assert_eq!(fold.apply(2_000, &dialled(2)), None);
    fold.apply(2_200, &event(Some(2), Fact::LegRinging { code: 180 }));
    fold.apply(9_000, &answered(2));
    fold.leg_over(20_000, LegNo(2));
    let two = fold
        .apply(20_400, &ended(2, Cause::NORMAL, EndedBy::Remote))
        .unwrap();
    assert_eq!(two.leg, LegNo(2));
    assert_eq!(
        (two.started_ms, two.ringing_ms, two.answered_ms),
        (2_000, Some(2_200), Some(9_000))
    );
    // Billing stops when signalling does, not when the media thread has closed.
    assert_eq!((two.ended_ms, two.talk_ms), (20_000, 11_000));
    assert_eq!(two.codec.as_deref(), Some("PCMA"));
    assert_eq!(two.dialled, "alice");
    let one = fold
        .apply(21_000, &ended(1, Cause::NORMAL, EndedBy::Local))
        .unwrap();
    assert_eq!((one.talk_ms, one.result.as_str()), (19_500, "answered"));
    assert_eq!(one.party, Party::Trunk("carrier".into()));
    assert_eq!(fold.open_legs().count(), 0);
}

#[test]
fn a_leg_is_billed_once_and_an_unknown_one_never() {
    let mut fold = Fold::default();
    fold.apply(0, &started(Direction::Outbound));
    fold.apply(0, &dialled(3));
    let end = ended(3, Cause::BUSY, EndedBy::Remote);
    assert_eq!(fold.apply(5, &end).unwrap().result, "busy");
    assert_eq!(fold.apply(6, &end), None);
    assert_eq!(
        fold.apply(6, &ended(1, Cause::NORMAL, EndedBy::Remote)),
        None
    );
}

#[test]
fn an_unanswered_leg_says_how_it_went() {
    use Direction::{Inbound, Outbound};
    use EndedBy::{Local, Remote, Switch};
    let table = [
        (Inbound, Cause::NORMAL, Remote, "cancelled"),
        (Outbound, Cause::NORMAL, Local, "cancelled"),
        (Outbound, Cause::ANSWERED_ELSEWHERE, Local, "cancelled"),
        (Outbound, Cause::NO_ANSWER, Switch, "no-answer"),
        (Outbound, Cause::NO_RESPONSE, Remote, "no-answer"),
        (Outbound, Cause::BUSY, Remote, "busy"),
        (Inbound, Cause::BUSY, Local, "busy"),
        (Outbound, Cause::REJECTED, Remote, "rejected"),
        (Outbound, Cause::UNALLOCATED, Remote, "failed"),
        (Outbound, Cause::TIMER_EXPIRED, Switch, "failed"),
    ];
    for (direction, cause, by, result) in table {
        assert_eq!(unanswered(direction, cause, by), result, "{cause} {by:?}");
    }
}

#[test]
fn the_file_is_on_the_bills_of_all_who_were_heard_in_it() {
    let mut fold = Fold::default();
    fold.apply(0, &started(Direction::Inbound));
    for leg in [2, 3] {
        fold.apply(0, &dialled(leg));
    }
    let file = "demo/2026-11-22/x.wav";
    let begin = Fact::RecordingStarted {
        file: file.into(),
        legs: vec![LegNo(1)],
    };
    fold.apply(1, &event(None, begin));
    let legs = [LegNo(1), LegNo(2)];
    let converted = false;
    fold.apply(2, &event(None, Fact::Bridged { legs, converted }));
    let end = Fact::RecordingEnded {
        file: file.into(),
        length_ms: 1,
        error: None,
    };
    fold.apply(3, &event(None, end));
    let legs = [LegNo(1), LegNo(3)];
    fold.apply(4, &event(None, Fact::Bridged { legs, converted }));
    let bills = [1, 2, 3].map(|leg| fold.apply(5, &ended(leg, Cause::NORMAL, EndedBy::Local)));
    let files = bills.map(|bill| bill.unwrap().recording);
    assert_eq!(files, [Some(file.into()), Some(file.into()), None]);
}

#[test]
fn reads_the_user_of_a_target() {
    assert_eq!(user_part("sip:+4420@10.0.0.1:5060"), "+4420");
    assert_eq!(user_part("tel:+4420;phone-context=x"), "+4420");
    assert_eq!(user_part("sip:10.0.0.1"), "10.0.0.1");
}
