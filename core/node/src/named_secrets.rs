//! Named secrets of tenants: set and removed by operators, filled into modules' requests.
//!
//! Bounds: 1 to 1,024 bytes without control characters, since they stand in headers; names as the
//! dialplan has them.

use std::sync::Arc;

use cordboard_store::{Secret, Store};
use serde_json::{Value, json};

const VALUE_BYTES_MAX: usize = 1_024;

/// Sets a tenant's secret.
///
/// # Errors
/// A name or value that is none; the store's.
pub async fn set(
    store: &Arc<dyn Store>,
    (tenant, name): (&str, &str),
    value: String,
) -> Result<Value, String> {
    check_name(name)?;
    let bad =
        value.is_empty() || value.len() > VALUE_BYTES_MAX || value.chars().any(char::is_control);
    if bad {
        return Err(format!(
            "a secret has 1 to {VALUE_BYTES_MAX} bytes and no control characters"
        ));
    }
    let set = store.put_secret(tenant, name, Secret::new(value)).await;
    set.map_err(|e| e.to_string())?;
    Ok(json!({ "tenant": tenant, "secret": name, "set": true }))
}

/// Names of a tenant's secrets.
///
/// # Errors
/// The store's.
pub async fn list(store: &Arc<dyn Store>, tenant: &str) -> Result<Value, String> {
    let names = store.secret_names(tenant).await;
    let names = names.map_err(|e| e.to_string())?.into_iter();
    Ok(names
        .map(|name| json!({ "tenant": tenant, "secret": name }))
        .collect())
}

/// Removes a tenant's secret.
///
/// # Errors
/// There is none; the store's.
pub async fn remove(store: &Arc<dyn Store>, tenant: &str, name: &str) -> Result<Value, String> {
    let removed = store.delete_secret(tenant, name).await;
    match removed.map_err(|e| e.to_string())? {
        true => Ok(json!({ "tenant": tenant, "secret": name, "removed": true })),
        false => Err(format!("tenant {tenant} has no secret `{name}`")),
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    match (1..=63).contains(&name.len()) && name.bytes().all(good) {
        true => Ok(()),
        false => Err(format!(
            "`{name}` is no name for a secret: 1 to 63 letters, digits, - _ ."
        )),
    }
}
