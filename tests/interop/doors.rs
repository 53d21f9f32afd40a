//! The doors for programs outside, by programs that we did not write: curl, node's fetch and
//! WebSocket, python's urllib. What the console does they do too, as far as their token allows.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use cordboard_tests::programs::{Child, wanted};
use cordboard_tests::switch::{Plan, Switch};
use cordboard_tests::wait::{s, until};
use serde_json::{Value, json};

const DESK: &str = r#"
name = "desk"
version = "0.1.0"
contract = "0.1"
world = "service"
kind = "lua"
entry = "module.lua"
about = "Who is in"
state-version = 1
publish = ["came", "filled"]
retain = ["board"]

[[operation]]
verb = "come"
about = "Somebody comes in"
permission = "staff"
arguments = [
    { name = "user", type = "user", required = true },
    { name = "mood", type = "word", words = ["good", "bad"], default = "good" },
]

[[operation]]
verb = "fill"
about = "Many large events"

[[operation]]
verb = "who"
about = "Who asks"
"#;

const DESK_CODE: &str = r#"
local here = {}

return {
	handle = function(inputs)
		local acts = {}
		local function act(of)
			table.insert(acts, of)
		end
		for _, input in inputs do
			local body = input.body
			if body.input == "request" and body.verb == "come" then
				table.insert(here, body.arguments.user)
				act({ act = "publish", topic = "desk.came", payload = { user = body.arguments.user, count = #here } })
				act({ act = "retain", topic = "desk.board", key = "today", payload = { count = #here } })
				act({ act = "reply", request = body.request, answer = { here = #here, mood = body.arguments.mood } })
			elseif body.input == "request" and body.verb == "fill" then
				for _ = 1, 20 do
					act({ act = "publish", topic = "desk.filled", payload = { text = string.rep("x", 40000) } })
				end
				act({ act = "reply", request = body.request, answer = true })
			elseif body.input == "request" then
				act({ act = "reply", request = body.request, answer = { by = body.by } })
			end
		end
		return acts
	end,
	save = function()
		return { here = here }
	end,
	restore = function(_, state)
		here = state.here
	end,
}
"#;

const ROUTES: &str = "
module desk
route greet { play hello; hangup }
did \"+442079460100\" { play bye; hangup }
";

fn plan(name: &str) -> Plan {
    with_carrier(name).0
}

/// The same, and the port of its carrier.
fn with_carrier(name: &str) -> (Plan, u16) {
    let (plan, port) = super::with_trunk(name, ROUTES);
    let plan = plan
        .tenant("acme", "acme.example", "user carl\nmodule desk\n")
        .lua_module("desk", DESK, DESK_CODE);
    (plan, port)
}

fn token(switch: &Switch, tenant: &str, name: &str, allow: &str) -> String {
    let made = switch.ok(&["token", "new", tenant, name, "--allow", allow]);
    made["token"].as_str().unwrap().to_owned()
}

/// curl: status, headers, body.
fn curl(switch: &Switch, token: &str, args: &[&str], path: &str) -> (u16, String, String) {
    let output = Command::new("curl")
        .args(["-s", "-i", "--max-time", "30"])
        .args(["-H", &format!("Authorization: Bearer {token}")])
        .args(args)
        .arg(format!("http://127.0.0.1:{}{path}", switch.http))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let text = text.trim_start_matches("HTTP/1.1 100 Continue\r\n\r\n");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok());
    (status.unwrap_or(0), head.to_owned(), body.to_owned())
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn post(body: &str) -> [&str; 6] {
    [
        "-X",
        "POST",
        "-H",
        "Content-Type: application/json",
        "-d",
        body,
    ]
}

/// REST says what the console says, checks arguments by the manifest, and keeps to permissions.
#[test]
fn curl_asks_what_the_console_asks() {
    let Some(_place) = wanted(&["curl", "python3", "sipp"]) else {
        return;
    };
    let (plan, carrier) = with_carrier("doors-rest");
    let switch = plan.start();
    let board = token(&switch, "demo", "board", "read");
    let staff = token(&switch, "demo", "staff", "desk.staff,calls");
    let base = "/v1/tenants/demo";

    let (status, head, body) = curl(&switch, &board, &[], &format!("{base}/modules"));
    assert_eq!(status, 200, "{head}{body}");
    assert!(
        head.contains("nosniff") && head.contains("default-src 'none'"),
        "{head}"
    );
    let console = switch.ok(&["module", "list", "--tenant", "demo"]);
    assert_eq!(json_of(&body)[0]["module"], console[0]["module"]);

    let come = format!("{base}/modules/desk/come");
    let (status, _, body) = curl(&switch, &staff, &post(r#"{"user":"alice"}"#), &come);
    assert_eq!(
        (status, json_of(&body)),
        (200, json!({ "here": 1, "mood": "good" }))
    );
    let (status, head, body) = curl(
        &switch,
        &staff,
        &post(r#"{"user":"nobody","mood":"odd","x":1}"#),
        &come,
    );
    assert_eq!(status, 400, "{body}");
    assert!(head.contains("application/problem+json"), "{head}");
    let problem = json_of(&body);
    let wrong: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["argument"].as_str().unwrap())
        .collect();
    assert_eq!(wrong, ["x", "user", "mood"], "{problem}");
    assert!(
        problem["cure"]
            .as_str()
            .unwrap()
            .contains("modules/desk/module.toml"),
        "{problem}"
    );

    // Permissions.
    let (status, _, body) = curl(&switch, &board, &post(r#"{"user":"alice"}"#), &come);
    assert_eq!(status, 403);
    assert!(body.contains("token new demo NAME --allow staff"), "{body}");
    let (status, ..) = curl(
        &switch,
        &staff,
        &post("{}"),
        &format!("{base}/modules/desk/who"),
    );
    assert_eq!(
        status, 403,
        "a verb that names no permission is an operator's"
    );
    let (status, ..) = curl(&switch, &staff, &[], &format!("{base}/calls"));
    assert_eq!(status, 403);

    // A call of nobody's phone begins and ends; one from the carrier has a CDR.
    let start = r#"{"target":"user:alice","route":"greet","key":"k1"}"#;
    let (status, _, body) = curl(&switch, &staff, &post(start), &format!("{base}/calls"));
    assert_eq!(status, 200, "{body}");
    let begun = json_of(&body)["call"].as_str().unwrap().to_owned();
    switch.events.wait("its end", s(15), |e| {
        e["topic"] == "call.ended" && e["call"] == begun.as_str()
    });
    let call = super::web::call(&switch, carrier, "+442079460100");
    let console = switch.cdrs(&call);
    let (status, _, body) = curl(&switch, &board, &[], &format!("{base}/explain/{call}"));
    assert_eq!(status, 200, "{body}");
    let text = json_of(&body)["text"].as_str().unwrap().to_owned();
    assert!(text.contains(&call) && text.contains("play bye"), "{text}");
    let (_, _, body) = curl(
        &switch,
        &board,
        &[],
        &format!("{base}/cdrs?after=0&limit=10"),
    );
    let cdrs = json_of(&body);
    assert_eq!(cdrs, Value::Array(console));
    let last = cdrs[0]["number"].to_string();
    let (_, _, body) = curl(&switch, &board, &[], &format!("{base}/cdrs?after={last}"));
    assert_eq!(json_of(&body), json!([]));
    let (_, _, body) = curl(&switch, &board, &[], &format!("{base}/contacts?last=5"));
    assert_eq!(json_of(&body)[0]["call"], call.as_str());
    let (_, _, body) = curl(&switch, &board, &[], &format!("{base}/facts?topic=desk"));
    assert_eq!(json_of(&body)[0]["data"]["count"], 1, "{body}");
    let (status, _, body) = curl(
        &switch,
        &staff,
        &["-X", "DELETE"],
        &format!("{base}/calls/{call}"),
    );
    assert_eq!(status, 404, "it is over: {body}");

    // Who did it is in the journal, the token is nowhere.
    let asked = switch.events.since(0, |e| e["topic"] == "operator.asked");
    let by: Vec<String> = asked
        .iter()
        .map(|e| format!("{} {}", e["data"]["by"], e["data"]["what"]))
        .collect();
    assert_eq!(by[0], "\"token:staff\" \"desk.come\"", "{by:?}");
    assert!(
        by.contains(&"\"token:staff\" \"calls.start\"".to_owned()),
        "{by:?}"
    );
    for shown in [&board, &staff] {
        let secret = shown.rsplit('_').next().unwrap();
        assert_eq!(switch.files_with(secret), Vec::<std::path::PathBuf>::new());
    }

    // A client that reads the description, as python does it.
    let program = "
import json, sys, urllib.request
url, token = sys.argv[1:]
request = urllib.request.Request(url, headers={'Authorization': 'Bearer ' + token})
document = json.load(urllib.request.urlopen(request))
path = document['paths']['/v1/tenants/demo/modules/desk/come']['post']
schema = path['requestBody']['content']['application/json']['schema']
print(json.dumps({'required': schema['required'], 'mood': schema['properties']['mood']['enum'],
                  'who': '/v1/tenants/demo/modules/desk/who' in document['paths'],
                  'openapi': document['openapi']}))
";
    let url = format!("http://127.0.0.1:{}/v1/openapi.json", switch.http);
    let output = Command::new("python3")
        .args(["-c", program, &url, &staff])
        .output()
        .unwrap();
    let said = json_of(&String::from_utf8_lossy(&output.stdout));
    assert_eq!(
        said,
        json!({ "required": ["user"], "mood": ["good", "bad"], "who": false, "openapi": "3.1.0" })
    );

    // Taken back, it is worth nothing.
    switch.ok(&["token", "remove", "demo", "staff"]);
    let (status, ..) = curl(&switch, &staff, &post(r#"{"user":"alice"}"#), &come);
    assert_eq!(status, 401);
}

/// SECURITY 10, 17, 20, 21: other tenants, other names, other pages, bodies and guesses.
#[test]
fn strangers_other_tenants_and_other_pages_are_refused() {
    let Some(_place) = wanted(&["curl"]) else {
        return;
    };
    let switch = plan("doors-strangers").node("").start();
    let demo = token(&switch, "demo", "all", "read,calls,modules,operate,staff");
    let paths = [
        "modules",
        "modules/desk",
        "calls",
        "contacts",
        "cdrs",
        "users",
        "trunks",
        "facts",
        "events",
        "stream",
    ];
    for path in paths {
        let (status, _, of_acme) = curl(&switch, &demo, &[], &format!("/v1/tenants/acme/{path}"));
        assert_eq!(status, 401, "{path}: {of_acme}");
        let (status, _, of_none) = curl(&switch, &demo, &[], &format!("/v1/tenants/nosuch/{path}"));
        assert_eq!(
            (status, &of_none),
            (401, &of_acme),
            "{path}: it looks as if it were not there"
        );
    }
    let acme = token(&switch, "acme", "all", "read");
    let (_, _, body) = curl(&switch, &acme, &[], "/v1/tenants/acme/users");
    assert!(body.contains("carl") && !body.contains("alice"), "{body}");
    assert_eq!(curl(&switch, "", &[], "/v1/tenants/demo/users").0, 401);

    let path = "/v1/tenants/demo/users";
    for (header, wanted) in [
        ("Host: evil.example", 421),
        ("Host: 127.0.0.1.evil.example:8060", 421),
        ("Origin: https://evil.example", 403),
        ("Origin: null", 403),
        ("Host: localhost", 200),
    ] {
        let (status, _, body) = curl(&switch, &demo, &["-H", header], path);
        assert_eq!(status, wanted, "{header}: {body}");
        assert!(wanted == 200 || body.contains("_node.kdl"), "{body}");
    }
    let come = "/v1/tenants/demo/modules/desk/come";
    let form = ["-X", "POST", "-d", "user=alice"];
    assert_eq!(
        curl(&switch, &demo, &form, come).0,
        415,
        "what a form could send"
    );
    let large = format!("{{\"user\":\"{}\"}}", "x".repeat(70_000));
    assert_eq!(curl(&switch, &demo, &post(&large), come).0, 413);
    assert_eq!(curl(&switch, &demo, &post("{\"user\":"), come).0, 400);
    assert_eq!(
        curl(&switch, &demo, &["-X", "PUT"], "/v1/tenants/demo/calls").0,
        405
    );
    assert_eq!(
        curl(&switch, &demo, &[], "/v1/tenants/demo/..%2f..%2fetc").0,
        404
    );

    let wrong = format!("cbt_demo_{}", "A".repeat(32));
    let answers: Vec<u16> = (0..30)
        .map(|_| curl(&switch, &wrong, &[], path).0)
        .collect();
    assert!(
        answers.iter().all(|a| [401, 429].contains(a)),
        "{answers:?}"
    );
    assert_eq!(answers[29], 429, "{answers:?}");
    assert_eq!(
        curl(&switch, &demo, &[], path).0,
        200,
        "a right one from there goes on"
    );
    let (_, metrics) = switch.get("/metrics").unwrap();
    let counted = |name: &str| {
        let line = metrics
            .lines()
            .find(|l| l.starts_with(&format!("cordboard_{name} ")));
        line.and_then(|l| l.split(' ').nth(1)?.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    assert!(counted("http_tokens_wrong") >= 30.0, "{metrics}");
    assert!(
        counted("http_hosts_refused") == 2.0 && counted("http_origins_refused") == 2.0,
        "{metrics}"
    );
}

/// The numbers and topics that a `curl -N` got.
fn told(text: &str) -> Vec<(u64, String)> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| {
        let event = json_of(data);
        (
            event["seq"].as_u64().unwrap(),
            event["topic"].as_str().unwrap().to_owned(),
        )
    })
    .collect()
}

fn listen(switch: &Switch, token: &str, after: Option<&str>, name: &str) -> Child {
    let url = format!(
        "http://127.0.0.1:{}/v1/tenants/demo/events?topics=desk",
        switch.http
    );
    Child::start(
        switch.root(),
        name,
        std::path::Path::new("curl"),
        |command| {
            command.args(["-s", "-N", "-H", &format!("Authorization: Bearer {token}")]);
            if let Some(after) = after {
                command.args(["-H", &format!("Last-Event-ID: {after}")]);
            }
            command.arg(url);
        },
    )
}

/// A reader that was gone, while things happened and the switch was killed, misses nothing and
/// gets nothing twice.
#[test]
fn a_reader_resumes_where_it_left_off_over_kill_9() {
    let Some(_place) = wanted(&["curl"]) else {
        return;
    };
    let mut switch = plan("doors-events").start();
    let token = token(&switch, "demo", "reader", "read");
    let come = |switch: &Switch| {
        switch.ok(&["desk", "come", "--user", "alice"]);
    };
    let reader = listen(&switch, &token, None, "first");
    until("it is live", s(15), || {
        reader.printed().contains(": live").then_some(())
    });
    come(&switch);
    come(&switch);
    until("two events", s(15), || {
        (told(&reader.printed()).len() == 2).then_some(())
    });
    let first = told(&reader.printed());
    drop(reader);
    come(&switch);
    switch.kill();
    switch.start();
    come(&switch);
    come(&switch);
    let last = first[1].0.to_string();
    let reader = listen(&switch, &token, Some(&last), "second");
    until("three events", s(20), || {
        (told(&reader.printed()).len() >= 3).then_some(())
    });
    come(&switch);
    until("a live one", s(15), || {
        (told(&reader.printed()).len() >= 4).then_some(())
    });
    let second = told(&reader.printed());
    drop(reader);
    let all = listen(&switch, &token, Some("0"), "all");
    until("all six", s(15), || {
        (told(&all.printed()).len() >= 6).then_some(())
    });
    let joined: Vec<_> = first.into_iter().chain(second).collect();
    assert_eq!(told(&all.printed()), joined);
    assert!(
        joined.iter().all(|(_, topic)| topic == "desk.came"),
        "{joined:?}"
    );
    // A token that is taken back ends what it opened, at the next heartbeat.
    switch.ok(&["token", "remove", "demo", "reader"]);
    let mut all = all;
    assert_eq!(all.end_within(s(25)), 0);
}

/// A browser's program: a ticket by fetch, then a WebSocket with events, facts and operations.
#[test]
fn node_subscribes_and_operates_by_websocket() {
    let Some(_place) = wanted(&["node"]) else {
        return;
    };
    let switch = plan("doors-stream").start();
    let token = token(&switch, "demo", "desk", "read,staff");
    let program = r#"
const [port, token] = process.argv.slice(1);
const base = `127.0.0.1:${port}/v1/tenants/demo`;
const asked = await fetch(`http://${base}/tickets`, { method: "POST", headers: { Authorization: `Bearer ${token}` } });
const { ticket } = await asked.json();
const open = (ticket) => new Promise((resolve) => {
    const socket = new WebSocket(`ws://${base}/stream?ticket=${ticket}`);
    socket.onopen = () => resolve(socket);
    socket.onerror = () => resolve(null);
});
const socket = await open(ticket);
const again = await open(ticket);
const heard = [];
const waiting = [];
socket.onmessage = ({ data }) => {
    heard.push(JSON.parse(data));
    for (const look of [...waiting]) look();
};
const until = (want) => new Promise((resolve) => {
    const look = () => {
        const found = heard.find(want);
        if (found) { waiting.splice(waiting.indexOf(look), 1); resolve(found); }
    };
    waiting.push(look);
    look();
});
const ask = (message) => { socket.send(JSON.stringify(message)); return until((m) => m.id === message.id); };
const out = { again: again === null };
out.subscribed = await ask({ id: 1, do: "subscribe", topics: ["desk"], facts: ["desk.board"] });
await until((m) => m.live);
out.come = await ask({ id: "two", module: "desk", do: "come", arguments: { user: "bob", mood: "bad" } });
out.event = (await until((m) => m.event)).event.data;
out.fact = (await until((m) => m.fact)).fact;
out.denied = (await ask({ id: 3, module: "desk", do: "who" })).problem.status;
out.users = (await ask({ id: 4, do: "users.list" })).ok.length;
out.wrong = (await ask({ id: 5, do: "users.lst" })).problem.status;
socket.send("{");
out.bad = (await until((m) => m.id === null)).problem.status;
for (let i = 0; i < 40; i++) socket.send(JSON.stringify({ id: 100 + i, do: "calls.list" }));
out.answers = 0;
for (let i = 0; i < 40; i++) { await until((m) => m.id === 100 + i); out.answers++; }
out.closed = await new Promise((resolve) => {
    socket.onclose = ({ code }) => resolve(code > 1000);
    socket.send("x".repeat(100000));
});
console.log(JSON.stringify(out));
process.exit(0);
"#;
    let output = Command::new("node")
        .args([
            "--experimental-websocket",
            "--input-type=module",
            "-e",
            program,
        ])
        .args([&switch.http.to_string(), &token])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let failed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}{failed}{}", switch.log());
    let out = json_of(&text);
    assert_eq!(out["again"], true, "a ticket is good once");
    assert_eq!(
        out["come"]["ok"],
        json!({ "here": 1, "mood": "bad" }),
        "{out}"
    );
    assert_eq!(out["event"], json!({ "user": "bob", "count": 1 }), "{out}");
    assert_eq!(out["fact"]["key"], "today");
    assert_eq!(out["fact"]["data"], json!({ "count": 1 }), "{out}");
    assert_eq!(
        (&out["denied"], &out["wrong"], &out["bad"]),
        (&json!(403), &json!(404), &json!(400))
    );
    assert_eq!((&out["users"], &out["answers"]), (&json!(2), &json!(40)));
    assert_eq!(out["closed"], true, "a message beyond 64 KiB ends it");
    let by = super::told(&switch, "operator.asked", "by");
    assert_eq!(by, ["token:desk"]);
    assert_eq!(super::told(&switch, "operator.asked", "door"), ["stream"]);
}

/// SECURITY 10: half a head, too many connections, a reader that reads nothing.
#[test]
fn slow_and_greedy_clients_are_cut_off_and_harm_nobody() {
    let Some(_place) = wanted(&["curl"]) else {
        return;
    };
    let switch = plan("doors-slow").start();
    let token = token(&switch, "demo", "reader", "read,operate");
    let connect = || TcpStream::connect(("127.0.0.1", switch.http)).unwrap();
    let begun = Instant::now();
    let mut half = connect();
    half.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        .unwrap();

    // A reader of events that never reads.
    let mut deaf = connect();
    write!(
        deaf,
        "GET /v1/tenants/demo/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    .unwrap();
    let streams = || {
        let (_, metrics) = switch.get("/metrics").unwrap();
        let line = metrics
            .lines()
            .find(|l| l.starts_with("cordboard_http_streams "));
        line.unwrap().ends_with(" 1")
    };
    until("it listens", s(10), || streams().then_some(()));
    for _ in 0..12 {
        let (status, _, body) = curl(
            &switch,
            &token,
            &post("{}"),
            "/v1/tenants/demo/modules/desk/fill",
        );
        assert_eq!(status, 200, "{body}");
    }

    // One address holds 256 connections, and the next is closed at once.
    let many: Vec<TcpStream> = (0..300).map(|_| connect()).collect();
    let open = |stream: &TcpStream| {
        stream
            .set_read_timeout(Some(Duration::from_millis(30)))
            .unwrap();
        !matches!((&mut { stream }).read(&mut [0; 1]), Ok(0))
    };
    let held = many.iter().filter(|stream| open(stream)).count();
    assert!((240..=256).contains(&held), "{held}");
    drop(many);
    until("there is room again", s(15), || {
        switch.get("/health").filter(|(status, _)| *status == 200)
    });

    half.set_read_timeout(Some(s(20))).unwrap();
    let mut rest = Vec::new();
    let _ = half.read_to_end(&mut rest);
    assert!(begun.elapsed() < s(25), "half a head is not waited for");
    until("the deaf reader is cut off", s(60), || {
        (!streams()).then_some(())
    });
    let (_, metrics) = switch.get("/metrics").unwrap();
    assert!(
        metrics.contains("cordboard_http_connections_refused"),
        "{metrics}"
    );
}
