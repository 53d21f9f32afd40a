//! The event stream for readers: a tenant's journal as server-sent events, from now or from where
//! a reader left off (`Last-Event-ID`), without a gap.
//!
//! Each event's id is its number in the journal; what the reader missed is read from the store.
//! A line every 15 s shows that the stream lives. A reader that takes nothing for 20 s while 64
//! events wait for it is cut off, and resumes where it was. A token that is taken back ends it.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use cordboard_host::service::INPUT_TOPIC;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::Door;
use super::access::{StreamPlace, bearer};
use super::connections::Peer;
use super::problem::Problem;
use super::rest::{flowing, query};
use crate::modules::feed::{Fed, Feed, Told};
use crate::tokens::Actor;

const HEARTBEAT: Duration = Duration::from_secs(15);
const CHUNKS_MAX: usize = 64;
const READER_PATIENCE: Duration = Duration::from_secs(20);
const TOPICS_MAX: usize = 100;
/// Told when somebody begins to listen; it also tells a reader how far behind it is.
const LISTENED_TOPIC: &str = "operator.listened";

/// What a reader wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// Beginnings of topics; none is every topic but modules' own inputs.
    pub(super) topics: Vec<String>,
    /// Everything after this number; none is from now on.
    pub(super) after: Option<u64>,
}

impl Wish {
    pub(super) fn new(topics: Vec<String>, after: Option<u64>) -> Result<Self, Problem> {
        let bad = |topic: &String| topic.is_empty() || topic.len() > 200;
        if topics.len() > TOPICS_MAX || topics.iter().any(bad) {
            let detail = format!("at most {TOPICS_MAX} topics of 1 to 200 bytes");
            return Err(Problem::new(StatusCode::BAD_REQUEST, detail)
                .with("cure", "write topics=call,leg.answered"));
        }
        Ok(Self { topics, after })
    }

    /// Opens the journal at the reader's place.
    pub(super) async fn open(&self, door: &Door, actor: &Actor, through: &str) -> Feed {
        let mut topics = match self.topics.is_empty() {
            true => vec![String::new()],
            false => self.topics.clone(),
        };
        topics.push(LISTENED_TOPIC.to_owned());
        let modules = &door.operator.modules;
        let feed = modules.feed(&actor.tenant, topics, self.after);
        let payload = json!({
            "by": actor.journalled(), "door": through, "topics": self.topics, "after": self.after,
        });
        modules.tell(&actor.tenant, LISTENED_TOPIC, &payload).await;
        feed
    }

    /// Is it for this reader?
    pub(super) fn takes(&self, told: &Told) -> bool {
        let begins = |prefix: &String| match told.topic.strip_prefix(prefix.as_str()) {
            Some(rest) => {
                rest.is_empty() || prefix.ends_with(['.', '/']) || rest.starts_with(['.', '/'])
            }
            None => false,
        };
        told.seq != 0
            && match self.topics.is_empty() {
                true => told.topic != INPUT_TOPIC,
                false => self.topics.iter().any(begins),
            }
    }
}

/// An event as the console's `trace` shows it.
pub(super) fn shown(tenant: &str, told: &Told) -> Value {
    let data: Value = serde_json::from_str(&told.payload).unwrap_or_default();
    let mut event = json!({
        "tenant": tenant, "seq": told.seq, "at_ms": told.at_ms, "topic": told.topic,
    });
    if let Some(members) = event.as_object_mut() {
        if let Some(call) = &told.call {
            members.insert("call".into(), call.as_str().into());
        }
        if let Some(leg) = told.leg {
            members.insert("leg".into(), leg.into());
        }
        members.insert("data".into(), data);
    }
    event
}

/// May it read at all?
pub(super) fn may_read(door: &Door, actor: &Actor) -> Result<(), Problem> {
    if actor.may("read", None) {
        return Ok(());
    }
    door.access.count("http_denied");
    let detail = format!("token `{}` has no permission `read`", actor.name);
    let cure = format!(
        "make one with `cordboard token new {} NAME --allow read`",
        actor.tenant
    );
    Err(Problem::new(StatusCode::FORBIDDEN, detail).with("cure", cure))
}

pub(super) async fn answer(
    State(door): State<Arc<Door>>,
    Extension(peer): Extension<Peer>,
    Path(tenant): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let shown = bearer(request.headers());
    let actor = door.access.enter(&door.operator, peer.0, (&tenant, shown));
    let actor = actor.await?;
    may_read(&door, &actor)?;
    let wish = wish_of(&request)?;
    let place = door.access.stream(&actor)?;
    let (sender, chunks) = mpsc::channel(CHUNKS_MAX);
    let reader = Reader {
        door,
        actor,
        wish,
        sender,
        _place: place,
    };
    tokio::spawn(reader.run());
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, flowing(chunks)).into_response())
}

fn wish_of(request: &Request) -> Result<Wish, Problem> {
    let query = query(request.uri().query().unwrap_or_default());
    let texts = match query.get("topics") {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        Some(one) => one.as_str().into_iter().collect(),
        None => Vec::new(),
    };
    let topics = texts.iter().flat_map(|text| text.split(','));
    let topics = topics.map(|topic| topic.trim().to_owned());
    // A browser that comes again sends the header; `after` is where it first begins.
    let header = request.headers().get("last-event-id");
    let after = match header {
        Some(id) => Some(id.to_str().unwrap_or("?").to_owned()),
        None => query
            .get("after")
            .and_then(Value::as_str)
            .map(str::to_owned),
    };
    let after = match after.as_deref() {
        None | Some("") => None,
        Some(text) => match text.parse::<u64>() {
            Ok(seq) if seq < i64::MAX as u64 => Some(seq),
            _ => {
                let detail = "Last-Event-ID and `after` are numbers of events";
                return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
            }
        },
    };
    Wish::new(topics.collect(), after)
}

struct Reader {
    door: Arc<Door>,
    actor: Actor,
    wish: Wish,
    sender: mpsc::Sender<Bytes>,
    _place: StreamPlace,
}

impl Reader {
    async fn run(self) {
        if self.send("retry: 2000\n\n".to_owned()).await.is_none() {
            return;
        }
        let mut feed = self.wish.open(&self.door, &self.actor, "events").await;
        let mut beat = tokio::time::interval(HEARTBEAT);
        beat.reset();
        loop {
            let chunk = tokio::select! {
                () = self.sender.closed() => return,
                fed = feed.next() => match fed {
                    None => return,
                    Some(Fed::Event(told)) if self.wish.takes(&told) => {
                        let shown = shown(&self.actor.tenant, &told);
                        format!("id: {}\ndata: {shown}\n\n", told.seq)
                    }
                    Some(Fed::Event(_)) => continue,
                    // From here on it is live; the id says where, also to who heard nothing yet.
                    Some(Fed::CaughtUp(to)) => format!("id: {}\n: live\n\n", to.saturating_sub(1)),
                },
                _ = beat.tick() => {
                    if !self.door.operator.tokens.still(&self.actor).await {
                        return;
                    }
                    format!("id: {}\n: heartbeat\n\n", feed.cursor())
                }
            };
            if self.send(chunk).await.is_none() {
                return;
            }
        }
    }

    async fn send(&self, chunk: String) -> Option<()> {
        let sent = self.sender.send(Bytes::from(chunk));
        match tokio::time::timeout(READER_PATIENCE, sent).await {
            Ok(sent) => sent.ok(),
            Err(_) => {
                self.door.access.count("http_readers_cut");
                None
            }
        }
    }
}
