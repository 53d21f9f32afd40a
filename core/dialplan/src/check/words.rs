//! The closed vocabularies of a dialplan, and the nearest word to a wrong one.

/// Nodes that stand outermost in a tenant's files.
pub(crate) const NODES: [&str; 14] = [
    "tenant", "calendar", "user", "trunk", "module", "did", "dids", "route", "outbound", "test",
    "base", "value", "override", "trust",
];

/// Steps.
pub(crate) const STEPS: [&str; 14] = [
    "answer", "play", "tone", "wait", "collect", "run", "ring", "trunk", "goto", "record", "set",
    "when", "else", "hangup",
];

/// Tones by name (ITU-T E.180).
pub(crate) const TONES: [&str; 5] = ["dial", "ringback", "busy", "congestion", "beep"];

/// Countries whose tones are known.
pub(crate) const COUNTRIES: [&str; 5] = ["gb", "us", "ua", "de", "fr"];

/// Hang-up causes by word (ITU-T Q.850); the numbers are the call engine's.
pub(crate) const CAUSES: [&str; 22] = [
    "unallocated",
    "no-route",
    "normal",
    "busy",
    "no-response",
    "no-answer",
    "absent",
    "rejected",
    "moved",
    "out-of-order",
    "invalid-number",
    "facility-rejected",
    "normal-unspecified",
    "congestion",
    "network-failure",
    "temporary-failure",
    "equipment-congestion",
    "barred",
    "incompatible",
    "timer-expired",
    "protocol-error",
    "interworking",
];

/// Outcomes of `ring` and `trunk`.
pub(crate) const RING_OUTCOMES: [&str; 6] =
    ["answered", "busy", "no-answer", "absent", "failed", "other"];

/// Outcomes of `collect` that are words.
pub(crate) const COLLECT_OUTCOMES: [&str; 5] = ["digits", "timeout", "invalid", "failed", "other"];

/// The word that was probably meant.
pub(crate) fn nearest<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let scored = known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(word, k), k));
    let (distance, near) = scored.min()?;
    let allowed = 1 + near.chars().count().max(word.chars().count()) / 4;
    let prefix = near.starts_with(word) || word.starts_with(near);
    (distance <= allowed || (prefix && word.len() >= 3)).then_some(near)
}

/// `did you mean ...?`, else what is known.
pub(crate) fn suggestion<'w>(
    word: &str,
    known: impl IntoIterator<Item = &'w str> + Clone,
) -> Option<String> {
    if let Some(near) = nearest(word, known.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let all: Vec<&str> = known.into_iter().take(16).collect();
    (!all.is_empty()).then(|| format!("known here: {}", all.join(", ")))
}
