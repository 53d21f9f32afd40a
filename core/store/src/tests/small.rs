//! Contract stories of secrets, bindings, values and generations.

use std::sync::Arc;

use super::Bench;
use crate::{
    Binding, GENERATIONS_KEPT, Generation, Ha1, KvPlace, KvWrite, NUMBER_MAX, SNAPSHOT_BYTES_MAX,
    Secret, StoreError, StoredSnapshot,
};

fn ha1(text: &str) -> Ha1 {
    Ha1 {
        md5: Secret::new(format!("{text}-md5")),
        sha256: Secret::new(format!("{text}-sha256")),
    }
}

pub(crate) async fn secrets_belong_to_their_tenant(bench: &mut Bench) {
    let store = bench.store.clone();
    store.put_ha1("demo", "ann", ha1("old")).await.unwrap();
    store.put_ha1("demo", "ann", ha1("new")).await.unwrap();
    store.put_ha1("acme", "ann", ha1("acme")).await.unwrap();
    store.put_ha1("demo", "bob", ha1("bob")).await.unwrap();
    assert_eq!(store.ha1("demo", "ann").await.unwrap(), Some(ha1("new")));
    assert_eq!(store.ha1("acme", "ann").await.unwrap(), Some(ha1("acme")));
    assert_eq!(store.ha1("acme", "bob").await.unwrap(), None);
    let all = store.all_ha1("demo").await.unwrap();
    assert_eq!(
        all,
        [
            ("ann".to_owned(), ha1("new")),
            ("bob".to_owned(), ha1("bob"))
        ]
    );
    assert!(store.delete_ha1("demo", "bob").await.unwrap());
    assert!(!store.delete_ha1("demo", "bob").await.unwrap());

    store
        .put_secret("demo", "crm", Secret::new("s1"))
        .await
        .unwrap();
    store
        .put_secret("demo", "crm", Secret::new("s2"))
        .await
        .unwrap();
    store
        .put_node_secret("nonce", Secret::new("n"))
        .await
        .unwrap();
    bench.restart().await;
    let store = bench.store.clone();
    assert_eq!(
        store.secret("demo", "crm").await.unwrap(),
        Some(Secret::new("s2"))
    );
    assert_eq!(store.secret("acme", "crm").await.unwrap(), None);
    assert_eq!(store.secret_names("demo").await.unwrap(), ["crm"]);
    assert_eq!(
        store.node_secret("nonce").await.unwrap(),
        Some(Secret::new("n"))
    );
    assert!(store.delete_secret("demo", "crm").await.unwrap());
    assert_eq!(store.secret("demo", "crm").await.unwrap(), None);
    assert_eq!(store.ha1("demo", "ann").await.unwrap(), Some(ha1("new")));
}

fn binding(user: &str, contact: &str, expires_at_ms: u64) -> Binding {
    Binding {
        tenant: "demo".to_owned(),
        user: user.to_owned(),
        contact: contact.to_owned(),
        flow: "udp 10.0.0.5:5060".to_owned(),
        path: String::new(),
        sip_call_id: "abc@phone".to_owned(),
        cseq: 7,
        instance: None,
        expires_at_ms,
        user_agent: "phone/1".to_owned(),
    }
}

pub(crate) async fn bindings_survive_a_restart(bench: &mut Bench) {
    let desk = binding("ann", "sip:ann@10.0.0.5", 5_000);
    let mobile = Binding {
        instance: Some("<urn:uuid:1>".to_owned()),
        ..binding("ann", "sip:ann@10.0.0.6", 9_000)
    };
    let newer = Binding {
        cseq: 8,
        expires_at_ms: 7_000,
        ..desk.clone()
    };
    let many: Vec<Binding> = (0..100)
        .map(|n| binding(&format!("user{n}"), "sip:x@10.0.0.7", 6_000))
        .collect();
    let store = bench.store.clone();
    store
        .put_bindings(std::slice::from_ref(&desk))
        .await
        .unwrap();
    // The same key twice in one request: the last one counts.
    store
        .put_bindings(&[desk.clone(), mobile.clone(), newer.clone()])
        .await
        .unwrap();
    store.put_bindings(&many).await.unwrap();
    store.put_bindings(&[]).await.unwrap();
    bench.restart().await;

    let store = bench.store.clone();
    assert_eq!(store.load_bindings(5_500).await.unwrap().len(), 102);
    let later = store.load_bindings(6_000).await.unwrap();
    assert_eq!(later, [newer.clone(), mobile.clone()]);
    assert!(
        store
            .delete_binding("demo", "ann", &mobile.contact)
            .await
            .unwrap()
    );
    assert!(
        !store
            .delete_binding("demo", "ann", &mobile.contact)
            .await
            .unwrap()
    );
    assert_eq!(store.load_bindings(0).await.unwrap(), [newer]);
}

fn place<'a>(tenant: &'a str, key: &'a str) -> KvPlace<'a> {
    KvPlace {
        tenant,
        owner: "survey",
        key,
    }
}

pub(crate) async fn values_end_and_are_bounded(bench: &mut Bench) {
    let store = bench.store.clone();
    let a = place("demo", "a");
    store
        .kv_set(a, b"\x00\xffraw", KvWrite::lasting(1_000))
        .await
        .unwrap();
    assert_eq!(
        store.kv_get(a, 9_999_999).await.unwrap().unwrap(),
        b"\x00\xffraw"
    );
    assert_eq!(store.kv_get(place("acme", "a"), 1_000).await.unwrap(), None);
    let other_owner = KvPlace {
        owner: "greeting",
        ..a
    };
    assert_eq!(store.kv_get(other_owner, 1_000).await.unwrap(), None);

    store
        .kv_set(a, b"short", KvWrite::ending(1_000, 500))
        .await
        .unwrap();
    assert_eq!(store.kv_get(a, 1_499).await.unwrap().unwrap(), b"short");
    assert_eq!(store.kv_get(a, 1_500).await.unwrap(), None);

    let long_key = "k".repeat(33);
    let refused = store
        .kv_set(place("demo", &long_key), b"1", KvWrite::lasting(0))
        .await;
    assert!(matches!(refused, Err(StoreError::Limit(_))));
    let refused = store.kv_set(a, &[b'x'; 65], KvWrite::lasting(0)).await;
    assert!(matches!(refused, Err(StoreError::Limit(_))));

    // 60 + 1 bytes twice do not fit into 120; the second is refused, the first stays, and an
    // ended value makes room again.
    store
        .kv_set(a, &[b'x'; 60], KvWrite::ending(2_000, 100))
        .await
        .unwrap();
    let b = place("demo", "b");
    let refused = store.kv_set(b, &[b'y'; 60], KvWrite::lasting(2_000)).await;
    assert!(matches!(refused, Err(StoreError::Limit(_))));
    assert_eq!(store.kv_get(b, 2_000).await.unwrap(), None);
    store
        .kv_set(place("acme", "b"), &[b'y'; 60], KvWrite::lasting(2_000))
        .await
        .unwrap();
    store
        .kv_set(b, &[b'y'; 60], KvWrite::lasting(2_100))
        .await
        .unwrap();

    for n in 0..4 {
        let key = format!("n{n}");
        store
            .kv_set(place("demo", &key), b"1", KvWrite::lasting(2_100))
            .await
            .unwrap();
    }
    let sixth = store
        .kv_set(place("demo", "n4"), b"1", KvWrite::lasting(2_100))
        .await;
    assert!(matches!(sixth, Err(StoreError::Limit(_))));
    store
        .kv_set(place("demo", "n0"), b"2", KvWrite::lasting(2_100))
        .await
        .unwrap();
    assert!(store.kv_delete(place("demo", "n0")).await.unwrap());
    assert!(!store.kv_delete(place("demo", "n0")).await.unwrap());
    store
        .kv_set(place("demo", "n4"), b"1", KvWrite::lasting(2_100))
        .await
        .unwrap();

    assert_eq!(store.kv_purge(2_100).await.unwrap(), 1);
    assert_eq!(store.kv_purge(2_100).await.unwrap(), 0);
}

pub(crate) async fn numbers_count_up_and_down(bench: &mut Bench) {
    let store = bench.store.clone();
    let n = place("demo", "n");
    assert_eq!(
        store
            .kv_incr(n, 5, KvWrite::ending(1_000, 100))
            .await
            .unwrap(),
        5
    );
    assert_eq!(
        store
            .kv_incr(n, -7, KvWrite::ending(1_050, 900))
            .await
            .unwrap(),
        -2
    );
    assert_eq!(store.kv_get(n, 1_099).await.unwrap().unwrap(), b"-2");
    // The number kept its first end, and begins anew after it.
    assert_eq!(store.kv_get(n, 1_100).await.unwrap(), None);
    assert_eq!(
        store.kv_incr(n, 3, KvWrite::lasting(1_100)).await.unwrap(),
        3
    );
    store
        .kv_set(n, b"41", KvWrite::lasting(1_100))
        .await
        .unwrap();
    assert_eq!(
        store.kv_incr(n, 1, KvWrite::lasting(1_100)).await.unwrap(),
        42
    );

    store
        .kv_set(n, b"007", KvWrite::lasting(1_100))
        .await
        .unwrap();
    let refused = store.kv_incr(n, 1, KvWrite::lasting(1_100)).await;
    assert_eq!(refused, Err(StoreError::NotANumber));
    assert_eq!(store.kv_get(n, 1_100).await.unwrap().unwrap(), b"007");

    let top = NUMBER_MAX.to_string();
    store
        .kv_set(n, top.as_bytes(), KvWrite::lasting(1_100))
        .await
        .unwrap();
    let over = store.kv_incr(n, 1, KvWrite::lasting(1_100)).await;
    assert_eq!(over, Err(StoreError::NotANumber));
    let over = store.kv_incr(n, i64::MAX, KvWrite::lasting(1_100)).await;
    assert_eq!(over, Err(StoreError::NotANumber));
    assert_eq!(
        store.kv_incr(n, -1, KvWrite::lasting(1_100)).await.unwrap(),
        NUMBER_MAX - 1
    );

    for key in ["o1", "o2", "o3", "o4"] {
        store
            .kv_incr(place("demo", key), 1, KvWrite::lasting(1_100))
            .await
            .unwrap();
    }
    let sixth = store
        .kv_incr(place("demo", "o5"), 1, KvWrite::lasting(1_100))
        .await;
    assert!(matches!(sixth, Err(StoreError::Limit(_))));
}

pub(crate) async fn the_last_twenty_generations_are_kept(bench: &mut Bench) {
    let generation = |tenant: &str, number: u64| Generation {
        tenant: tenant.to_owned(),
        number,
        hash: format!("hash{number}"),
        at_ms: 1_000 * number,
    };
    let store = bench.store.clone();
    for number in 1..=GENERATIONS_KEPT + 5 {
        let files = vec![number as u8; 3];
        store
            .put_generation(&generation("demo", number), &files)
            .await
            .unwrap();
    }
    store
        .put_generation(&generation("acme", 1), b"acme")
        .await
        .unwrap();
    bench.restart().await;
    let store = bench.store.clone();
    let kept = store.generations("demo").await.unwrap();
    let numbers: Vec<u64> = kept.iter().map(|g| g.number).collect();
    assert_eq!(numbers, (6..=25).rev().collect::<Vec<_>>());
    assert_eq!(store.generation("demo", 5).await.unwrap(), None);
    let (found, files) = store.generation("demo", 25).await.unwrap().unwrap();
    assert_eq!((found, files), (generation("demo", 25), vec![25; 3]));
    assert_eq!(store.generations("acme").await.unwrap().len(), 1);
}

pub(crate) async fn a_snapshot_replaces_the_last_one_of_its_owner(bench: &mut Bench) {
    let store = bench.store.clone();
    let snapshot = |seq: u64| StoredSnapshot {
        seq,
        at_ms: 1_000 + seq,
        bytes: vec![seq as u8, 0, 255],
    };
    assert_eq!(store.snapshot("demo", "module:q").await.unwrap(), None);
    for (tenant, owner, seq) in [
        ("demo", "module:q", 1),
        ("demo", "module:q", 2),
        ("demo", "module:r", 3),
        ("acme", "module:q", 4),
    ] {
        let taken = snapshot(seq);
        store.put_snapshot(tenant, owner, &taken).await.unwrap();
    }
    let large = StoredSnapshot {
        bytes: vec![0; SNAPSHOT_BYTES_MAX + 1],
        ..snapshot(5)
    };
    let refused = store.put_snapshot("demo", "module:q", &large).await;
    assert!(matches!(refused, Err(StoreError::Limit(_))));
    bench.restart().await;
    let store = bench.store.clone();
    let found = store.snapshot("demo", "module:q").await.unwrap();
    assert_eq!(found, Some(snapshot(2)));
    let found = store.snapshot("acme", "module:q").await.unwrap();
    assert_eq!(found, Some(snapshot(4)));
    assert!(store.delete_snapshot("demo", "module:q").await.unwrap());
    assert!(!store.delete_snapshot("demo", "module:q").await.unwrap());
    assert_eq!(store.snapshot("demo", "module:q").await.unwrap(), None);
    let found = store.snapshot("demo", "module:r").await.unwrap();
    assert_eq!(found, Some(snapshot(3)));
}

pub(crate) async fn a_tenant_is_counted_listed_and_removed_alone(bench: &mut Bench) {
    let store = Arc::clone(&bench.store);
    let when = KvWrite::lasting(1_000);
    for tenant in ["acme", "demo"] {
        store.put_ha1(tenant, "ann", ha1("a")).await.unwrap();
        store
            .put_secret(tenant, "crm", Secret::new("s"))
            .await
            .unwrap();
        for key in ["a", "b", "c"] {
            store.kv_set(place(tenant, key), b"12", when).await.unwrap();
        }
        let snapshot = StoredSnapshot {
            bytes: vec![7; 10],
            ..StoredSnapshot::default()
        };
        store
            .put_snapshot(tenant, "queue", &snapshot)
            .await
            .unwrap();
        let mut kept = binding("ann", "sip:ann@10.0.0.1", 9_000);
        kept.tenant = tenant.to_owned();
        store.put_bindings(&[kept]).await.unwrap();
        let name = format!("realm/{tenant}");
        store
            .put_node_secret(&name, Secret::new("x"))
            .await
            .unwrap();
    }
    let both = [("acme".to_owned(), 19), ("demo".to_owned(), 19)];
    assert_eq!(store.tenant_bytes().await.unwrap(), both);
    let page = store.values_after("acme", ("", ""), 2).await.unwrap();
    let keys: Vec<&str> = page.iter().map(|row| row.key.as_str()).collect();
    assert_eq!(keys, ["a", "b"]);
    let last = page.last().unwrap();
    let rest = store
        .values_after("acme", (&last.owner, &last.key), 2)
        .await
        .unwrap();
    assert_eq!((rest.len(), rest[0].value.as_slice()), (1, &b"12"[..]));
    assert_eq!(store.snapshot_owners("acme").await.unwrap(), ["queue"]);
    assert_eq!(store.bindings_of("acme").await.unwrap().len(), 1);

    let realm = ["realm/acme".to_owned()];
    let removed = store.delete_tenant("acme", &realm).await.unwrap();
    assert_eq!(
        removed, 8,
        "1 user, 1 secret, 3 values, 1 snapshot, 1 binding, 1 realm"
    );
    assert_eq!(store.delete_tenant("acme", &realm).await, Ok(0));
    assert_eq!(store.all_ha1("acme").await.unwrap(), []);
    assert_eq!(store.node_secret("realm/acme").await, Ok(None));
    assert_eq!(store.tenant_bytes().await.unwrap(), both[1..]);
    assert_eq!(store.bindings_of("demo").await.unwrap().len(), 1);
    assert!(store.node_secret("realm/demo").await.unwrap().is_some());
}
