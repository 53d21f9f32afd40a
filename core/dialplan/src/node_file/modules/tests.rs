//! Stories of what a tenant's modules may have at most.

use std::sync::Arc;

use super::*;
use crate::fuzz::sample;
use crate::node_file::check_ceiling;
use crate::schema::ModuleSchema;
use crate::{Cache, Known, Source, load, load_node};

fn plan(modules: &str, known: &Known) -> Dialplan {
    let text =
        format!("tenant acme domain=\"a.example\"\ntrunk north address=\"192.0.2.1\"\n{modules}");
    let source = Source::of([("main.kdl", &*text)]);
    load(&source, known, &mut Cache::new())
        .unwrap_or_else(|e| panic!("{e:#?}"))
        .dialplan
}

fn known() -> Known {
    Known::default().with_modules([sample::module()])
}

fn ceiling(block: &str) -> Ceiling {
    let text = format!("ceiling acme {{\n  calls-max 500\n{block}}}\n");
    let loaded = load_node("_node.kdl", &text).unwrap_or_else(|e| panic!("{e:#?}"));
    loaded.settings.ceiling("acme").unwrap().clone()
}

/// `line message (line of the ceiling: what is there)`.
fn refused(modules: &str, known: &Known, ceiling: &Ceiling) -> Vec<String> {
    let found = check_ceiling(&plan(modules, known), ceiling);
    let show = |d: &Diagnostic| {
        let other = &d.related[0];
        format!(
            "{}:{} {} ({}:{} {})",
            d.mark.file, d.mark.line, d.message, other.mark.file, other.mark.line, other.message
        )
    };
    found.iter().map(show).collect()
}

#[test]
fn every_line_of_the_block_is_read() {
    let bounds = ceiling(
        "  modules {\n    http \"https://*.example.com/*\" rate=\"20/s\"\n    http \"https://other.example/*\"\n    private-addresses #true\n    native #true\n    instances 7\n    memory-mb 8\n    cpu-percent 9\n    module queue \"crm\"\n    module ivr\n  }\n",
    )
    .modules;
    assert_eq!(bounds.http.len(), 2);
    assert_eq!(
        (
            bounds.http[0].rate_per_second,
            bounds.http[1].rate_per_second
        ),
        (20, HTTP_RATE)
    );
    assert!(bounds.private_addresses && bounds.native);
    assert_eq!(
        (
            bounds.instances_max,
            bounds.memory_mb_max,
            bounds.cpu_percent_max
        ),
        (7, 8, 9)
    );
    assert_eq!(bounds.modules.as_deref().unwrap(), ["queue", "crm", "ivr"]);
    assert_eq!(bounds.mark.as_ref().map(|m| m.line), Some(3));
    assert_eq!(ceiling("").modules, ModulesCeiling::default());
}

#[test]
fn mistakes_in_the_block_are_said() {
    let text = "ceiling acme { modules {\n  http \"ftp://x\"\n  http \"https://*\" rate=fast\n  nativ #true\n  native yes\n  instances 0\n  memory-mb lots\n  cpu-percent 5\n  cpu-percent 5\n} }\n";
    let all = load_node("_node.kdl", text).unwrap_err();
    let got: Vec<String> = all
        .iter()
        .map(|d| format!("{}:{} {}", d.mark.line, d.mark.column, d.message))
        .collect();
    assert_eq!(
        got,
        [
            "2:8 `ftp` is neither `https` nor `http`",
            "3:25 `fast` is no rate",
            "4:3 `modules` has no line `nativ`",
            "5:3 `native` is #true or #false",
            "6:3 `instances` is a number from 1 to 1000000",
            "7:3 `memory-mb` is a number from 1 to 1048576",
            "9:3 `cpu-percent` is given twice",
        ]
    );
}

const GRANTS: &str = "module desk {
  grant http \"https://crm.example.com/*\" rate=\"50/s\"
  grant http \"https://elsewhere.example/*\"
  grant http \"https://10.0.0.5/*\" private=#true
  grant http \"*\"
  config base=x
}
";

#[test]
fn a_tenant_cannot_grant_itself_more_than_the_ceiling() {
    let own = ceiling(
        "  modules {\n    http \"https://*.example.com/*\" rate=\"20/s\"\n    module queue\n  }\n",
    );
    assert_eq!(
        refused(GRANTS, &known(), &own),
        [
            "main.kdl:3 `desk` may not load the module `desk` in tenant `acme` (_node.kdl:3 the ceiling)",
            "main.kdl:4 `desk` may not send more than 20 requests a second (50 are granted) in tenant `acme` (_node.kdl:4 the ceiling)",
            "main.kdl:5 `desk` may not reach `https://elsewhere.example/*` in tenant `acme` (_node.kdl:4 the ceiling)",
            "main.kdl:6 `desk` may not reach private addresses (`https://10.0.0.5/*`) in tenant `acme` (_node.kdl:3 the ceiling)",
            "main.kdl:6 `desk` may not reach `https://10.0.0.5/*` in tenant `acme` (_node.kdl:4 the ceiling)",
            "main.kdl:7 `desk` may not reach every host (`*`) in tenant `acme` (_node.kdl:4 the ceiling)",
        ]
    );
}

#[test]
fn a_tenant_of_whom_nothing_is_said_has_the_public_web_and_no_native_code() {
    let native = ModuleSchema {
        name: "fax".into(),
        kind: "native".into(),
        asks: Vec::new(),
        settings: Vec::new(),
        ..(*sample::module()).clone()
    };
    let known = known().with_modules([Arc::new(native)]);
    let text = format!("{GRANTS}module fax {{\n  grant native\n}}\n");
    let unsaid = Ceiling::unsaid("acme");
    assert_eq!(
        refused(&text, &known, &unsaid),
        [
            "main.kdl:6 `desk` may not reach private addresses (`https://10.0.0.5/*`) in tenant `acme` (_node.kdl:1 no `modules` stands in the ceiling of `acme`)",
            "main.kdl:7 `desk` may not reach every host (`*`) in tenant `acme` (_node.kdl:1 no `modules` stands in the ceiling of `acme`)",
            "main.kdl:11 `fax` may not run native code in tenant `acme` (_node.kdl:1 no `modules` stands in the ceiling of `acme`)",
        ]
    );
    let faster = GRANTS.replace("50/s", "500/s");
    assert_eq!(
        refused(&faster, &known, &unsaid)[0],
        "main.kdl:4 `desk` may not send more than 100 requests a second (500 are granted) in tenant `acme` (_node.kdl:1 no `modules` stands in the ceiling of `acme`)"
    );
    let found = check_ceiling(&plan(&text, &known), &unsaid);
    assert_eq!(
        found[2].help.as_deref(),
        Some("the machine's operator allows it by `ceiling acme { modules { native #true } }`")
    );
    assert_eq!(
        found[1].help.as_deref(),
        Some(
            "name the hosts, as `https://crm.example.com/*` does; the machine's operator allows it by \
             `ceiling acme { modules { http \"*\" } }`"
        )
    );
    let wide = ceiling(
        "  modules {\n    http \"*\"\n    private-addresses #true\n    native #true\n  }\n",
    );
    assert_eq!(refused(&text, &known, &wide), Vec::<String>::new());
}

#[test]
fn native_code_in_the_switch_itself_is_a_warning_at_both_lines() {
    let native = ModuleSchema {
        name: "fax".into(),
        kind: "native".into(),
        ..ModuleSchema::default()
    };
    let known = known().with_modules([Arc::new(native)]);
    let text = "module fax {\n  grant native\n}\n";
    let own = ceiling("  modules {\n    native #true in-process=#true\n  }\n");
    assert!(own.modules.native && own.modules.native_in_process);
    assert_eq!(check_ceiling(&plan(text, &known), &own), []);
    let found = crate::node_file::doubtful_modules(&plan(text, &known), &own);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].severity, crate::diagnostic::Severity::Warning);
    assert!(
        found[0]
            .message
            .contains("in the switch itself, which is unsafe")
    );
    let node = "ceiling acme { modules { native #true in-process=#true } }\n";
    let loaded = load_node("_node.kdl", node).unwrap();
    assert!(loaded.warnings[0].message.contains("which is unsafe"));
    let node = "ceiling acme { modules { native #false in-process=#true } }\n";
    let wrong = load_node("_node.kdl", node).unwrap_err();
    assert!(wrong[0].message.contains("none are allowed here"));
}

#[test]
fn many_grants_beyond_the_ceiling_are_bounded_findings() {
    let grants: String = (0..200)
        .map(|n| format!("  grant http \"https://h{n}.example/*\" rate=\"500/s\"\n"))
        .collect();
    let text = format!("module desk {{\n{grants}  config base=x\n}}\n");
    let found = check_ceiling(&plan(&text, &known()), &Ceiling::unsaid("acme"));
    assert_eq!(found.len(), 50);
}
