//! http and JSON: what leaves a script, where it may go, and what comes back.

use super::*;
use cordboard_steps::script::{OutsideRequest, ScriptCallError};

#[test]
fn failures_outside_are_returned() {
    let source = "-- http: crm.example.com\nlocal r, kind, why = http.get('https://crm.example.com/a')\nreturn tostring(r) .. ' ' .. kind .. ' ' .. why";
    let failed = ScriptAnswer::Error {
        kind: ScriptCallError::Unavailable,
        message: "no route".into(),
    };
    assert_eq!(makes(source, failed), "nil unavailable no route");
}

#[test]
fn http_goes_to_named_hosts_only() {
    let source = "-- http: crm.example.com, *.api.example.com, local.example:8080\n\
        local r, kind, why = http.get(args.url)\nreturn kind or 'asked'";
    let scripts = compile(&[("main.lua", source)]).unwrap();
    let mut host = LuaHost::new(Limits::default(), CpuTime::counted());
    let mut get = |url: &str| {
        let mut start = start_of("main", call_id(1));
        start.arguments.insert("url".into(), url.into());
        host.start(&scripts, &start)
    };
    for url in [
        "https://crm.example.com/x?y=1",
        "http://CRM.example.com/",
        "https://eu.api.example.com/",
        "http://local.example:8080/",
    ] {
        assert!(matches!(get(url), ScriptTurn::Call { .. }), "{url}");
    }
    for url in [
        "https://example.com/",
        "https://api.example.com/",
        "https://evilapi.example.com.evil/",
        "https://crm.example.com.evil.example/",
        "https://crm.example.com:8443/",
        "http://local.example/",
        "http://127.0.0.1/",
    ] {
        assert_eq!(get(url), done("denied"), "{url}");
    }
    assert!(matches!(
        get("file:///etc/passwd"),
        ScriptTurn::Failed { .. }
    ));
    assert!(matches!(
        get("https://crm.example.com@evil.example/"),
        ScriptTurn::Failed { .. }
    ));
}

#[test]
fn http_bodies_are_json_both_ways() {
    let source = "-- http: crm.example.com\n\
        local r = http.post('https://crm.example.com/a', {n = 1, list = {'x', 'y'}}, {timeout = 2, headers = {['X-Key'] = 'k'}})\n\
        return r.status .. tostring(r.ok) .. r.json.name .. r.headers['content-type'] .. r.body";
    let mut story = Story::new(source);
    let expected = OutsideRequest::Http {
        method: "POST".into(),
        url: "https://crm.example.com/a".into(),
        headers: vec![
            ("X-Key".into(), "k".into()),
            ("content-type".into(), "application/json".into()),
        ],
        body: Some("{\"list\":[\"x\",\"y\"],\"n\":1}".into()),
        timeout: Duration::from_secs(2),
    };
    assert_eq!(op(story.start()), ScriptOp::Outside(expected));
    let answer = ScriptAnswer::Http {
        status: 201,
        headers: vec![("Content-Type".into(), "application/json".into())],
        body: "{\"name\":\"Ann\"}".into(),
    };
    assert_eq!(
        story.answer(answer),
        done("201trueAnnapplication/json{\"name\":\"Ann\"}")
    );
    let bad =
        error("-- http: a.example\nhttp.get('https://a.example/', {headers = {x = 'a\\r\\nb'}})");
    assert!(bad.message.contains("line end"), "{bad:?}");
}

#[test]
fn json_survives_both_ways() {
    let source = "local v = json.decode('{\"a\":[1,2.5,null,true],\"b\":{\"c\":\"\\\\u00e9\"},\"d\":null}')\n\
        assert(v.a[3] == json.null and v.d == nil)\nreturn json.encode(v)";
    assert_eq!(
        outcome(source).as_deref(),
        Some("{\"a\":[1,2.5,null,true],\"b\":{\"c\":\"é\"}}")
    );
    assert_eq!(
        outcome("local v, why = json.decode('{') return v == nil and 'bad' or why").as_deref(),
        Some("bad")
    );
    assert!(error("json.encode({print})").message.contains("function"));
    assert!(
        error("json.encode({1, x = 2})")
            .message
            .contains("not both")
    );
    assert!(error("json.encode(0/0)").message.contains("not-a-number"));
}
