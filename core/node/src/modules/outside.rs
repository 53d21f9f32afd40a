//! What modules ask of the outside: http within their grants, their own store, their own topics.
//!
//! Every request is asked of the module's capabilities first, with its rate. Secrets
//! (`{{secret:NAME}}` in URL, headers and body) are filled in here, after that: the guest never
//! has them, and they go to no host that is not granted.

use std::sync::Arc;

use cordboard_call::ids::CallId;
use cordboard_host::capability::TopicUse;
use cordboard_host::contract::Refused;
use cordboard_host::module::Module;
use cordboard_steps::{OutsideRequest, ScriptAnswer, ScriptCallError};

use super::Modules;
use super::hub::Hub;
use crate::shard::Input;

const SECRET_OPENS: &str = "{{secret:";
const SECRET_ENDS: &str = "}}";
/// Secrets that one text may name.
const SECRETS_MAX: usize = 16;

impl Modules {
    /// Does what a step of a module asks for; the answer goes to its call's shard.
    pub fn outside(&self, call: CallId, id: u64, module: &Arc<Module>, request: OutsideRequest) {
        let (hub, module) = (Arc::clone(&self.hub), Arc::clone(module));
        self.hub.runtime.spawn(async move {
            let answer = hub.outside_of(&module, request).await;
            hub.tell(Input::Outside { call, id, answer }).await;
        });
    }
}

impl Hub {
    /// Does what a module asks for.
    pub async fn outside_of(&self, module: &Arc<Module>, request: OutsideRequest) -> ScriptAnswer {
        match self.within(module, request).await {
            Ok(answer) => answer,
            Err(Refused { kind, message }) => ScriptAnswer::Error { kind, message },
        }
    }

    async fn within(
        &self,
        module: &Arc<Module>,
        request: OutsideRequest,
    ) -> Result<ScriptAnswer, Refused> {
        let now = self.clock.read().now;
        match request {
            OutsideRequest::Http {
                method,
                url,
                headers,
                body,
                timeout,
            } => {
                let allowed = module.may_send(now, &method, &url)?;
                let url = self.filled(module, url).await?;
                // A secret in the host's place must not lead elsewhere.
                module.effective.check_http(&method, &url)?;
                let mut filled = Vec::with_capacity(headers.len());
                for (name, value) in headers {
                    filled.push((name, self.filled(module, value).await?));
                }
                let body = match body {
                    Some(body) => Some(self.filled(module, body).await?),
                    None => None,
                };
                let request = OutsideRequest::Http {
                    method,
                    url,
                    headers: filled,
                    body,
                    timeout,
                };
                Ok(self.outside.http_within(request, &allowed).await)
            }
            OutsideRequest::Publish { topic, payload } => {
                module.effective.check_topic(&topic, TopicUse::Publish)?;
                self.write(&module.tenant, topic.into(), payload.to_string())
                    .await;
                Ok(ScriptAnswer::Done)
            }
            OutsideRequest::Retain {
                topic,
                key,
                payload,
            } => {
                module.effective.check_topic(&topic, TopicUse::Retain)?;
                self.keep_fact(module, (&topic, &key), payload.as_ref())
                    .await?;
                Ok(ScriptAnswer::Done)
            }
            store => {
                module.effective.check("store", "")?;
                let (tenant, owner) = (module.tenant.as_str(), module.store_owner());
                Ok(self.outside.store_of(tenant, &owner, store).await)
            }
        }
    }

    /// A text with the tenant's secrets in the place of their names.
    async fn filled(&self, module: &Module, text: String) -> Result<String, Refused> {
        if !text.contains(SECRET_OPENS) {
            return Ok(text);
        }
        let mut filled = String::with_capacity(text.len());
        let mut rest = text.as_str();
        let mut count = 0;
        while let Some((before, after)) = rest.split_once(SECRET_OPENS) {
            let Some((name, after)) = after.split_once(SECRET_ENDS) else {
                break;
            };
            count += 1;
            if count > SECRETS_MAX {
                return Err(Refused {
                    kind: ScriptCallError::Invalid,
                    message: format!("a text may name {SECRETS_MAX} secrets"),
                });
            }
            filled.push_str(before);
            filled.push_str(&self.secret(module, name).await?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// A secret that the module's settings name; others are none of its business.
    async fn secret(&self, module: &Module, name: &str) -> Result<String, Refused> {
        let shown: String = name.chars().take(64).collect();
        let named = format!("{SECRET_OPENS}{name}{SECRET_ENDS}");
        if !module.config.text.contains(&named) {
            return Err(Refused {
                kind: ScriptCallError::Denied,
                message: format!(
                    "module `{}`: its settings name no secret `{shown}`",
                    module.name
                ),
            });
        }
        let found = self.store.secret(module.tenant.as_str(), name);
        match tokio::time::timeout(super::hub::STORE_PATIENCE, found).await {
            Ok(Ok(Some(secret))) => Ok(secret.reveal().to_owned()),
            Ok(Ok(None)) => Err(Refused {
                kind: ScriptCallError::NotFound,
                message: format!("tenant {} has no secret `{shown}`", module.tenant),
            }),
            _ => Err(Refused {
                kind: ScriptCallError::Unavailable,
                message: "the store of secrets stands still".to_owned(),
            }),
        }
    }
}
