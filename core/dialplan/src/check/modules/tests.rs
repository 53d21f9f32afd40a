//! Stories of modules in a dialplan: what is read, what is refused and how it is said.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use crate::diagnostic::{Diagnostic, Severity};
use crate::fuzz::sample;
use crate::route::StepKind;
use crate::schema::{FieldKind, FieldValue, ModuleSchema, ModuleStep};
use crate::{Cache, Dialplan, Known, Source, load};

fn known() -> Known {
    Known::of(["welcome", "music"], ["welcome"]).with_modules([sample::module()])
}

const HEAD: &str = "tenant acme domain=\"acme.example\"\nuser alice; user bob\ntrunk north address=\"192.0.2.1\"\n";

/// A module with all that it needs, on lines 4 to 6.
const DESK: &str = "module desk {\n  grant http \"https://crm.example.com/*\"; grant store; grant file \"t.csv\"\n  config base=\"x\" }\n";

fn load_with(
    text: &str,
    known: &Known,
    cache: &mut Cache,
) -> Result<crate::check::Loaded, Vec<Diagnostic>> {
    let text = format!("{HEAD}{text}");
    let source = Source::of([("main.kdl", &*text), ("t.csv", "number,route\n")]);
    load(&source, known, cache)
}

fn good(text: &str) -> crate::check::Loaded {
    load_with(text, &known(), &mut Cache::new())
        .unwrap_or_else(|all| panic!("{}", all.iter().map(|d| show(d) + "\n").collect::<String>()))
}

fn show(d: &Diagnostic) -> String {
    let help = d.help.as_deref().map(|h| format!(" | {h}"));
    let end = d.mark.end.column;
    format!(
        "{}:{}-{end} {} {}{}",
        d.mark.line,
        d.mark.column,
        d.code,
        d.message,
        help.unwrap_or_default()
    )
}

fn bad(text: &str) -> Vec<String> {
    let all = load_with(text, &known(), &mut Cache::new()).expect_err("mistakes are wanted");
    let errors = all.iter().filter(|d| d.severity == Severity::Error);
    errors.map(show).collect()
}

fn step(plan: &Dialplan, at: usize) -> &ModuleStep {
    let block = plan.dids.lookup("+441").unwrap().value;
    match &block.steps[at].kind {
        StepKind::Module(step) => step,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_modules_step_has_typed_arguments_and_defaults() {
    let loaded = good(&format!(
        "{DESK}did \"+441\" {{
    desk.enter sales priority=3 music=music skip=\"alice bob\" early=#true order=ring-all table=\"t.csv\" {{
        on timeout {{ hangup }}
        on other {{ hangup cause=busy }}
    }}
    else {{ play welcome }}
    desk.menu welcome music digits=2 {{ on \"12\" {{ hangup }}; on failed {{ hangup }} }}
    desk.look-up
    desk.enter \"{{var.line}}\" priority=\"{{var.priority}}\" timeout=\"1m30s\" overflow=late
}}
route late {{ hangup }}\n"
    ));
    assert_eq!(loaded.warnings, []);
    let plan = &loaded.dialplan;
    let enter = step(plan, 0);
    assert_eq!(
        (&*enter.name, &*enter.module, &*enter.step),
        ("desk.enter", "desk", "enter")
    );
    assert_eq!(enter.outcomes, ["timeout"]);
    assert_eq!(
        crate::schema::fields_to_json(&enter.arguments),
        json!({
            "line": "sales", "priority": 3, "music": "music", "skip": ["alice", "bob"], "early": true,
            "order": "ring-all", "timeout": 600_000, "table": "t.csv",
        })
    );
    let menu = step(plan, 1);
    assert_eq!(menu.outcomes, ["12"]);
    assert_eq!(
        crate::schema::fields_to_json(&menu.arguments),
        json!({ "prompts": ["welcome", "music"], "digits": 2 })
    );
    let late = step(plan, 3);
    assert!(
        matches!(&late.arguments["line"], FieldValue::Template(t) if t.source() == "{var.line}")
    );
    assert!(matches!(
        late.arguments["priority"],
        FieldValue::Template(_)
    ));
    assert_eq!(
        late.arguments["timeout"],
        FieldValue::Duration(Duration::from_secs(90))
    );
    let block = plan.dids.lookup("+441").unwrap().value;
    assert!(block.steps[0].otherwise.is_some());
    assert_eq!(block.steps[0].branches.len(), 2);
}

#[test]
fn many_mistakes_in_steps_are_all_said_with_their_columns() {
    let text = "\
did \"+441\" {
    desk.entr sales
    dsk.enter sales
    enter sales
    desk.enter
    desk.enter sales again more
    desk.enter sales timeout=5 priority=11 order=ring-al early=yes
    desk.enter sales musik=music music=nothing skip=\"alise bob\" trunk=south
    desk.enter 5 priority=\"7\" overflow=nowhere table=\"u.csv\"
    desk.enter \"{var.x\" order=\"{var.o}\"
    desk.enter sales { on answerd { hangup }; on failed { hangup }; play welcome }
    desk.menu welcome { on anything { hangup } }
    desk.look-up { on found { hangup } }
    desk.look-up token=(secret)\"x\"
    desk.enter (secret)\"x\" line=sales
    ivr.menu
}
desk.enter sales
";
    let got = bad(&format!("{DESK}{text}"));
    let want = [
        "8:10-14 DP0021 module `desk` has no step `entr` | did you mean `enter`?",
        "9:5-8 DP0021 no module is called `dsk` | did you mean `desk.enter`?",
        "10:5-10 DP0010 no step is called `enter` | did you mean `desk.enter`?",
        "11:5-15 DP0013 `desk.enter` wants `line` | write `desk.enter LINE [timeout=\"5s\"] [priority=1] [music=\"...\"] [overflow=\"...\"] [early=#true] [order=longest-idle] [skip=\"...\"] [trunk=\"...\"] [table=\"...\"] [of=\"...\"]`",
        "12:22-32 DP0012 `desk.enter` takes one argument, `line` | write `desk.enter LINE [timeout=\"5s\"] [priority=1] [music=\"...\"] [overflow=\"...\"] [early=#true] [order=longest-idle] [skip=\"...\"] [trunk=\"...\"] [table=\"...\"] [of=\"...\"]`",
        "13:30-31 DP0014 `timeout` wants a time with its unit, not a bare number | write `\"5s\"` or `\"5ms\"`",
        "13:41-43 DP0015 `priority` is from 0 to 10",
        "13:50-57 DP0015 `order` cannot be `ring-al` | did you mean `ring-all`?",
        "13:64-67 DP0014 `early` wants #true or #false, not text | write `#true`",
        "14:22-27 DP0011 `desk.enter` has no argument `musik` | did you mean `music`?",
        "14:40-47 DP0021 no prompt is called `nothing` | known here: music, welcome",
        "14:54-59 DP0021 no user is called `alise` | did you mean `alice`?",
        "14:71-76 DP0021 no trunk is called `south` | did you mean `north`?",
        "15:16-17 DP0014 `line` wants text, not a number | quote it: `\"5\"`",
        "15:27-30 DP0014 `priority` wants a number, not text | write it without quotes",
        "15:40-47 DP0021 no route is called `nowhere`",
        "15:54-61 DP0021 no file is called `u.csv` | did you mean `t.csv`?",
        "15:54-61 DP0090 `desk` is not granted the file `u.csv` | add `grant file \"u.csv\"` to the module",
        "16:17-23 DP0040 a `{` that is not closed | close it with `}`, or write `{{` for a brace",
        "16:31-40 DP0015 `order` cannot be `{var.o}` | known here: longest-idle, ring-all",
        "17:27-34 DP0021 `desk.enter` has no outcome `answerd` | did you mean `answered`?",
        "17:69-73 DP0010 `play` does not belong in this block | the block of `desk.enter` has only `on ... { ... }`",
        "18:5-22 DP0013 `desk.menu` wants `digits` | write `desk.menu [PROMPTS ...] digits=1`",
        "19:23-28 DP0021 `desk.look-up` has no outcome `found` | known here: done, failed, other",
        "20:18-23 DP0011 `desk.look-up` has no argument `token` | it takes none",
        "21:17-23 DP0012 `line` is no secret | leave the parentheses out",
        "21:28-32 DP0016 `line` is given twice | keep one",
        "22:5-8 DP0021 no module is called `ivr` | known here: desk",
        "24:1-11 DP0010 no node is called `desk.enter` | `desk.enter` is a step: it stands inside `did`, `route` or `outbound`",
    ];
    for (n, line) in want.iter().enumerate() {
        assert_eq!(got.get(n).map(String::as_str), Some(*line), "{got:#?}");
    }
    assert_eq!(got.len(), want.len(), "{got:#?}");
}

#[test]
fn settings_are_checked_by_their_path() {
    let text = "\
module desk {
  grant http \"https://crm.example.com/*\"; grant store; grant file \"t.csv\"
  config bse=\"x\" token=\"plain\" tags=\"a b\" {
    line \"sales\" { strategy longest-idl; announce nothing; member alise level=0 }
    line \"sales\" { }
    line { }
    line support strategy=ring-all colour=red { member alice level=1; member bob }
    hours strict=maybe
    hours { }
    tags \"c\"
    table \"u.csv\"
  }
}
did \"+441\" { answer }
";
    let got = bad(text);
    let want = [
        "4:1-12 DP0090 `desk` uses the file `u.csv` and is not granted it | add `grant file \"u.csv\"` to it",
        "6:3-42 DP0013 `config` wants `base` | write `base=\"...\"`",
        "6:10-13 DP0011 `config` has no setting `bse` | did you mean `base`?",
        "6:24-31 DP0014 `config token` is a secret, which does not stand in a file | keep the secret under a name and write that: `(secret)\"crm-token\"`",
        "7:29-40 DP0015 `config line \"sales\" strategy` cannot be `longest-idl` | did you mean `longest-idle`?",
        "7:51-58 DP0021 no prompt is called `nothing` | known here: music, welcome",
        "7:67-72 DP0021 no user is called `alise` | did you mean `alice`?",
        "7:79-80 DP0015 `config line \"sales\" member \"alise\" level` is from 1 to 9",
        "8:10-17 DP0020 a second `config line \"sales\"` | put both in one block",
        "9:5-9 DP0013 `config line` wants a name | write `line \"sales\" { ... }`",
        "10:36-42 DP0011 `config line \"support\"` has no setting `colour` | known here: strategy, announce, member, after",
        "10:71-81 DP0013 `config line \"support\" member \"bob\"` wants `level` | write `level=1`",
        "11:18-23 DP0014 `config hours strict` wants #true or #false, not text | write `#true`",
        "12:5-10 DP0016 `config hours` is given twice | keep one",
        "13:5-9 DP0016 `config tags` is given twice | keep one",
        "14:11-18 DP0021 no file is called `u.csv` | did you mean `t.csv`?",
    ];
    for (n, line) in want.iter().enumerate() {
        assert_eq!(got.get(n).map(String::as_str), Some(*line), "{got:#?}");
    }
    assert_eq!(got.len(), want.len(), "{got:#?}");
}

#[test]
fn settings_are_complete_and_hold_no_secret() {
    let loaded = good(
        "module desk {\n  grant http \"https://crm.example.com/*\"; grant store; grant file \"t.csv\"\n  config base=\"https://crm.example.com\" token=(secret)\"crm-token\"\n  config {\n    tags \"one two\" three\n    line sales { member alice level=1; member bob level=2 }\n    line \"support line\" strategy=ring-all\n    table \"t.csv\"\n  }\n}\ndid \"+441\" { answer }\n",
    );
    assert_eq!(loaded.warnings, []);
    let desk = &loaded.dialplan.modules["desk"];
    assert_eq!((&*desk.source, desk.place.line), ("desk", 4));
    assert_eq!(
        desk.settings_json(),
        json!({
            "base": "https://crm.example.com", "token": "{{secret:crm-token}}",
            "tags": ["one two", "three"], "table": "t.csv",
            "line": {
                "sales": { "strategy": "longest-idle", "after": [],
                    "member": { "alice": { "level": 1 }, "bob": { "level": 2 } } },
                "support line": { "strategy": "ring-all", "member": {}, "after": [] },
            },
            "hours": { "strict": true },
        })
    );
    assert_eq!(
        desk.settings["token"],
        FieldValue::Secret("crm-token".into())
    );
}

#[test]
fn names_of_blocks_in_settings_are_resolved() {
    let module = "module desk {\n  grant http \"https://crm.example.com/*\"; grant store; grant file \"t.csv\"\n  config base=x { line sales after=late; line late { after sales lat } }\n}\n";
    let got = bad(&format!(
        "{module}did \"+441\" {{ desk.enter x of=sales; desk.enter x of=\"{{var.l}}\"; desk.enter x of=salse }}\n"
    ));
    assert_eq!(
        got,
        [
            "6:66-69 DP0021 no line is called `lat` in the settings of `desk` | did you mean `late`?",
            "8:80-85 DP0021 no line is called `salse` in the settings of `desk` | did you mean `sales`?",
        ]
    );
    let got = bad(&format!("{DESK}did \"+441\" {{ desk.enter x of=sales }}\n"));
    assert_eq!(
        got,
        [
            "7:30-35 DP0021 no line is called `sales` in the settings of `desk` | add `config { line \"sales\" }` to the module"
        ]
    );
}

#[test]
fn grants_are_read_with_their_bounds() {
    let loaded = good(
        "module shop src=desk {\n  grant http \"https://crm.example.com/*\" methods=\"get post\" rate=\"50/s\" size=\"2MiB\"\n  grant http \"https://127.0.0.1:8443/*\" private=#true\n  grant store size=\"64KiB\"\n  config base=x\n}\ndid \"+441\" { shop.enter sales }\n",
    );
    let shop = &loaded.dialplan.modules["shop"];
    assert_eq!((&*shop.name, &*shop.source), ("shop", "desk"));
    let http: Vec<_> = shop.granted("http").collect();
    assert_eq!(http[0].methods, ["GET", "POST"]);
    assert_eq!(
        (http[0].rate_per_second, http[0].size_bytes),
        (Some(50), Some(2 << 20))
    );
    assert!(http[1].private && http[1].methods.is_empty());
    assert_eq!(
        shop.granted("store").next().unwrap().size_bytes,
        Some(64 << 10)
    );
    let notes: Vec<String> = loaded.warnings.iter().map(show).collect();
    assert_eq!(
        notes,
        [
            "4:1-21 DP0092 `shop` asks for `file *` and is not granted it (tables of numbers) | add `grant file \"NAME.csv\"` to it; without that it hears `denied`"
        ]
    );
    assert_eq!(loaded.warnings[0].severity, Severity::Note);
}

#[test]
fn grants_that_are_wrong_are_refused_and_unasked_ones_are_a_warning() {
    let text = "\
module desk {
  grant htp \"https://a.example/*\"
  grant http
  grant http \"ftp://a.example/*\"
  grant http \"http://10.0.0.1/*\"
  grant http \"https://a.example/*\" methods=\"GET FETCH\" rate=\"fast\" size=\"1MB\"
  grant store rate=\"5/s\"
  grant file \"u.csv\"
  grant trunk south
  grant store \"all\"
  grants store
  base \"x\"
  config base=x
}
module desk { grant store; config base=x }
module call src=desk
module Desk_2 src=desk
module ivr
module
did \"+441\" { answer }
";
    let got = bad(text);
    let want = [
        "5:9-12 DP0021 no capability is called `htp` | did you mean `http`?",
        "6:3-13 DP0013 `grant http` wants an address | write `grant http \"https://crm.example.com/*\"`",
        "7:14-33 DP0015 `ftp` is neither `https` nor `http` | write `https://crm.example.com/*`",
        "8:14-33 DP0090 `http://10.0.0.1/*` is a private address | add `private=#true` where it is meant",
        "9:49-54 DP0015 no method of http is `FETCH` | did you mean `PATCH`?",
        "9:61-67 DP0015 `fast` is no rate | write `\"50/s\"`, from 1 to 100000 a second",
        "9:73-78 DP0015 `1MB` is no size | write `\"64KiB\"` or `\"1MiB\"`, from 1KiB to 1GiB",
        "10:15-19 DP0011 `grant store` has no `rate` | it has size",
        "11:14-21 DP0021 no file is called `u.csv` | did you mean `t.csv`?",
        "12:15-20 DP0021 no trunk is called `south` | did you mean `north`?",
        "13:15-20 DP0012 `grant` takes no more than 1 argument",
        "13:3-20 DP0016 `store` is granted twice | keep one",
        "14:3-9 DP0010 `module` has no line `grants` | did you mean `grant`?",
        "15:3-7 DP0010 `module` has no line `base` | settings stand in `config`: `config { base ... }`",
        "18:8-12 DP0020 a second module `desk`",
        "19:8-12 DP0015 `call` begins topics of the switch itself | give it another name: `module my-call src=call`",
        "20:8-14 DP0015 `Desk_2` cannot be a module's name | 1 to 63 of a-z, 0-9 and `-`; it begins the names of its steps and topics",
        "21:8-11 DP0021 no module is called `ivr` | known here: desk",
        "22:1-7 DP0013 `module` wants a name: `module queue`",
    ];
    let mut want: Vec<String> = want.iter().map(|w| (*w).to_string()).collect();
    let mut got_sorted = got.clone();
    want.sort();
    got_sorted.sort();
    assert_eq!(got_sorted, want, "{got:#?}");
    let all = load_with(text, &known(), &mut Cache::new()).unwrap_err();
    let unasked: Vec<String> = all
        .iter()
        .filter(|d| d.severity == Severity::Warning && d.code == "DP0091")
        .map(show)
        .collect();
    assert_eq!(
        unasked,
        [
            "8:3-33 DP0091 `desk` does not ask for `http http://10.0.0.1/*` | what modules/desk/module.toml does not ask is not given",
            "12:3-20 DP0091 `desk` does not ask for `trunk south` | what modules/desk/module.toml does not ask is not given",
        ]
    );
}

#[test]
fn native_code_wants_its_grant() {
    let native = ModuleSchema {
        kind: "native".into(),
        asks: Vec::new(),
        settings: Vec::new(),
        ..(*sample::module()).clone()
    };
    let known = Known::default().with_modules([Arc::new(native)]);
    let text = "module desk\ndid \"+441\" { answer }\n";
    let all = load_with(text, &known, &mut Cache::new()).unwrap_err();
    assert_eq!(
        show(&all[0]),
        "4:1-12 DP0090 `desk` is native code, which runs outside of any sandbox | add `grant native` to it, where the machine's ceiling allows that"
    );
    let text = "module desk { grant native }\ndid \"+441\" { answer }\n";
    assert_eq!(
        load_with(text, &known, &mut Cache::new()).unwrap().warnings,
        []
    );
}

#[test]
fn a_step_may_stand_in_another_file_than_its_module() {
    let source = Source::of([
        ("a.kdl", "did \"+441\" { desk.enter sales }\n"),
        ("main.kdl", HEAD),
        ("modules.kdl", DESK),
        ("t.csv", ""),
    ]);
    let loaded = load(&source, &known(), &mut Cache::new()).unwrap();
    assert_eq!(loaded.dialplan.modules.len(), 1);
    // Where a file cannot be read, nothing is said of modules that it may load.
    let source = Source::of([
        ("a.kdl", "did \"+441\" { desk.enter sales }\n"),
        ("main.kdl", HEAD),
        ("modules.kdl", "module desk {\n"),
    ]);
    let all = load(&source, &known(), &mut Cache::new()).unwrap_err();
    assert!(
        all.iter().all(|d| &*d.mark.file == "modules.kdl"),
        "{all:#?}"
    );
}

#[test]
fn what_modules_offer_is_checked_again_when_it_changes_and_only_where_it_matters() {
    let a = "did \"+441\" { desk.enter sales timeout=\"5s\" }\n";
    let b = "did \"+442\" { answer }\n";
    let source = |modules: &str| {
        Source::of([
            ("a.kdl", a),
            ("b.kdl", b),
            ("main.kdl", HEAD),
            ("modules.kdl", modules),
            ("t.csv", ""),
        ])
    };
    let mut cache = Cache::new();
    let first = load(&source(DESK), &known(), &mut cache).unwrap();
    assert_eq!(cache.parsed(), 4);
    let again = load(&source(DESK), &known(), &mut cache).unwrap();
    assert_eq!(cache.parsed(), 4);
    assert_eq!(first.dialplan.hash, again.dialplan.hash);

    let mut changed = (*sample::module()).clone();
    changed
        .steps
        .get_mut("enter")
        .unwrap()
        .named
        .retain(|f| f.name != "timeout");
    let known = known().with_modules([Arc::new(changed)]);
    let all = load(&source(DESK), &known, &mut cache).unwrap_err();
    assert_eq!(
        cache.parsed(),
        6,
        "the module's own file and the one that uses it"
    );
    assert_eq!(
        (&*all[0].mark.file, &*all[0].message),
        ("a.kdl", "`desk.enter` has no argument `timeout`")
    );

    let mut newer = (*sample::module()).clone();
    newer.version = "1.2.4".into();
    let known = super::super::Known::default().with_modules([Arc::new(newer)]);
    let known = Known {
        prompts: self::known().prompts,
        ..known
    };
    let newer = load(&source(DESK), &known, &mut cache).unwrap();
    assert_ne!(
        first.dialplan.hash, newer.dialplan.hash,
        "another version is another dialplan"
    );
    let changes: Vec<String> = crate::diff(&first.dialplan, &newer.dialplan)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        changes,
        [
            "~ module desk (modules.kdl:1, was modules.kdl:1): version 1.2.3 (service, wasm) -> version 1.2.4 (service, wasm)"
        ]
    );
}

#[test]
fn a_granted_file_belongs_to_the_dialplan() {
    let plan = |table: &str| {
        let text = format!("{HEAD}{DESK}did \"+441\" {{ answer }}\n");
        let source = Source::of([("main.kdl", &*text), ("t.csv", table)]);
        load(&source, &known(), &mut Cache::new()).unwrap().dialplan
    };
    assert_ne!(plan("1\n").hash, plan("2\n").hash);
    assert_eq!(plan("1\n").hash, plan("1\n").hash);
}

#[test]
fn differences_of_modules_are_shown_line_by_line() {
    let plan = |text: &str| good(text).dialplan;
    let before = plan(&format!("{DESK}did \"+441\" {{ desk.enter sales }}\n"));
    let after = plan(
        "module desk {\n  grant http \"https://crm.example.com/*\" rate=\"9/s\"; grant store; grant file \"t.csv\"\n  config base=\"x\" token=(secret)\"t\" { line sales }\n}\ndid \"+441\" { desk.enter sales priority=1 }\n",
    );
    let lines: Vec<String> = crate::diff(&before, &after)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        lines,
        [
            "~ module desk (main.kdl:4, was main.kdl:4): grant http https://crm.example.com/* -> grant http https://crm.example.com/* rate 9/s",
            "~ did \"+441\" (main.kdl:8, was main.kdl:7): desk.enter line=\"sales\" timeout=\"10m\" -> desk.enter line=\"sales\" priority=1 timeout=\"10m\"",
        ]
    );
}

#[test]
fn tests_may_can_steps_and_facts() {
    let loaded = good(&format!(
        "{DESK}did \"+441\" {{ desk.enter sales }}\ntest \"closed\" {{
    step \"desk.enter\" outcome=timeout set=\"desk.name=Ann Lee\" after=\"3s\"
    step \"desk.menu\" outcome=\"7\" {{ set desk.a=\"1\" b=\"2\" }}
    fact \"desk.stats\" \"sales\" waiting=3 open=#true name=\"x\"
    call did=\"+441\"
    expect \"hangup\"
}}\n"
    ));
    let test = &loaded.dialplan.tests[0];
    assert_eq!(
        test.steps[0].set,
        [("desk.name".to_string(), "Ann Lee".to_string())]
    );
    assert_eq!(
        (&*test.steps[0].outcome, test.steps[0].after),
        ("timeout", Duration::from_secs(3))
    );
    assert_eq!(test.steps[1].set.len(), 2);
    assert_eq!(
        test.facts[0].2,
        json!({ "waiting": 3, "open": true, "name": "x" })
    );
    let got = bad(&format!(
        "{DESK}did \"+441\" {{ desk.enter sales }}\ntest {{
    step \"desk.enter\" outcome=timeot
    step \"desk.entr\" outcome=timeout
    step \"dsk.enter\" outcome=timeout
    step enter outcome=timeout
    step \"desk.enter\" set=\"1=2\"
    step \"desk.enter\" outcome=timeout {{ play welcome; set 1a=\"x\" }}
    fact \"desk.stats\"
    call did=\"+441\"
    expect \"hangup\"
}}\n"
    ));
    let want = [
        "9:31-37 DP0021 `desk.enter` has no outcome `timeot` | did you mean `timeout`?",
        "10:10-21 DP0021 module `desk` has no step `entr` | did you mean `enter`?",
        "11:10-21 DP0021 no module is called `dsk` | did you mean `desk`?",
        "12:10-15 DP0070 `enter` is no module's step | did you mean `desk.enter`?",
        "13:5-32 DP0013 `step` wants `outcome` | write `step \"crm.look-up\" outcome=found`",
        "13:27-32 DP0070 `1=2` sets no variable | write `set=\"crm.name=Ann\"`, or a line `set crm.name=\"Ann\"`",
        "14:41-45 DP0010 `step` has no line `play` | write `set crm.name=\"Ann\"`",
        "15:5-22 DP0013 `fact` wants a key after its topic",
    ];
    let got: Vec<&String> = got.iter().filter(|g| !g.contains("1a")).collect();
    assert_eq!(got, want);
}

#[test]
fn dotted_variables_are_read_and_set() {
    let loaded = good(
        "did \"+441\" { set crm.name=\"Ann\"; when \"var.crm.name == 'Ann'\" { play \"{var.crm.name}\" } }\n",
    );
    assert_eq!(loaded.warnings, []);
}

#[test]
fn layout_keeps_types_in_parentheses() {
    let text = "module crm {\n    config token=(secret)\"t\" base=\"x\"\n}\n";
    assert_eq!(crate::format("main.kdl", text).unwrap(), text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever settings come to pass the check are complete: every field that has a default or
    /// must be given is there, of its kind.
    #[test]
    fn checked_settings_are_complete_and_typed(
        words in prop::collection::vec(prop::sample::select(vec![
            "base=x", "base=1", "token=(secret)\"t\"", "tags=\"a b\"", "{ line a }", "{ line a; line b }",
            "{ line a strategy=ring-all }", "{ hours strict=#false }", "{ hours }", "{ tags a b }",
            "{ line a { member alice level=1 } }", "{ line a { member bob } }", "table=\"t.csv\"",
        ]), 0..5),
    ) {
        let configs: String = words.iter().map(|w| format!("config {w}\n")).collect();
        let text = format!("module desk {{\n grant file \"t.csv\"\n{configs} }}\ndid \"1\" {{ answer }}\n");
        if let Ok(loaded) = load_with(&text, &known(), &mut Cache::new()) {
            let desk = &loaded.dialplan.modules["desk"];
            for field in &desk.schema.settings {
                let value = desk.settings.get(&field.name);
                prop_assert!(value.is_some() || !(field.required || field.list), "{}", field.name);
                let fits = match (&field.kind, value) {
                    (_, None) => true,
                    (FieldKind::Text, Some(FieldValue::Text(_))) => !field.list,
                    (FieldKind::Text, Some(FieldValue::List(_))) => field.list,
                    (FieldKind::Secret, Some(FieldValue::Secret(_))) => true,
                    (FieldKind::File, Some(FieldValue::Text(_))) => true,
                    (FieldKind::Block(_), Some(FieldValue::Named(_))) => field.list,
                    (FieldKind::Block(_), Some(FieldValue::Block(_))) => !field.list,
                    _ => false,
                };
                prop_assert!(fits, "{} {value:?}", field.name);
            }
        }
    }
}
