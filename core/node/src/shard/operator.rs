//! What an operator may ask of a shard: look at calls, act on them, drain.

use cordboard_call::action::Action;
use cordboard_call::cause::Cause;
use cordboard_call::ids::{CallId, LegNo};
use cordboard_media::Clip;
use serde_json::{Value, json};

use super::{Reply, Shard};
use crate::control::verb::Verb;

impl Shard {
    /// Carries a verb out and answers it. Verbs that are not a shard's are refused.
    pub(crate) fn carry_out(&mut self, verb: Verb, reply: Reply) {
        let answer = match verb {
            Verb::Calls => Ok(self.show_calls()),
            Verb::CallStart(ask) => self.originate(&ask).map(|call| json!({ "call": call })),
            Verb::Hangup { call, leg, cause } => self.operator_hangup(&call, leg, &cause),
            Verb::Play { call, leg, prompt } => self.operator_play(&call, leg, &prompt),
            Verb::Record { call, on } => self.operator_record(&call, on),
            Verb::Users => Ok(self.show_users()),
            Verb::Trunks => Ok(self.show_trunks()),
            Verb::Drain { on } => {
                self.policy.draining = on;
                self.policy.stop_when_empty &= on;
                Ok(json!({ "draining": on, "calls": self.calls.len() }))
            }
            Verb::Shutdown { .. } => {
                self.policy.draining = true;
                self.policy.stop_when_empty = true;
                Ok(json!({ "draining": true, "calls": self.calls.len() }))
            }
            Verb::Tenant(verb) => self.of_tenant(verb),
            Verb::Health => Ok(self.figures()),
            _ => Err("that is not a verb of a shard".to_owned()),
        };
        self.settle();
        reply(answer);
    }

    fn show_calls(&self) -> Value {
        let moment = self.desk.moment;
        let calls: Vec<Value> = self
            .engine
            .calls()
            .map(|view| {
                let mut shown = serde_json::to_value(&view).unwrap_or(Value::Null);
                if let Some(shown) = shown.as_object_mut() {
                    let up = moment.now.saturating_sub(view.since);
                    shown.insert("seconds".into(), up.as_secs().into());
                }
                shown
            })
            .collect();
        Value::Array(calls)
    }

    /// The one call whose id begins so.
    fn named_call(&self, text: &str) -> Result<CallId, String> {
        let text = text.to_ascii_lowercase();
        let mut found = self
            .calls
            .ids()
            .filter(|id| id.to_string().starts_with(&text));
        match (found.next(), found.next()) {
            (Some(call), None) if !text.is_empty() => Ok(call),
            (Some(_), Some(_)) => Err(format!("more than one call begins with `{text}`")),
            _ => Err(format!("no call that is up begins with `{text}`")),
        }
    }

    fn operator_hangup(
        &mut self,
        call: &str,
        leg: Option<u16>,
        cause: &str,
    ) -> Result<Value, String> {
        let call = self.named_call(call)?;
        let cause = Cause::from_word(cause).ok_or_else(|| {
            let words: Vec<&str> = Cause::NAMED.iter().map(|c| c.word()).collect();
            format!("no cause `{cause}`; there are {}", words.join(", "))
        })?;
        let action = match leg {
            Some(leg) => Action::HangUp {
                leg: LegNo(leg),
                cause,
            },
            None => Action::End {
                cause,
                why: Some("operator".to_owned()),
            },
        };
        self.try_act(call, action)
            .map_err(|refusal| refusal.to_string())?;
        Ok(json!({ "call": call }))
    }

    fn operator_play(
        &mut self,
        call: &str,
        leg: Option<u16>,
        prompt: &str,
    ) -> Result<Value, String> {
        let call = self.named_call(call)?;
        let running = self.calls.find(call).ok_or("the call is over")?;
        let audio = running
            .generation
            .prompts
            .get(prompt)
            .cloned()
            .ok_or_else(|| {
                format!(
                    "tenant {} has no prompt `{prompt}`",
                    running.generation.tenant
                )
            })?;
        let leg = LegNo(leg.unwrap_or(1));
        let action = Action::Play {
            leg,
            clips: vec![Clip::Audio(audio)],
            repeat: false,
        };
        self.try_act(call, action)
            .map_err(|refusal| refusal.to_string())?;
        Ok(json!({ "call": call }))
    }

    fn operator_record(&mut self, call: &str, on: bool) -> Result<Value, String> {
        let call = self.named_call(call)?;
        let action = if on {
            Action::Record
        } else {
            Action::StopRecord
        };
        self.try_act(call, action)
            .map_err(|refusal| refusal.to_string())?;
        Ok(json!({ "call": call, "recording": on }))
    }

    fn show_users(&self) -> Value {
        let unix_ms = self.desk.moment.unix_ms;
        let mut users = Vec::new();
        for generation in self.policy.tenants.all() {
            for user in generation.dialplan.users.values() {
                let key = (generation.tenant.as_str().to_owned(), user.name.clone());
                let devices: Vec<Value> = self
                    .registrar
                    .bindings(&key, unix_ms)
                    .map(|b| {
                        json!({
                            "uri": b.uri, "from": b.flow.remote.to_string(), "device": b.device,
                            "expires_s": b.expires_ms.saturating_sub(unix_ms) / 1000, "nat": b.nat,
                        })
                    })
                    .collect();
                let secret = self.policy.ha1.contains_key(&key);
                users.push(json!({
                    "tenant": key.0, "user": key.1, "devices": devices, "has_password": secret,
                }));
            }
        }
        Value::Array(users)
    }

    fn show_trunks(&self) -> Value {
        let mut trunks = Vec::new();
        for generation in self.policy.tenants.all() {
            for trunk in generation.dialplan.trunks.values() {
                let addresses: Vec<String> =
                    trunk.addresses.iter().map(ToString::to_string).collect();
                let party = cordboard_call::event::Party::Trunk(trunk.name.clone());
                trunks.push(json!({
                    "tenant": generation.tenant, "trunk": trunk.name, "addresses": addresses,
                    "legs": self.engine.party_calls(&generation.tenant, &party), "calls_max": trunk.calls_max,
                }));
            }
        }
        Value::Array(trunks)
    }

    /// Figures for health and metrics.
    fn figures(&self) -> Value {
        let mut counters: serde_json::Map<String, Value> = self
            .desk
            .counters
            .iter()
            .map(|(name, n)| ((*name).to_owned(), (*n).into()))
            .collect();
        let sip = self.endpoint.counters();
        for (reason, n) in sip.refused_by_reason() {
            counters.insert(format!("sip_refused_{reason}"), n.into());
        }
        for (name, n) in [
            ("sip_messages_in", sip.messages_in),
            ("sip_messages_out", sip.messages_out),
            ("sip_retransmits_out", sip.retransmits_out),
            ("sip_retransmits_in", sip.retransmits_in),
            ("sip_stateless_replies", sip.stateless_replies),
            ("sip_overloads", sip.overloads),
            ("sip_timeouts", sip.timeouts),
            ("calls_broken", self.engine.counters().calls_broken),
        ] {
            counters.insert(name.to_owned(), n.into());
        }
        json!({
            "calls": self.calls.len(),
            "bindings": self.registrar.users().map(|(_, b)| b.len()).sum::<usize>(),
            "sources": self.policy.sources.len(),
            "transactions": sip.transactions,
            "dialogs": sip.dialogs,
            "draining": self.policy.draining,
            "journal_full": self.journal.full(),
            "counters": counters,
        })
    }
}
