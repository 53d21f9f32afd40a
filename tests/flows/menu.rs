//! A menu by script: prompts are heard, keys interrupt them, by RFC 4733 and by INFO.

use cordboard_tests::sim::phone::{Manner, State};
use cordboard_tests::sim::{PhoneId, SimNet, plan};

use super::{ms, s};

fn caller_in_the_menu(net: &mut SimNet) -> PhoneId {
    let carrier = net.carrier(1, "+441632960001");
    net.voice(carrier, 600.0);
    net.dial(carrier, "+4420710001");
    net.run_for(ms(900));
    assert_eq!(net.call(carrier).state, State::Up, "{}", net.story());
    assert!(net.hears(carrier, plan::GREETING_HERTZ), "the greeting");
    net.run_for(s(1));
    assert!(net.hears(carrier, plan::MENU_HERTZ), "the menu");
    carrier
}

#[test]
fn a_key_interrupts_the_menu_and_rings_sales() {
    let mut net = SimNet::seeded(20);
    let carol = net.registered("carol");
    net.voice(carol, 900.0);
    let carrier = caller_in_the_menu(&mut net);
    net.tell(carrier, |phone| phone.press(0, "1"));
    net.run_for(ms(600));
    net.tell(carrier, |phone| phone.clear_ear(0));
    net.run_for(ms(400));
    assert!(
        !net.hears(carrier, plan::MENU_HERTZ),
        "the key has stopped the menu"
    );
    net.run_for(s(2));
    assert_eq!(net.call(carol).state, State::Up, "{}", net.story());
    assert!(net.hears(carrier, 900.0) && net.hears(carol, 600.0));
    net.hang_up(carrier);
    net.run_until_idle();
    assert_eq!(net.count_topic("leg.digit-pressed"), 1);
    net.assert_journal();
    net.assert_clean();
}

#[test]
fn a_key_by_info_is_a_key() {
    let mut net = SimNet::seeded(21);
    let bob = net.registered("bob");
    let carrier = caller_in_the_menu(&mut net);
    net.tell(carrier, |phone| phone.press_by_info(0, '2'));
    net.run_for(s(3));
    assert_eq!(net.call(bob).state, State::Up, "{}", net.story());
    net.hang_up(bob);
    net.run_until_idle();
    net.assert_journal();
    net.assert_clean();
}

#[test]
fn silence_leads_to_the_good_bye() {
    let mut net = SimNet::seeded(22);
    let carrier = caller_in_the_menu(&mut net);
    assert!(
        net.run_until(s(30), |net| net.hears(carrier, plan::GOODBYE_HERTZ)),
        "{:?}",
        net.topics()
    );
    net.run_until_idle();
    assert_eq!(net.call(carrier).state, State::Over);
    assert!(net.call(carrier).by_remote);
    net.assert_journal();
    net.assert_clean();
}

#[test]
fn a_caller_who_leaves_in_the_menu_leaves_no_script_behind() {
    let mut net = SimNet::seeded(23);
    let carrier = caller_in_the_menu(&mut net);
    net.hang_up(carrier);
    net.run_until_idle();
    net.assert_journal();
    net.assert_clean();
}

#[test]
fn phones_in_turn_when_the_first_does_not_answer() {
    let mut net = SimNet::seeded(24);
    let (bob, dave) = (net.registered("bob"), net.registered("dave"));
    net.manner(bob, Manner::Rings);
    let carrier = caller_in_the_menu(&mut net);
    net.tell(carrier, |phone| phone.press(0, "2"));
    net.run_for(s(3));
    assert_eq!(
        (net.call(bob).state, net.look(dave).calls.len()),
        (State::Ringing, 0)
    );
    net.run_for(s(4));
    assert_eq!(net.call(bob).state, State::Over);
    assert_eq!(net.call(dave).state, State::Up, "{}", net.story());
    net.hang_up(carrier);
    net.run_until_idle();
    net.assert_journal();
    net.assert_clean();
}
