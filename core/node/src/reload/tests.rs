//! Stories of tenants that come, change, claim what is another's, and go.

use std::path::PathBuf;

use cordboard_store::MemoryStore;

use super::*;
use crate::data_dir::DataDir;
use crate::loader::forge::Compilers;
use crate::mailbox::{Mailbox, mailbox};

mod bases;
mod modules;

/// A node's reloader over a folder of its own.
struct Place {
    root: PathBuf,
    store: Arc<dyn Store>,
    reloader: Arc<Reloader>,
    shard: Mailbox<Input>,
}

fn reloader(root: &Path, store: &Arc<dyn Store>) -> (Arc<Reloader>, Mailbox<Input>) {
    let (sender, shard) = mailbox(4096).unwrap();
    let data = DataDir {
        root: root.join("data"),
    };
    data.create().unwrap();
    let passwords = Passwords::new(data, Arc::clone(store), sender.clone());
    let folders = Folders {
        dialplans: root.join("dialplans"),
        scripts: root.join("scripts"),
    };
    let settings = NodeFile::default();
    let roots = vec![root.join("modules")];
    let parts = ReloaderParts {
        folders,
        forge: Arc::new(Forge::new(roots, modules::lua(), &settings)),
        now: Arc::new(|| Duration::ZERO),
        store: Arc::clone(store),
        shard: sender,
        passwords: Arc::new(passwords),
    };
    let reloader = Reloader::new(parts, &settings);
    (Arc::new(reloader), shard)
}

impl Place {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("cordboard-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        std::fs::create_dir_all(root.join("dialplans")).unwrap();
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let (reloader, shard) = reloader(&root, &store);
        Self {
            root,
            store,
            reloader,
            shard,
        }
    }

    fn restart(&mut self) {
        (self.reloader, self.shard) = reloader(&self.root, &self.store);
    }

    fn folder(&self, tenant: &str) -> PathBuf {
        self.root.join("dialplans").join(tenant)
    }

    fn write(&self, tenant: &str, domain: &str, numbers: &[&str]) {
        let mut text = format!("tenant {tenant} domain=\"{domain}\"\n");
        for number in numbers {
            text.push_str(&format!("did \"{number}\" {{ answer; hangup }}\n"));
        }
        std::fs::create_dir_all(self.folder(tenant)).unwrap();
        std::fs::write(self.folder(tenant).join("main.kdl"), text).unwrap();
    }

    /// Loads; gives the tenants refused.
    async fn load(&self) -> Vec<String> {
        let outcome = self.reloader.load_all().await.unwrap();
        for (name, why) in &outcome.refused {
            println!("{name}: {why}");
        }
        outcome.refused.into_iter().map(|(name, _)| name).collect()
    }

    /// The tenants that the shard was told of last.
    fn told(&self) -> Vec<String> {
        let inputs = std::iter::from_fn(|| self.shard.try_recv());
        let tables = inputs.filter_map(|input| match input {
            Input::Tenants(table) => Some(table),
            _ => None,
        });
        let last = tables.last().expect("a table was told");
        last.all().map(|g| g.tenant.as_str().to_owned()).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

#[tokio::test]
async fn who_owns_a_number_or_a_domain_keeps_it_also_over_a_restart() {
    let mut place = Place::new("owners");
    place.write("zeta", "zeta.example", &["+442079460100"]);
    assert_eq!(place.load().await, [""; 0]);
    place.write("acme", "acme.example", &["+442079460100"]);
    assert_eq!(place.load().await, ["acme"]);
    place.restart();
    assert_eq!(place.load().await, ["acme"]);
    assert_eq!(place.told(), ["zeta"]);
    place.write("acme", "Zeta.example", &[]);
    assert_eq!(place.load().await, ["acme"]);
    place.write("acme", "acme.example", &["+442079460101"]);
    assert_eq!(place.load().await, [""; 0]);
    assert_eq!(place.told(), ["acme", "zeta"]);
}

#[tokio::test]
async fn a_domain_stays_and_a_folder_has_its_tenants_name() {
    let mut place = Place::new("domains");
    place.write("acme", "acme.example", &["+442079460100"]);
    assert_eq!(place.load().await, [""; 0]);
    place.write("acme", "other.example", &["+442079460100"]);
    assert_eq!(place.load().await, ["acme"]);
    place.restart();
    assert_eq!(place.load().await, ["acme"]);
    assert_eq!(place.told(), ["acme"], "its last good one serves");
    place.write("acme", "acme.example", &[]);
    std::fs::rename(place.folder("acme"), place.folder("beta")).unwrap();
    assert_eq!(place.load().await, ["beta"]);
}

#[tokio::test]
async fn a_removed_folder_ends_its_tenant_and_an_empty_place_ends_none() {
    let place = Place::new("removed");
    place.write("acme", "acme.example", &["+442079460100"]);
    place.write("zeta", "zeta.example", &["+442079460101"]);
    place.load().await;
    assert_eq!(place.told(), ["acme", "zeta"]);
    std::fs::remove_dir_all(place.folder("zeta")).unwrap();
    place.load().await;
    assert_eq!(place.told(), ["acme"]);
    std::fs::remove_dir_all(place.folder("acme")).unwrap();
    assert!(place.reloader.load_all().await.is_err());
    assert!(place.shard.try_recv().is_none(), "what serves goes on");
}

#[tokio::test]
async fn a_roll_back_takes_no_number_that_is_another_tenants_now() {
    let place = Place::new("rollback");
    place.write("acme", "acme.example", &["+442079460100"]);
    place.load().await;
    place.write("acme", "acme.example", &["+442079460101"]);
    place.write("zeta", "zeta.example", &[]);
    place.load().await;
    place.write("zeta", "zeta.example", &["+442079460100"]);
    assert_eq!(place.load().await, [""; 0]);
    let refused = place.reloader.roll_back(Some("acme"), 1).await.unwrap_err();
    assert!(refused.contains("zeta"), "{refused}");
    place.write("zeta", "zeta.example", &[]);
    place.load().await;
    place.reloader.roll_back(Some("acme"), 1).await.unwrap();
}
