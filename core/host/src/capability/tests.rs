//! What is allowed, what is not, who said so, and addresses that try to be others.

use std::collections::BTreeMap;
use std::time::Duration;

use cordboard_dialplan::node_file::{HttpCeiling, ModulesCeiling};

use super::*;

const MANIFEST: &str = r#"
name = "prices"
version = "1.0.0"
contract = "0.1"
world = "connector"
kind = "lua"
entry = "module.lua"
subscribe = ["call.ended"]
publish = ["table-loaded"]
retain = ["rates"]

[[step]]
name = "find"

[[ask]]
capability = "http"
what = "https://*"
reason = "its address is in the settings"

[[ask]]
capability = "http"
what = "http://*"
reason = "tests"

[[ask]]
capability = "http"
what = "https://*:*"
reason = "tests"

[[ask]]
capability = "store"
reason = "a cache"

[[ask]]
capability = "file"
reason = "the table"
"#;

fn place(line: u32) -> Place {
    Place {
        file: "modules.kdl".into(),
        line,
        column: 5,
    }
}

fn grant(capability: &str, what: &str) -> Grant {
    Grant {
        capability: capability.into(),
        what: what.into(),
        methods: Vec::new(),
        rate_per_second: None,
        size_bytes: None,
        private: false,
        place: place(4),
    }
}

fn effective(grants: Vec<Grant>, ceiling: ModulesCeiling) -> Effective {
    let file = "modules/prices/module.toml";
    let manifest = Arc::new(Manifest::parse(file, MANIFEST.as_bytes()).unwrap());
    let loaded = Loaded {
        name: "prices".into(),
        source: "prices".into(),
        grants,
        settings: BTreeMap::new(),
        place: place(3),
        schema: Arc::new(manifest.schema()),
    };
    Effective::of(manifest, &loaded, Arc::new(ceiling)).unwrap()
}

/// The ceiling's line for every host, without which no grant may name every host.
fn every_host() -> HttpCeiling {
    let place = place(7);
    HttpCeiling {
        pattern: UrlPattern::parse("http://*").unwrap(),
        rate_per_second: 100,
        mark: cordboard_dialplan::diagnostic::Mark::at(&place),
    }
}

fn http(pattern: &str) -> Effective {
    effective(vec![grant("http", pattern)], ModulesCeiling::default())
}

#[track_caller]
fn allowed(effective: &Effective, url: &str) -> Allowed {
    effective
        .check_http("GET", url)
        .unwrap_or_else(|d| panic!("{url}: {d}"))
}

#[track_caller]
fn denied(effective: &Effective, url: &str) -> Denied {
    match effective.check_http("GET", url) {
        Err(denied) => denied,
        Ok(allowed) => panic!("{url} is allowed by {}", allowed.grant),
    }
}

#[test]
fn what_is_asked_granted_and_under_the_ceiling_is_allowed() {
    let api = http("https://api.example.com/v1/*");
    for url in [
        "https://api.example.com/v1/x",
        "https://API.Example.COM/v1/x?next=https://evil.example/../",
        "https://api.example.com:443/v1/",
        "HTTPS://api.example.com./v1/x#y",
    ] {
        let bounds = allowed(&api, url);
        assert_eq!(bounds.rate_per_second, Some(100));
        assert_eq!(bounds.size_bytes, SIZE_BYTES_DEFAULT);
        assert!(!bounds.private);
    }
    assert!(
        api.check_http("DELETE", "https://api.example.com/v1/x")
            .is_err()
    );
}

#[test]
fn an_address_that_looks_like_another_is_denied() {
    let api = http("https://api.example.com/v1/*");
    for url in [
        "https://api.example.com@evil.example/v1/x",
        "https://user:pw@api.example.com/v1/x",
        "https://api.example.com\\@evil.example/v1/x",
        "https://api.example.com.evil.example/v1/x",
        "https://evil.example/https://api.example.com/v1/x",
        "https://xapi.example.com/v1/x",
        "https://api.example.com:8443/v1/x",
        "http://api.example.com/v1/x",
        "https://api.example.com/v1/../admin",
        "https://api.example.com/v1/%2e%2e/admin",
        "https://api.example.com/v1/%2E./admin",
        "https://api.example.com/v1/..;/admin",
        "https://api.example.com/v1/..%2fadmin",
        "https://api.example.com/v1/%252e%252e/admin",
        "https://api.example.com/v1//admin",
        "https://api.example.com//v1/x",
        "https://api.example.com/v10",
        "//api.example.com/v1/x",
        "https:/api.example.com/v1/x",
        "https://api.example.com..//v1/x",
        "https://api..example.com/v1/x",
        "https://api.example.com\t/v1/x",
        "https://api.example.com\r\nHost: evil.example/v1/x",
        "https://аpi.example.com/v1/x",
        "https://xn--pi-7kc.example.com/v1/x",
        "https://api%2eexample.com/v1/x",
        "ftp://api.example.com/v1/x",
        "file:///v1/x",
        "",
    ] {
        denied(&api, url);
    }
    let long = format!("https://api.example.com/v1/{}", "x".repeat(9_000));
    assert_eq!(denied(&api, &long).kind, ScriptCallError::Invalid);
}

#[test]
fn private_addresses_need_a_word_of_grant_and_ceiling() {
    let private = [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://a.localhost/",
        "http://10.1.2.3/",
        "http://192.168.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://100.64.0.1/",
        "http://0.0.0.0/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://[fd00::1]/",
        "http://[fe80::1]/",
        "http://[64:ff9b::7f00:1]/",
    ];
    // Forms of 127.0.0.1 that some resolvers read: never.
    let odd = [
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://0177.0.0.1/",
        "http://127.0.0.1.0/",
        "http://[::1%25eth0]/",
    ];
    let with = |private: bool, addresses: bool| {
        let mut grant = grant("http", "http://*");
        grant.private = private;
        let ceiling = ModulesCeiling {
            http: vec![every_host()],
            private_addresses: addresses,
            ..ModulesCeiling::default()
        };
        effective(vec![grant], ceiling)
    };
    let (public, both, grant_only) = (with(false, false), with(true, true), with(true, false));
    for url in private {
        assert!(
            denied(&public, url).message.contains("a private address"),
            "{url}"
        );
        assert!(
            denied(&grant_only, url)
                .message
                .contains("`private-addresses`"),
            "{url}"
        );
        assert!(allowed(&both, url).private, "{url}");
    }
    for url in odd {
        denied(&both, url);
    }
    allowed(&public, "http://8.8.8.8/");
    allowed(&public, "http://[2606:4700::1]/");
    allowed(&public, "http://127.example.com/");
}

#[test]
fn a_refusal_names_module_capability_and_the_line_that_would_allow_it() {
    let none = effective(Vec::new(), ModulesCeiling::default());
    assert_eq!(
        denied(&none, "https://api.example.com/x").message,
        "module `prices`: http `GET https://api.example.com/x` is not granted: add `grant http \
         \"https://api.example.com/*\"` to `module prices` at modules.kdl:3"
    );
    let not_asked = none.check_trunk("carrier").unwrap_err();
    assert_eq!(
        not_asked.message,
        "module `prices`: trunk `carrier` is not asked for: add an [[ask]] with `capability = \
         \"trunk\"`, `what = \"carrier\"` at modules/prices/module.toml:34"
    );
    let narrow = http("https://api.example.com/*");
    let method = narrow
        .check_http("DELETE", "https://api.example.com/x")
        .unwrap_err();
    assert!(
        method
            .message
            .contains("modules.kdl:4 does not allow its method: add `DELETE`")
    );
    let mark = cordboard_dialplan::diagnostic::Mark::at(&Place {
        file: "_node.kdl".into(),
        line: 12,
        column: 1,
    });
    let ceiling = ModulesCeiling {
        http: vec![HttpCeiling {
            pattern: UrlPattern::parse("https://*.example.com/*").unwrap(),
            rate_per_second: 5,
            mark: mark.clone(),
        }],
        mark: Some(mark),
        ..ModulesCeiling::default()
    };
    let wide = effective(vec![grant("http", "https://*")], ceiling);
    assert_eq!(
        allowed(&wide, "https://a.example.com/").rate_per_second,
        Some(5)
    );
    let above = denied(&wide, "https://a.example.org/");
    assert!(
        above
            .message
            .ends_with("`http` in `modules` of `_node.kdl` at _node.kdl:12")
    );
}

#[test]
fn topics_files_and_the_store() {
    let effective = effective(
        vec![grant("file", "rates.csv"), grant("trunk", "")],
        ModulesCeiling::default(),
    );
    effective
        .check_topic("prices.table-loaded", TopicUse::Publish)
        .unwrap();
    effective
        .check_topic("prices.rates", TopicUse::Retain)
        .unwrap();
    effective.check_topic("call.ended", TopicUse::Hear).unwrap();
    for (topic, how, says) in [
        (
            "prices.gone",
            TopicUse::Publish,
            "add \"gone\" to `publish` at modules/prices/module.toml:9",
        ),
        ("call.ended", TopicUse::Publish, "is not its own"),
        ("prices.table-loaded", TopicUse::Retain, "to `retain`"),
        ("pricesx.rates", TopicUse::Retain, "is not its own"),
        ("call.started", TopicUse::Hear, "to `subscribe`"),
    ] {
        let why = effective.check_topic(topic, how).unwrap_err();
        assert!(why.message.contains(says), "{why}");
    }
    effective.check_file("rates.csv").unwrap();
    assert!(effective.check_file("../../etc/passwd").is_err());
    assert_eq!(effective.files().collect::<Vec<_>>(), ["rates.csv"]);
    let store = effective.check("store", "").unwrap_err();
    assert!(
        store
            .message
            .contains("add `grant store` to `module prices` at modules.kdl:3")
    );
    assert!(
        effective.check_trunk("carrier").is_err(),
        "granted and never asked for"
    );
    let granted = effective.granted();
    assert_eq!(granted.len(), 1, "{granted:?}");
    assert_eq!(granted[0]["place"], "modules.kdl:4");
    let denied: Vec<Value> = effective.denied();
    assert!(denied.iter().any(|d| d["capability"] == "store"));
    assert!(denied.iter().any(|d| d["capability"] == "trunk"));
}

#[test]
fn a_rate_is_met_and_comes_back_with_time() {
    let mut bounds = allowed(&http("https://a.example/*"), "https://a.example/");
    bounds.rate_per_second = Some(10);
    let mut rates = Rates::default();
    let at = Duration::from_millis;
    for _ in 0..10 {
        rates.take(at(5_000), &bounds).unwrap();
    }
    let busy = rates.take(at(5_000), &bounds).unwrap_err();
    assert_eq!(busy.kind, ScriptCallError::Busy);
    assert!(rates.take(at(5_099), &bounds).is_err());
    rates.take(at(5_100), &bounds).unwrap();
    assert!(rates.take(at(5_100), &bounds).is_err());
    // Looks that come more often than a place is filled do not starve it.
    let micros = |n: u64| Duration::from_millis(6_000) + Duration::from_micros(n * 300);
    let mut taken = 0;
    for n in 0..10_000 {
        taken += u32::from(rates.take(micros(n), &bounds).is_ok());
    }
    // Nine were there from the second before, and three seconds bring thirty.
    assert!((38..=40).contains(&taken), "{taken}");
    // A clock that goes back gives nothing and breaks nothing.
    assert!(rates.take(at(1), &bounds).is_err());
}
