//! Secret digits: in no event, no log, no trace, no database, no recording's name.

use cordboard_tests::programs::wanted;
use cordboard_tests::sipp::{
    BYE_COMES, PROVISIONAL, Run, Sipp, answered, info_digit, invite, pause,
};
use cordboard_tests::wait::s;

use super::with_trunk;

const COMPARE: &str = "-- what: Compares.
-- arguments: number
-- outcomes: right, wrong
if args.number == \"739\" .. \"146\" then
\treturn \"right\"
end
return \"wrong\"
";

const SCRIPT: &str = "-- what: Asks for a number that nobody else may see.
-- outcomes: right, wrong
call:answer()
local digits = call:collect({ prompt = \"menu\", digits = 6, timeout = 3, secret = true })
log.info(\"the number came\", { digits = digits })
if digits == \"739\" .. \"146\" then
\treturn \"right\"
end
return \"wrong\"
";

/// R9, R42: the digits of a card reach the script and nothing else.
#[test]
fn secret_digits_appear_nowhere() {
    let Some(_place) = wanted(&["sipp"]) else {
        return;
    };
    let routes = "
did \"+442079460100\" { run card { on right { play bye; hangup; }; on wrong { hangup cause=rejected; }; }; else { hangup cause=temporary-failure; }; }
did \"+442079460101\" {
    record
    answer
    collect menu digits=6 timeout=\"3s\" into=card secret=#true { on timeout invalid { hangup cause=rejected; }; }
    set copy=\"{var.card}\"
    run compare number=\"{var.copy}\" { on right { play bye; hangup; }; }
    hangup cause=rejected
}
";
    let (plan, port) = with_trunk("secret", routes);
    let switch = plan
        .script("card", SCRIPT)
        .script("compare", COMPARE)
        .start();
    let keys: String = "739146"
        .chars()
        .zip(2..)
        .map(|(key, cseq)| info_digit(key, cseq))
        .collect();
    let scenario = format!(
        "{}{PROVISIONAL}{}{}{keys}{BYE_COMES}",
        invite("", ""),
        answered(),
        pause(300)
    );
    for number in ["+442079460100", "+442079460101"] {
        let mark = switch.events.mark();
        Sipp::start(
            &switch,
            &Run {
                scenario: &scenario,
                port: Some(port),
                number,
                ..Run::default()
            },
        )
        .passes(s(20));
        let call = switch.events.call_from(mark);
        let cdrs = switch.cdrs(&call);
        assert_eq!(cdrs[0]["cause"], 16, "the number was right: {cdrs:#?}");
        let digits = switch
            .events
            .since(mark, |e| e["topic"] == "leg.digit-pressed");
        assert_eq!(digits.len(), 6, "{digits:#?}");
        assert!(
            digits.iter().all(|e| e["data"].get("digit").is_none()),
            "{digits:#?}"
        );
        let told = format!(
            "{:?}{:?}",
            switch.events.since(mark, |_| true),
            switch.console(&["explain", &call])
        );
        assert!(
            !told.contains("739146") && !told.contains("Signal"),
            "{told}"
        );
    }
    let places = switch.files_with("739146");
    let ours: Vec<_> = places
        .iter()
        .filter(|p| {
            p.starts_with(switch.data())
                || p.file_name()
                    .is_some_and(|n| n.to_string_lossy().starts_with("switch"))
        })
        .collect();
    assert!(ours.is_empty(), "the digits stand in {ours:?}");
}
