//! The event stream for programs that also act: a WebSocket (RFC 6455) of JSON texts.
//!
//! A client says `{"id": 1, "do": "subscribe", "topics": ["call"], "facts": ["desk.stats"]}` and
//! gets `{"event": ...}`, `{"fact": ...}`; it says `{"id": 2, "do": "calls.list"}` or
//! `{"id": 3, "module": "desk", "do": "login", "arguments": {...}}` and gets `{"id": 3, "ok": ...}`
//! or `{"id": 3, "problem": ...}`, in the order in which they are done.
//!
//! Bounds: 64 KiB a message (then the connection ends), the token's rate (then a problem; after a
//! hundred in a row the end), 16 operations under way (then a problem), 20 s in which a reader
//! takes nothing (the end: it comes again with `after`). A ping every 20 s; silence of 60 s, and a
//! token that is taken back, end it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use cordboard_bus::{Envelope, Filter, Subscription};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Door;
use super::access::{StreamPlace, bearer};
use super::connections::Peer;
use super::events::{Wish, may_read, shown};
use super::problem::Problem;
use super::rest::query;
use crate::modules::feed::{Fed, Feed};
use crate::tokens::Actor;
use crate::verbs::{self, Asker};

const MESSAGE_BYTES_MAX: usize = 64 << 10;
const WRITE_BUFFER_MAX: usize = 4 << 20;
const UNDER_WAY_MAX: usize = 16;
const TOO_FAST_MAX: u32 = 100;
const READER_PATIENCE: Duration = Duration::from_secs(20);
const BEAT: Duration = Duration::from_secs(20);
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Changes of facts are gathered so long.
const FACTS_GATHERED: Duration = Duration::from_millis(50);
const FACTS_WAITING: usize = 256;
/// RFC 6455 section 7.4.1: the policy is broken.
const POLICY: u16 = 1008;

pub(super) async fn answer(
    State(door): State<Arc<Door>>,
    Extension(peer): Extension<Peer>,
    Path(tenant): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let query = query(request.uri().query().unwrap_or_default());
    let actor = match query.get("ticket").and_then(Value::as_str) {
        Some(ticket) => {
            let now = door.operator.modules.now();
            let actor = door.access.redeem(now, peer.0, (&tenant, ticket))?;
            if !door.operator.tokens.still(&actor).await {
                let detail = "the token of this ticket was taken back";
                return Err(Problem::new(StatusCode::UNAUTHORIZED, detail));
            }
            actor
        }
        None => {
            let shown = bearer(request.headers());
            let entered = door.access.enter(&door.operator, peer.0, (&tenant, shown));
            entered.await?
        }
    };
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &());
    let upgrade = upgrade.await.map_err(|why| {
        Problem::new(StatusCode::BAD_REQUEST, why.body_text()).with(
            "cure",
            "this is a WebSocket; GET .../events is the stream for plain http",
        )
    })?;
    let place = door.access.stream(&actor)?;
    let upgrade = upgrade
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .max_write_buffer_size(WRITE_BUFFER_MAX);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let client = Client {
            door,
            actor: Arc::new(actor),
            listening: None,
            facts: None,
            under_way: JoinSet::new(),
            too_fast: 0,
            heard: Instant::now(),
            _place: place,
        };
        client.converse(socket).await;
    }))
}

/// What a client says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    #[serde(default)]
    id: Value,
    #[serde(rename = "do")]
    verb: String,
    module: Option<String>,
    #[serde(default)]
    arguments: Map<String, Value>,
    #[serde(default)]
    topics: Option<Vec<String>>,
    #[serde(default)]
    facts: Vec<String>,
    after: Option<u64>,
}

struct Client {
    door: Arc<Door>,
    actor: Arc<Actor>,
    listening: Option<(Wish, Feed)>,
    facts: Option<Facts>,
    under_way: JoinSet<Value>,
    too_fast: u32,
    heard: Instant,
    _place: StreamPlace,
}

/// Why a connection ends.
struct End(u16, &'static str);

impl Client {
    async fn converse(mut self, mut socket: WebSocket) {
        let mut beat = tokio::time::interval(BEAT);
        beat.reset();
        let end = loop {
            let out = tokio::select! {
                message = socket.recv() => match message {
                    Some(Ok(message)) => self.hear(message).await,
                    _ => return,
                },
                Some(done) = self.under_way.join_next() => Ok(done.into_iter().collect()),
                fed = next_of(&mut self.listening) => match fed {
                    Some(fed) => Ok(self.told(fed)),
                    None => return,
                },
                facts = changed(&mut self.facts) => Ok(facts),
                _ = beat.tick() => match self.beat().await {
                    Ok(()) => Ok(vec![Value::Null]),
                    Err(end) => Err(end),
                },
            };
            let out = match out {
                Ok(out) => out,
                Err(end) => break end,
            };
            for value in out {
                let message = match value {
                    Value::Null => Message::Ping(bytes::Bytes::new()),
                    value => Message::Text(value.to_string().into()),
                };
                if !matches!(
                    tokio::time::timeout(READER_PATIENCE, socket.send(message)).await,
                    Ok(Ok(()))
                ) {
                    self.door.access.count("http_readers_cut");
                    return;
                }
            }
        };
        let close = CloseFrame {
            code: end.0,
            reason: end.1.into(),
        };
        let close = socket.send(Message::Close(Some(close)));
        let _ = tokio::time::timeout(Duration::from_secs(2), close).await;
    }

    async fn beat(&self) -> Result<(), End> {
        if self.heard.elapsed() > SILENCE_MAX {
            return Err(End(POLICY, "nothing was heard for a minute"));
        }
        match self.door.operator.tokens.still(&self.actor).await {
            true => Ok(()),
            false => Err(End(POLICY, "the token was taken back or has ended")),
        }
    }

    fn told(&self, fed: Fed) -> Vec<Value> {
        match (fed, &self.listening) {
            (Fed::Event(told), Some((wish, _))) if wish.takes(&told) => {
                vec![json!({ "event": shown(&self.actor.tenant, &told) })]
            }
            (Fed::CaughtUp(to), _) => vec![json!({ "live": { "seq": to.saturating_sub(1) } })],
            _ => Vec::new(),
        }
    }

    async fn hear(&mut self, message: Message) -> Result<Vec<Value>, End> {
        self.heard = Instant::now();
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => return Err(End(1003, "only JSON texts are understood")),
            _ => return Ok(Vec::new()),
        };
        let said = match serde_json::from_str::<Said>(&text) {
            Ok(said) => said,
            Err(error) => {
                let detail = format!("not a message: {error}");
                let problem = Problem::new(StatusCode::BAD_REQUEST, detail)
                    .with("cure", "write {\"id\": 1, \"do\": \"calls.list\"}");
                return Ok(vec![json!({ "id": null, "problem": problem.body() })]);
            }
        };
        let id = said.id.clone();
        if !self
            .door
            .access
            .paced(self.door.operator.modules.now(), &self.actor)
        {
            self.too_fast += 1;
            self.door.access.count("http_too_fast");
            if self.too_fast > TOO_FAST_MAX {
                return Err(End(POLICY, "too fast"));
            }
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too fast");
            return Ok(vec![json!({ "id": id, "problem": problem.body() })]);
        }
        self.too_fast = 0;
        let answer = match (said.module.is_some(), said.verb.as_str()) {
            (false, "subscribe") => self.subscribe(said).await,
            (false, "unsubscribe") => {
                (self.listening, self.facts) = (None, None);
                Ok(Some(json!({ "subscribed": false })))
            }
            _ => self.operate(said),
        };
        Ok(match answer {
            Ok(Some(answer)) => vec![json!({ "id": id, "ok": answer })],
            Ok(None) => Vec::new(),
            Err(problem) => vec![json!({ "id": id, "problem": problem.body() })],
        })
    }

    async fn subscribe(&mut self, said: Said) -> Result<Option<Value>, Problem> {
        may_read(&self.door, &self.actor)?;
        let wants_events = said.topics.is_some() || said.facts.is_empty();
        let wish = Wish::new(said.topics.unwrap_or_default(), said.after)?;
        Wish::new(said.facts.clone(), None)?;
        self.listening = None;
        if wants_events {
            let feed = wish.open(&self.door, &self.actor, "stream").await;
            self.listening = Some((wish, feed));
        }
        self.facts = match said.facts.is_empty() {
            true => None,
            false => Some(Facts::open(&self.door, &self.actor.tenant, said.facts)),
        };
        Ok(Some(json!({ "subscribed": true })))
    }

    fn operate(&mut self, said: Said) -> Result<Option<Value>, Problem> {
        if self.under_way.len() >= UNDER_WAY_MAX {
            let detail = format!("{UNDER_WAY_MAX} operations are under way");
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, detail)
                .with("cure", "wait for an answer before asking again"));
        }
        let (door, actor) = (Arc::clone(&self.door), Arc::clone(&self.actor));
        self.under_way.spawn(async move {
            let id = said.id.clone();
            match carry_out(&door, &actor, said).await {
                Ok(answer) => json!({ "id": id, "ok": answer }),
                Err(problem) => json!({ "id": id, "problem": problem.body() }),
            }
        });
        Ok(None)
    }
}

async fn carry_out(door: &Door, actor: &Actor, said: Said) -> Result<Value, Problem> {
    let asker = Asker {
        actor,
        door: "stream",
    };
    let (operator, verb) = (&door.operator, said.verb.as_str());
    let done = match (&said.module, verbs::named(verb)) {
        (Some(module), _) => {
            verbs::module_verb(operator, asker, (module, verb), said.arguments).await
        }
        (None, Some(line)) => verbs::carry_out(operator, asker, line, said.arguments).await,
        (None, None) => {
            let names: Vec<&str> = verbs::TABLE.iter().map(|line| line.name).collect();
            let verb: String = verb.chars().take(100).collect();
            let detail = format!("nothing is called `{verb}`");
            let cure = format!(
                "there are subscribe, unsubscribe, {}; a module's verb needs `module`",
                names.join(", ")
            );
            return Err(Problem::new(StatusCode::NOT_FOUND, detail).with("cure", cure));
        }
    };
    done.map_err(|refusal| door.refused(refusal))
}

async fn next_of(listening: &mut Option<(Wish, Feed)>) -> Option<Fed> {
    match listening {
        Some((_, feed)) => feed.next().await,
        None => std::future::pending().await,
    }
}

/// Retained facts that a client wants to follow.
struct Facts {
    door: Arc<Door>,
    tenant: String,
    topics: Vec<String>,
    subscription: Subscription,
    /// What it knows.
    told: BTreeMap<(String, String), Arc<Envelope>>,
    /// When it is told of changes.
    due: Option<Instant>,
}

impl Facts {
    fn open(door: &Arc<Door>, tenant: &str, topics: Vec<String>) -> Facts {
        let filter = Filter {
            tenant: Some(tenant.into()),
            topics: topics.clone(),
            call: None,
        };
        Facts {
            door: Arc::clone(door),
            tenant: tenant.to_owned(),
            topics,
            subscription: door.operator.bus.subscribe(filter, FACTS_WAITING),
            told: BTreeMap::new(),
            due: Some(Instant::now()),
        }
    }

    /// What differs from what it knows.
    fn differing(&mut self) -> Vec<Value> {
        self.due = None;
        while self.subscription.try_next().is_some() {}
        let bus = &self.door.operator.bus;
        let mut now = BTreeMap::new();
        for topic in &self.topics {
            for fact in bus.retained_facts(&self.tenant, topic) {
                let topic = fact.envelope.topic.as_str().to_owned();
                now.insert((topic, fact.key), fact.envelope);
            }
        }
        let mut out = Vec::new();
        for ((topic, key), envelope) in &now {
            let known = self.told.get(&(topic.clone(), key.clone()));
            if known.is_none_or(|known| !Arc::ptr_eq(known, envelope)) {
                let data: Value = serde_json::from_str(&envelope.payload).unwrap_or_default();
                let at_ms = envelope.at_ms;
                out.push(json!({ "fact": {
                    "topic": topic, "key": key, "at_ms": at_ms, "data": data,
                }}));
            }
        }
        for (topic, key) in self.told.keys().filter(|key| !now.contains_key(*key)) {
            out.push(json!({ "fact": { "topic": topic, "key": key, "gone": true } }));
        }
        self.told = now;
        out
    }
}

/// Waits until facts have changed. One that was taken away is noticed with the next change, or
/// after ten seconds.
async fn changed(facts: &mut Option<Facts>) -> Vec<Value> {
    let Some(facts) = facts else {
        return std::future::pending().await;
    };
    loop {
        let due = facts.due;
        let at = due.unwrap_or_else(|| Instant::now() + Duration::from_secs(10));
        tokio::select! {
            () = tokio::time::sleep_until(at) => return facts.differing(),
            received = facts.subscription.next(), if due.is_none() => match received {
                Some(received) if received.envelope.seq == 0 => {
                    facts.due = Some(Instant::now() + FACTS_GATHERED);
                }
                Some(_) => {}
                None => return std::future::pending().await,
            },
        }
    }
}
