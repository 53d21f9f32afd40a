//! What a load did, for the console, the log and who waits for it.

use crate::passwords::Fresh;

/// What a load did.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Tenants with a new generation, and its number.
    pub loaded: Vec<(String, u64)>,
    /// Tenants refused, with the text for people.
    pub refused: Vec<(String, String)>,
    /// Passwords that were made.
    pub fresh: Vec<Fresh>,
    /// Warnings, rendered.
    pub warnings: Vec<String>,
}

impl Outcome {
    /// Each mistake once, with the tenants that it stops: one in a base stops many.
    pub(super) fn told_refused(&self) -> String {
        let mut told: Vec<(&str, Vec<&str>)> = Vec::new();
        for (tenant, text) in &self.refused {
            match told.iter_mut().find(|(known, _)| known == text) {
                Some((_, tenants)) => tenants.push(tenant),
                None => told.push((text, vec![tenant])),
            }
        }
        let lines = told
            .into_iter()
            .map(|(text, tenants)| match tenants.as_slice() {
                [one] => format!("tenant {one} is refused:\n{text}"),
                all => format!("tenants {} are refused:\n{text}", all.join(", ")),
            });
        lines.collect()
    }
}
