//! Tokens: how programs outside prove who sends them, and what each may do.
//!
//! A token is `cbt_TENANT_` and 32 random letters and digits (190 bits), shown once; only its
//! SHA-256 is kept, in the tenant's values under an owner that no script or module can have. That
//! is enough for a secret nobody can guess (a slow hash is for words that people choose). The
//! running switch reads a tenant's tokens again every ten seconds, so that who changes the store
//! changes them too; while the store stands still the tokens last read are good.
//!
//! Bounds: 200 tokens a tenant (a further one is refused), 32 permissions a token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cordboard_store::{KvPlace, KvWrite, Store};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::clock::unix_ms;
use crate::data_dir::random_bytes;

const OWNER: &str = "node:tokens";
const KEY: &str = "tokens";
const TOKENS_MAX: usize = 200;
const ALLOW_MAX: usize = 32;
const SECRET_LETTERS: usize = 32;
const TOKEN_BYTES_MAX: usize = 200;
/// How long what was read of the store is good.
const READ_AGAIN: Duration = Duration::from_secs(10);
const STORE_PATIENCE: Duration = Duration::from_secs(5);

/// Permissions that the switch itself knows, with what they allow.
pub const PERMISSIONS: [(&str, &str); 4] = [
    (
        "read",
        "look at modules, calls, contacts, CDRs, facts and events",
    ),
    ("calls", "start calls, end them, play and record"),
    ("modules", "enable and disable modules"),
    ("operate", "verbs of modules that name no permission"),
];

/// A token that somebody wants.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Wish {
    /// Tenant.
    pub tenant: String,
    /// Its name.
    pub name: String,
    /// Permissions.
    pub allow: Vec<String>,
    /// `90d`; none is for ever.
    pub expires: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Token {
    name: String,
    hash: String,
    allow: Vec<String>,
    made_ms: u64,
    expires_ms: Option<u64>,
}

/// Who asks, as a token says it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor {
    /// The only tenant that it may see.
    pub tenant: String,
    /// The token's name.
    pub name: String,
    /// What it may do.
    pub allow: Vec<String>,
    /// When it was made, Unix milliseconds: one that took its name since is another.
    pub made_ms: u64,
}

impl Actor {
    /// May it do what asks for this permission? `module` is whose verb it is.
    pub fn may(&self, permission: &str, module: Option<&str>) -> bool {
        let permission = match permission {
            "" => "operate",
            named => named,
        };
        self.allow.iter().any(|allowed| {
            allowed == permission
                || module.is_some_and(|module| {
                    allowed
                        .strip_prefix(module)
                        .and_then(|a| a.strip_prefix('.'))
                        == Some(permission)
                })
        })
    }

    /// How the journal names it.
    pub fn journalled(&self) -> String {
        format!("token:{}", self.name)
    }
}

struct Known {
    tokens: Arc<[Token]>,
    read: Instant,
}

/// All tenants' tokens.
pub struct Tokens {
    store: Arc<dyn Store>,
    known: Mutex<HashMap<String, Known>>,
    /// When each was last used, since the start.
    used_ms: Mutex<HashMap<(String, String), u64>>,
    changing: tokio::sync::Mutex<()>,
}

impl Tokens {
    /// Kept in this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            known: Mutex::default(),
            used_ms: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
        }
    }

    /// Makes a token; the answer is the only place where it is seen. `known` are the permissions
    /// that the tenant's modules name.
    ///
    /// # Errors
    /// A name that is taken or no name, a permission that nothing knows, no room, the store's.
    pub async fn make(&self, wish: Wish, known: &[String]) -> Result<Value, String> {
        check_name(&wish.name)?;
        check_allow(&wish.allow, known)?;
        let now_ms = unix_ms();
        let expires_ms = match &wish.expires {
            Some(text) => Some(now_ms + lasting_ms(text)?),
            None => None,
        };
        let _alone = self.changing.lock().await;
        let mut tokens = self.read(&wish.tenant).await?.to_vec();
        tokens.retain(|token| token.expires_ms.is_none_or(|end| end > now_ms));
        if tokens.iter().any(|token| token.name == wish.name) {
            return Err(format!(
                "tenant {0} has a token `{1}`; `cordboard token remove {0} {1}` takes it back",
                wish.tenant, wish.name
            ));
        }
        if tokens.len() >= TOKENS_MAX {
            return Err(format!("a tenant has at most {TOKENS_MAX} tokens"));
        }
        let shown = format!("cbt_{}_{}", wish.tenant, secret()?);
        tokens.push(Token {
            name: wish.name.clone(),
            hash: hex(&digest(&shown)),
            allow: wish.allow.clone(),
            made_ms: now_ms,
            expires_ms,
        });
        self.write(&wish.tenant, tokens).await?;
        Ok(json!({
            "tenant": wish.tenant, "name": wish.name, "allow": wish.allow.join(","),
            "expires": expires_ms.map(crate::records::when), "token": shown,
        }))
    }

    /// A tenant's tokens, without what proves them.
    ///
    /// # Errors
    /// The store's.
    pub async fn list(&self, tenant: &str) -> Result<Value, String> {
        let now_ms = unix_ms();
        let tokens = self.read(tenant).await?;
        let used = self.used_ms.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = tokens.iter().map(|token| {
            let last = used.get(&(tenant.to_owned(), token.name.clone()));
            let over = token.expires_ms.is_some_and(|end| end <= now_ms);
            json!({
                "tenant": tenant, "name": token.name, "allow": token.allow.join(","),
                "made": crate::records::when(token.made_ms),
                "expires": token.expires_ms.map(crate::records::when),
                "state": if over { "expired" } else { "good" },
                "used": last.map(|at| crate::records::when(*at)),
            })
        });
        Ok(shown.collect())
    }

    /// Takes a token back.
    ///
    /// # Errors
    /// There is none of that name; the store's.
    pub async fn remove(&self, tenant: &str, name: &str) -> Result<Value, String> {
        let _alone = self.changing.lock().await;
        let mut tokens = self.read(tenant).await?.to_vec();
        let before = tokens.len();
        tokens.retain(|token| token.name != name);
        if tokens.len() == before {
            return Err(format!("tenant {tenant} has no token `{name}`"));
        }
        self.write(tenant, tokens).await?;
        Ok(json!({ "tenant": tenant, "name": name, "removed": true }))
    }

    /// A tenant is no more: a later one of its name has none of its tokens.
    pub fn forget(&self, tenant: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(tenant);
        drop(known);
        let mut used = self.used_ms.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|(of, _), _| of != tenant);
    }

    /// Whose token this is; none where it is nobody's, or has ended.
    pub async fn check(&self, shown: &str) -> Option<Actor> {
        let tenant = tenant_of(shown)?;
        let wanted = hex(&digest(shown));
        let tokens = self.recent(tenant).await;
        let mut found = None;
        for token in tokens.iter() {
            // All are looked at, each to its end: the time says nothing of where they differ.
            if same(token.hash.as_bytes(), wanted.as_bytes()) {
                found = Some(token);
            }
        }
        let token = found?;
        let now_ms = unix_ms();
        if token.expires_ms.is_some_and(|end| end <= now_ms) {
            return None;
        }
        let mut used = self.used_ms.lock().unwrap_or_else(PoisonError::into_inner);
        used.insert((tenant.to_owned(), token.name.clone()), now_ms);
        Some(Actor {
            tenant: tenant.to_owned(),
            name: token.name.clone(),
            allow: token.allow.clone(),
            made_ms: token.made_ms,
        })
    }

    /// Is what was allowed to this one still allowed? For connections that stay open.
    pub async fn still(&self, actor: &Actor) -> bool {
        let tokens = self.recent(&actor.tenant).await;
        let now_ms = unix_ms();
        tokens.iter().any(|token| {
            token.name == actor.name
                && token.made_ms == actor.made_ms
                && token.expires_ms.is_none_or(|end| end > now_ms)
        })
    }

    async fn recent(&self, tenant: &str) -> Arc<[Token]> {
        let old = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let found = known.get(tenant);
            if let Some(known) = found
                && known.read.elapsed() < READ_AGAIN
            {
                return Arc::clone(&known.tokens);
            }
            found.map(|known| Arc::clone(&known.tokens))
        };
        match self.read(tenant).await {
            Ok(tokens) => tokens,
            Err(why) => {
                tracing::warn!(tenant, %why, "tokens cannot be read; those last read are good");
                old.unwrap_or_else(|| Arc::from([]))
            }
        }
    }

    async fn read(&self, tenant: &str) -> Result<Arc<[Token]>, String> {
        let read = self.store.kv_get(place(tenant), unix_ms());
        let read = tokio::time::timeout(STORE_PATIENCE, read).await;
        let bytes = read
            .map_err(|_| "the store does not answer")?
            .map_err(|e| e.to_string())?;
        let tokens: Vec<Token> = match bytes {
            Some(bytes) => serde_json::from_slice(&bytes)
                .map_err(|e| format!("tokens of tenant {tenant}: {e}"))?,
            None => Vec::new(),
        };
        Ok(self.learn(tenant, tokens))
    }

    async fn write(&self, tenant: &str, tokens: Vec<Token>) -> Result<(), String> {
        let text = serde_json::to_vec(&tokens).map_err(|e| e.to_string())?;
        let when = KvWrite::lasting(unix_ms());
        let written = self.store.kv_set(place(tenant), &text, when);
        let written = tokio::time::timeout(STORE_PATIENCE, written).await;
        written
            .map_err(|_| "the store does not answer")?
            .map_err(|e| e.to_string())?;
        self.learn(tenant, tokens);
        Ok(())
    }

    fn learn(&self, tenant: &str, tokens: Vec<Token>) -> Arc<[Token]> {
        let tokens: Arc<[Token]> = tokens.into();
        let known = Known {
            tokens: Arc::clone(&tokens),
            read: Instant::now(),
        };
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(tenant.to_owned(), known);
        tokens
    }
}

fn place(tenant: &str) -> KvPlace<'_> {
    KvPlace {
        tenant,
        owner: OWNER,
        key: KEY,
    }
}

/// The tenant that a token names.
pub fn tenant_of(shown: &str) -> Option<&str> {
    if shown.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let (tenant, secret) = shown.strip_prefix("cbt_")?.rsplit_once('_')?;
    let whole = secret.len() == SECRET_LETTERS && !tenant.is_empty();
    whole.then_some(tenant)
}

fn check_name(name: &str) -> Result<(), String> {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    match (1..=63).contains(&name.len()) && name.bytes().all(good) {
        true => Ok(()),
        false => Err(format!(
            "`{name}` is no name for a token: 1 to 63 of a-z 0-9 -"
        )),
    }
}

fn check_allow(allow: &[String], known: &[String]) -> Result<(), String> {
    if allow.is_empty() || allow.len() > ALLOW_MAX {
        return Err(format!("a token has 1 to {ALLOW_MAX} permissions"));
    }
    let own = PERMISSIONS.iter().map(|(name, _)| *name);
    let all: Vec<&str> = own.chain(known.iter().map(String::as_str)).collect();
    let strange: Vec<String> = allow
        .iter()
        .filter(|name| !all.contains(&name.as_str()))
        .map(|name| format!("`{name}`"))
        .collect();
    match strange.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "no module of the tenant names a permission {}; there are {}",
            strange.join(", "),
            all.join(", ")
        )),
    }
}

/// `90d`, `12h`, `30m`: minutes to ten years.
fn lasting_ms(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no time: write 90d, 12h or 30m");
    let at = text.len().checked_sub(1).ok_or_else(wrong)?;
    let (number, unit) = text.split_at_checked(at).ok_or_else(wrong)?;
    let each: u64 = match unit {
        "d" => 86_400_000,
        "h" => 3_600_000,
        "m" => 60_000,
        _ => return Err(wrong()),
    };
    let ms = number.parse::<u64>().ok().and_then(|n| n.checked_mul(each));
    let most = 3_660 * 86_400_000;
    ms.filter(|ms| (1..=most).contains(ms)).ok_or_else(wrong)
}

fn secret() -> Result<String, String> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut secret = String::with_capacity(SECRET_LETTERS);
    while secret.len() < SECRET_LETTERS {
        for byte in random_bytes::<32>().map_err(|e| e.to_string())? {
            // Bytes above the last whole multiple would favour the first letters.
            let fair = 256 - 256 % LETTERS.len();
            if usize::from(byte) < fair
                && secret.len() < SECRET_LETTERS
                && let Some(letter) = LETTERS.get(usize::from(byte) % LETTERS.len())
            {
                secret.push(char::from(*letter));
            }
        }
    }
    Ok(secret)
}

/// A secret for one use: 32 letters and digits.
///
/// # Errors
/// The kernel gives no chance.
pub fn one_time() -> Result<String, String> {
    secret()
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Equal, in a time that does not say where they differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    let differs = a.iter().zip(b).fold(0u8, |all, (a, b)| all | (a ^ b));
    a.len() == b.len() && std::hint::black_box(differs) == 0
}

#[cfg(test)]
mod tests;
