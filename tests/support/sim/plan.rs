//! The dialplan that simulated nodes serve: two tenants, some users, two carriers, and prompts
//! that are pure tones, so that an ear tells them apart.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use cordboard_call::TenantId;
use cordboard_dialplan::file::Source;
use cordboard_media::Audio;
use cordboard_node::loader::{Material, Memory};
use cordboard_node::tenants::{Generation, Resting, Tenants};

/// The first tenant's domain.
pub const DOMAIN: &str = "sim.example";
/// The second tenant's domain; its alice and bob have the same passwords.
pub const SECOND_DOMAIN: &str = "two.example";
/// Its users; each one's password is `secret-NAME`.
pub const USERS: [&str; 4] = ["alice", "bob", "carol", "dave"];

/// Hertz of the prompts.
pub const GREETING_HERTZ: f32 = 400.0;
/// The menu's.
pub const MENU_HERTZ: f32 = 700.0;
/// Music on hold.
pub const MUSIC_HERTZ: f32 = 1_000.0;
/// The good-bye's.
pub const GOODBYE_HERTZ: f32 = 1_300.0;

const SIM: &str = r#"
tenant sim domain="sim.example" tz="Europe/London" {
    calls-max 3000
    tones gb
    music "music"
}
user alice { calls-max 50; }
user bob { calls-max 50; }
user carol { calls-max 50; }
user dave { calls-max 1; }
trunk carrier {
    address "10.0.2.1:5060" transport=udp
    calls-max 1000
    calls-per-second 200
}
trunk second {
    address "10.0.2.2:5060" transport=udp
    calls-max 500
    calls-per-second 50
}
// A carrier that sends everything back to us: our own address.
trunk mirror {
    address "10.0.0.1:5060" transport=udp
    calls-max 500
    calls-per-second 500
}
did "+442075{0000..0999}" {
    trunk mirror number="{dialled}" timeout="20s"
    else { hangup cause=no-route }
}
// A number that rings one user.
did "+442070{0000..0999}" {
    ring bob timeout="10s"
    else { hangup cause=no-answer }
}
// A number with a menu by script.
did "+442071{0000..0999}" {
    run menu {
        on sales { goto sales }
        on support { goto support }
    }
    // Any other outcome, and a script that broke, go on here.
    play "goodbye"
    hangup
}
// A number that answers and plays for long.
did "+442072{0000..0999}" {
    answer
    play "long"
    hangup
}
// Both at once, while the caller hears music.
did "+442073{0000..0999}" {
    answer
    ring carol alice timeout="8s" music="music"
    else { hangup cause=no-answer }
}
// A number that is recorded.
did "+442074{0000..0999}" {
    record
    answer
    ring bob timeout="10s"
    else { hangup cause=no-answer }
}
// A number whose route breaks the switch in its middle.
did "+442076{0000..0999}" {
    answer
    wait "1s"
    set fault="now"
    wait "1s"
    hangup
}
route sales {
    ring carol alice timeout="8s"
    else { hangup cause=no-answer }
}
route support {
    ring bob dave order=in-turn timeout="4s"
    else { hangup cause=no-answer }
}
outbound bob match="70xx" {
    ring bob timeout="10s"
    else { hangup cause=no-answer }
}
outbound carol match="71xx" {
    ring carol timeout="5s"
    else { hangup cause=no-answer }
}
outbound dave match="72xx" {
    ring dave timeout="6s"
    else { hangup cause=busy }
}
outbound menu match="73xx" {
    run menu {
        on sales { goto sales }
        on support { goto support }
    }
    // Any other outcome, and a script that broke, go on here.
    play "goodbye"
    hangup
}
outbound second match="8xxx" {
    trunk second number="+4930{dialled}" timeout="10s"
    else { hangup cause=no-answer }
}
"#;

const TWO: &str = r#"
tenant two domain="two.example" tz="Europe/Berlin" {
    calls-max 100
    tones de
}
// Names and a number that the other tenant has as well.
user alice { calls-max 50; }
user bob { calls-max 50; }
outbound bob match="70xx" {
    ring bob timeout="10s"
    else { hangup cause=no-answer }
}
trunk carrier {
    address "10.0.2.1:5060" transport=udp
    calls-max 100
    calls-per-second 100
}
did "+493012{0000..0999}" {
    answer
    play "greeting"
    hangup
}
"#;

const MENU: &str = r#"
-- what: Answers, greets, asks for a digit.
-- arguments:
-- outcomes: sales, support, none
call:answer()
call:play("greeting")
for try = 1, 2 do
    local digit = call:collect({ prompt = "menu", digits = 1, timeout = 3 })
    call:set("try", tostring(try))
    if digit == "1" then return "sales" end
    if digit == "2" then return "support" end
end
return "none"
"#;

fn tone(name: &str, hertz: f32, milliseconds: usize) -> Arc<Audio> {
    let samples = (0..milliseconds * 8).map(|n| {
        let angle = n as f32 * hertz * std::f32::consts::TAU / 8_000.0;
        (angle.sin() * 8_000.0) as i16
    });
    Arc::new(Audio {
        name: name.to_owned(),
        samples: samples.collect(),
    })
}

fn prompts() -> BTreeMap<String, Arc<Audio>> {
    let all = [
        ("greeting", GREETING_HERTZ, 1_000),
        ("menu", MENU_HERTZ, 3_000),
        ("music", MUSIC_HERTZ, 4_000),
        ("goodbye", GOODBYE_HERTZ, 1_000),
        ("long", GREETING_HERTZ, 60_000),
    ];
    all.into_iter()
        .map(|(name, hertz, ms)| (name.to_owned(), tone(name, hertz, ms)))
        .collect()
}

fn generation(tenant: &str, text: &str) -> Arc<Generation> {
    let material = Material {
        source: Source::of([("main.kdl", text)]),
        scripts: BTreeMap::from([("menu.lua".to_owned(), MENU.to_owned())]),
        prompts: Arc::new(prompts()),
        prompts_hash: [0; 32],
    };
    match Memory::default().check(tenant, material) {
        Ok(passed) => Arc::new(Generation {
            number: 1,
            ..passed.generation
        }),
        Err(error) => panic!(
            "the simulated tenant {tenant} is refused:\n{}",
            error.render(false)
        ),
    }
}

/// Both tenants, loaded once by the node's own loader.
pub fn tenants() -> Arc<Tenants> {
    static LOADED: OnceLock<Arc<Tenants>> = OnceLock::new();
    let load = || {
        Arc::new(Tenants::new(
            vec![generation("sim", SIM), generation("two", TWO)],
            Some("sim"),
        ))
    };
    Arc::clone(LOADED.get_or_init(load))
}

/// Both tenants, this one suspended.
pub fn suspended(tenant: &str) -> Arc<Tenants> {
    let both = tenants().all().map(Arc::clone).collect();
    let resting = BTreeMap::from([(TenantId::new(tenant), Resting { still: false })]);
    Arc::new(Tenants::new(both, Some("sim")).resting(resting))
}

/// The first tenant's dialplan with some text changed, as its next generation.
pub fn changed(from: &str, to: &str) -> Arc<Tenants> {
    assert!(SIM.contains(from), "there is no {from} in the dialplan");
    let generation = generation("sim", &SIM.replace(from, to));
    let generation = Generation {
        number: 2,
        ..Arc::into_inner(generation).expect("nobody else has it")
    };
    Arc::new(Tenants::new(vec![Arc::new(generation)], Some("sim")))
}
