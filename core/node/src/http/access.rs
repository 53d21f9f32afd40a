//! Who asks: a token in the `Authorization` header, or for a browser's WebSocket a ticket.
//!
//! Bounds: 100 requests a second of one token (bursts of 200), 16 streams of one token and 256 of
//! the door, 1,000 tickets for 30 s each. Wrong tokens: ten answers a second to an address, then
//! 429; after twenty wrong ones nothing but that for five minutes, while right tokens from there
//! go on. Neither tokens nor tickets are logged. An unknown tenant, another's token and a wrong
//! one get one and the same answer.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::problem::Problem;
use crate::operator::Operator;
use crate::source_limit::SourceLimit;
use crate::tokens::{Actor, one_time, tenant_of};

const RATE_PER_SECOND: f64 = 100.0;
const BURST: f64 = 200.0;
const STREAMS_OF_ONE_MAX: usize = 16;
const STREAMS_MAX: usize = 256;
const TICKETS_MAX: usize = 1_000;
/// How long a ticket is good.
pub(super) const TICKET_LASTS: Duration = Duration::from_secs(30);
/// Tokens whose rates are remembered; beyond it all begin anew.
const RATES_MAX: usize = 10_000;

#[derive(Clone, Copy)]
struct Rate {
    left: f64,
    seen: Duration,
}

#[derive(Default)]
struct State {
    strangers: SourceLimit,
    rates: HashMap<(String, String), Rate>,
    streams: HashMap<(String, String), usize>,
    tickets: HashMap<String, (Actor, Duration)>,
    counters: BTreeMap<&'static str, u64>,
}

/// Who may come in.
#[derive(Default)]
pub struct Access {
    state: Mutex<State>,
}

/// A stream's place; it is given back when this ends.
pub(super) struct StreamPlace {
    access: Arc<Access>,
    key: (String, String),
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut state = self.access.state();
        if let Some(open) = state.streams.get_mut(&self.key) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                state.streams.remove(&self.key);
            }
        }
    }
}

fn key(actor: &Actor) -> (String, String) {
    (actor.tenant.clone(), actor.name.clone())
}

impl Access {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts something.
    pub(super) fn count(&self, what: &'static str) {
        *self.state().counters.entry(what).or_default() += 1;
    }

    /// For metrics.
    pub fn figures(&self) -> Value {
        let state = self.state();
        let mut figures = json!({
            "http_streams": state.streams.values().sum::<usize>(),
            "http_requests": 0, "http_tokens_wrong": 0, "http_denied": 0, "http_too_fast": 0,
            "http_hosts_refused": 0, "http_origins_refused": 0, "http_connections_refused": 0,
            "http_readers_cut": 0,
        });
        if let Some(figures) = figures.as_object_mut() {
            for (name, count) in &state.counters {
                figures.insert((*name).to_owned(), (*count).into());
            }
        }
        figures
    }

    /// Who asks for something of this tenant.
    pub(super) async fn enter(
        &self,
        operator: &Operator,
        from: IpAddr,
        (tenant, shown): (&str, Option<&str>),
    ) -> Result<Actor, Problem> {
        let now = operator.modules.now();
        let Some(shown) = shown else {
            let detail = "a token is wanted";
            return Err(Problem::new(StatusCode::UNAUTHORIZED, detail).with("cure", CURE));
        };
        let is_known = operator.modules.has_tenant(tenant);
        let actor = match tenant_of(shown) {
            Some(named) if named == tenant && is_known => operator.tokens.check(shown).await,
            _ => None,
        };
        let Some(actor) = actor else {
            return Err(self.wrong(now, from));
        };
        match self.paced(now, &actor) {
            true => {
                self.count("http_requests");
                Ok(actor)
            }
            false => {
                self.count("http_too_fast");
                let detail = format!("token `{}` asks too fast", actor.name);
                let cure = format!("at most {RATE_PER_SECOND} requests a second");
                Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).with("cure", cure))
            }
        }
    }

    fn wrong(&self, now: Duration, from: IpAddr) -> Problem {
        let mut state = self.state();
        *state.counters.entry("http_tokens_wrong").or_default() += 1;
        let answered = state.strangers.allow(now, from);
        if state.strangers.failed(now, from) {
            tracing::warn!(%from, "too many wrong tokens; five minutes of 429");
        }
        match answered {
            true => {
                let detail = "the token is wrong, has ended, or is not this tenant's";
                Problem::new(StatusCode::UNAUTHORIZED, detail).with("cure", CURE)
            }
            false => {
                let detail = "too many wrong tokens from this address";
                Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).with(
                    "cure",
                    "wait five minutes; a right token is answered meanwhile",
                )
            }
        }
    }

    /// May this one ask once more now?
    pub(super) fn paced(&self, now: Duration, actor: &Actor) -> bool {
        let mut state = self.state();
        if state.rates.len() >= RATES_MAX {
            state.rates.clear();
        }
        let fresh = Rate {
            left: BURST,
            seen: now,
        };
        let rate = state.rates.entry(key(actor)).or_insert(fresh);
        let passed = now.saturating_sub(rate.seen).as_secs_f64();
        rate.left = (rate.left + passed * RATE_PER_SECOND).min(BURST);
        rate.seen = now;
        let may = rate.left >= 1.0;
        if may {
            rate.left -= 1.0;
        }
        may
    }

    /// A place for a stream.
    pub(super) fn stream(self: &Arc<Self>, actor: &Actor) -> Result<StreamPlace, Problem> {
        let key = key(actor);
        let mut state = self.state();
        let all: usize = state.streams.values().sum();
        let own = state.streams.entry(key.clone()).or_default();
        if *own >= STREAMS_OF_ONE_MAX || all >= STREAMS_MAX {
            let detail = format!(
                "token `{}` has {own} streams open, and the door {all}",
                actor.name
            );
            let cure = format!(
                "at most {STREAMS_OF_ONE_MAX} of one token and {STREAMS_MAX} in all: close one"
            );
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).with("cure", cure));
        }
        *own += 1;
        let access = Arc::clone(self);
        Ok(StreamPlace { access, key })
    }

    /// A ticket: whoever shows it within its time is this one, once.
    pub(super) fn ticket(&self, now: Duration, actor: &Actor) -> Result<String, Problem> {
        let ticket =
            one_time().map_err(|why| Problem::new(StatusCode::SERVICE_UNAVAILABLE, why))?;
        let mut state = self.state();
        state.tickets.retain(|_, (_, until)| *until > now);
        if state.tickets.len() >= TICKETS_MAX {
            let detail = "too many tickets are open";
            return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail));
        }
        let until = now + TICKET_LASTS;
        state.tickets.insert(ticket.clone(), (actor.clone(), until));
        Ok(ticket)
    }

    /// Whose ticket this is; it is gone now.
    pub(super) fn redeem(
        &self,
        now: Duration,
        from: IpAddr,
        (tenant, ticket): (&str, &str),
    ) -> Result<Actor, Problem> {
        let found = self.state().tickets.remove(ticket);
        match found {
            Some((actor, until)) if until > now && actor.tenant == tenant => Ok(actor),
            _ => Err(self.wrong(now, from)),
        }
    }
}

const CURE: &str = "send `Authorization: Bearer TOKEN`; \
     `cordboard token new TENANT NAME --allow read` makes one";

/// The token of a request.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(name: &str) -> Actor {
        Actor {
            tenant: "demo".into(),
            name: name.into(),
            allow: vec!["read".into()],
            made_ms: 0,
        }
    }

    #[test]
    fn a_token_has_its_own_rate() {
        let access = Access::default();
        let now = Duration::from_secs(1);
        let served = (0..1_000)
            .filter(|_| access.paced(now, &actor("a")))
            .count();
        assert_eq!(served, 200);
        assert!(access.paced(now, &actor("b")));
        assert!(access.paced(now + Duration::from_millis(10), &actor("a")));
    }

    #[test]
    fn streams_have_places_that_are_given_back() {
        let access = Arc::new(Access::default());
        let open: Vec<_> = (0..16).map(|_| access.stream(&actor("a"))).collect();
        assert!(open.iter().all(Result::is_ok));
        assert!(access.stream(&actor("a")).is_err());
        assert!(access.stream(&actor("b")).is_ok());
        drop(open);
        assert!(access.stream(&actor("a")).is_ok());
    }

    #[test]
    fn a_ticket_is_good_once_for_its_tenant_and_not_for_long() {
        let access = Access::default();
        let (now, from) = (Duration::from_secs(1), IpAddr::from([127, 0, 0, 1]));
        let ticket = access.ticket(now, &actor("a")).ok().unwrap();
        assert!(access.redeem(now, from, ("acme", &ticket)).is_err());
        assert!(
            access.redeem(now, from, ("demo", &ticket)).is_err(),
            "it was shown"
        );
        let ticket = access.ticket(now, &actor("a")).ok().unwrap();
        assert!(access.redeem(now, from, ("demo", &ticket)).is_ok());
        assert!(access.redeem(now, from, ("demo", &ticket)).is_err());
        let ticket = access.ticket(now, &actor("a")).ok().unwrap();
        let late = now + TICKET_LASTS;
        assert!(access.redeem(late, from, ("demo", &ticket)).is_err());
    }

    #[test]
    fn guessing_is_slow_and_counted() {
        let access = Access::default();
        let (now, from) = (Duration::from_secs(1), IpAddr::from([192, 0, 2, 1]));
        let status = |problem: Problem| problem.body()["status"].as_u64().unwrap();
        let answers: Vec<u64> = (0..50).map(|_| status(access.wrong(now, from))).collect();
        assert_eq!(answers.iter().filter(|a| **a == 401).count(), 20);
        assert_eq!(answers.iter().filter(|a| **a == 429).count(), 30);
        assert_eq!(access.figures()["http_tokens_wrong"], 50);
    }
}
