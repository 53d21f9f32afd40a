//! Stories about mistakes, and about what a good dialplan comes to.

use std::time::Duration;

use super::*;
use crate::diagnostic::{render, to_json};
use crate::route::StepKind;

fn known() -> Known {
    Known::of(["welcome", "menu", "closed"], ["welcome", "survey"])
}

fn load_text(text: &str) -> Result<Loaded, Vec<Diagnostic>> {
    load(
        &Source::of([("main.kdl", text)]),
        &known(),
        &mut Cache::new(),
    )
}

fn good(text: &str) -> Loaded {
    load_text(text)
        .unwrap_or_else(|e| panic!("{}", e.iter().map(|d| d.line() + "\n").collect::<String>()))
}

/// Errors as `line:column-end code message | help`.
fn bad(text: &str) -> Vec<String> {
    let findings = load_text(text).expect_err("mistakes are wanted");
    let errors = findings.iter().filter(|f| f.severity == Severity::Error);
    errors.map(show).collect()
}

fn show(d: &Diagnostic) -> String {
    let Mark {
        line, column, end, ..
    } = &d.mark;
    let help = d
        .help
        .as_deref()
        .map(|h| format!(" | {h}"))
        .unwrap_or_default();
    format!(
        "{line}:{column}-{} {} {}{help}",
        end.column, d.code, d.message
    )
}

const TENANT: &str = "tenant acme domain=\"acme.example\" tz=\"Europe/London\"\n";

#[test]
fn ten_mistakes_are_ten_findings_with_their_columns() {
    let text = "\
// Десять помилок
tenant acme domain=\"acme.example\" tz=\"Europe/Lodnon\"
calendar office { open mon-fri \"08:00-18:00\" }
user alice { display \"Аліса\"; calls-maks 2 }
did \"+442079460100\" {
    when \"open('ofice')\" { goto main }
    play \"welcom\" timeout=5s
    collect digits=1 timeout=5 { on 1 { goto main } }
    /* привіт */ goto mian
}
did +442079460101 { answer }
route main {
    ring alise timeout=\"20x\"
    hangup cause=bussy
}
";
    let want = [
        "2:38-53 DP0021 no time zone is called `Europe/Lodnon` | did you mean `Europe/London`?",
        "4:31-41 DP0011 `user` has no setting `calls-maks` | did you mean `calls-max`?",
        "6:17-22 DP0021 no calendar is called `ofice` | did you mean `office`?",
        "7:10-18 DP0021 no prompt is called `welcom` | did you mean `welcome`?",
        "7:19-26 DP0011 `play` has no property `timeout` | known here: early, repeat-for",
        "7:27-29 DP0002 a time is quoted | write `\"5s\"`",
        "8:30-31 DP0014 `timeout` wants a time with its unit, not a bare number | write `\"5s\"` or `\"5ms\"`",
        "8:37-38 DP0014 keys are text, not a number | quote it: `on \"1\"`",
        "9:23-27 DP0021 no route is called `mian` | did you mean `main`?",
        "11:5-18 DP0014 text is wanted, not a number | quote it: `\"+442079460101\"`",
        "13:10-15 DP0021 no user is called `alise` | did you mean `alice`?",
        "13:24-29 DP0015 `20x` is no time | write a number and `ms`, `s`, `m` or `h`: `\"300ms\"`, `\"1m30s\"`",
        "14:18-23 DP0015 `cause` cannot be `bussy` | did you mean `busy`?",
    ];
    assert_eq!(bad(text), want);
}

#[test]
fn the_report_underlines_the_text_by_characters() {
    let text = format!(
        "{TENANT}did \"+442079460100\" {{ /* Київ */ goto mian }}\nroute main {{ answer }}\n"
    );
    let source = Source::of([("main.kdl", &*text)]);
    let findings = load(&source, &known(), &mut Cache::new()).unwrap_err();
    let report = render(&findings, &source, false);
    assert!(report.contains("[main.kdl:2:39]"), "{report}");
    let lines: Vec<&str> = report.lines().collect();
    let at = lines.iter().position(|l| l.contains("goto mian")).unwrap();
    let column = |line: &str, what: &str| line.find(what).map(|b| line[..b].chars().count());
    assert_eq!(
        column(lines[at], "mian"),
        column(lines[at + 1], "─┬──").or(column(lines[at + 1], "────")),
        "{report}"
    );
    assert!(report.contains("did you mean `main`?"));
    assert!(!report.contains('\u{1b}'), "no colours were asked for");
    assert!(render(&findings, &source, true).contains('\u{1b}'));
    let json = to_json(&findings);
    let first = json
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["code"] == "DP0021")
        .unwrap();
    assert_eq!(first["file"], "main.kdl");
    assert_eq!((&first["line"], &first["column"]), (&2.into(), &39.into()));
    assert_eq!(first["end"]["column"], 43);
    assert_eq!(first["severity"], "error");
}

#[test]
fn what_the_parser_says_badly_is_said_well_and_the_rest_is_still_checked() {
    let text = format!(
        "{TENANT}did +44207946{{0200..0299}} {{ answer }}\nroute a {{\n  play \"welcome\" early=true\n  when \"hour > 5\" {{\n    wait 300ms\n  }} else {{\n    goto nowhere\n  }}\n}}\noutbound n match=0[1-9]x{{7,9}} {{ trunk t }}\n"
    );
    let want = [
        "2:5-26 DP0003 a number that has letters or signs is quoted | write `\"+44207946{0200..0299}\"`",
        "4:24-28 DP0005 `true` is written `#true` | write `#true`",
        "6:10-15 DP0002 a time is quoted | write `\"300ms\"`",
        "7:5-9 DP0004 `else` begins a line of its own after `}` | write `else { ... }` on the next line, or `; else { ... }`",
        "8:10-17 DP0021 no route is called `nowhere` | did you mean `a`?",
    ];
    let got = bad(&text);
    for line in &want[..4] {
        assert!(got.iter().any(|g| g == line), "{line}\nin {got:#?}");
    }
    assert!(
        got.iter()
            .any(|g| g.starts_with("8:10-17 DP0021 no route is called `nowhere`")),
        "{got:#?}"
    );
    assert!(
        got.iter().any(|g| g.starts_with("11:18-30 DP0003")),
        "{got:#?}"
    );
    assert!(
        got.iter()
            .any(|g| g.starts_with("11:39-40 DP0021 no trunk is called `t`")),
        "{got:#?}"
    );
    assert_eq!(got.len(), 7, "{got:#?}");
}

#[test]
fn a_brace_that_is_missing_is_shown_where_it_opens() {
    let got = bad(&format!("{TENANT}route a {{\n  answer\n"));
    assert_eq!(
        got,
        ["2:9-10 DP0006 this `{` is never closed | add the `}` that belongs to it"]
    );
    let got = bad(&format!("{TENANT}route a {{\n  play \"welcome\n}}\n"));
    assert!(
        got[0].starts_with("3:8-16 DP0006 a text that is not closed"),
        "{got:#?}"
    );
}

#[test]
fn a_broken_node_hides_no_other_mistake() {
    let got = bad(&format!(
        "{TENANT}route a {{ play ) }}\nroute b {{ hangup cause=bussy }}\n"
    ));
    assert_eq!(got.len(), 2, "{got:#?}");
    assert!(got[0].starts_with("2:16-"), "{got:#?}");
    assert!(got[1].starts_with("3:24-29 DP0015"), "{got:#?}");
}

#[test]
fn steps_become_types_with_defaults() {
    let loaded = good(&format!(
        "{TENANT}user alice; user bob\ntrunk c {{ address \"198.51.100.7\" }}\nroute main {{
    play \"welcome\" early=#true repeat-for=\"1m30s\"
    collect prompt=\"menu\" digits=1 tries=3 secret=#true {{
        on \"1\" \"2\" {{ ring alice bob order=in-turn }}
        on timeout {{ run welcome lang=\"{{caller.number:0:3}}\" {{ on done {{ answer }} }} }}
        on other {{ hangup cause=busy }}
    }}
    set a=\"1\" b=\"{{dialled:-4}}\"
    when \"hour < 9\" {{ answer }}
    // a comment does not end a chain
    when \"hour >= 18\" {{ wait \"2s\" }}
    else {{ trunk c number=\"{{dialled}}\" }}
    when \"weekday == 'sun'\" {{ record off }}
    hangup
}}\ndid \"+442079460100\" {{ goto main }}\n"
    ));
    let steps = &loaded.dialplan.routes["main"].steps;
    let names: Vec<&str> = steps.iter().map(|s| s.kind.name()).collect();
    assert_eq!(
        names,
        ["play", "collect", "set", "set", "when", "when", "hangup"]
    );
    let StepKind::Play {
        early: true,
        repeat_for: Some(time),
        ..
    } = &steps[0].kind
    else {
        panic!()
    };
    assert_eq!(*time, Duration::from_secs(90));
    let StepKind::Collect {
        min: 1,
        max: 1,
        tries: 3,
        secret: true,
        ends_with: Some('#'),
        ..
    } = &steps[1].kind
    else {
        panic!()
    };
    assert_eq!(steps[1].branches[0].outcomes, ["1", "2"]);
    let StepKind::When { arms } = &steps[4].kind else {
        panic!()
    };
    assert_eq!((arms.len(), steps[4].otherwise.is_some()), (2, true));
    assert_eq!(arms[1].1.title, "when \"hour >= 18\"");
    assert_eq!((steps[4].place.line, steps[4].place.column), (12, 5));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn else_belongs_to_the_step_before_it() {
    let loaded = good(&format!(
        "{TENANT}route a {{ play \"welcome\"; else {{ hangup }}; when \"hour > 5\" {{ answer }} }}\ndid \"1\" {{ goto a }}\n"
    ));
    assert!(loaded.dialplan.routes["a"].steps[0].otherwise.is_some());
    let got = bad(&format!(
        "{TENANT}did \"1\" {{ else {{ answer }} }}\ndid \"2\" {{ goto a; else {{ answer }} }}\nroute a {{ play \"menu\"; else {{ answer }}; else {{ answer }} }}\n"
    ));
    assert!(
        got[0].contains("`else` without a step before it"),
        "{got:#?}"
    );
    assert!(got[1].contains("`goto` cannot fail"), "{got:#?}");
    assert!(got[2].contains("a second `else`"), "{got:#?}");
}

#[test]
fn what_can_never_run_is_a_warning() {
    let loaded = good(&format!(
        "{TENANT}did \"1\" {{ hangup; answer }}\ndid \"2\" {{ when \"hour > 5\" {{ hangup }}; else {{ goto a }}; play \"menu\" }}\nroute a {{ answer }}\nroute lonely {{ goto lonely2 }}\nroute lonely2 {{ play \"menu\"; goto lonely }}\n"
    ));
    let got: Vec<String> = loaded.warnings.iter().map(show).collect();
    assert_eq!(
        got,
        [
            "2:19-25 DP0050 this never runs: `hangup` above leaves the block",
            "3:56-67 DP0050 this never runs: `when` above leaves the block",
            "5:7-13 DP0023 no number leads to route `lonely` | it is reached only by name, as `call start` does",
            "6:7-14 DP0023 no number leads to route `lonely2` | it is reached only by name, as `call start` does",
        ]
    );
}

#[test]
fn routes_that_go_round_for_ever_are_errors() {
    let got = bad(&format!(
        "{TENANT}did \"1\" {{ goto a }}\nroute a {{ answer; when \"hour > 5\" {{ goto b }} }}\nroute b {{ set x=\"1\"; goto a }}\nroute c {{ play \"menu\"; goto c }}\n"
    ));
    assert_eq!(got.len(), 1, "{got:#?}");
    assert!(got[0].starts_with("4:27-28 DP0051"), "{got:#?}");
    assert!(got[0].contains("a > b > a"), "{got:#?}");
}

#[test]
fn ties_are_errors_and_overlaps_are_said() {
    let got = bad(&format!(
        "{TENANT}did \"+441\" {{ answer }}\ndid \"+441\" {{ answer }}\ndid \"+44{{10..20}}\" {{ answer }}\ndid \"+44{{15..30}}\" {{ answer }}\ndid \"0[1-5]x\" {{ answer }}\ndid \"0[5-9]x{{1,2}}\" {{ answer }}\n"
    ));
    assert_eq!(got.len(), 3, "{got:#?}");
    assert!(
        got[0].starts_with("3:5-11 DP0031 `+441` stands here a second time"),
        "{got:#?}"
    );
    assert!(got[1].starts_with("5:5-18 DP0031"), "{got:#?}");
    assert!(got[2].starts_with("7:5-19 DP0031"), "{got:#?}");
    let loaded = good(&format!(
        "{TENANT}did \"+44x{{2}}\" {{ answer }}\ndid \"+44{{00..99}}\" {{ answer }}\ndid \"+4420\" {{ answer }}\ndid \"+33*\" {{ answer }}\ndid \"+331*\" {{ answer }}\n"
    ));
    let got: Vec<String> = loaded
        .warnings
        .iter()
        .map(|w| format!("{} {}", w.code, w.message))
        .collect();
    assert_eq!(
        got,
        [
            "DP0032 `+44x{2}` is never reached: closer numbers take all of it",
            "DP0033 1 of the numbers of `+44{00..99}` stand exactly elsewhere, and go there",
            "DP0033 `+331*` takes some of the numbers of `+33*`",
        ]
    );
    let overlap = &loaded.warnings[2];
    assert_eq!(
        (overlap.mark.column, overlap.mark.end.column),
        (5, 11),
        "the whole number is underlined"
    );
}

#[test]
fn outbound_routes_of_different_roles_may_share_numbers() {
    let users =
        "user alice role=staff\nuser bob role=boss\ntrunk c { address \"198.51.100.7:5060\" }\n";
    let loaded = good(&format!(
        "{TENANT}{users}outbound a match=\"0x*\" role=staff {{ hangup }}\noutbound b match=\"0x*\" role=boss {{ trunk c }}\noutbound internal match=user {{ ring user=\"{{dialled}}\" }}\n"
    ));
    let table = &loaded.dialplan.outbound;
    let as_boss = table
        .lookup_where("0123", |o| o.role.as_deref() == Some("boss"))
        .unwrap();
    assert_eq!(as_boss.value.name, "b");
    assert_eq!(table.lookup("bob").unwrap().value.name, "internal");
    let got = bad(&format!(
        "{TENANT}{users}outbound a match=\"0x*\" {{ hangup }}\noutbound b match=\"0x*\" role=boss {{ trunk c }}\noutbound d match=\"1*\" role=bos {{ hangup }}\n"
    ));
    assert!(
        got.iter().any(|g| g.contains("stands here a second time")),
        "{got:#?}"
    );
    assert!(
        got.iter().any(|g| g.contains("did you mean `boss`?")),
        "{got:#?}"
    );
}

#[test]
fn tables_of_numbers_are_included() {
    let main = format!(
        "{TENANT}dids \"numbers.csv\"\nroute main {{ play \"{{var.greeting}}\" }}\nroute vip {{ answer }}\n"
    );
    let csv = "number,route,greeting\n+441, main ,welcome\n# a comment\n+442,vip,\n\"+44{10..20}\",main,\"a, b\"\n";
    let loaded = load(
        &Source::of([("main.kdl", &*main), ("numbers.csv", csv)]),
        &known(),
        &mut Cache::new(),
    )
    .unwrap();
    let dids = &loaded.dialplan.dids;
    assert_eq!(dids.len(), 3);
    let row = dids.lookup("+441").unwrap();
    assert_eq!(
        (&*row.place.file, row.place.line, row.place.column),
        ("numbers.csv", 2, 1)
    );
    assert_eq!(
        row.value
            .steps
            .iter()
            .map(|s| s.kind.name())
            .collect::<Vec<_>>(),
        ["set", "goto"]
    );
    assert_eq!(dids.lookup("+4415").unwrap().value.steps.len(), 2);
    assert_eq!(dids.lookup("+442").unwrap().value.steps.len(), 1);

    let csv = "number,route\n+441,mian\n+44q,main\n+443\n+441,main\n";
    let source = Source::of([("main.kdl", &*main), ("numbers.csv", csv)]);
    let findings = load(&source, &known(), &mut Cache::new()).unwrap_err();
    let errors = findings.iter().filter(|f| f.severity == Severity::Error);
    let got: Vec<String> = errors
        .map(|f| format!("{} {}", f.mark.file, show(f)))
        .collect();
    assert!(
        got[0].starts_with("numbers.csv 2:1-5 DP0021 no route is called `mian`"),
        "{got:#?}"
    );
    assert!(
        got[1].starts_with("numbers.csv 3:1-5 DP0034 `q` in a number"),
        "{got:#?}"
    );
    assert!(
        got[2].starts_with("numbers.csv 4:1-5 DP0034 a row without a route"),
        "{got:#?}"
    );
    assert!(got[3].starts_with("numbers.csv 5:1-5 DP0031"), "{got:#?}");
    assert_eq!(got.len(), 4, "{got:#?}");
}

#[test]
fn a_missing_table_and_a_missing_tenant_are_said() {
    let got = bad("dids \"nubmers.csv\"\n");
    assert_eq!(got.len(), 2, "{got:#?}");
    let source = Source::of([("a.kdl", "dids \"nubmers.csv\"\n"), ("numbers.csv", "")]);
    let findings = load(&source, &known(), &mut Cache::new()).unwrap_err();
    assert!(
        findings
            .iter()
            .any(|f| f.help.as_deref() == Some("did you mean `numbers.csv`?"))
    );
    assert!(bad(&format!("{TENANT}dids \"../other/numbers.csv\"\n"))[0].contains("outside"));
}

#[test]
fn tests_in_the_dialplan_are_read() {
    let loaded = good(&format!(
        "{TENANT}user alice\ndid \"+441\" {{ answer }}\noutbound o match=\"2*\" {{ hangup }}
test \"after hours\" {{
    http \"https://example.com/\" status=404 body=\"no\"
    call did=\"+441\" from=\"+380441234567\" at=\"2026-12-25T10:00\" keys=\"1wW#\" answers=\"alice:3s\" absent=alice
    expect \"play closed\" \"hangup\"
    reject \"ring alice\"
    call user=alice to=\"23\"
    expect \"hangup\"
}}
test {{ call did=\"+441\"; expect \"answer\" }}\n"
    ));
    let [first, second] = &loaded.dialplan.tests[..] else {
        panic!()
    };
    assert_eq!(first.name, "after hours");
    assert_eq!(
        first.http,
        [("https://example.com/".into(), 404, "no".into())]
    );
    assert_eq!(first.calls.len(), 2);
    assert_eq!(first.calls[0].expect[1].0, "hangup");
    assert_eq!(first.calls[0].expect[1].1.as_ref().unwrap().column, 26);
    assert_eq!(first.calls[0].reject[0].0, "ring alice");
    assert_eq!(
        first.calls[0].answers,
        [("alice".into(), Duration::from_secs(3))]
    );
    assert!(first.calls[1].as_user);
    assert_eq!(second.name, "test at main.kdl:13");
    let got = bad(&format!(
        "{TENANT}test {{ call did=\"1\" user=bob at=\"noon\" keys=\"1x\"; expext \"a\" }}\n"
    ));
    assert_eq!(got.len(), 5, "{got:#?}");
}

#[test]
fn a_calendar_has_days_and_hours() {
    let loaded = good(&format!(
        "{TENANT}calendar office {{ open mon-fri \"08:00-12:00\" \"13:00-18:00\"; closed \"2026-12-25\" name=Christmas; closed \"12-24\" \"14:00-24:00\" }}\n"
    ));
    let office = &loaded.dialplan.calendars["office"];
    let at = |text: &str| crate::calendar::unix_ms_of("Europe/London", text).unwrap();
    assert!(office.is_open(at("2026-11-25T12:00") - 1) && !office.is_open(at("2026-11-25T12:30")));
    let state = office.state(at("2026-12-25T10:00"));
    assert_eq!(state.rule.unwrap().name.as_deref(), Some("Christmas"));
    let got = bad(&format!(
        "{TENANT}calendar c {{ open mon-fry \"08:00-18:00\"; open mon \"8:00-25:00\"; shut \"x\" }}\n"
    ));
    assert_eq!(got.len(), 3, "{got:#?}");
}

#[test]
fn an_edit_reads_one_file_only_of_ten_thousand_numbers_and_five_hundred_routes() {
    let mut files: Vec<(String, String)> =
        vec![("main.kdl".into(), format!("{TENANT}dids \"numbers.csv\"\n"))];
    for file in 0..25 {
        let routes = (0..20).map(|n| {
            let n = file * 20 + n;
            format!("route r{n} {{\n    play \"welcome\"\n    set n=\"{n}\"\n    wait \"1s\"\n    hangup\n}}\n")
        });
        files.push((format!("routes/{file:02}.kdl"), routes.collect()));
    }
    let rows = (0..10_000).map(|n| format!("+4420{n:08},r{}\n", n % 500));
    files.push((
        "numbers.csv".into(),
        format!("number,route\n{}", rows.collect::<String>()),
    ));
    let mut source = Source::of(files.iter().map(|(p, t)| (&**p, &**t)));
    let mut cache = Cache::new();
    let first = load(&source, &known(), &mut cache).unwrap();
    assert_eq!(
        (first.dialplan.dids.len(), first.dialplan.routes.len()),
        (10_000, 500)
    );
    assert_eq!(cache.parsed(), 27);

    let edited = files[7].1.replace("wait \"1s\"", "wait \"2s\"");
    source.files.insert(files[7].0.clone(), edited.into());
    let second = load(&source, &known(), &mut cache).unwrap();
    assert_eq!(cache.parsed(), 28, "one file was edited");
    assert_ne!(first.dialplan.hash, second.dialplan.hash);
    let same =
        |name: &str| Arc::ptr_eq(&first.dialplan.routes[name], &second.dialplan.routes[name]);
    assert!(same("r0") && !same("r120"));
    load(&source, &known(), &mut cache).unwrap();
    assert_eq!(cache.parsed(), 28, "nothing was edited");
}

#[test]
fn a_tenants_country_makes_e164_of_national_numbers() {
    let loaded = good("tenant a domain=\"a.example\" country=\"44\"\n");
    let policy = loaded.dialplan.tenant.numbers.policy();
    let number = |text| crate::numbers::normalise(text, &policy);
    assert_eq!(number("020 7946 0100"), Some("+442079460100".into()));
    assert_eq!(number("0033123456789"), Some("+33123456789".into()));
    let plain = good(TENANT);
    let policy = plain.dialplan.tenant.numbers.policy();
    assert_eq!(
        crate::numbers::normalise("02079460100", &policy),
        Some("02079460100".into())
    );
    assert!(bad("tenant a domain=\"a.example\" country=\"+44\"\n")[0].contains("at most 3 digits"));
}
