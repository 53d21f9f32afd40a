//! Requests that belong to no dialog: admitted, answered or refused.

use std::sync::Arc;
use std::time::Duration;

use cordboard_call::event::Party;
use cordboard_call::ids::TenantId;
use cordboard_dialplan::route::User;
use cordboard_sip::message::{Contacts, NameAddr};
use cordboard_sip::{Flow, NewRequest, Transport};

use super::Shard;
use crate::admit::{self, Decision, Gate, Incoming};
use crate::registrar::{EXPIRES_MIN, RegisterError, Registration, UserKey};
use crate::tenants::Generation;

/// Longest Contact URI of a device; a longer one is answered 400.
const CONTACT_BYTES_MAX: usize = 512;

impl Shard {
    /// False for a stranger's request beyond what strangers are answered: whatever the answer were,
    /// it could hit a third party. Responses, ACKs, trunks and proven devices always pass.
    pub(crate) fn may_be_answered(&mut self, flow: Flow, bytes: &[u8]) -> bool {
        let no_answer = bytes
            .get(..8)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/2.0 "))
            || bytes.starts_with(b"ACK ");
        if no_answer || self.policy.tenants.is_trunk(flow.remote) {
            return true;
        }
        let allowed = self
            .policy
            .sources
            .allow(self.desk.moment.now, flow.remote.ip());
        if !allowed {
            self.count("sip_silenced");
        }
        allowed
    }

    /// Decides about a request and carries the decision out.
    pub(crate) fn request(&mut self, new: &NewRequest) {
        let now = self.desk.moment.now;
        let closed = self.closed();
        let ha1s = &self.policy.ha1;
        let ha1 =
            |tenant: &str, user: &str| ha1s.get(&(tenant.to_owned(), user.to_owned())).cloned();
        let mut gate = Gate {
            tenants: &self.policy.tenants,
            verifier: &mut self.policy.verifier,
            sources: &mut self.policy.sources,
            ha1: &ha1,
            closed,
        };
        match admit::decide(&mut gate, now, new) {
            Decision::Silence => self.count("sip_silenced"),
            Decision::Refuse {
                code,
                headers,
                reason,
            } => {
                self.count(reason);
                let headers: Vec<(&str, &str)> =
                    headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
                self.endpoint
                    .respond_stateless(now, new, code, None, &headers);
            }
            Decision::Options => {
                let headers = [("Allow", admit::ALLOW), ("Accept", "application/sdp")];
                self.endpoint
                    .respond_stateless(now, new, 200, None, &headers);
            }
            Decision::Register { generation, user } => self.register(new, &generation, &user),
            Decision::Call(incoming) => self.incoming(new, *incoming),
        }
    }

    /// Why no new call may come in, if none may.
    pub(crate) fn closed(&self) -> Option<&'static str> {
        if self.policy.draining {
            Some("drain")
        } else if self.journal.full() {
            Some("journal-full")
        } else if self.calls.len() >= self.policy.limits.calls_max {
            Some("calls-max")
        } else {
            None
        }
    }

    fn incoming(&mut self, new: &NewRequest, incoming: Incoming) {
        let now = self.desk.moment.now;
        if let Party::Trunk(name) = &incoming.party
            && !self.trunk_has_room(&incoming.generation, name)
        {
            self.count("trunk-rate");
            self.endpoint
                .respond_stateless(now, new, 503, None, &[("Retry-After", "5")]);
            return;
        }
        self.begin(new, incoming);
    }

    /// A trunk's new calls this second, against its limit.
    fn trunk_has_room(&mut self, generation: &Generation, name: &str) -> bool {
        let Some(trunk) = generation.dialplan.trunks.get(name) else {
            return true;
        };
        let now = self.desk.moment.now;
        let key: (TenantId, String) = (generation.tenant.clone(), name.to_owned());
        let (since, count) = self.policy.trunk_rates.entry(key).or_insert((now, 0));
        if now.saturating_sub(*since) >= Duration::from_secs(1) {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        *count <= trunk.calls_per_second_max
    }

    fn register(&mut self, new: &NewRequest, generation: &Arc<Generation>, user: &User) {
        let moment = self.desk.moment;
        let key = (generation.tenant.as_str().to_owned(), user.name.clone());
        let headers = new.request.headers();
        let callable =
            |c: &NameAddr| c.uri.host().is_some() && c.uri.as_str().len() <= CONTACT_BYTES_MAX;
        let (contacts, all) = match headers.contacts() {
            Ok(Contacts::Star) => (Vec::new(), true),
            Ok(Contacts::List(list)) if list.iter().all(callable) => (list, false),
            _ => {
                self.count("bad-contact");
                self.endpoint
                    .respond_stateless(moment.now, new, 400, Some("Bad Contact"), &[]);
                return;
            }
        };
        let call_id = headers.call_id().unwrap_or_default().to_owned();
        let device = headers
            .find(b"User-Agent")
            .map(|d| admit::clean(&String::from_utf8_lossy(d)));
        let source = new.flow.remote;
        let nat = new.flow.transport == Transport::Udp
            && contacts.iter().any(|c| {
                c.uri.host().and_then(|host| host.ip()) != Some(source.ip())
                    || c.uri.port().unwrap_or(5060) != source.port()
            });
        let own = |c: &NameAddr| c.param("expires").and_then(|e| e.parse().ok());
        let ask = Registration {
            contacts: contacts.iter().map(|c| (c.uri.as_str(), own(c))).collect(),
            all,
            expires: headers.expires().ok().flatten(),
            call_id: &call_id,
            cseq: headers.cseq().map_or(0, |c| c.number),
            flow: new.flow,
            device: device.as_deref().unwrap_or_default(),
            nat,
        };
        let done = self
            .registrar
            .register(moment.unix_ms, &key, &ask, user.bindings_max);
        self.publish_bindings();
        let refused = |code: u16| (code, Vec::new());
        let (code, headers) = match done {
            Ok(()) => (200, self.binding_headers(&key)),
            Err(RegisterError::TooBrief) => (
                423,
                vec![("Min-Expires".to_owned(), EXPIRES_MIN.to_string())],
            ),
            Err(RegisterError::BadStar) => refused(400),
            Err(RegisterError::OutOfOrder) => refused(500),
            Err(RegisterError::TooMany) => refused(403),
        };
        self.count(if code == 200 {
            "registered"
        } else {
            "register-refused"
        });
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        self.endpoint
            .respond(moment.now, new, code, None, &headers, None);
    }

    /// The Contact headers of a 200: every live binding with the seconds it has left.
    fn binding_headers(&self, key: &UserKey) -> Vec<(String, String)> {
        let unix_ms = self.desk.moment.unix_ms;
        self.registrar
            .bindings(key, unix_ms)
            .map(|b| {
                let left = b.expires_ms.saturating_sub(unix_ms).div_ceil(1000);
                ("Contact".to_owned(), format!("<{}>;expires={left}", b.uri))
            })
            .collect()
    }
}
