//! What scripts ask of the outside: http and the store, done on the runtime, answered to the shard.
//!
//! Bounds: 256 requests at once (more are answered `busy`), 30 s and 1 MiB a response. A name that
//! resolves to a private or loopback address is refused, so that a script's allowed host cannot be
//! turned against the house by DNS; an address that the script's manifest names outright is meant.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use cordboard_call::ids::CallId;
use cordboard_dialplan::url_pattern::is_private_address;
use cordboard_host::capability::Allowed;
use cordboard_steps::{OutsideRequest, ScriptAnswer, ScriptCallError};
use cordboard_store::{KvPlace, KvWrite, Store};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use tokio::sync::Semaphore;

use crate::clock::unix_ms;
use crate::mailbox::Sender;
use crate::shard::Input;

const REQUESTS_MAX: usize = 256;
const PATIENCE_MAX: Duration = Duration::from_secs(30);
const BODY_BYTES_MAX: usize = 1 << 20;

const LEADS_IN: &str = "the name resolves to a private address";
const TOO_LARGE: &str = "the answer is larger than";

type HttpClient = Client<hyper_rustls::HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>;

/// Does what scripts ask for.
#[derive(Clone)]
pub struct Outside {
    client: HttpClient,
    /// Also reaches private addresses, for modules that a grant allows it.
    private_client: HttpClient,
    store: Arc<dyn Store>,
    places: Arc<Semaphore>,
    shard: Sender<Input>,
    runtime: tokio::runtime::Handle,
}

/// Resolves names, to public addresses only unless private ones are meant.
#[derive(Clone)]
pub struct Resolver {
    private: bool,
}

impl tower_service::Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let private = self.private;
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if private {
                return Ok(found.into_iter());
            }
            let leads_in = |address: &SocketAddr| is_private_address(address.ip());
            if found.iter().any(leads_in) && name.as_str() != "localhost" {
                return Err(std::io::Error::new(
                    std::io::ErrorKind::PermissionDenied,
                    LEADS_IN,
                ));
            }
            Ok(found.into_iter())
        })
    }
}

impl Outside {
    /// A client and a store; answers go to `shard`.
    pub fn new(
        store: Arc<dyn Store>,
        shard: Sender<Input>,
        runtime: tokio::runtime::Handle,
    ) -> Self {
        Self {
            client: client(false),
            private_client: client(true),
            store,
            places: Arc::new(Semaphore::new(REQUESTS_MAX)),
            shard,
            runtime,
        }
    }

    /// Begins a request; its answer comes to the shard.
    pub fn begin(
        &self,
        call: CallId,
        id: u64,
        tenant: String,
        script: String,
        request: OutsideRequest,
    ) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            self.answer(
                call,
                id,
                failed(ScriptCallError::Busy, "too many requests at once"),
            );
            return;
        };
        let outside = self.clone();
        self.runtime.spawn(async move {
            let answer = match request {
                OutsideRequest::Http { .. } => outside.http(request, (false, BODY_BYTES_MAX)).await,
                // A store that stands still must not keep the places that http needs.
                other => {
                    let done = outside.kv(&tenant, &script, other);
                    let late =
                        || failed(ScriptCallError::Timeout, "no answer of the store in time");
                    let done = tokio::time::timeout(PATIENCE_MAX, done).await;
                    done.unwrap_or_else(|_| late())
                }
            };
            drop(place);
            outside.answer(call, id, answer);
        });
    }

    fn answer(&self, call: CallId, id: u64, answer: ScriptAnswer) {
        if self
            .shard
            .try_send(Input::Outside { call, id, answer })
            .is_err()
        {
            tracing::warn!(%call, "the shard is too busy for an answer; the script's request times out");
        }
    }

    /// An http request of a module, within its grant; the URL was asked of it.
    pub async fn http_within(&self, request: OutsideRequest, allowed: &Allowed) -> ScriptAnswer {
        let Ok(_place) = Arc::clone(&self.places).try_acquire_owned() else {
            return failed(ScriptCallError::Busy, "too many requests at once");
        };
        let bytes_max = usize::try_from(allowed.size_bytes).unwrap_or(BODY_BYTES_MAX);
        let answer = self.http(request, (allowed.private, bytes_max)).await;
        match answer {
            ScriptAnswer::Error { kind, message } => ScriptAnswer::Error {
                message: with_cure(message, allowed),
                kind,
            },
            answer => answer,
        }
    }

    /// A request to the store by its owner's name.
    pub async fn store_of(
        &self,
        tenant: &str,
        owner: &str,
        request: OutsideRequest,
    ) -> ScriptAnswer {
        let done = tokio::time::timeout(PATIENCE_MAX, self.kv(tenant, owner, request)).await;
        done.unwrap_or_else(|_| failed(ScriptCallError::Timeout, "no answer of the store in time"))
    }

    async fn http(&self, request: OutsideRequest, bounds: (bool, usize)) -> ScriptAnswer {
        let OutsideRequest::Http {
            method,
            url,
            headers,
            body,
            timeout,
        } = request
        else {
            return failed(ScriptCallError::Invalid, "not an http request");
        };
        let mut builder = hyper::Request::builder()
            .method(method.as_str())
            .uri(url.as_str());
        for (name, value) in &headers {
            builder = builder.header(name.as_str(), value.as_str());
        }
        let request = match builder.body(Full::from(body.unwrap_or_default())) {
            Ok(request) => request,
            Err(error) => return failed(ScriptCallError::Invalid, &error.to_string()),
        };
        let exchange = self.exchange(request, bounds);
        let patience = timeout.min(PATIENCE_MAX);
        match tokio::time::timeout(patience, exchange).await {
            Ok(answer) => answer,
            Err(_) => {
                let why = format!("no whole answer within {} ms", patience.as_millis());
                failed(ScriptCallError::Timeout, &why)
            }
        }
    }

    async fn exchange(
        &self,
        request: hyper::Request<Full<Bytes>>,
        (private, bytes_max): (bool, usize),
    ) -> ScriptAnswer {
        let client = match private {
            true => &self.private_client,
            false => &self.client,
        };
        let response = match client.request(request).await {
            Ok(response) => response,
            Err(error) if leads_in(&error) => return failed(ScriptCallError::Denied, LEADS_IN),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                return failed(
                    ScriptCallError::Unavailable,
                    &cause.unwrap_or_else(|| error.to_string()),
                );
            }
        };
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (
                    name.to_string(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        match Limited::new(response.into_body(), bytes_max)
            .collect()
            .await
        {
            Ok(body) => ScriptAnswer::Http {
                status,
                headers,
                body: String::from_utf8_lossy(&body.to_bytes()).into_owned(),
            },
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                let why = format!("{TOO_LARGE} {bytes_max} bytes");
                failed(ScriptCallError::Denied, &why)
            }
            Err(error) => failed(
                ScriptCallError::Unavailable,
                &format!("the answer's body: {error}"),
            ),
        }
    }

    async fn kv(&self, tenant: &str, script: &str, request: OutsideRequest) -> ScriptAnswer {
        let place = |key| KvPlace {
            tenant,
            owner: script,
            key,
        };
        let now_ms = unix_ms();
        let result = match &request {
            OutsideRequest::StoreGet { key } => {
                self.store.kv_get(place(key), now_ms).await.map(|value| {
                    let value = value.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                    ScriptAnswer::Text { value }
                })
            }
            OutsideRequest::StoreSet { key, value, lasts } => {
                let when = match lasts {
                    Some(ttl) => {
                        KvWrite::ending(now_ms, u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX))
                    }
                    None => KvWrite::lasting(now_ms),
                };
                self.store
                    .kv_set(place(key), value.as_bytes(), when)
                    .await
                    .map(|()| ScriptAnswer::Done)
            }
            OutsideRequest::StoreDelete { key } => self
                .store
                .kv_delete(place(key))
                .await
                .map(|_| ScriptAnswer::Done),
            OutsideRequest::StoreIncr { key, by } => self
                .store
                .kv_incr(place(key), *by, KvWrite::lasting(now_ms))
                .await
                .map(|value| ScriptAnswer::Number { value }),
            OutsideRequest::Publish { .. } | OutsideRequest::Retain { .. } => {
                return failed(ScriptCallError::Denied, "only modules publish events");
            }
            OutsideRequest::Http { .. } => {
                return failed(ScriptCallError::Invalid, "not a store request");
            }
        };
        result.unwrap_or_else(|error| failed(ScriptCallError::Unavailable, &error.to_string()))
    }
}

/// Did the resolver refuse the name?
fn leads_in(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == std::io::ErrorKind::PermissionDenied) {
            return io.is_some_and(|io| io.to_string() == LEADS_IN);
        }
        next = error.source();
    }
    false
}

/// What a module reads of a refusal: also the line that would allow it.
fn with_cure(message: String, allowed: &Allowed) -> String {
    let place = match &allowed.place {
        Some(place) => format!("the grant at {}:{}", place.file, place.line),
        None => "its grant".to_owned(),
    };
    if message == LEADS_IN {
        return format!(
            "{message}: add `private=#true` to {place}, where the node's ceiling allows it"
        );
    }
    if message.starts_with(TOO_LARGE) {
        return format!("{message}: a greater `size` in {place} allows more");
    }
    message
}

fn client(private: bool) -> HttpClient {
    let mut http = HttpConnector::new_with_resolver(Resolver { private });
    http.enforce_http(false);
    http.set_connect_timeout(Some(Duration::from_secs(5)));
    let https = HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(8)
        .build(https)
}

fn failed(kind: ScriptCallError, message: &str) -> ScriptAnswer {
    ScriptAnswer::Error {
        kind,
        message: message.to_owned(),
    }
}
