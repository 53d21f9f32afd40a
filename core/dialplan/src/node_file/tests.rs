//! Stories about the machine's own file.

use super::*;
use crate::file::{Cache, Source};
use crate::{Known, load};

fn errors(text: &str) -> Vec<String> {
    let findings = load_node("_node.kdl", text).unwrap_err();
    findings
        .iter()
        .map(|f| format!("{}:{} {}", f.mark.line, f.mark.column, f.message))
        .collect()
}

fn tenant(text: &str) -> crate::Dialplan {
    load(
        &Source::of([("main.kdl", text)]),
        &Known::default(),
        &mut Cache::new(),
    )
    .unwrap()
    .dialplan
}

#[test]
fn an_empty_file_is_loopback_only() {
    let loaded = load_node("_node.kdl", "// nothing\n").unwrap();
    assert_eq!(loaded.settings, NodeFile::default());
    assert!(
        loaded
            .settings
            .udp
            .iter()
            .chain(&loaded.settings.http)
            .all(|a| a.ip().is_loopback())
    );
}

#[test]
fn every_line_is_read() {
    let text = "listen udp=\"127.0.0.1:5070\"\nlisten udp=\"10.0.0.5:5060\" tcp=\"10.0.0.5:5060\" plain=#true\nhttp \"[::1]:9000\"\nrtp \"30000-30999\"\nnetwork \"10.0.0.0/8\" advertise=\"10.0.0.5\"\nnetwork \"10.1.0.0/16\" advertise=\"10.1.0.5\"\nadvertise \"203.0.113.5\"\ndscp signalling=26 media=34\ndefault-tenant demo\nmedia-threads 2\njournal write-ms=2 fsync-ms=500\nlimits calls=10 transactions=1000 prompts-mb=1\ndatabase \"postgres://db/cordboard\"\nceiling acme { calls-max 5; trunks 1; dids \"+4420*\" \"+4421*\" }\n";
    let loaded = load_node("_node.kdl", text).unwrap();
    let s = &loaded.settings;
    assert_eq!((s.udp.len(), s.tcp.len(), s.http.len()), (2, 1, 1));
    assert_eq!(s.rtp_ports, (30_000, 30_999));
    assert_eq!((s.dscp.signalling, s.dscp.media), (26, 34));
    assert_eq!(s.default_tenant.as_deref(), Some("demo"));
    assert_eq!(s.media_threads, Some(2));
    assert_eq!(s.journal.write, Duration::from_millis(2));
    assert_eq!(s.limits.prompt_bytes_max, 1 << 20);
    let ceiling = s.ceiling("acme").unwrap();
    assert_eq!(
        (ceiling.calls_max, ceiling.trunks_max, ceiling.dids.len()),
        (Some(5), Some(1), 2)
    );
    let warned: Vec<u32> = loaded.warnings.iter().map(|w| w.mark.line).collect();
    assert_eq!(
        warned,
        [2, 2],
        "a door without TLS is a warning even when accepted"
    );
    let seen = |peer: &str| {
        s.advertised("192.0.2.1".parse().unwrap(), peer.parse().unwrap())
            .to_string()
    };
    assert_eq!(seen("10.9.9.9"), "10.0.0.5");
    assert_eq!(seen("10.1.9.9"), "10.1.0.5");
    assert_eq!(seen("198.51.100.1"), "203.0.113.5");
    assert_eq!(seen("127.0.0.1"), "192.0.2.1");
}

#[test]
fn mistakes_are_said_with_their_places() {
    let got = errors(
        "listen udp=\"0.0.0.0:5060\"\nhtpp \"127.0.0.1:1\"\nrtp \"1000-2000\"\nnetwork \"10.0.0.0/40\" advertise=\"0.0.0.0\"\njournal write-ms=0\nmedia-threads many\ndatabase \"mysql://x\"\ndscp media=64\nrtp \"20000-29999\"\n",
    );
    assert_eq!(got.len(), 10, "{got:#?}");
    assert_eq!(
        got[0],
        "1:12 0.0.0.0:5060 is not loopback, and this door has no TLS"
    );
    assert_eq!(got[1], "2:1 no node is called `htpp` here");
}

#[test]
fn a_tenant_above_its_ceiling_is_refused_with_both_lines() {
    let node = "ceiling acme {\n  calls-max 5\n  trunks 0\n  dids \"+44207946*\"\n}\n";
    let settings = load_node("_node.kdl", node).unwrap().settings;
    let plan = tenant(
        "tenant acme domain=\"a.example\" calls-max=6\ntrunk c address=\"192.0.2.1\"\ndid \"+442079460100\" { answer }\ndid \"+442079470100\" { answer }\ndid \"+4420794{60..61}\" { answer }\ndid \"+4420794{62..70}\" { answer }\n",
    );
    let found = check_ceiling(&plan, settings.ceiling("acme").unwrap());
    let got: Vec<(u32, &str)> = found.iter().map(|f| (f.mark.line, &*f.message)).collect();
    assert_eq!(
        got,
        [
            (1, "`calls-max` is 6, and this tenant may have 5"),
            (2, "1 trunks, and this tenant may have 0"),
            (4, "the number `+442079470100` is not this tenant's"),
            (6, "the number `+4420794{62..70}` is not this tenant's"),
        ]
    );
    assert_eq!(
        (
            &*found[0].related[0].mark.file,
            found[0].related[0].mark.line
        ),
        ("_node.kdl", 1)
    );
}

#[test]
fn a_number_belongs_to_one_tenant_of_a_node() {
    let a = tenant(
        "tenant a domain=\"a.example\"\ndid \"+4410\" { answer }\ndid \"+44{20..29}\" { answer }\n",
    );
    let b = tenant(
        "tenant b domain=\"b.example\"\ndid \"+4411\" { answer }\ndid \"+4425\" { answer }\n",
    );
    let c = tenant("tenant c domain=\"c.example\"\ndid \"+441*\" { answer }\n");
    let found = check_did_owners([&a, &b, &c]);
    let got: Vec<(&str, &str)> = found.iter().map(|f| (&*f.mark.file, &*f.message)).collect();
    assert_eq!(
        got,
        [
            (
                "b/main.kdl",
                "the number `+4425` belongs to tenant `a` already"
            ),
            (
                "c/main.kdl",
                "the number `+441*` belongs to tenant `a` already"
            ),
        ]
    );
    assert_eq!(
        (
            &*found[0].related[0].mark.file,
            found[0].related[0].mark.line
        ),
        ("a/main.kdl", 3)
    );
    let report = crate::render(&found, &Source::default(), false);
    assert!(
        report.contains("DP0082 b/main.kdl:3:5: the number"),
        "{report}"
    );
    assert!(
        report.contains("  a/main.kdl:3:5: `+44{20..29}` of `a`"),
        "{report}"
    );
}

#[test]
fn a_carriers_address_belongs_to_one_tenant_unless_a_ceiling_shares_it() {
    let plan = |name: &str, address: &str| {
        tenant(&format!(
            "tenant {name} domain=\"{name}.example\"\ntrunk {name}-line address=\"{address}\"\n"
        ))
    };
    let (a, b, c) = (
        plan("a", "192.0.2.1:5060"),
        plan("b", "192.0.2.1:5080"),
        plan("c", "127.0.0.1:5091"),
    );
    let d = plan("d", "127.0.0.1:5092");
    let unsaid = Ceiling::unsaid("b");
    let found = check_trunk_owners([(&a, &unsaid), (&b, &unsaid), (&c, &unsaid), (&d, &unsaid)]);
    let got: Vec<(&str, &str)> = found.iter().map(|f| (&*f.mark.file, &*f.message)).collect();
    assert_eq!(
        got,
        [(
            "b/main.kdl",
            "192.0.2.1:5080 is where the trunk `a-line` of tenant `a` is"
        )],
        "programs of one machine are told apart by their ports"
    );
    assert_eq!(&*found[0].related[0].mark.file, "a/main.kdl");

    let node = "ceiling b { carriers \"192.0.2.0/24\" \"2001:db8::1\"; }\nceiling x { carriers \"192.0.2.300\"; }\n";
    let wrong = load_node("_node.kdl", node).unwrap_err();
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    let settings = load_node("_node.kdl", node.lines().next().unwrap()).unwrap();
    let shares = settings.settings.ceiling("b").unwrap();
    assert!(check_trunk_owners([(&a, &unsaid), (&b, shares)]).is_empty());
    assert!(check_ceiling(&b, shares).is_empty());
    let above = check_ceiling(&c, shares);
    assert_eq!(
        above[0].message,
        "no trunk of this tenant may be at 127.0.0.1:5091"
    );
    assert_eq!(&*above[0].related[0].mark.file, "_node.kdl");
}

#[test]
fn a_tenant_trusts_keys_of_packages_within_its_ceiling() {
    let text = "ceiling acme { modules { trust vendor partner; trust house } }\n";
    let settings = load_node("_node.kdl", text).unwrap().settings;
    let own = "tenant acme domain=\"acme.example\"\ntrust vendor\ntrust house stranger\n";
    let plan = tenant(own);
    let keys: Vec<&str> = plan.trusts.keys().map(String::as_str).collect();
    assert_eq!(keys, ["house", "stranger", "vendor"]);
    let found = check_ceiling(&plan, settings.ceiling("acme").unwrap());
    let [above] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(
        (above.mark.line, &*above.message),
        (3, "`acme` may not trust the key `stranger`")
    );
    let help = above.help.as_deref();
    assert_eq!(
        help,
        Some("the operator's ceiling would have to say `trust stranger`")
    );
    assert_eq!(
        check_ceiling(&plan, &Ceiling::unsaid("acme")),
        [],
        "all that the machine trusts"
    );
    let mut cache = Cache::new();
    let empty = "tenant acme domain=\"acme.example\"\ntrust\n";
    let refused = load(
        &Source::of([("main.kdl", empty)]),
        &Known::default(),
        &mut cache,
    );
    let findings = refused.err().unwrap();
    assert_eq!(findings[0].message, "`trust` wants the name of a key");
}
