//! Modules and the web, with a real web service (python's http.server): a CRM that fails and comes
//! back, secrets that only the service sees, a service that asks and then calls, and everything
//! that a grant does not allow.

use cordboard_tests::linphone::Linphone;
use cordboard_tests::programs::wanted;
use cordboard_tests::sipp::{BYE_COMES, PROVISIONAL, Run, Sipp, answered, invite};
use cordboard_tests::switch::{Plan, Switch};
use cordboard_tests::wait::{s, until};
use cordboard_tests::web::Web;
use serde_json::Value;

use super::with_trunk;

const SECRET: &str = "s3cr3t-Qm7-token";
const PRIVATE: &str = "ceiling demo { modules { private-addresses #true }; }";

/// A call from the carrier to this number, from beginning to end; its id.
pub(super) fn call(switch: &Switch, port: u16, number: &str) -> String {
    let mark = switch.events.mark();
    let scenario = format!("{}{PROVISIONAL}{}{BYE_COMES}", invite("", ""), answered());
    let run = Run {
        scenario: &scenario,
        port: Some(port),
        number,
        ..Run::default()
    };
    Sipp::start(switch, &run).passes(s(30));
    switch.events.call_from(mark)
}

fn crm(name: &str, web: &Web) -> (Plan, u16) {
    let base = format!("http://127.0.0.1:{}", web.port);
    let module = format!(
        "
module crm {{
    grant http \"{base}/*\" methods=\"GET POST\" private=#true
    grant store
    config base=\"{base}\" path=\"/customers/{{number}}\" cache=\"60s\" breaker-failures=3 breaker-rest=\"3s\" {{
        token (secret)\"crm-token\"
        write-back \"/calls\"
    }}
}}
did \"+442079460100\" {{
    crm.look-up timeout=\"2s\" {{ on found {{ set seen=\"{{var.crm.name}}\"; goto done }}; on unknown {{ set seen=nobody; goto done }} }}
    else {{ set seen=failed; goto done }}
}}
route done {{ play bye; hangup }}
"
    );
    let (plan, port) = with_trunk(name, &module);
    (plan.module("crm").node(PRIVATE), port)
}

fn give_secret(switch: &Switch, name: &str) {
    let (code, out, err) = switch.console_told(&["secret", "set", "demo", name], SECRET);
    assert_eq!(code, 0, "{out}{err}");
    assert!(!out.contains(SECRET) && !err.contains(SECRET));
    assert_eq!(switch.ok(&["secret", "list", "demo"])[0]["secret"], name);
}

/// The secret is in no event, explanation, log or file but the store of secrets.
fn nobody_saw_the_secret(switch: &Switch, call: &str) {
    let told = format!(
        "{:?}{:?}",
        switch.events.since(0, |_| true),
        switch.console(&["explain", call, "--json"])
    );
    assert!(!told.contains(SECRET), "{told}");
    let places = switch.files_with(SECRET);
    let strange: Vec<_> = places
        .iter()
        .filter(|p| !p.to_string_lossy().contains("cordboard.db"))
        .collect();
    assert!(strange.is_empty(), "the secret stands in {strange:?}");
}

fn seen(switch: &Switch, call: &str) -> String {
    let events = switch.events.since(0, |e| {
        e["topic"] == "call.variable-set" && e["call"] == call && e["data"]["name"] == "seen"
    });
    events.last().map_or_else(String::new, |e| {
        e["data"]["value"].as_str().unwrap().to_owned()
    })
}

/// R22: a finished call reaches the CRM, also one that ended while the CRM refused it, was then
/// gone, and the switch was killed.
#[test]
fn a_finished_call_reaches_a_crm_that_was_down_over_kill_9() {
    let Some(_place) = wanted(&["sipp", "python3"]) else {
        return;
    };
    let mut web = Web::start("crm-down-web");
    let (plan, port) = crm("crm-down", &web);
    let mut switch = plan.start();
    give_secret(&switch, "crm-token");

    let first = call(&switch, port, "+442079460100");
    assert_eq!(seen(&switch, &first), "Ann Lee");
    let posted = until("the first call is written back", s(15), || {
        web.asked("POST", "/calls").pop()
    });
    let body: Value = serde_json::from_str(posted["body"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&body["call"], &body["customer"]),
        (&first.as_str().into(), &"c-17".into())
    );
    for request in web.requests() {
        let token = &request["headers"]["authorization"];
        assert_eq!(token, &format!("Bearer {SECRET}"), "{request}");
    }
    nobody_saw_the_secret(&switch, &first);

    web.is("refusing");
    let second = call(&switch, port, "+442079460100");
    until("the CRM refuses it", s(15), || {
        web.asked("POST", "/calls")
            .iter()
            .any(|r| r["failed"] == true)
            .then_some(())
    });
    web.stop();
    switch.kill();
    switch.start();
    web.is("well");
    web.start_again();
    until("the second call is written back", s(40), || {
        let posted = web.asked("POST", "/calls");
        posted
            .iter()
            .find(|r| r["failed"] == false && r["body"].as_str().unwrap().contains(&second))
            .map(|_| ())
    });
    let taken = web.asked("POST", "/calls");
    let of_first = taken
        .iter()
        .filter(|r| r["body"].as_str().unwrap().contains(&first));
    assert_eq!(
        of_first.count(),
        1,
        "what was taken is not sent again: {taken:#?}"
    );
}

/// A number that was looked up is not asked for again; a CRM that fails is left alone.
#[test]
fn a_crm_is_asked_once_for_a_number_and_left_alone_while_it_fails() {
    let Some(_place) = wanted(&["sipp", "python3"]) else {
        return;
    };
    let web = Web::start("crm-fails-web");
    let (plan, port) = crm("crm-fails", &web);
    let switch = plan.start();
    give_secret(&switch, "crm-token");
    for _ in 0..2 {
        let id = call(&switch, port, "+442079460100");
        assert_eq!(seen(&switch, &id), "Ann Lee");
    }
    assert_eq!(
        web.asked("GET", "/customers").len(),
        1,
        "{:#?}",
        web.requests()
    );

    // Another module of the same code has an empty memory.
    let file = switch.main_file("demo");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        text.replace("cache=\"60s\"", "cache=\"0s\"")
            .replace("3s\"", "60s\""),
    )
    .unwrap();
    switch.ok(&["reload", "--wait"]);
    web.is("failing");
    let before = web.requests().len();
    for _ in 0..3 {
        let id = call(&switch, port, "+442079460100");
        assert_eq!(seen(&switch, &id), "failed", "the call goes on");
    }
    let asked = || web.requests().len() - before;
    assert_eq!(asked(), 3, "{:#?}", web.requests());
    let id = call(&switch, port, "+442079460100");
    assert_eq!(
        (seen(&switch, &id).as_str(), asked()),
        ("failed", 3),
        "it rests"
    );
    let (_, why, _) = switch.console(&["explain", &id]);
    assert!(why.contains("left alone"), "{why}");
}

const ASKER: &str = r#"
name = "asker"
version = "0.1.0"
contract = "0.1"
world = "service"
kind = "lua"
entry = "module.lua"
about = "Asks the web, then calls"
state-version = 1
publish = ["answered"]

[[setting]]
name = "token"
type = "secret"

[[operation]]
verb = "fetch"
arguments = [{ name = "url", type = "text", required = true }, { name = "call", type = "user" }]

[[operation]]
verb = "token"

[[ask]]
capability = "http"
what = "*"
reason = "What operators ask for"

[[ask]]
capability = "start-call"
what = ""
reason = "Calls who is named"
"#;

const ASKER_CODE: &str = r#"
local open, count = {}, 0

local function request(body)
	if body.verb == "token" then
		return { { act = "reply", request = body.request, answer = { token = config.token } } }
	end
	count += 1
	open[tostring(count)] = { request = body.request, call = body.arguments.call }
	return { {
		id = count, act = "http", method = "GET", url = body.arguments.url, timeout_ms = 1000,
		headers = { authorization = config.token },
	} }
end

local function answered(body)
	local of = open[tostring(body.action)]
	if not of then
		return {}
	end
	open[tostring(body.action)] = nil
	if body.error then
		return { { act = "reply", request = of.request, error = body.error.kind .. ": " .. body.error.message } }
	end
	local acts = {
		{ act = "publish", topic = "asker.answered", payload = { status = body.status } },
		{ act = "reply", request = of.request, answer = { status = body.status, body = body.body } },
	}
	if of.call then
		table.insert(acts, { id = 1000 + body.action, act = "start-call", user = of.call, route = "greet", timeout_ms = 10000, variables = { why = "asked" }, key = "k" .. body.action })
	end
	return acts
end

return {
	handle = function(inputs)
		local acts = {}
		for _, input in inputs do
			local body = input.body
			local more = if body.input == "request" then request(body) elseif body.input == "http-answered" then answered(body) else {}
			for _, act in more do
				table.insert(acts, act)
			end
		end
		return acts
	end,
	save = function()
		return { open = open, count = count }
	end,
	restore = function(_, state)
		open, count = state.open, state.count
	end,
}
"#;

fn asker(name: &str, grants: &str, more: &str) -> Plan {
    let text = format!(
        "{}
module asker {{
{grants}
    config {{ token (secret)\"asker\" }}
}}
route greet {{ set why=\"{{var.why}}\"; play hello; hangup }}
{more}",
        super::two_users()
    );
    Plan::demo(name, &text)
        .lua_module("asker", ASKER, ASKER_CODE)
        .node(PRIVATE)
}

/// A service asks the web with a secret that it never has, hears the answer, and calls somebody
/// whose real phone rings, is answered and hears the route.
#[test]
fn a_service_asks_the_web_and_then_calls_a_phone() {
    let Some(_place) = wanted(&["linphonec", "python3"]) else {
        return;
    };
    let web = Web::start("asker-web");
    let base = format!("http://127.0.0.1:{}", web.port);
    let grants =
        format!("    grant http \"{base}/*\" methods=GET private=#true\n    grant start-call");
    let switch = asker("asker", &grants, "").start();
    give_secret(&switch, "asker");
    let phone = Linphone::registered(&switch, "bob", 1000.0, true);
    let url = format!("{base}/who");
    let said = switch.ok(&["asker", "fetch", "--url", &url, "--call", "bob"]);
    assert_eq!(said["status"], 200, "{said}");
    let id = switch.events.call_from(0);
    phone.hears(700.0, 1.5);
    let cdrs = switch.cdrs(&id);
    assert_eq!(cdrs[0]["result"], "answered", "{cdrs:#?}");
    assert_eq!(super::told(&switch, "asker.answered", "status"), ["200"]);
    let asked = web.asked("GET", "/who");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["headers"]["authorization"], SECRET);
    let guest = switch.ok(&["asker", "token"]);
    assert_eq!(
        guest["token"], "{{secret:asker}}",
        "the guest has a name, no secret"
    );
    nobody_saw_the_secret(&switch, &id);
}

/// A name of this machine that is no `localhost`: what a hostile DNS would answer with 127.0.0.1.
fn rebound_name() -> Option<String> {
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    let lines = hosts
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    let inside = lines.filter(|line| line.starts_with("127.") || line.starts_with("::1"));
    let mut names = inside.flat_map(|line| line.split_whitespace().skip(1));
    names
        .find(|name| !name.starts_with("localhost"))
        .map(str::to_owned)
}

/// SECURITY 19: redirects are not followed; private addresses, names that resolve to them, answers
/// too large or too slow are refused, and each refusal names the line that would allow it.
#[test]
fn what_a_grant_does_not_allow_is_refused_with_the_line_that_would() {
    let Some(_place) = wanted(&["python3"]) else {
        return;
    };
    let web = Web::start("refused-web");
    let port = web.port;
    let name = rebound_name();
    let named = name.as_deref().unwrap_or("rebound.example");
    let grants = format!(
        "    grant http \"http://127.0.0.1:{port}/*\" methods=GET private=#true size=\"64KiB\"
    grant http \"http://{named}:{port}/*\" methods=GET"
    );
    let switch = asker("refused", &grants, "").start();
    give_secret(&switch, "asker");
    let text = std::fs::read_to_string(switch.main_file("demo")).unwrap();
    let line = |part: &str| {
        let at = text.lines().position(|line| line.contains(part)).unwrap();
        format!("main.kdl:{}", at + 1)
    };
    let refused = |url: String, parts: &[&str]| {
        let (code, out, err) = switch.console(&["asker", "fetch", "--url", &url]);
        assert_eq!(code, 1, "{url}: {out}");
        for part in parts {
            assert!(err.contains(part), "{url}: `{part}` is not in: {err}");
        }
    };
    // Redirects are the guest's to follow, under its own grants.
    let (code, out, err) = switch.console(&[
        "--json",
        "asker",
        "fetch",
        "--url",
        &format!("http://127.0.0.1:{port}/redirect"),
    ]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("302"), "{out}");
    refused(
        format!("http://127.0.0.2:{port}/stolen"),
        &[
            "denied",
            "asker",
            &format!("grant http \"http://127.0.0.2:{port}"),
        ],
    );
    for odd in [
        "http://2130706434",
        "http://0x7f.2",
        "http://[::ffff:127.0.0.2]",
        "http://127.2",
    ] {
        refused(format!("{odd}:{port}/stolen"), &["asker"]);
    }
    if name.is_some() {
        let place = line(&format!("http://{named}:"));
        refused(
            format!("http://{named}:{port}/stolen"),
            &[
                "denied",
                "resolves to a private address",
                "private=#true",
                &place,
            ],
        );
    }
    let place = line("size=");
    refused(
        format!("http://127.0.0.1:{port}/big"),
        &["larger than 65536 bytes", "`size`", &place],
    );
    refused(
        format!("http://127.0.0.1:{port}/slow"),
        &["timeout", "no whole answer within 1000 ms"],
    );
    assert!(
        web.asked("GET", "/stolen").is_empty(),
        "{:#?}",
        web.requests()
    );
}
