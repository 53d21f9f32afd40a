//! Stories of modules that go bad beside good ones, and of who keeps what then.

use cordboard_host::CpuTime;
use cordboard_host::lua::LuaCompiler;

use super::*;

const MANIFEST: &str = r#"name = "NAME"
version = "1.0.0"
contract = "0.1"
world = "connector"
kind = "lua"
entry = "module.lua"
subscribe = ["call.ended"]

[[step]]
name = "look"

[[setting]]
name = "word"
type = "text"
default = "good"

[[ask]]
capability = "store"
reason = "what it knows"
"#;

const GOOD: &str = "return { look_up = function() return {} end, on_event = function() end }\n";
const BROKEN: &str = "return { start = function() error('it trips') end, \
                      look_up = function() return {} end, on_event = function() end }\n";
/// Says no to one word.
const CHOOSY: &str = "return { start = function() if config.word == 'bad' then return { 'no such word' } end \
                      return {} end, look_up = function() return {} end, on_event = function() end }\n";

pub(super) fn lua() -> Compilers {
    let log = Arc::new(|_: &_, _, _: &str| {});
    Compilers {
        lua: Some(Arc::new(LuaCompiler::new(CpuTime::counted(), log))),
        ..Compilers::default()
    }
}

impl Place {
    fn module(&self, name: &str, code: &str) {
        self.manifest(name, &MANIFEST.replace("NAME", name));
        std::fs::write(
            self.root.join("modules").join(name).join("module.lua"),
            code,
        )
        .unwrap();
    }

    fn manifest(&self, name: &str, text: &str) {
        let folder = self.root.join("modules").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("module.toml"), text).unwrap();
    }

    /// The tenant `acme` with these lines.
    fn dialplan(&self, lines: &str) {
        self.write("acme", "acme.example", &["+442079460100"]);
        let path = self.folder("acme").join("main.kdl");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, format!("{text}{lines}\n")).unwrap();
    }

    /// What is listed of a module: its state, its version, whether it is refused.
    fn row(&self, module: &str) -> (String, Option<String>, Option<String>) {
        let rows = self.reloader.modules(Some("acme")).unwrap();
        let rows = rows.as_array().unwrap();
        let row = rows.iter().find(|row| row["module"] == module).unwrap();
        let text = |key: &str| row[key].as_str().map(str::to_owned);
        (text("state").unwrap(), text("version"), text("refused"))
    }

    /// Events of modules since the last look: topic and module.
    fn changes(&self) -> Vec<(String, String)> {
        let inputs = std::iter::from_fn(|| self.shard.try_recv());
        let told = inputs.filter_map(|input| match input {
            Input::Record { topic, payload, .. } if topic.starts_with("module.") => {
                let payload: Value = serde_json::from_str(&payload).unwrap();
                Some((
                    topic.into_owned(),
                    payload["module"].as_str().unwrap().to_owned(),
                ))
            }
            _ => None,
        });
        told.collect()
    }

    fn serving_module(&self, name: &str) -> Option<Arc<cordboard_host::module::Module>> {
        self.reloader
            .serving("acme")?
            .programs
            .module(name)
            .cloned()
    }
}

fn told(topic: &str, module: &str) -> (String, String) {
    (topic.to_owned(), module.to_owned())
}

#[tokio::test]
async fn broken_code_stays_behind_alone_until_it_is_mended() {
    let place = Place::new("broken-code");
    place.module("one", GOOD);
    place.module("two", GOOD);
    place.dialplan("module one\nmodule two");
    assert_eq!(place.load().await, [""; 0]);
    assert_eq!(
        place.changes(),
        [told("module.loaded", "one"), told("module.loaded", "two")]
    );
    let old = place.serving_module("one").unwrap();
    place.module("one", BROKEN);
    place.module("two", &GOOD.replace("{}", "{ }"));
    assert_eq!(place.load().await, [""; 0]);
    assert_eq!(
        place.changes(),
        [told("module.refused", "one"), told("module.loaded", "two")]
    );
    let now = place.serving_module("one").unwrap();
    assert!(Arc::ptr_eq(&old, &now), "its loaded form goes on");
    let (state, version, refused) = place.row("one");
    assert_eq!(
        (state.as_str(), version.as_deref()),
        ("enabled", Some("1.0.0"))
    );
    assert!(refused.unwrap().contains("it trips"));
    assert_eq!(place.row("two").2, None);
    assert_eq!(place.load().await, [""; 0]);
    assert_eq!(place.changes(), [], "said once");
    place.manifest(
        "one",
        &MANIFEST.replace("NAME", "one").replace("1.0.0", "1.1.0"),
    );
    std::fs::write(place.root.join("modules/one/module.lua"), GOOD).unwrap();
    assert_eq!(place.load().await, [""; 0]);
    let mended = [told("module.loaded", "one"), told("module.upgraded", "one")];
    assert_eq!(place.changes(), mended);
    assert_eq!(place.row("one").2, None);
}

#[tokio::test]
async fn what_never_served_is_left_out_and_its_tenant_serves() {
    let mut place = Place::new("left-out");
    place.module("one", BROKEN);
    place.module("two", GOOD);
    place.dialplan("module one\nmodule two");
    assert_eq!(place.load().await, [""; 0]);
    assert!(place.serving_module("one").is_none() && place.serving_module("two").is_some());
    let (state, version, refused) = place.row("one");
    assert_eq!((state.as_str(), version), ("refused", None));
    assert!(refused.unwrap().contains("it trips"));
    let asked = place.reloader.module(Some("acme"), "one").unwrap_err();
    assert!(asked.contains("it is left out"), "{asked}");
    let health = place.reloader.state();
    assert_eq!(health[0]["broken_modules"][0]["module"], "one");
    place.restart();
    assert_eq!(place.load().await, [""; 0], "also after a restart");
    assert_eq!(place.told(), ["acme"]);
}

#[tokio::test]
async fn a_grant_taken_away_is_gone_from_old_code_too() {
    let place = Place::new("old-grant");
    place.module("one", GOOD);
    place.dialplan("module one { grant store }");
    assert_eq!(place.load().await, [""; 0]);
    let granted = |place: &Place| {
        let module = place.serving_module("one").unwrap();
        module.effective.check("store", "").is_ok()
    };
    assert!(granted(&place));
    place.module("one", BROKEN);
    place.dialplan("module one");
    assert_eq!(place.load().await, [""; 0]);
    assert!(!granted(&place));
    assert!(place.row("one").2.is_some());
}

#[tokio::test]
async fn a_wrong_setting_refuses_the_generation_and_the_old_one_goes_on() {
    let place = Place::new("wrong-setting");
    place.module("one", CHOOSY);
    place.dialplan("module one");
    assert_eq!(place.load().await, [""; 0]);
    let number = place.reloader.serving("acme").unwrap().number;
    place.dialplan("module one { config wort=\"x\" }");
    assert_eq!(
        place.load().await,
        ["acme"],
        "its schema has no such setting"
    );
    place.dialplan("module one { config word=\"bad\" }");
    assert_eq!(place.load().await, ["acme"], "the same code says no to it");
    let state = place.reloader.state();
    let why = &state[0]["refused"][0];
    assert!(
        why["message"].as_str().unwrap().contains("no such word"),
        "{why}"
    );
    assert_eq!(why["line"], 3);
    assert_eq!(place.reloader.serving("acme").unwrap().number, number);
    place.dialplan("module one { config word=\"fine\" }");
    assert_eq!(place.load().await, [""; 0]);
}

#[tokio::test]
async fn a_manifest_gone_bad_or_away_takes_nothing_down_also_over_a_restart() {
    let mut place = Place::new("bad-manifest");
    place.module("one", GOOD);
    place.module("two", GOOD);
    place.dialplan("module one\nmodule two");
    assert_eq!(place.load().await, [""; 0]);
    place.manifest("one", "name = \"one\"\nworlt = 1\n");
    assert_eq!(place.load().await, [""; 0]);
    assert!(place.serving_module("one").is_some());
    let refused = place.row("one").2.unwrap();
    assert!(refused.contains("worlt"), "{refused}");
    std::fs::remove_dir_all(place.root.join("modules/one")).unwrap();
    assert_eq!(place.load().await, [""; 0]);
    assert!(place.row("one").2.unwrap().contains("is gone"));
    place.restart();
    // Its files are refused now, and its last good generation serves without the module.
    assert_eq!(place.load().await, ["acme"]);
    assert_eq!(place.told(), ["acme"]);
    assert!(place.serving_module("one").is_none() && place.serving_module("two").is_some());
    assert!(place.row("one").2.unwrap().contains("is gone"));
}

#[tokio::test]
async fn a_state_that_is_not_taken_over_keeps_the_old_code_of_that_module() {
    let place = Place::new("migration");
    let unfit = |module: Arc<cordboard_host::module::Module>| -> Doing {
        Box::pin(async move {
            match module.manifest.version.as_str() {
                "2.0.0" => Err("it does not take the state of version 1".to_owned()),
                _ => Ok(()),
            }
        })
    };
    place.reloader.follow(Followers {
        try_hand_over: Box::new(unfit),
        serve: Box::new(|_| Box::pin(async {})),
    });
    place.module("one", GOOD);
    place.module("two", GOOD);
    place.dialplan("module one\nmodule two");
    assert_eq!(place.load().await, [""; 0]);
    let old = place.serving_module("one").unwrap();
    for name in ["one", "two"] {
        let fresh = if name == "one" { "2.0.0" } else { "1.0.1" };
        place.manifest(
            name,
            &MANIFEST.replace("NAME", name).replace("1.0.0", fresh),
        );
    }
    place.changes();
    assert_eq!(place.load().await, [""; 0]);
    assert!(Arc::ptr_eq(&old, &place.serving_module("one").unwrap()));
    assert_eq!(place.row("two").1.as_deref(), Some("1.0.1"));
    assert!(
        place
            .row("one")
            .2
            .unwrap()
            .contains("does not take the state")
    );
    assert_eq!(place.changes()[0], told("module.refused", "one"));
    assert_eq!(place.load().await, [""; 0]);
    assert_eq!(place.changes(), [], "not tried again by itself");
    assert!(place.row("one").2.is_some());
}

type Doing = std::pin::Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

#[tokio::test]
async fn a_tenant_that_does_not_use_a_module_sees_no_new_generation() {
    let place = Place::new("others");
    place.module("one", GOOD);
    place.dialplan("module one");
    place.write("zeta", "zeta.example", &["+442079460101"]);
    assert_eq!(place.load().await, [""; 0]);
    let before = place.reloader.serving("zeta").unwrap();
    place.module("one", &GOOD.replace("{}", "{ }"));
    let outcome = place.reloader.load_all().await.unwrap();
    let loaded: Vec<&str> = outcome
        .loaded
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(loaded, ["acme"]);
    assert!(Arc::ptr_eq(
        &before,
        &place.reloader.serving("zeta").unwrap()
    ));
}
