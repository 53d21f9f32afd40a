//! Tokens: shown once, ended, taken back, and gone with their tenant.

use super::*;
use cordboard_store::{KvStore, MemoryStore};

fn wish(name: &str, allow: &[&str]) -> Wish {
    Wish {
        tenant: "demo".into(),
        name: name.into(),
        allow: allow.iter().map(|a| (*a).to_owned()).collect(),
        expires: None,
    }
}

#[tokio::test]
async fn a_token_is_shown_once_and_only_its_hash_is_kept() {
    let store = Arc::new(MemoryStore::new());
    let tokens = Tokens::new(store.clone());
    let made = tokens.make(wish("board", &["read"]), &[]).await.unwrap();
    let shown = made["token"].as_str().unwrap();
    assert!(shown.starts_with("cbt_demo_"), "{shown}");
    let kept = store.kv_get(place("demo"), 0).await.unwrap().unwrap();
    let kept = String::from_utf8(kept).unwrap();
    assert!(!kept.contains(shown.rsplit('_').next().unwrap()), "{kept}");
    let listed = tokens.list("demo").await.unwrap().to_string();
    assert!(!listed.contains(shown) && listed.contains("board"));

    // Another process reads the same store.
    let again = Tokens::new(store.clone());
    let actor = again.check(shown).await.unwrap();
    assert_eq!(
        (actor.tenant.as_str(), actor.name.as_str()),
        ("demo", "board")
    );
    assert!(actor.may("read", None) && !actor.may("calls", None));
    let mut wrong = shown.to_owned();
    wrong.pop();
    wrong.push(if shown.ends_with('A') { 'B' } else { 'A' });
    assert_eq!(again.check(&wrong).await, None);
    assert_eq!(again.check(&shown.replace("demo", "acme")).await, None);
    assert_eq!(again.check("").await, None);

    tokens.remove("demo", "board").await.unwrap();
    assert_eq!(tokens.check(shown).await, None);
    assert!(!tokens.still(&actor).await);
}

#[tokio::test]
async fn a_permission_that_nothing_names_is_refused_and_names_are_taken_once() {
    let tokens = Tokens::new(Arc::new(MemoryStore::new()));
    let known = vec!["staff".to_owned(), "desk.staff".to_owned()];
    let why = tokens.make(wish("a", &["stafff"]), &known).await;
    let why = why.unwrap_err();
    assert!(
        why.contains("`stafff`") && why.contains("desk.staff"),
        "{why}"
    );
    tokens
        .make(wish("a", &["desk.staff"]), &known)
        .await
        .unwrap();
    let why = tokens.make(wish("a", &["read"]), &known).await.unwrap_err();
    assert!(why.contains("token remove demo a"), "{why}");
    assert!(tokens.make(wish("A b", &["read"]), &known).await.is_err());
}

#[tokio::test]
async fn a_token_ends_while_a_connection_is_open() {
    let tokens = Tokens::new(Arc::new(MemoryStore::new()));
    let made = tokens.make(wish("board", &["read"]), &[]).await.unwrap();
    let shown = made["token"].as_str().unwrap();
    let actor = tokens.check(shown).await.unwrap();
    let mut kept = tokens.recent("demo").await.to_vec();
    kept[0].expires_ms = Some(unix_ms() + 60_000);
    tokens.write("demo", kept.clone()).await.unwrap();
    assert!(tokens.still(&actor).await && tokens.check(shown).await.is_some());
    kept[0].expires_ms = Some(unix_ms());
    tokens.write("demo", kept).await.unwrap();
    assert!(
        !tokens.still(&actor).await,
        "its stream ends at the next beat"
    );
    assert_eq!(tokens.check(shown).await, None);
    let listed = tokens.list("demo").await.unwrap();
    assert_eq!(listed[0]["state"], "expired");
    // Its name is free again, and who takes it is somebody else.
    tokens.make(wish("board", &["read"]), &[]).await.unwrap();
    assert_eq!(tokens.check(shown).await, None);
}

#[tokio::test]
async fn a_deleted_tenant_leaves_no_token_in_memory() {
    let store = Arc::new(MemoryStore::new());
    let tokens = Tokens::new(store.clone());
    let made = tokens.make(wish("board", &["read"]), &[]).await.unwrap();
    let shown = made["token"].as_str().unwrap();
    assert!(tokens.check(shown).await.is_some());
    cordboard_store::TenantStore::delete_tenant(&*store, "demo", &[])
        .await
        .unwrap();
    tokens.forget("demo");
    assert_eq!(tokens.check(shown).await, None);
}

#[test]
fn a_permission_of_one_module_is_no_permission_of_another() {
    let actor = Actor {
        tenant: "demo".into(),
        name: "a".into(),
        allow: vec!["desk.staff".into(), "operate".into()],
        made_ms: 0,
    };
    assert!(actor.may("staff", Some("desk")));
    assert!(!actor.may("staff", Some("shop")) && !actor.may("staff", None));
    assert!(actor.may("", Some("shop")), "a verb that names none");
}

#[test]
fn times_have_units() {
    assert_eq!(lasting_ms("90d"), Ok(90 * 86_400_000));
    for wrong in ["", "d", "90", "0d", "-1d", "99999d", "1\u{e9}"] {
        assert!(lasting_ms(wrong).is_err(), "{wrong}");
    }
}
