//! Stories of many tenants on one base: an edit that reaches all, and what stops only its own.

use std::os::unix::fs::symlink;

use super::*;

const BASE: &str = "value number\nvalue greeting \"hello\"\ndid \"{value.number}\" { goto main }\n\
                    route main {\n    answer\n    play \"{value.greeting}\"\n    override last { play \"bye\" }\n}\n\
                    test \"it greets\" {\n    call did=\"{value.number}\"\n    expect \"play {value.greeting}\"\n}\n";
const PLAIN: &str = "route extra { hangup }\n";

impl Place {
    fn file(&self, path: &str, text: &str) {
        let path = self.root.join("dialplans").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn prompt(&self, path: &str, hertz: usize) {
        let samples = (0..800).map(|n| ((n * hertz) % 2_000) as i16);
        let bytes: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
        let length = bytes.len() as u32;
        let mut wav = b"RIFF".to_vec();
        wav.extend((36 + length).to_le_bytes());
        wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data");
        wav.extend(length.to_le_bytes());
        wav.extend(bytes);
        let path = self.root.join("dialplans").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, wav).unwrap();
    }

    fn with_base(name: &str, tenants: usize) -> Place {
        let place = Place::new(name);
        place.file("_base/main.kdl", BASE);
        place.file("_base/plain.kdl", PLAIN);
        for prompt in ["hello", "bye"] {
            place.prompt(&format!("_base/prompts/{prompt}.wav"), 3);
        }
        for n in 0..tenants {
            place.file(&format!("t{n:02}/main.kdl"), &own(n, ""));
        }
        place
    }

    async fn outcome(&self) -> Outcome {
        self.reloader.load_all().await.unwrap()
    }

    fn serving_number(&self, tenant: &str) -> u64 {
        self.reloader.serving(tenant).unwrap().number
    }
}

fn own(n: usize, more: &str) -> String {
    format!(
        "tenant t{n:02} domain=\"t{n:02}.example\"\nbase \"../_base\"\nvalue number \"+4420794{n:05}\"\n{more}"
    )
}

#[tokio::test]
async fn an_edit_of_the_base_reaches_a_hundred_tenants_in_one_generation_each() {
    let place = Place::with_base("hundred", 100);
    let first = place.outcome().await;
    assert_eq!((first.loaded.len(), first.refused.len()), (100, 0));
    let parsed = || place.reloader.bases.shared().parsed();
    assert_eq!(parsed(), 2, "two files, read once for a hundred tenants");
    let again = place.outcome().await;
    assert!(again.loaded.is_empty(), "nothing has changed");
    place.file(
        "_base/main.kdl",
        &BASE.replace("answer", "answer; wait \"1s\""),
    );
    let edited = place.outcome().await;
    assert!(edited.refused.is_empty(), "{:?}", edited.refused);
    let numbers: Vec<u64> = edited.loaded.iter().map(|(_, number)| *number).collect();
    assert_eq!(numbers, [2; 100]);
    assert_eq!(parsed(), 3, "the one file that was edited");
    let plans = place.reloader.plans();
    let same = |plan: &Arc<cordboard_dialplan::Dialplan>| {
        Arc::ptr_eq(&plan.routes["extra"], &plans[0].routes["extra"])
    };
    assert!(plans.iter().all(same), "what has no point is one for all");
}

#[tokio::test]
async fn a_bad_override_and_a_base_that_does_not_fit_stop_only_their_own() {
    let place = Place::with_base("alone", 20);
    assert_eq!(place.load().await, [""; 0]);
    place.file("t03/main.kdl", &own(3, "override last { rign bob }\n"));
    assert_eq!(place.load().await, ["t03"]);
    // The base's test runs with the tenant's lines in place.
    place.file("t04/main.kdl", &own(4, "value greeting \"bye\"\n"));
    place.file(
        "t05/main.kdl",
        &own(5, "override last { play \"hello\" }\n"),
    );
    assert_eq!(place.load().await, ["t03"]);
    // The base gets what one tenant has already.
    place.file("t07/main.kdl", &own(7, "route late { hangup }\n"));
    place.file(
        "_base/plain.kdl",
        &format!("{PLAIN}route late {{ hangup }}\n"),
    );
    let outcome = place.outcome().await;
    let refused: Vec<&str> = outcome.refused.iter().map(|(name, _)| &**name).collect();
    assert_eq!(refused, ["t03", "t07"]);
    let why = &outcome.refused[1].1;
    assert!(
        why.contains("a second route `late`") && why.contains("../_base/plain.kdl"),
        "{why}"
    );
    assert_eq!(outcome.loaded.len(), 18);
    assert_eq!(
        (place.serving_number("t03"), place.serving_number("t07")),
        (1, 1)
    );
    let state = place.reloader.state();
    let bad = state.iter().filter(|tenant| !tenant["refused"].is_null());
    let bad: Vec<_> = bad
        .map(|tenant| tenant["tenant"].as_str().unwrap())
        .collect();
    assert_eq!(bad, ["t03", "t07"]);
    let shown = place.reloader.generations(Some("t07")).await.unwrap();
    assert!(
        shown[0]["refused"]
            .to_string()
            .contains("a second route `late`"),
        "{shown}"
    );
    place.file("t03/main.kdl", &own(3, ""));
    place.file("t07/main.kdl", &own(7, ""));
    assert_eq!(place.load().await, [""; 0]);
}

#[tokio::test]
async fn an_override_that_breaks_a_test_of_the_base_is_refused() {
    let place = Place::with_base("tests", 2);
    place.file(
        "_base/more.kdl",
        "route held { override held { play \"bye\" }\n hangup }\ndid \"{value.number}9\" { goto held }\n\
         test \"it says good-bye\" {\n    call did=\"{value.number}9\"\n    expect \"play bye\"\n}\n",
    );
    assert_eq!(place.load().await, [""; 0]);
    place.file(
        "t01/main.kdl",
        &own(1, "override held { play \"hello\" }\n"),
    );
    let outcome = place.outcome().await;
    assert_eq!(outcome.refused.len(), 1);
    let (tenant, why) = &outcome.refused[0];
    assert!(
        tenant == "t01" && why.contains("it says good-bye"),
        "{tenant}: {why}"
    );
}

#[tokio::test]
async fn a_mistake_in_the_base_is_told_once_with_the_tenants_it_stops() {
    let place = Place::with_base("broken", 3);
    assert_eq!(place.load().await, [""; 0]);
    place.file("_base/plain.kdl", "route extra { rign }\n");
    let told = place.reloader.reload().await.unwrap_err();
    assert!(
        told.starts_with("tenants t00, t01, t02 are refused:\n"),
        "{told}"
    );
    assert_eq!(
        told.matches("no step is called `rign`").count(),
        1,
        "{told}"
    );
    assert_eq!(place.serving_number("t02"), 1);
}

#[tokio::test]
async fn a_kept_generation_has_the_base_as_it_was() {
    let place = Place::with_base("kept", 1);
    place.load().await;
    place.file(
        "_base/main.kdl",
        &BASE.replace("answer", "answer; wait \"1s\""),
    );
    place.load().await;
    assert_eq!(place.serving_number("t00"), 2);
    place.reloader.roll_back(Some("t00"), 1).await.unwrap();
    let plan = place.reloader.serving("t00").unwrap().dialplan.clone();
    assert_eq!(plan.routes["main"].steps.len(), 3, "no `wait` yet");
    std::fs::remove_dir_all(place.folder("_base")).unwrap();
    place.reloader.roll_back(Some("t00"), 2).await.unwrap_err();
}

#[tokio::test]
async fn prompts_scripts_and_tables_of_the_tenant_win_over_the_bases() {
    let place = Place::with_base("nearest", 2);
    place.file(
        "_base/more.kdl",
        "dids \"t.csv\"\nroute said { run say; hangup }\n",
    );
    place.file(
        "_base/t.csv",
        "number,route\n{},said\n".replace("{}", "+4930001").as_str(),
    );
    place.file("t01/t.csv", "number,route\n+4930002,said\n");
    let script = |word: &str| format!("-- what: Says.\n-- outcomes: {word}\nreturn \"{word}\"\n");
    place.file("_base/scripts/say.lua", &script("base"));
    place.file("t01/scripts/say.lua", &script("own"));
    place.prompt("t01/prompts/bye.wav", 7);
    assert_eq!(place.load().await, [""; 0]);
    let (base, own) = (
        place.reloader.serving("t00").unwrap(),
        place.reloader.serving("t01").unwrap(),
    );
    assert!(base.dialplan.dids.lookup("+4930001").is_some());
    assert!(own.dialplan.dids.lookup("+4930002").is_some());
    assert!(own.dialplan.dids.lookup("+4930001").is_none());
    assert!(
        Arc::ptr_eq(&base.prompts["hello"], &own.prompts["hello"]),
        "decoded once"
    );
    assert_ne!(base.prompts["bye"].samples, own.prompts["bye"].samples);
    let outcomes = |g: &Generation| {
        let script = g.programs.scripts.iter().find(|s| s.name == "say").unwrap();
        format!("{:?}", script.manifest.outcomes)
    };
    assert!(outcomes(&base).contains("base") && outcomes(&own).contains("own"));
}

#[tokio::test]
async fn a_base_that_lies_elsewhere_is_none() {
    let place = Place::with_base("outside", 1);
    let outside = place.root.join("outside");
    std::fs::create_dir_all(&outside).unwrap();
    std::fs::write(outside.join("main.kdl"), PLAIN).unwrap();
    symlink(&outside, place.root.join("dialplans/_out")).unwrap();
    place.file("t00/main.kdl", &own(0, "").replace("_base", "_out"));
    let why = place.outcome().await.refused.remove(0).1;
    assert!(
        why.contains("`_out` cannot be a base: it is a symbolic link that leads out"),
        "{why}"
    );
    place.file("_linked/a.kdl", PLAIN);
    symlink(
        outside.join("main.kdl"),
        place.root.join("dialplans/_linked/b.kdl"),
    )
    .unwrap();
    place.file("t00/main.kdl", &own(0, "").replace("_base", "_linked"));
    let why = place.outcome().await.refused.remove(0).1;
    assert!(
        why.contains("`b.kdl` in it is a symbolic link that leads out"),
        "{why}"
    );
    place.file("t00/main.kdl", &own(0, "").replace("_base", "_bsae"));
    let why = place.outcome().await.refused.remove(0).1;
    assert!(why.contains("did you mean `base \"../_base\"`?"), "{why}");
}
