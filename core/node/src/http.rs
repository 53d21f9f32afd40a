//! The http door: health and metrics for machines, and for programs outside what a tenant offers.
//!
//! `/v1` is behind tokens (`access`), and all of it behind the check of names (`guard`); what may
//! be asked stands in one table (`crate::verbs`) and in modules' manifests. On loopback unless the
//! node's settings say otherwise. Bounds stand beside each part: connections and header time in
//! `connections`, bodies in `rest`, readers in `access`, messages in `stream`.

mod access;
mod connections;
mod events;
mod guard;
mod openapi;
mod problem;
mod rest;
mod stream;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use tokio::net::TcpListener;

use crate::operator::Operator;
use crate::refusal::{Fault, Refusal};

pub use access::Access;
pub use guard::Names;
use problem::Problem;

/// What every part of the door knows.
pub struct Door {
    /// Who does what is asked.
    pub operator: Arc<Operator>,
    /// Who may ask.
    pub access: Arc<Access>,
    /// Names that browsers may call us by.
    pub names: Names,
}

impl Door {
    /// What is said of a refusal; one for want of a permission is counted.
    fn refused(&self, refusal: Refusal) -> Problem {
        if refusal.fault == Fault::Denied {
            self.access.count("http_denied");
        }
        refusal.into()
    }
}

/// Binds and serves until the runtime ends; returns the bound address.
pub async fn serve(address: SocketAddr, door: Arc<Door>) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await?;
    let local = listener.local_addr()?;
    tokio::spawn(connections::serve(
        listener,
        router(Arc::clone(&door)),
        door,
    ));
    Ok(local)
}

fn router(door: Arc<Door>) -> Router {
    let guarded = Arc::clone(&door);
    Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .route("/v1/openapi.json", get(openapi::answer))
        .route("/v1/tenants/{tenant}/events", get(events::answer))
        .route("/v1/tenants/{tenant}/stream", get(stream::answer))
        .route("/v1/tenants/{tenant}/{*rest}", any(rest::answer))
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(axum::middleware::from_fn_with_state(guarded, guard::check))
        .with_state(door)
}

async fn health(State(door): State<Arc<Door>>) -> Response {
    match door.operator.health().await {
        Ok(health) => {
            let status = if health.get("ok").and_then(serde_json::Value::as_bool) == Some(true) {
                StatusCode::OK
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            };
            (
                status,
                [(header::CONTENT_TYPE, "application/json")],
                health.to_string(),
            )
                .into_response()
        }
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why).into_response(),
    }
}

async fn metrics(State(door): State<Arc<Door>>) -> Response {
    match door.operator.metrics().await {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why).into_response(),
    }
}
