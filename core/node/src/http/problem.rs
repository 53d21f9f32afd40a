//! Refusals on http: problem details (RFC 9457) that name what was wrong, where, and the cure.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::refusal::{Fault, Refusal};

/// A problem.
pub(super) struct Problem {
    status: StatusCode,
    body: Value,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or_default();
        let body = json!({
            "type": "about:blank", "title": title, "status": status.as_u16(),
            "detail": detail.into(),
        });
        Self { status, body }
    }

    /// With another member.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        if let Some(members) = self.body.as_object_mut() {
            members.insert(name.to_owned(), value.into());
        }
        self
    }

    pub(super) fn body(self) -> Value {
        self.body
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.fault {
            Fault::NotFound => StatusCode::NOT_FOUND,
            Fault::Denied => StatusCode::FORBIDDEN,
            Fault::Invalid => StatusCode::BAD_REQUEST,
            Fault::Refused => StatusCode::CONFLICT,
            Fault::Busy | Fault::Down => StatusCode::SERVICE_UNAVAILABLE,
        };
        let mut problem = Problem::new(status, refusal.message);
        if !refusal.arguments.is_empty() {
            let wrong = refusal.arguments.into_iter();
            let wrong = wrong.map(|w| json!({ "argument": w.argument, "detail": w.why }));
            problem = problem.with("errors", wrong.collect::<Value>());
        }
        match refusal.cure {
            Some(cure) => problem.with("cure", cure),
            None => problem,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let kind = HeaderValue::from_static("application/problem+json");
        let mut response = (self.status, self.body.to_string()).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

pub(super) async fn no_such_path(request: Request) -> Problem {
    let path: String = request.uri().path().chars().take(200).collect();
    Problem::new(StatusCode::NOT_FOUND, format!("there is no {path}"))
        .with("cure", "GET /v1/openapi.json lists what there is")
}

pub(super) async fn no_such_method(request: Request) -> Problem {
    let detail = format!("{} cannot be done there", request.method());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
        .with("cure", "GET /v1/openapi.json lists what there is")
}
