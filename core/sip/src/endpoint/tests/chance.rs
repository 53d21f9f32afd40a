//! Two endpoints, a bad network and users who do anything at any time: whatever happens, every
//! dialog ends once on each side, and in the end nothing is left.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::net::{A, B, addr, ms};
use super::{Net, sdp};
use crate::endpoint::types::*;
use crate::flow::Transport;
use crate::message::Method;

#[derive(Default)]
struct Ledger {
    live: Vec<(SocketAddr, DialogId)>,
    ends: HashMap<(SocketAddr, DialogId), u32>,
    answered: u32,
}

impl Ledger {
    fn born(&mut self, at: &str, dialog: DialogId) {
        self.live.push((addr(at), dialog));
        self.ends.insert((addr(at), dialog), 0);
    }

    fn end(&mut self, at: &str, dialog: DialogId) {
        let count = self.ends.get_mut(&(addr(at), dialog)).unwrap();
        *count += 1;
        assert_eq!(*count, 1, "{dialog:?} at {at} ended twice");
        self.live.retain(|known| *known != (addr(at), dialog));
    }
}

fn hear(net: &mut Net, ledger: &mut Ledger, at: &str) {
    while let Some(event) = net.event(at) {
        let now = net.now;
        match event {
            Event::Request(new) => {
                if let Ok(dialog) = net.at(at).accept(now, &new, addr(at)) {
                    ledger.born(at, dialog);
                }
            }
            Event::InDialog { tx, .. } => net.at(at).respond_in_dialog(now, tx, 200, &[], None),
            Event::Answered { .. } => ledger.answered += 1,
            Event::Cancelled { dialog, .. }
            | Event::Failed { dialog, .. }
            | Event::Ended { dialog, .. } => ledger.end(at, dialog),
            _ => {}
        }
    }
}

fn act(net: &mut Net, ledger: &mut Ledger) {
    if ledger.live.is_empty() || net.number(8) == 0 {
        let (from, to) = if net.number(2) == 0 { (A, B) } else { (B, A) };
        let dialog = net.invite(from, to);
        ledger.born(from, dialog);
        return;
    }
    let place = net.number(ledger.live.len() as u64) as usize;
    let (at, dialog) = ledger.live[place];
    let (at, now) = (at.to_string(), net.now);
    let what = net.number(12);
    let endpoint = net.at(&at);
    let done = match what {
        0 => endpoint.progress(now, dialog, 180, &[], None),
        1..=3 => endpoint.answer(now, dialog, &[], sdp("a")),
        4 => endpoint.reject(now, dialog, 486, None, &[]),
        5 => endpoint.bye(now, dialog, &[]),
        6 => endpoint.cancel(now, dialog, &[]),
        7 | 8 => endpoint.reinvite(now, dialog, sdp("r")),
        9 => endpoint.answer_reinvite(now, dialog, sdp("s")),
        10 => endpoint.reject_reinvite(now, dialog, 488),
        _ => endpoint
            .request_in_dialog(now, dialog, Method::Info, &[], None)
            .map(|_| ()),
    };
    if done.is_ok() && what == 4 {
        ledger.end(&at, dialog);
    }
}

fn story(seed: u64, loss_percent: u64, transport: Transport) -> u32 {
    let mut net = Net::pair(seed);
    net.loss_percent = loss_percent;
    net.transport = transport;
    let mut ledger = Ledger::default();
    for _ in 0..150 {
        act(&mut net, &mut ledger);
        let pause = net.number(1_500);
        net.run_for(ms(pause));
        for at in [A, B] {
            hear(&mut net, &mut ledger, at);
        }
    }
    for _ in 0..4 {
        for (at, dialog) in ledger.live.clone() {
            let (at, now) = (at.to_string(), net.now);
            let endpoint = net.at(&at);
            if endpoint.reject(now, dialog, 480, None, &[]).is_ok() {
                ledger.end(&at, dialog);
            } else if endpoint.cancel(now, dialog, &[]).is_err() {
                let _ = endpoint.bye(now, dialog, &[]);
            }
        }
        net.run_for(ms(70_000));
        for at in [A, B] {
            hear(&mut net, &mut ledger, at);
        }
    }
    net.run_until_idle();
    assert!(ledger.live.is_empty(), "{:?}", ledger.live);
    assert!(net.is_idle());
    ledger.answered
}

#[test]
fn whatever_users_and_network_do_all_dialogs_end_once() {
    let mut answered = 0;
    for seed in 1..60 {
        answered += story(seed, seed % 4 * 12, Transport::Udp);
        answered += story(seed, 0, Transport::Tcp);
    }
    assert!(answered > 400, "{answered} calls were answered");
}
