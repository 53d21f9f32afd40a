//! The first-party module `crm`: look-ups, cache, breaker, write-back.

use super::*;
use crate::contract::Event;
use cordboard_steps::script::{OutsideRequest, ScriptCallError, ScriptErrorKind};

pub const TOML: &str = include_str!("../../../../../../modules/crm/module.toml");
pub const FILES: &[(&str, &str)] = &[
    (
        "module.lua",
        include_str!("../../../../../../modules/crm/module.lua"),
    ),
    (
        "customer.lua",
        include_str!("../../../../../../modules/crm/customer.lua"),
    ),
    (
        "remembered.lua",
        include_str!("../../../../../../modules/crm/remembered.lua"),
    ),
];

/// A request: method, URL, headers, body.
type Got = (String, String, Vec<(String, String)>, Option<String>);

/// A tenant with a CRM, and the world around it.
struct Desk {
    host: LuaHost,
    module: Arc<Module>,
    /// What the CRM answers next: status and JSON, or none where it is down.
    answer: Option<(u16, Value)>,
    /// Requests that it got.
    got: Vec<Got>,
    unix_ms: u64,
    store: BTreeMap<String, String>,
    set: BTreeMap<String, String>,
    published: Vec<(String, Value)>,
}

impl Desk {
    fn with(config: &str) -> Desk {
        let node = format!(
            "module crm {{\n grant http \"https://crm.example.com/*\"\n grant store\n config base=\"https://crm.example.com/\" {config}\n}}"
        );
        let setup = Setup {
            toml: TOML,
            files: FILES,
            node: &node,
            name: "crm",
            granted_files: &[],
        };
        let module = match try_load(&setup) {
            Ok((module, _)) => module,
            Err(reasons) => panic!("{reasons:#?}"),
        };
        Desk {
            host: host(),
            module,
            answer: Some((200, json!({"id": 17, "name": "Ann Lee", "vip": true}))),
            got: Vec::new(),
            unix_ms: 1_795_353_000_000,
            store: BTreeMap::new(),
            set: BTreeMap::new(),
            published: Vec::new(),
        }
    }

    fn look_up(&mut self, arguments: Value) -> ScriptTurn {
        let work = Work::Step(Box::new(begin(1, "look-up", arguments, &[])));
        self.work(work)
    }

    fn ended(&mut self, call: &str) -> ScriptTurn {
        self.work(Work::Event(Event {
            seq: 9,
            at_ms: self.unix_ms,
            topic: "call.ended".into(),
            call: Some(call.into()),
            leg: None,
            payload: json!({"cause": "normal"}),
        }))
    }

    fn work(&mut self, work: Work) -> ScriptTurn {
        let module = self.module.clone();
        let mut turn = self.host.begin(key(1).into(), &module, work);
        while let ScriptTurn::Call { op, .. } = turn {
            let answer = self.answer(op);
            turn = self.host.resume(key(1), answer).unwrap();
        }
        super::carried_out(turn, |op| self.answer(op.clone()))
    }

    fn answer(&mut self, op: ScriptOp) -> ScriptAnswer {
        let request = match op {
            ScriptOp::Now => {
                return ScriptAnswer::Now {
                    unix_ms: self.unix_ms,
                    local: String::new(),
                };
            }
            ScriptOp::Set { name, value } => {
                self.set.insert(name, value);
                return ScriptAnswer::Done;
            }
            ScriptOp::Log { .. } => return ScriptAnswer::Done,
            ScriptOp::Outside(request) => request,
            other => panic!("{other:?}"),
        };
        match request {
            OutsideRequest::Http {
                method,
                url,
                headers,
                body,
                timeout,
            } => {
                assert!(timeout <= Duration::from_secs(10));
                self.got.push((method, url, headers, body));
                match &self.answer {
                    Some((status, body)) => ScriptAnswer::Http {
                        status: *status,
                        headers: vec![("content-type".into(), "application/json".into())],
                        body: body.to_string(),
                    },
                    None => ScriptAnswer::Error {
                        kind: ScriptCallError::Timeout,
                        message: "nothing answered".into(),
                    },
                }
            }
            OutsideRequest::StoreGet { key } => ScriptAnswer::Text {
                value: self.store.get(&key).cloned(),
            },
            OutsideRequest::StoreSet { key, value, .. } => {
                self.store.insert(key, value);
                ScriptAnswer::Done
            }
            OutsideRequest::StoreDelete { key } => {
                self.store.remove(&key);
                ScriptAnswer::Done
            }
            OutsideRequest::Publish { topic, payload } => {
                self.published.push((topic, payload));
                ScriptAnswer::Done
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_customer_is_found_and_told_to_all() {
    let mut desk = Desk::with("{ token (secret)\"crm-token\"; header \"x-team\" value=\"voice\" }");
    assert_eq!(desk.look_up(json!({})), done("found"));
    let variables = [
        ("crm.id", "17"),
        ("crm.name", "Ann Lee"),
        ("crm.vip", "true"),
    ];
    for (name, value) in variables {
        assert_eq!(
            desk.set.get(name).map(String::as_str),
            Some(value),
            "{name}"
        );
    }
    let (method, url, headers, _) = &desk.got[0];
    assert_eq!(method, "GET");
    assert_eq!(
        url,
        "https://crm.example.com/customers?phone=%2B442079460000"
    );
    // The token is filled in by the switch, after the module's last look.
    assert!(headers.contains(&("authorization".into(), "Bearer {{secret:crm-token}}".into())));
    assert!(headers.contains(&("x-team".into(), "voice".into())));
    assert_eq!(desk.published[0].0, "crm.customer-found");
    assert_eq!(desk.published[0].1["customer"]["name"], "Ann Lee");
}

#[test]
fn the_customer_stands_wherever_the_settings_say() {
    let config = "path=\"/v2/search/{number}\" result=\"data.hits\" variables=\"customer.\" {\n\
        field \"name\" path=\"person.full\"\n field \"first-order\" path=\"orders.0.id\"\n field \"tags\" path=\"tags\"\n field \"gone\" path=\"a.b.c\"\n}";
    let mut desk = Desk::with(config);
    desk.answer = Some((
        200,
        json!({"data": {"hits": [{"person": {"full": "Bo"}, "orders": [{"id": 5.5}], "tags": ["a"]}]}}),
    ));
    assert_eq!(desk.look_up(json!({"number": "00 44/1"})), done("found"));
    assert_eq!(
        desk.got[0].1,
        "https://crm.example.com/v2/search/00%2044%2F1"
    );
    let set: Vec<(&str, &str)> = desk
        .set
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        set,
        [
            ("customer.first-order", "5.5"),
            ("customer.name", "Bo"),
            ("customer.tags", "[\"a\"]"),
        ]
    );
}

#[test]
fn who_is_not_known_is_unknown() {
    for answer in [
        (404, json!({})),
        (200, json!([])),
        (200, json!({})),
        (200, Value::Null),
    ] {
        let mut desk = Desk::with("");
        desk.answer = Some(answer.clone());
        assert_eq!(desk.look_up(json!({})), done("unknown"), "{answer:?}");
        assert!(desk.set.is_empty() && desk.published.is_empty());
    }
}

#[test]
fn an_answer_is_good_for_a_while() {
    let mut desk = Desk::with("cache=\"60s\"");
    for _ in 0..3 {
        assert_eq!(desk.look_up(json!({})), done("found"));
    }
    assert_eq!(desk.got.len(), 1);
    desk.unix_ms += 61_000;
    desk.answer = Some((404, json!({})));
    assert_eq!(desk.look_up(json!({})), done("unknown"));
    assert_eq!(desk.look_up(json!({})), done("unknown"));
    assert_eq!(desk.got.len(), 2);
    let mut desk = Desk::with("cache=\"0s\"");
    desk.look_up(json!({}));
    desk.look_up(json!({}));
    assert_eq!(desk.got.len(), 2);
}

#[test]
fn the_cache_is_bounded() {
    let mut desk = Desk::with("");
    for n in 0..2_300 {
        desk.look_up(json!({"number": format!("{n}")}));
    }
    assert_eq!(desk.got.len(), 2_300);
    desk.look_up(json!({"number": "2299"}));
    assert_eq!(desk.got.len(), 2_300);
    desk.look_up(json!({"number": "0"}));
    assert_eq!(desk.got.len(), 2_301);
}

#[test]
fn a_crm_that_is_down_is_left_alone_for_a_while() {
    let mut desk = Desk::with("breaker-failures=3 breaker-rest=\"30s\"");
    desk.answer = None;
    for _ in 0..3 {
        let error = failure(desk.look_up(json!({})));
        // Nobody's fault: no reason to disable the module.
        assert_eq!(error.kind, ScriptErrorKind::Overload, "{error:?}");
    }
    desk.answer = Some((200, json!({"id": 1})));
    let error = failure(desk.look_up(json!({})));
    assert!(
        error.message.contains("left alone for 30 s more"),
        "{error:?}"
    );
    assert_eq!(desk.got.len(), 3);
    desk.unix_ms += 30_000;
    assert_eq!(desk.look_up(json!({})), done("found"));
    // A success begins the count anew, and 5xx counts as down.
    desk.answer = Some((503, json!({})));
    desk.unix_ms += 61_000;
    assert!(failure(desk.look_up(json!({}))).message.contains("503"));
    desk.answer = Some((200, json!({"id": 1})));
    assert_eq!(desk.look_up(json!({})), done("found"));
}

#[test]
fn a_refusal_says_which_setting_is_wrong() {
    let mut desk = Desk::with("");
    desk.answer = Some((401, json!({})));
    let error = failure(desk.look_up(json!({})));
    assert!(
        error.message.contains("401") && error.message.contains("`token`"),
        "{error:?}"
    );
}

#[test]
fn a_finished_call_is_written_back_once() {
    let mut desk = Desk::with("write-back=\"/calls\"");
    assert_eq!(desk.look_up(json!({})), done("found"));
    let call = key(1).to_string();
    assert_eq!(desk.store.len(), 1);
    desk.unix_ms += 42_000;
    // Down: the host tries the event again later.
    desk.answer = None;
    assert_eq!(failure(desk.ended(&call)).kind, ScriptErrorKind::Overload);
    assert_eq!(desk.store.len(), 1);
    desk.answer = Some((201, json!({})));
    assert_eq!(desk.ended(&call), ScriptTurn::Done { outcome: None });
    let (method, url, _, body) = desk.got.last().unwrap();
    assert_eq!(
        (method.as_str(), url.as_str()),
        ("POST", "https://crm.example.com/calls")
    );
    let body: Value = serde_json::from_str(body.as_ref().unwrap()).unwrap();
    assert_eq!(body["customer"], "17");
    assert_eq!(body["seconds"], 42);
    assert_eq!(body["cause"], "normal");
    // The same event again, and a call that nobody looked up: nothing is posted.
    let posted = desk.got.len();
    assert_eq!(desk.ended(&call), ScriptTurn::Done { outcome: None });
    assert_eq!(desk.ended("another"), ScriptTurn::Done { outcome: None });
    assert_eq!(desk.got.len(), posted);
    assert!(desk.store.is_empty());
}

#[test]
fn unknown_callers_are_written_back_where_that_is_set() {
    let mut desk = Desk::with("write-back=\"/calls\"");
    desk.answer = Some((404, json!({})));
    desk.look_up(json!({}));
    assert!(desk.store.is_empty());
    let mut desk = Desk::with("write-back=\"/calls\" write-back-unknown=#true");
    desk.answer = Some((404, json!({})));
    desk.look_up(json!({}));
    assert_eq!(desk.store.len(), 1);
}

#[test]
fn wrong_settings_never_serve() {
    let load = |config: &str| {
        let node = format!("module crm {{ config {config}\n}}");
        let setup = Setup {
            toml: TOML,
            files: FILES,
            node: &node,
            name: "crm",
            granted_files: &[],
        };
        try_load(&setup).err().unwrap().join("\n")
    };
    assert!(load("base=\"crm.example.com\"").contains("config base is an address"));
    let both = "base=\"https://a.example\" { header \"x\" value=\"a\" secret=(secret)\"b\" }";
    assert!(load(both).contains("header \"x\" has a value and a secret"));
}

#[test]
fn a_renamed_module_publishes_under_its_new_name() {
    let setup = Setup {
        toml: TOML,
        files: FILES,
        node: "module sales-crm src=crm { grant http \"https://crm.example.com/*\"\n config base=\"https://crm.example.com\"\n}",
        name: "sales-crm",
        granted_files: &[],
    };
    let mut desk = Desk::with("");
    desk.module = try_load(&setup).map_err(|r| r.join("\n")).unwrap().0;
    assert_eq!(desk.look_up(json!({})), done("found"));
    assert_eq!(desk.published[0].0, "sales-crm.customer-found");
}
