//! The http door: health and Prometheus metrics, on loopback unless the node's settings say otherwise.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::operator::Operator;

/// Binds and serves until the runtime ends; returns the bound address.
pub async fn serve(address: SocketAddr, operator: Arc<Operator>) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await?;
    let local = listener.local_addr()?;
    let router = Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .with_state(operator);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the http door closed");
        }
    });
    Ok(local)
}

async fn health(State(operator): State<Arc<Operator>>) -> Response {
    match operator.health().await {
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

async fn metrics(State(operator): State<Arc<Operator>>) -> Response {
    match operator.metrics().await {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why).into_response(),
    }
}
