//! Stories of tenants that stand on a base: points, values, files, and what is said of mistakes.

use std::sync::Arc;

use crate::diagnostic::Severity;
use crate::file::Shared;
use crate::{Cache, Dialplan, Known, Source, load, render};

const BASE: &str = "\
value number
value greeting \"welcome\"
value team alice
value rings \"20s\"
override hours {
    calendar office { open mon-fri \"08:00-18:00\" }
}
did \"{value.number}\" { goto main }
route main {
    play \"{value.greeting}\"
    when \"open('office')\" { goto desk }
    else { goto after-hours }
}
route desk {
    override desk {
        ring \"{value.team}\" timeout=\"{value.rings}\"
        else { goto after-hours }
    }
}
route after-hours {
    override after-hours { play \"closed\" }
    hangup
}
test \"the number is answered\" {
    call did=\"{value.number}\" at=\"2026-11-23T10:00\" answers=\"alice:1s\"
    expect \"play {value.greeting}\" \"answered alice\"
}
";
const OWN: &str = "\
tenant acme domain=\"acme.example\"
base \"../_base\"
value number \"+442079460100\"
user alice
";

fn known() -> Known {
    Known::of(["welcome", "closed", "menu"], ["survey"])
}

fn tried(files: &[(&str, &str)]) -> Result<Dialplan, Vec<String>> {
    let source = Source::of(files.iter().copied());
    let loaded = load(&source, &known(), &mut Cache::new());
    loaded.map(|l| l.dialplan).map_err(|findings| {
        let errors = findings.iter().filter(|f| f.severity == Severity::Error);
        let places = |f: &crate::Diagnostic| {
            let also = f.related.iter().map(|r| {
                let crate::diagnostic::Mark { file, line, .. } = &r.mark;
                format!(" ({file}:{line} {})", r.message)
            });
            let help = f.help.iter().map(|h| format!(" | {h}"));
            also.chain(help).collect::<String>()
        };
        errors.map(|f| f.line() + &places(f)).collect()
    })
}

#[track_caller]
fn good(own: &str) -> Dialplan {
    match tried(&[("../_base/main.kdl", BASE), ("main.kdl", own)]) {
        Ok(plan) => plan,
        Err(mistakes) => panic!("{}", mistakes.join("\n")),
    }
}

#[track_caller]
fn bad(own: &str) -> Vec<String> {
    tried(&[("../_base/main.kdl", BASE), ("main.kdl", own)]).expect_err("mistakes are wanted")
}

fn lines(plan: &Dialplan, route: &str) -> Vec<String> {
    crate::describe::lines(&plan.routes[route])
}

#[test]
fn a_tenant_that_says_only_what_it_must_has_the_bases_routes() {
    let plan = good(OWN);
    assert_eq!(lines(&plan, "desk")[0], "ring \"alice\" timeout=\"20s\"");
    assert_eq!(lines(&plan, "after-hours")[0], "play \"closed\"");
    assert!(plan.dids.lookup("+442079460100").is_some());
    assert_eq!(plan.tests.len(), 1, "the base's tests are the tenant's");
    let place = &plan.routes["desk"].steps[0].place;
    assert_eq!((&*place.file, place.line), ("../_base/main.kdl", 16));
}

#[test]
fn points_of_steps_and_of_nodes_take_the_tenants_lines_and_their_places() {
    let own = format!(
        "{OWN}user bob\nvalue team alice bob\nvalue rings \"5s\"\n\
         override hours {{\n    calendar office {{ open daily \"00:00-24:00\" }}\n}}\n\
         override after-hours {{\n    play \"menu\"\n    ring bob\n    else {{ hangup cause=busy }}\n}}\n"
    );
    let plan = good(&own);
    assert_eq!(
        lines(&plan, "desk")[0],
        "ring \"alice\" \"bob\" timeout=\"5s\""
    );
    let after = &plan.routes["after-hours"];
    assert_eq!(
        crate::describe::lines(after),
        [
            "play \"menu\"",
            "ring \"bob\" timeout=\"20s\"",
            "else",
            "  hangup cause=\"busy\"",
            "hangup"
        ]
    );
    let places: Vec<_> = after
        .steps
        .iter()
        .map(|s| (&*s.place.file, s.place.line))
        .collect();
    assert_eq!(
        places,
        [
            ("main.kdl", 12),
            ("main.kdl", 13),
            ("../_base/main.kdl", 22)
        ]
    );
    assert_eq!(&*plan.calendars["office"].place.file, "main.kdl");
}

#[test]
fn an_empty_override_leaves_the_point_empty() {
    let plan = good(&format!("{OWN}override after-hours {{}}\n"));
    assert_eq!(lines(&plan, "after-hours"), ["hangup"]);
}

#[test]
fn mistakes_name_both_places_and_the_cure() {
    let own = format!(
        "{OWN}override after-hour {{ play closed }}\noverride desk {{ ring bob }}\n\
         override desk {{ ring alice }}\nroute main {{ hangup }}\nvalue greting \"menu\"\n\
         value rings \"soon\"\ndid \"+442079460100\" {{ hangup }}\n\
         route own {{ override hours {{ hangup }} }}\n"
    );
    assert_eq!(
        bad(&own),
        [
            "main.kdl:5:1: no point of the base is called `after-hour` (main.kdl:2 the base) | \
             did you mean `after-hours`?",
            "main.kdl:6:22: no user is called `bob` | known here: alice",
            "main.kdl:7:1: a second `override desk` (main.kdl:6 the first)",
            "main.kdl:8:7: a second route `main` (../_base/main.kdl:9 the base's) | make it a point \
             in the base, `override main { route main ... }`, and write `override main { route main \
             ... }` here; or give this one another name",
            "main.kdl:9:1: no value of the base is called `greting`, and nothing uses it (main.kdl:2 \
             the base) | did you mean `greeting`?",
            "main.kdl:11:5: `+442079460100` stands here a second time (../_base/main.kdl:8 the \
             base's) | put the base's into a point, `override numbers { ... }`, and replace that here",
            "main.kdl:12:13: `override hours` stands outermost in the tenant's files \
             (../_base/main.kdl:5 the point) | move it out of the block",
        ]
    );
    // The default of `desk` is replaced, so its value is not looked at; here it is.
    assert_eq!(
        bad(&format!("{OWN}value rings \"soon\"\n")),
        [
            "../_base/main.kdl:16:37: `soon` is no time (main.kdl:5 `{value.rings}` is said here) | \
             write a number and `ms`, `s`, `m` or `h`: `\"300ms\"`, `\"1m30s\"`"
        ]
    );
    assert_eq!(
        bad(&OWN.replace("value number \"+442079460100\"\n", "")),
        [
            "main.kdl:2:1: the base wants `value number` (../_base/main.kdl:1 the base asks for it) | \
             write `value number \"...\"` in one of the tenant's files"
        ]
    );
}

#[test]
fn what_does_not_fit_a_point_says_where_the_point_is() {
    let mistakes = bad(&format!(
        "{OWN}override desk {{\n    calendar desk {{ open daily \"1:00\" }}\n}}\n"
    ));
    assert_eq!(
        mistakes,
        [
            "main.kdl:6:5: no step is called `calendar` (../_base/main.kdl:15 the point `desk` that it \
             replaces) | known here: answer, play, tone, wait, collect, run, ring, trunk, goto, \
             record, set, when, else, hangup"
        ]
    );
    let base = "route a { play \"{value.wlcome}\" }\nvalue welcome \"menu\"\ntenant b domain=\"b.example\"\n\
                override x { route b { hangup } }\nroute c { override x { hangup } }\n";
    let mistakes = tried(&[
        ("../_base/main.kdl", base),
        (
            "main.kdl",
            "tenant acme domain=\"acme.example\"\nbase \"../_base\"\n",
        ),
    ]);
    assert_eq!(
        mistakes.unwrap_err(),
        [
            "../_base/main.kdl:1:17: no value is called `wlcome` | did you mean `welcome`?",
            "../_base/main.kdl:3:1: `tenant` does not stand in a base | it stands in each tenant's own \
             files; a base has what they share",
            "../_base/main.kdl:5:11: a second `override x` (../_base/main.kdl:4 the first)",
        ]
    );
}

#[test]
fn a_base_that_cannot_be_one_is_refused_with_its_line() {
    let on = |line: &str, more: &[(&str, &str)]| {
        let own = format!("tenant acme domain=\"acme.example\"\n{line}\n");
        let mut files = vec![("main.kdl", &*own)];
        files.extend(more);
        let mut source = Source::of(files);
        source.folders = [
            ("_base".to_string(), None),
            (
                "_out".to_string(),
                Some("it is a symbolic link out of here".to_string()),
            ),
        ]
        .into();
        let found = load(&source, &known(), &mut Cache::new()).unwrap_err();
        let found: Vec<String> = found
            .iter()
            .map(|f| format!("{} | {}", f.line(), f.help.as_deref().unwrap_or("")))
            .collect();
        found.join("\n")
    };
    let help = "write `base \"../_base\"`: a folder beside the tenant's whose name begins with `_`";
    for text in [
        "../base",
        "_base",
        "../../_base",
        "/_base",
        "../_a/../_b",
        "../_",
        "../_node.kdl",
    ] {
        assert_eq!(
            on(&format!("base \"{text}\""), &[]),
            format!("main.kdl:2:6: `{text}` cannot be a base | {help}")
        );
    }
    assert_eq!(
        on("base", &[]),
        format!("main.kdl:2:1: `base` wants one folder | {help}")
    );
    assert_eq!(
        on("base \"../_bsae\"", &[]),
        "main.kdl:2:1: no base `_bsae` is there | did you mean `base \"../_base\"`?"
    );
    assert_eq!(
        on("base \"../_out\"", &[("../_out/a.kdl", "")]),
        "main.kdl:2:1: `_out` cannot be a base: it is a symbolic link out of here | "
    );
    assert_eq!(
        on("base \"../_a\"; base \"../_b\"", &[("../_a/a.kdl", "")]),
        "main.kdl:2:15: a second `base`: a folder stands on one | "
    );
    assert_eq!(
        on(
            "base \"../_a\"",
            &[
                ("../_a/a.kdl", "base \"../_b\""),
                ("../_b/b.kdl", "base \"../_a\"")
            ]
        ),
        "../_b/b.kdl:1:1: bases go round: the tenant > _a > _b > _a | take one of the `base` lines out"
    );
    let chain = [
        ("../_a/a.kdl", "base \"../_b\""),
        ("../_b/b.kdl", "base \"../_c\""),
        ("../_c/c.kdl", "base \"../_d\""),
        ("../_d/d.kdl", ""),
    ];
    assert_eq!(
        on("base \"../_a\"", &chain),
        "../_c/c.kdl:1:1: more than 3 bases, one on the other | join two of them"
    );
    assert_eq!(
        on("override x { hangup }", &[]),
        "main.kdl:2:1: `override` replaces a point of a base, and this tenant has none | write `base \
         \"../_base\"` in one of the tenant's files"
    );
}

#[test]
fn bases_stand_on_bases_and_the_nearest_layer_wins() {
    let deep = "value a \"deep\"\nvalue b \"deep\"\nroute main {\n  override first { set x=\"{value.a}\" }\n  \
                override second { set y=\"{value.b}\" }\n  override third { hangup }\n}\ndids \"t.csv\"\n";
    let middle = "base \"../_deep\"\nvalue a \"middle\"\noverride first { override inner { set x=\"i\" } }\n\
                  override second { set y=\"m\" }\noverride extra { user zoe }\n";
    let own = "tenant acme domain=\"acme.example\"\nbase \"../_middle\"\nvalue b \"own\"\n\
               override inner { set x=\"{value.a}\"; set z=\"{value.b}\" }\noverride extra { user zed }\n";
    let files = [
        ("../_deep/deep.kdl", deep),
        ("../_middle/middle.kdl", middle),
        ("main.kdl", own),
        ("../_deep/t.csv", "number,route\n+441,main\n"),
        ("../_middle/t.csv", "number,route\n+442,main\n"),
    ];
    let plan = tried(&files).unwrap_or_else(|e| panic!("{}", e.join("\n")));
    assert_eq!(
        lines(&plan, "main"),
        ["set x=\"middle\"", "set z=\"own\"", "set y=\"m\"", "hangup"]
    );
    assert_eq!(plan.users.keys().collect::<Vec<_>>(), ["zed"]);
    let (nearest, deeper) = (plan.dids.lookup("+442"), plan.dids.lookup("+441"));
    assert!(nearest.is_some() && deeper.is_none(), "the nearest table");
    assert_eq!(Source::of(files).bases(), ["_middle", "_deep"]);
    // A point inside what was replaced is none any more.
    let own = format!("{own}override first {{ set x=\"gone\" }}\n");
    let mut files = files;
    files[2].1 = &own;
    assert_eq!(
        tried(&files).unwrap_err(),
        [
            "main.kdl:4:1: the point `inner` stands in what another `override` replaces \
             (../_middle/middle.kdl:3 the point) | take this one out, or put its lines into that one"
        ]
    );
}

#[test]
fn values_are_what_they_were_written_as() {
    let base = "value calls 7\nvalue open \"mon-fri\"\nvalue from \"09:00\"\nvalue name \"Ann {{\"\n\
                calendar office { open \"{value.open}\" \"{value.from}-18:00\" }\n\
                user alice calls-max=\"{value.calls}\" display=\"{value.name}\"\n\
                route a { set n=\"{{value.calls}} is {value.calls}\"; when \"var.n == '{value.from}'\" { hangup } }\n";
    let own = "tenant acme domain=\"acme.example\"\nbase \"../_base\"\nvalue from \"10:00\"\n";
    let plan = tried(&[("../_base/a.kdl", base), ("main.kdl", own)]);
    let plan = plan.unwrap_or_else(|e| panic!("{}", e.join("\n")));
    assert_eq!(plan.users["alice"].calls_max, 7);
    assert_eq!(plan.users["alice"].display.as_deref(), Some("Ann {{"));
    assert_eq!(
        lines(&plan, "a"),
        [
            "set n=\"{{value.calls}} is 7\"",
            "when \"var.n == '10:00'\"",
            "  hangup"
        ]
    );
    assert!(crate::describe::lines(&plan.routes["a"])[0].contains("{{value"));
}

#[test]
fn a_tenants_mistake_is_drawn_with_its_own_text() {
    let own = format!("{OWN}override desk {{ rign alice }}\n");
    let source = Source::of([("../_base/main.kdl", BASE), ("main.kdl", &own)]);
    let findings = load(&source, &known(), &mut Cache::new()).unwrap_err();
    let report = render(&findings, &source, false);
    assert!(
        report.contains("[main.kdl:5:17]") && report.contains("../_base/main.kdl:15:5"),
        "{report}"
    );
    let broken = Source::of([
        ("../_base/main.kdl", "route a {\n  rign x\n}\n"),
        ("main.kdl", OWN),
    ]);
    let findings = load(&broken, &known(), &mut Cache::new()).unwrap_err();
    let report = render(&findings, &broken, false);
    assert!(report.contains("[../_base/main.kdl:2:3]"), "{report}");
}

/// What makes a hundred tenants on one base cheap: its files are read once, however many stand on
/// them, and again only when they change.
#[test]
fn a_base_is_parsed_once_for_all_its_tenants() {
    let shared = Arc::new(Shared::default());
    let plain = "route plain { hangup }\n";
    let own = |n: usize| {
        format!(
            "tenant t{n} domain=\"t{n}.example\"\nbase \"../_base\"\nvalue number \"+44{n:08}\"\nuser alice\n"
        )
    };
    let mut caches: Vec<Cache> = (0..100).map(|_| Cache::new()).collect();
    let mut load_all = |base: &str| {
        let mut routes = Vec::new();
        for (n, cache) in caches.iter_mut().enumerate() {
            cache.share(&shared);
            let own = own(n);
            let files = [
                ("../_base/main.kdl", base),
                ("../_base/plain.kdl", plain),
                ("../_base/t.csv", "number,route\n+1,plain\n"),
                ("main.kdl", &own),
            ];
            let plan = load(&Source::of(files), &known(), cache).unwrap().dialplan;
            routes.push(Arc::clone(&plan.routes["plain"]));
        }
        let same = routes.iter().all(|route| Arc::ptr_eq(route, &routes[0]));
        (shared.parsed(), same)
    };
    let with_table = format!("{BASE}dids \"t.csv\"\n");
    assert_eq!(load_all(&with_table), (3, true), "two files and a table");
    assert_eq!(load_all(&with_table), (3, true));
    let edited = with_table.replace("value rings \"20s\"", "value rings \"30s\"");
    assert_eq!(load_all(&edited), (4, true), "one file was edited");
    assert!(caches.iter().all(|cache| cache.parsed() <= 5));
}

#[test]
fn an_edit_of_an_override_reads_nothing_else_again() {
    let mut cache = Cache::new();
    let mut load_with = |own: &str| {
        let files = [
            ("../_base/main.kdl", BASE),
            ("../_base/plain.kdl", "route plain { hangup }\n"),
            ("main.kdl", OWN),
            ("own.kdl", own),
        ];
        let plan = load(&Source::of(files), &known(), &mut cache)
            .unwrap()
            .dialplan;
        (
            lines(&plan, "after-hours")[0].clone(),
            cache.parsed(),
            plan.hash,
        )
    };
    let first = load_with("override after-hours { play \"menu\" }\n");
    assert_eq!((&*first.0, first.1), ("play \"menu\"", 4));
    let second = load_with("override after-hours { play \"welcome\" }\n");
    assert_eq!((&*second.0, second.1), ("play \"welcome\"", 5));
    assert_ne!(first.2, second.2);
    assert_eq!(
        load_with("override after-hours { play \"menu\" }\n").2,
        first.2
    );
}

#[test]
fn settings_of_a_module_and_lines_of_a_calendar_may_be_points() {
    let base = "module desk {\n  config base=\"https://{value.host}\" {\n    override lines { line \"a\" }\n  }\n\
                grant http \"https://{value.host}/*\"\n grant file \"t.csv\"\n}\nvalue host \"crm.example.com\"\n\
                calendar office { override days { open daily \"08:00-18:00\" } }\n";
    let own = "tenant acme domain=\"acme.example\"\nbase \"../_base\"\nvalue host \"a.example\"\n\
               override days { open mon \"10:00-12:00\" }\noverride lines { line \"b\"; line \"c\" }\n";
    let known = known().with_modules([crate::fuzz::sample::module()]);
    let files = [
        ("../_base/a.kdl", base),
        ("../_base/t.csv", ""),
        ("main.kdl", own),
    ];
    let loaded = load(&Source::of(files), &known, &mut Cache::new());
    let plan = match loaded {
        Ok(loaded) => loaded.dialplan,
        Err(found) => panic!(
            "{}",
            found.iter().map(|f| f.line() + "\n").collect::<String>()
        ),
    };
    let mut says = Vec::new();
    crate::describe::settings("config", &plan.modules["desk"].settings, &mut says);
    let says = says.join("\n");
    assert!(
        says.contains("https://a.example") && says.contains("line \"c\""),
        "{says}"
    );
    assert!(!says.contains("line \"a\""), "{says}");
    assert_eq!(plan.calendars["office"].rules().len(), 1);
}
