//! REST: a request becomes a line of the table, or a verb of a module, and its answer a response.
//!
//! Bounds: 64 KiB and 15 s for a body, 30 s for the answer.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::Door;
use super::access::{TICKET_LASTS, bearer};
use super::connections::Peer;
use super::problem::Problem;
use crate::tokens::Actor;
use crate::verbs::{self, Asker, Line, TABLE};

const BODY_BYTES_MAX: usize = 64 << 10;
const BODY_PATIENCE: Duration = Duration::from_secs(15);
const PATIENCE: Duration = Duration::from_secs(30);

/// What a path below the tenant means.
#[derive(Debug)]
enum Wanted {
    /// A line of the table, with what the path says.
    Line(&'static Line, Map<String, Value>),
    /// A verb of a module.
    Verb(String, String),
    /// A ticket for a WebSocket.
    Ticket,
}

pub(super) async fn answer(
    State(door): State<Arc<Door>>,
    Extension(peer): Extension<Peer>,
    Path((tenant, rest)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let shown = bearer(request.headers());
    let actor = door.access.enter(&door.operator, peer.0, (&tenant, shown));
    let actor = actor.await?;
    let wanted = wanted(request.method(), &rest)?;
    let query = query(request.uri().query().unwrap_or_default());
    let body = body(request).await?;
    let work = carry_out(&door, &actor, wanted, (query, body));
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => done,
        Err(_) => {
            let detail = format!("no answer within {} s", PATIENCE.as_secs());
            Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, detail))
        }
    }
}

async fn carry_out(
    door: &Door,
    actor: &Actor,
    wanted: Wanted,
    (query, body): (Map<String, Value>, Map<String, Value>),
) -> Result<Response, Problem> {
    let asker = Asker {
        actor,
        door: "rest",
    };
    let done = match wanted {
        Wanted::Ticket => {
            let ticket = door.access.ticket(door.operator.modules.now(), actor)?;
            Ok(json!({ "ticket": ticket, "expires_s": TICKET_LASTS.as_secs() }))
        }
        Wanted::Line(line, of_path) => {
            let mut arguments = query;
            arguments.extend(body);
            arguments.extend(of_path);
            verbs::carry_out(&door.operator, asker, line, arguments).await
        }
        Wanted::Verb(module, verb) => {
            let mut arguments = query;
            arguments.extend(body);
            verbs::module_verb(&door.operator, asker, (&module, &verb), arguments).await
        }
    };
    match done {
        Ok(value) => Ok(shown(value)),
        Err(refusal) => Err(door.refused(refusal)),
    }
}

/// A report in another form than JSON is answered as it is.
fn shown(value: Value) -> Response {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    if let (Some(kind), Some(text)) = (text("media_type"), text("text"))
        && let Ok(kind) = HeaderValue::from_str(kind)
    {
        return ([(header::CONTENT_TYPE, kind)], text.to_owned()).into_response();
    }
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], format!("{value}\n")).into_response()
}

fn wanted(method: &Method, rest: &str) -> Result<Wanted, Problem> {
    let parts: Vec<&str> = rest.split('/').collect();
    let matching = |line: &&Line| fits(line.path, &parts).is_some();
    let mut lines = TABLE.iter().filter(matching).peekable();
    let is_known = lines.peek().is_some();
    if let Some(line) = lines.find(|line| line.method == method.as_str()) {
        return Ok(Wanted::Line(
            line,
            fits(line.path, &parts).unwrap_or_default(),
        ));
    }
    let is_post = method == Method::POST;
    match parts.as_slice() {
        ["tickets"] if is_post => Ok(Wanted::Ticket),
        ["modules", module, verb] if is_post => {
            Ok(Wanted::Verb((*module).to_owned(), (*verb).to_owned()))
        }
        ["tickets"] | ["modules", _, _] => Err(no_method(method, "POST")),
        _ if is_known => {
            let methods: Vec<&str> = TABLE.iter().filter(matching).map(|l| l.method).collect();
            Err(no_method(method, &methods.join(", ")))
        }
        _ => {
            let rest: String = rest.chars().take(200).collect();
            let detail = format!("a tenant has no `{rest}`");
            Err(Problem::new(StatusCode::NOT_FOUND, detail)
                .with("cure", "GET /v1/openapi.json lists what there is"))
        }
    }
}

fn no_method(method: &Method, may: &str) -> Problem {
    let detail = format!("{method} cannot be done there");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).with("cure", format!("use {may}"))
}

/// What a path says of the arguments in a pattern; none where it is another path.
fn fits(pattern: &str, parts: &[&str]) -> Option<Map<String, Value>> {
    let wanted: Vec<&str> = pattern.split('/').collect();
    if wanted.len() != parts.len() {
        return None;
    }
    let mut arguments = Map::new();
    for (wanted, part) in wanted.iter().zip(parts) {
        match wanted.strip_prefix('{').and_then(|w| w.strip_suffix('}')) {
            Some(_) if part.is_empty() => return None,
            Some(name) => drop(arguments.insert(name.to_owned(), Value::from(*part))),
            None if wanted == part => {}
            None => return None,
        }
    }
    Some(arguments)
}

/// `a=1&b=two%20words` as names and texts; a name that comes again makes a list.
pub(super) fn query(text: &str) -> Map<String, Value> {
    let mut out = Map::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()).take(100) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name), Value::String(decoded(value)));
        match out.get_mut(&name) {
            None => drop(out.insert(name, value)),
            Some(Value::Array(all)) => all.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
        }
    }
    out
}

fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let hex = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
        let decoded = match byte {
            b'+' => b' ',
            b'%' => {
                let mut ahead = bytes.clone();
                match (hex(ahead.next()), hex(ahead.next())) {
                    (Some(high), Some(low)) => {
                        bytes = ahead;
                        u8::try_from(high * 16 + low).unwrap_or(byte)
                    }
                    _ => byte,
                }
            }
            other => other,
        };
        out.push(decoded);
    }
    String::from_utf8_lossy(&out).into_owned()
}

async fn body(request: Request) -> Result<Map<String, Value>, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_json = kind
        .split(';')
        .next()
        .is_some_and(|k| k.trim() == "application/json");
    let kind: String = kind.chars().take(100).collect();
    let read = to_bytes(request.into_body(), BODY_BYTES_MAX);
    let bytes = match tokio::time::timeout(BODY_PATIENCE, read).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => {
            let detail = format!("a body has at most {BODY_BYTES_MAX} bytes, and is sent whole");
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
        }
        Err(_) => {
            let detail = format!("the body did not come within {} s", BODY_PATIENCE.as_secs());
            return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail));
        }
    };
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    // What a page of another origin may send without asking is not this.
    if !is_json {
        let detail = format!("`{kind}` is no application/json");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
            .with("cure", "send `Content-Type: application/json`"));
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(_) => {
            let detail = "the body is no JSON object";
            Err(Problem::new(StatusCode::BAD_REQUEST, detail)
                .with("cure", "send the arguments by name: {\"name\": \"value\"}"))
        }
        Err(error) => {
            let place = format!("line {} column {}", error.line(), error.column());
            let detail = format!("the body is no JSON: {error}");
            Err(Problem::new(StatusCode::BAD_REQUEST, detail).with("place", place))
        }
    }
}

/// A body from bytes that come one after another; it ends when the sender does.
pub(super) fn flowing(chunks: tokio::sync::mpsc::Receiver<bytes::Bytes>) -> Body {
    Body::new(Flow(chunks))
}

struct Flow(tokio::sync::mpsc::Receiver<bytes::Bytes>);

impl hyper::body::Body for Flow {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        self.0
            .poll_recv(context)
            .map(|chunk| chunk.map(|chunk| Ok(hyper::body::Frame::data(chunk))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_line_a_verb_or_a_problem() {
        let Ok(Wanted::Line(line, arguments)) = wanted(&Method::DELETE, "calls/01abc") else {
            panic!("no line");
        };
        assert_eq!(
            (line.name, &arguments["call"]),
            ("calls.hangup", &json!("01abc"))
        );
        let verb = wanted(&Method::POST, "modules/desk/login");
        assert!(
            matches!(verb, Ok(Wanted::Verb(module, verb)) if module == "desk" && verb == "login")
        );
        let status = |wanted: Result<Wanted, Problem>| wanted.unwrap_err().body()["status"].clone();
        assert_eq!(status(wanted(&Method::GET, "modules/desk/login")), 405);
        assert_eq!(status(wanted(&Method::PUT, "calls")), 405);
        assert_eq!(status(wanted(&Method::GET, "calls/a/b/c")), 404);
        assert_eq!(status(wanted(&Method::GET, "modules/")), 404);
    }

    #[test]
    fn queries_are_decoded_and_names_that_come_again_are_lists() {
        let read = query("a=1&b=two%20words&a=%2B&c&d=%zz+%e2");
        assert_eq!(read["a"], json!(["1", "+"]));
        assert_eq!((&read["b"], &read["c"]), (&json!("two words"), &json!("")));
        assert_eq!(read["d"], json!("%zz \u{fffd}"));
    }
}
