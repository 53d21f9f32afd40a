//! SIP passwords: HA1 in the store and in the shard, generated ones readable in the data folder.
//!
//! A user who has no password yet gets a generated one at the next load, so a new dialplan works
//! at once and nothing has a default. The database knows only HA1 (RFC 8760).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cordboard_sip::auth::{Algorithm, Ha1, ha1};
use cordboard_store::{Secret, Store};

use crate::data_dir::{DataDir, generate_password};
use crate::mailbox::Sender;
use crate::shard::Input;
use crate::tenants::Tenants;

const PASSWORD_CHARACTERS_MIN: usize = 8;
const PASSWORD_CHARACTERS_MAX: usize = 128;

/// A password that was just made: tenant, user, password.
pub type Fresh = (String, String, String);

/// Owner of the users' passwords.
pub struct Passwords {
    data: DataDir,
    store: Arc<dyn Store>,
    shard: Sender<Input>,
    realms: Mutex<HashMap<String, String>>,
    known: Mutex<HashMap<(String, String), Ha1>>,
}

impl Passwords {
    /// None known yet.
    pub fn new(data: DataDir, store: Arc<dyn Store>, shard: Sender<Input>) -> Self {
        Self {
            data,
            store,
            shard,
            realms: Mutex::default(),
            known: Mutex::default(),
        }
    }

    /// The domain that a tenant's passwords are hashed with; at its creation that is `domain`.
    pub async fn realm(&self, tenant: &str, domain: &str) -> Result<String, String> {
        let name = format!("realm/{tenant}");
        let known = self.store.node_secret(&name).await;
        if let Some(realm) = known.map_err(|e| e.to_string())? {
            return Ok(realm.reveal().to_owned());
        }
        let put = self.store.put_node_secret(&name, Secret::new(domain));
        put.await.map_err(|e| e.to_string())?;
        Ok(domain.to_owned())
    }

    /// Reads a tenant's HA1s from the store, makes passwords for users who have none, and tells
    /// the shard. Gives the fresh ones.
    pub async fn provide(&self, tenants: &Tenants) -> Result<Vec<Fresh>, String> {
        let mut fresh = Vec::new();
        for generation in tenants.all() {
            let tenant = generation.tenant.as_str();
            let realm = generation.dialplan.tenant.domain.clone();
            lock(&self.realms).insert(tenant.to_owned(), realm);
            let stored = self
                .store
                .all_ha1(tenant)
                .await
                .map_err(|e| e.to_string())?;
            for (user, stored) in stored {
                let ha1 = Ha1 {
                    md5: Some(stored.md5.reveal().to_owned()),
                    sha256: Some(stored.sha256.reveal().to_owned()),
                };
                self.tell(tenant, &user, ha1);
            }
            for user in generation.dialplan.users.keys() {
                if !lock(&self.known).contains_key(&(tenant.to_owned(), user.clone())) {
                    let password = generate_password().map_err(|e| e.to_string())?;
                    fresh.push((tenant.to_owned(), user.clone(), password));
                }
            }
        }
        // Readable first: a crash in between makes a new one, and none that nobody knows.
        self.keep(&fresh)?;
        for (tenant, user, password) in &fresh {
            self.set(tenant, user, password).await?;
        }
        Ok(fresh)
    }

    /// A password by an operator's wish: what was generated for the user before holds no longer,
    /// so it is not shown any more.
    pub async fn change(&self, tenant: &str, user: &str, password: &str) -> Result<(), String> {
        self.set(tenant, user, password).await?;
        let mut secrets = self.data.secrets().map_err(|e| e.to_string())?;
        let kept = secrets.sip.get_mut(tenant);
        if kept.is_some_and(|users| users.remove(user).is_some()) {
            secrets.sip.retain(|_, users| !users.is_empty());
            self.data
                .keep_secrets(&secrets)
                .map_err(|e| e.to_string())?;
        }
        Ok(())
    }

    fn keep(&self, fresh: &[Fresh]) -> Result<(), String> {
        if fresh.is_empty() {
            return Ok(());
        }
        let mut secrets = self.data.secrets().map_err(|e| e.to_string())?;
        for (tenant, user, password) in fresh {
            secrets
                .sip
                .entry(tenant.clone())
                .or_default()
                .insert(user.clone(), password.clone());
        }
        self.data.keep_secrets(&secrets).map_err(|e| e.to_string())
    }

    /// Sets a user's password.
    pub async fn set(&self, tenant: &str, user: &str, password: &str) -> Result<(), String> {
        let length = password.chars().count();
        if !(PASSWORD_CHARACTERS_MIN..=PASSWORD_CHARACTERS_MAX).contains(&length) {
            return Err(format!(
                "a password has {PASSWORD_CHARACTERS_MIN} to {PASSWORD_CHARACTERS_MAX} characters"
            ));
        }
        let realm = lock(&self.realms)
            .get(tenant)
            .cloned()
            .ok_or_else(|| format!("no tenant {tenant}"))?;
        let md5 = ha1(Algorithm::Md5, user, &realm, password);
        let sha256 = ha1(Algorithm::Sha256, user, &realm, password);
        let stored = cordboard_store::Ha1 {
            md5: Secret::new(md5.clone()),
            sha256: Secret::new(sha256.clone()),
        };
        self.store
            .put_ha1(tenant, user, stored)
            .await
            .map_err(|e| e.to_string())?;
        self.tell(
            tenant,
            user,
            Ha1 {
                md5: Some(md5),
                sha256: Some(sha256),
            },
        );
        Ok(())
    }

    /// Forgets what is known of a deleted tenant's passwords, also those kept readable.
    pub fn forget_tenant(&self, tenant: &str) -> Result<(), String> {
        lock(&self.realms).remove(tenant);
        lock(&self.known).retain(|(name, _), _| name != tenant);
        let mut secrets = self.data.secrets().map_err(|e| e.to_string())?;
        match secrets.sip.remove(tenant) {
            Some(_) => self.data.keep_secrets(&secrets).map_err(|e| e.to_string()),
            None => Ok(()),
        }
    }

    /// The data folder, in which recordings are.
    pub fn data(&self) -> &DataDir {
        &self.data
    }

    fn tell(&self, tenant: &str, user: &str, ha1: Ha1) {
        let key = (tenant.to_owned(), user.to_owned());
        lock(&self.known).insert(key, ha1.clone());
        let input = Input::Secret {
            tenant: tenant.to_owned(),
            user: user.to_owned(),
            ha1,
        };
        if self.shard.send(input).is_err() {
            tracing::warn!(tenant, "the shard is gone; a password is only in the store");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
