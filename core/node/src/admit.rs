//! Admission: what a request that belongs to no dialog is, whose it is, and whether it may come in.
//!
//! A decision is a value; the shard carries it out. Nothing is allocated before it is taken, and
//! what is refused is counted by reason, not stored. Tenant of a request: a trunk by source
//! address and the DID dialled, else the host of the request URI, else the node's default tenant.

use std::sync::Arc;
use std::time::Duration;

use cordboard_call::event::Party;
use cordboard_dialplan::Dialplan;
use cordboard_dialplan::numbers::{NumberPolicy, normalise};
use cordboard_dialplan::route::{Challenge, User};
use cordboard_sip::NewRequest;
use cordboard_sip::auth::{Algorithm, AuthError, Ha1, Scope, Verifier};
use cordboard_sip::message::{Method, Request, Uri};

use crate::source_limit::SourceLimit;
use crate::tenants::{Generation, Tenants};

/// What to do with a request.
pub enum Decision {
    /// Nothing, not even an answer.
    Silence,
    /// Refuse it without keeping anything.
    Refuse {
        /// SIP status.
        code: u16,
        /// Extra headers.
        headers: Vec<(&'static str, String)>,
        /// For counters: `unknown-user`, `wrong-password`, `rate` ...
        reason: &'static str,
    },
    /// A REGISTER of this user, who has shown the right password.
    Register {
        /// Whose user.
        generation: Arc<Generation>,
        /// The user.
        user: Arc<User>,
    },
    /// An OPTIONS: answer 200.
    Options,
    /// A call.
    Call(Box<Incoming>),
}

/// An admitted INVITE.
pub struct Incoming {
    /// Whose call.
    pub generation: Arc<Generation>,
    /// Who sent it.
    pub party: Party,
    /// The user who calls, where one does.
    pub user: Option<Arc<User>>,
    /// Its number or name.
    pub caller: String,
    /// Its display name.
    pub caller_name: Option<String>,
    /// What is dialled.
    pub dialled: String,
}

/// What a decision looks at.
pub struct Gate<'a> {
    /// The tenants.
    pub tenants: &'a Tenants,
    /// Digest verifier.
    pub verifier: &'a mut Verifier,
    /// Answers to strangers.
    pub sources: &'a mut SourceLimit,
    /// HA1 of (tenant, user).
    pub ha1: &'a dyn Fn(&str, &str) -> Option<Ha1>,
    /// No new calls are taken: drain, a full journal, the node's limit.
    pub closed: Option<&'static str>,
}

/// Decides.
pub fn decide(gate: &mut Gate<'_>, now: Duration, new: &NewRequest) -> Decision {
    let request = &new.request;
    let method = request.method();
    if *method == Method::Ack || *method == Method::Cancel {
        return Decision::Silence;
    }
    // Between the sockets' opening and the first load a 404 would tell phones to give up.
    if gate.tenants.is_empty() && matches!(method, Method::Invite | Method::Register) {
        return busy("starting");
    }
    let trunk = *method == Method::Invite && gate.tenants.is_trunk(new.flow.remote);
    let Ok(uri) = request.uri() else {
        return refuse(400, "bad-uri");
    };
    match method {
        Method::Options => Decision::Options,
        Method::Invite if trunk => from_trunk(gate, new, &uri),
        Method::Invite => from_user(gate, now, new, &uri),
        Method::Register => register(gate, now, new, &uri),
        Method::Bye
        | Method::Info
        | Method::Update
        | Method::Prack
        | Method::Notify
        | Method::Refer => refuse(481, "no-dialog"),
        Method::Message | Method::Publish | Method::Subscribe => Decision::Refuse {
            code: 405,
            headers: vec![("Allow", ALLOW.to_owned())],
            reason: "method",
        },
        _ => Decision::Refuse {
            code: 501,
            headers: vec![("Allow", ALLOW.to_owned())],
            reason: "method",
        },
    }
}

/// Methods that we take.
pub const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, REGISTER";

fn refuse(code: u16, reason: &'static str) -> Decision {
    Decision::Refuse {
        code,
        headers: Vec::new(),
        reason,
    }
}

fn busy(reason: &'static str) -> Decision {
    Decision::Refuse {
        code: 503,
        headers: vec![("Retry-After", "10".to_owned())],
        reason,
    }
}

/// RFC 6432: why, for who bills or shows it. Q.850 cause 21 is "call rejected".
const SUSPENDED: (&str, &str) = ("Reason", "Q.850;cause=21;text=\"suspended\"");

/// A call of, or for, a suspended tenant. Not 503: RFC 3261 section 21.5.4 has a carrier then send
/// nothing at all for a while, and other tenants may have the same carrier.
fn suspended_call() -> Decision {
    let (name, value) = SUSPENDED;
    Decision::Refuse {
        code: 403,
        headers: vec![(name, value.to_owned())],
        reason: "suspended",
    }
}

/// A registration of a suspended tenant's user, who has shown the password. Not 403: phones take
/// that for a wrong password and never ask again, also when the tenant is resumed.
fn suspended_register() -> Decision {
    let (name, value) = SUSPENDED;
    Decision::Refuse {
        code: 503,
        headers: vec![(name, value.to_owned()), ("Retry-After", "60".to_owned())],
        reason: "suspended",
    }
}

fn from_trunk(gate: &mut Gate<'_>, new: &NewRequest, uri: &Uri) -> Decision {
    if let Some(reason) = gate.closed {
        return busy(reason);
    }
    let dialled = dialled_number(uri, &NumberPolicy::PLAIN);
    let owns = |plan: &Dialplan, number: &str| plan.dids.lookup(number).is_some();
    let found = gate
        .tenants
        .of_trunk(new.flow.remote, |plan, national| match national {
            false => owns(plan, &dialled),
            true => owns(plan, &dialled_number(uri, &plan.tenant.numbers.policy())),
        });
    let Some((generation, trunk)) = found else {
        return refuse(404, "unknown-trunk");
    };
    if gate.tenants.is_suspended(&generation.tenant) {
        return suspended_call();
    }
    // The carrier may write numbers as its country does; the tenant says which country that is.
    let numbers = generation.dialplan.tenant.numbers.policy();
    let dialled = match generation.dialplan.dids.lookup(&dialled) {
        Some(_) => dialled,
        None => dialled_number(uri, &numbers),
    };
    let (caller, caller_name) = caller_of_trunk(&new.request, &numbers);
    Decision::Call(Box::new(Incoming {
        generation: Arc::clone(generation),
        party: Party::Trunk(trunk.name.clone()),
        user: None,
        caller,
        caller_name,
        dialled,
    }))
}

/// The caller of a trunk's call: P-Asserted-Identity, Remote-Party-ID, From in this order, since
/// the trunk is trusted; in E.164 where its country is known. Anonymous and malformed are empty,
/// so they match nobody; so is who asks the network not to be shown (RFC 3325 section 7: `Privacy:
/// id` beside the asserted number), since our phones show it.
fn caller_of_trunk(request: &Request, numbers: &NumberPolicy<'_>) -> (String, Option<String>) {
    let headers = request.headers();
    let withheld = headers
        .find_all(b"Privacy")
        .flat_map(|line| line.split(|byte| matches!(byte, b';' | b',')))
        .any(|wish| wish.trim_ascii().eq_ignore_ascii_case(b"id"));
    if withheld {
        return (String::new(), None);
    }
    let asserted = ["P-Asserted-Identity", "Remote-Party-ID"]
        .iter()
        .find_map(|name| {
            let value = headers.find(name.as_bytes())?;
            cordboard_sip::message::NameAddr::parse(value).ok()
        });
    let Some(address) = asserted.or_else(|| headers.from().ok()) else {
        return (String::new(), None);
    };
    let user = address.uri.user_decoded().unwrap_or_default().into_owned();
    if user.eq_ignore_ascii_case("anonymous") {
        return (String::new(), None);
    }
    let number = normalise(&user, numbers).unwrap_or_default();
    (number, address.display.as_deref().map(clean))
}

fn from_user(gate: &mut Gate<'_>, now: Duration, new: &NewRequest, uri: &Uri) -> Decision {
    let request = &new.request;
    let Ok(from) = request.headers().from() else {
        return refuse(400, "bad-from");
    };
    let named = |uri: &Uri| gate.tenants.of_domain(&uri.host()?.to_string());
    let tenant = named(&from.uri)
        .or_else(|| named(uri))
        .or_else(|| gate.tenants.default_tenant());
    let Some(generation) = tenant.map(Arc::clone) else {
        return refuse(404, "no-tenant");
    };
    let user = match authenticate(gate, now, new, &generation) {
        Ok(user) => user,
        Err(decision) => return decision,
    };
    if from.uri.user_decoded().as_deref() != Some(user.name.as_str()) {
        return refuse(403, "other-identity");
    }
    if gate.tenants.is_suspended(&generation.tenant) {
        return suspended_call();
    }
    if let Some(reason) = gate.closed {
        return busy(reason);
    }
    Decision::Call(Box::new(Incoming {
        party: Party::User(user.name.clone()),
        caller: user.name.clone(),
        caller_name: user.display.clone().or(from.display.as_deref().map(clean)),
        dialled: dialled_number(uri, &NumberPolicy::PLAIN),
        user: Some(user),
        generation,
    }))
}

fn register(gate: &mut Gate<'_>, now: Duration, new: &NewRequest, uri: &Uri) -> Decision {
    let Ok(to) = new.request.headers().to() else {
        return refuse(400, "bad-to");
    };
    let host = uri.host().map(|host| host.to_string()).unwrap_or_default();
    let Some(generation) = gate.tenants.of_host(&host).map(Arc::clone) else {
        return refuse(404, "no-tenant");
    };
    match authenticate(gate, now, new, &generation) {
        Err(decision) => decision,
        Ok(user) if to.uri.user_decoded().as_deref() != Some(user.name.as_str()) => {
            refuse(403, "other-identity")
        }
        Ok(_) if gate.tenants.is_suspended(&generation.tenant) => suspended_register(),
        Ok(user) => Decision::Register { generation, user },
    }
}

/// The user whose password the request shows, or the answer that asks for it. An unknown user and
/// a wrong password take the same path and get the same answer.
fn authenticate(
    gate: &mut Gate<'_>,
    now: Duration,
    new: &NewRequest,
    generation: &Arc<Generation>,
) -> Result<Arc<User>, Decision> {
    let plan = &generation.dialplan;
    let source = new.flow.remote.ip();
    let scope = Scope {
        realm: plan.tenant.domain.as_str(),
        source,
    };
    let policy = |user: Option<&Arc<User>>| {
        let own = user.and_then(|user| user.challenge);
        own.unwrap_or(plan.tenant.challenge)
    };
    // Where SHA-256 alone is asked for, there is no way by MD5.
    let ha1 = |user: &str| {
        let known = plan.users.get(user)?;
        let mut ha1 = (gate.ha1)(generation.tenant.as_str(), user)?;
        if policy(Some(known)) == Challenge::Sha256 {
            ha1.md5 = None;
        }
        Some(ha1)
    };
    let verdict = gate.verifier.verify(now, &new.request, scope, &ha1);
    let named = match &verdict {
        Ok(verified) => plan.users.get(&verified.user),
        Err(_) => new
            .request
            .headers()
            .from()
            .ok()
            .and_then(|from| plan.users.get(from.uri.user_decoded()?.as_ref())),
    };
    match (&verdict, named) {
        (Ok(_), Some(user)) => {
            gate.sources.trust(now, source);
            return Ok(Arc::clone(user));
        }
        // Only who has read a challenge sent to this address can guess from it; the rest may be
        // anybody who borrows it.
        (Err(error), _) if !error.is_guess() => {}
        _ => {
            gate.sources.failed(now, source);
        }
    }
    let algorithms: &[Algorithm] = match policy(named) {
        Challenge::Md5 => &[Algorithm::Md5],
        Challenge::Sha256 => &[Algorithm::Sha256],
        Challenge::Both => &[Algorithm::Sha256, Algorithm::Md5],
    };
    let stale = verdict.as_ref().is_err_and(|error| error.is_stale());
    let challenges = gate.verifier.challenges(now, scope, algorithms, stale);
    Err(Decision::Refuse {
        code: 401,
        headers: challenges
            .into_iter()
            .map(|value| ("WWW-Authenticate", value))
            .collect(),
        reason: match verdict {
            Err(AuthError::NoCredentials | AuthError::WrongRealm) => "challenged",
            Err(error) if error.is_stale() => "stale-nonce",
            Err(AuthError::Malformed) => "malformed-credentials",
            _ => "wrong-password",
        },
    })
}

/// What is dialled: the user part of the request URI, without its parameters, escapes resolved.
fn dialled_number(uri: &Uri, numbers: &NumberPolicy<'_>) -> String {
    let user = uri.user_decoded().unwrap_or_default();
    let user = user.split(';').next().unwrap_or_default();
    clean(&normalise(user, numbers).unwrap_or_else(|| user.to_owned()))
}

/// Text from outside as it may stand in events, logs and headers: no control characters, none of
/// the marks that turn the direction of writing (a name must not rewrite its line), at most 128
/// characters.
pub(crate) fn clean(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .filter(|c| !c.is_control() && !turns(*c))
        .take(128)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordboard_sip::message::{Limits, Message};

    fn caller(lines: &str) -> (String, Option<String>) {
        let text = format!(
            "INVITE sip:+442079460100@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKa\r\n\
             From: \"Ann\" <sip:+442079460999@10.0.0.2>;tag=a\r\nTo: <sip:+442079460100@10.0.0.1>\r\n\
             Call-ID: a\r\nCSeq: 1 INVITE\r\n{lines}Content-Length: 0\r\n\r\n"
        );
        match Message::parse(text.into(), &Limits::default()).unwrap() {
            Message::Request(request) => caller_of_trunk(&request, &NumberPolicy::PLAIN),
            _ => panic!("no request"),
        }
    }

    #[test]
    fn a_withheld_number_is_shown_to_nobody() {
        let number = |lines: &str| caller(lines).0;
        assert_eq!(number(""), "+442079460999");
        let asserted = "P-Asserted-Identity: <tel:+442079460111>\r\n";
        assert_eq!(number(asserted), "+442079460111");
        let withheld = format!("{asserted}Privacy: user;id\r\n");
        assert_eq!(caller(&withheld), (String::new(), None));
        assert_eq!(
            number(&format!("{asserted}Privacy: none\r\n")),
            "+442079460111"
        );
    }
}
