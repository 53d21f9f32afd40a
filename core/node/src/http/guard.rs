//! Names: which hosts a request may call us by, and from which pages a browser may send one.
//!
//! A page that has its own name resolve to 127.0.0.1 (DNS rebinding) is told apart by `Host`: an
//! address, `localhost` and what `_node.kdl` lists are ours, other names are not. A page of another
//! origin is told apart by `Origin`: its own host's and what `_node.kdl` lists. Answers carry the
//! headers that keep a browser from running them.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Door;
use super::problem::Problem;

/// Names of `_node.kdl`'s `http` lines.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Hosts that requests may name.
    pub hosts: Vec<String>,
    /// Origins whose pages may ask.
    pub origins: Vec<String>,
}

impl Names {
    fn knows_host(&self, host: &str) -> bool {
        let name = without_port(host);
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>().is_ok()
            || name.eq_ignore_ascii_case("localhost")
            || self
                .hosts
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
    }

    fn knows_origin(&self, origin: &str, host: Option<&str>) -> bool {
        let own = origin
            .strip_prefix("http://")
            .or(origin.strip_prefix("https://"));
        let same = own.is_some() && own == host;
        same || self.origins.iter().any(|known| known == origin)
    }
}

/// `name:port` without its port; `[::1]:80` is `[::1]`.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => {
            name
        }
        _ => host,
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Lets a request through, or refuses it, before anything else is looked at.
pub(super) async fn check(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host = text(headers, header::HOST).or(request.uri().authority().map(|a| a.as_str()));
    let hosts = headers.get_all(header::HOST).iter().count();
    // Only HTTP/1.0 may name no host; a browser always does.
    let known = match host {
        Some(host) => hosts <= 1 && door.names.knows_host(host),
        None => request.version() == Version::HTTP_10,
    };
    if !known {
        door.access.count("http_hosts_refused");
        let shown: String = host.unwrap_or_default().chars().take(100).collect();
        let detail = format!("`{shown}` is no name of this door");
        let cure = format!(
            "call it by its address, or list the name in _node.kdl: `http \"ADDRESS\" hosts=\"{}\"`",
            without_port(&shown)
        );
        let problem = Problem::new(StatusCode::MISDIRECTED_REQUEST, detail);
        return problem
            .with("cure", cure)
            .with("place", "_node.kdl")
            .into_response();
    }
    let origin = match headers.contains_key(header::ORIGIN) {
        true => Some(text(headers, header::ORIGIN).unwrap_or_default().to_owned()),
        false => None,
    };
    if let Some(origin) = &origin
        && !door.names.knows_origin(origin, host)
    {
        door.access.count("http_origins_refused");
        let shown: String = origin.chars().take(100).collect();
        let detail = format!("pages of `{shown}` may not ask here");
        let cure = format!("list it in _node.kdl: `http \"ADDRESS\" origins=\"{shown}\"`");
        let problem = Problem::new(StatusCode::FORBIDDEN, detail);
        return problem
            .with("cure", cure)
            .with("place", "_node.kdl")
            .into_response();
    }
    match preflight(request.method(), origin.as_deref()) {
        Some(answer) => answer,
        None => dressed(next.run(request).await, origin),
    }
}

/// What a browser asks before a page of a listed origin may ask: no token goes with it, and it
/// goes no further.
fn preflight(method: &Method, origin: Option<&str>) -> Option<Response> {
    let origin = origin.filter(|_| method == Method::OPTIONS)?;
    let nothing = StatusCode::NO_CONTENT.into_response();
    Some(dressed(nothing, Some(origin.to_owned())))
}

fn dressed(mut response: Response, origin: Option<String>) -> Response {
    let headers = response.headers_mut();
    let set = |headers: &mut HeaderMap, name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    let policy = "default-src 'none'; frame-ancestors 'none'; sandbox";
    set(headers, header::CONTENT_SECURITY_POLICY, policy);
    set(headers, header::REFERRER_POLICY, "no-referrer");
    if !headers.contains_key(header::CACHE_CONTROL) {
        set(headers, header::CACHE_CONTROL, "no-store");
    }
    if let Some(origin) = origin.and_then(|o| HeaderValue::from_str(&o).ok()) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        set(headers, header::VARY, "Origin");
        let methods = "GET, POST, PATCH, DELETE";
        set(headers, header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        let asked = "Authorization, Content-Type, Last-Event-ID";
        set(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, asked);
        set(headers, header::ACCESS_CONTROL_MAX_AGE, "600");
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_that_asks_first_is_told_what_a_page_may_send() {
        let desk = "https://desk.example.com";
        let answer = preflight(&Method::OPTIONS, Some(desk)).unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        let said = |name: &str| answer.headers()[name].to_str().unwrap();
        assert_eq!(said("access-control-allow-origin"), desk);
        assert_eq!(said("vary"), "Origin");
        assert!(said("access-control-allow-headers").contains("Authorization"));
        for method in ["GET", "POST", "PATCH", "DELETE"] {
            assert!(said("access-control-allow-methods").contains(method));
        }
        assert!(preflight(&Method::GET, Some(desk)).is_none());
        assert!(preflight(&Method::OPTIONS, None).is_none(), "no browser");
        let plain = dressed(StatusCode::OK.into_response(), None);
        assert!(!plain.headers().contains_key("access-control-allow-origin"));
    }

    #[test]
    fn addresses_localhost_and_listed_names_are_ours_and_no_other() {
        let names = Names {
            hosts: vec!["pbx.example.com".into()],
            origins: vec!["https://desk.example.com".into()],
        };
        for host in [
            "127.0.0.1:8060",
            "[::1]:8060",
            "localhost",
            "LOCALHOST:8060",
            "192.0.2.7",
            "pbx.example.com:8060",
        ] {
            assert!(names.knows_host(host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:8060",
            "pbx.example.com.evil.example",
            "",
            "@127.0.0.1",
        ] {
            assert!(!names.knows_host(host), "{host}");
        }
        let host = Some("127.0.0.1:8060");
        assert!(names.knows_origin("http://127.0.0.1:8060", host));
        assert!(names.knows_origin("https://desk.example.com", host));
        for origin in [
            "null",
            "",
            "http://127.0.0.1:8061",
            "http://localhost:8060",
            "https://desk.example.com.evil.example",
        ] {
            assert!(!names.knows_origin(origin, host), "{origin}");
        }
    }
}
