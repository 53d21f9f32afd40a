//! The contract's story in Rust.

use cordboard_module::{
    Call, CallScript, Collect, Collected, Error, Json, Ring, Trunk, events, http, log, store,
    tenant,
};

struct Module {
    beep: String,
}

fn refused<T>(result: Result<T, Error>) {
    let said = match result {
        Ok(_) => "nothing".to_owned(),
        Err(Error::Gone) => "the caller is gone".to_owned(),
        Err(Error::Timeout) => "timeout".to_owned(),
        Err(Error::Busy) => "busy".to_owned(),
        Err(
            Error::Denied(why)
            | Error::NotFound(why)
            | Error::Invalid(why)
            | Error::Unavailable(why),
        ) => why,
    };
    log::info(&format!("refused: {said}"));
}

fn or_none(text: Option<String>) -> String {
    text.unwrap_or_else(|| "none".to_owned())
}

impl CallScript for Module {
    fn start(settings: &Json) -> Result<Self, Vec<String>> {
        let beep = settings["beep"].str().to_owned();
        Ok(Self { beep })
    }

    fn run(&mut self, step: &str, arguments: &Json, call: &Call) -> Result<String, Error> {
        match step {
            "talk" => self.talk(call),
            "keep" => keep(),
            "tell" => tell(),
            "ask" => ask(),
            "reach" => reach(call, arguments["user"].str()),
            "leave" => self.leave(call),
            _ => wrong(call),
        }
    }
}

impl Module {
    fn talk(&self, call: &Call) -> Result<String, Error> {
        let info = call.info();
        log::info(&format!(
            "{} from {}, answered {}, {}, of {}",
            info.dialled,
            info.caller.number,
            info.answered,
            info.outcomes.join(" "),
            tenant()
        ));
        call.answer()?;
        call.record(true)?;
        call.say(&self.beep)?;
        call.tone("busy", 200)?;
        call.wait(100)?;
        call.send_digits("12")?;
        call.record(false)?;
        let entry = call.collect(&Collect {
            prompts: vec![self.beep.clone()],
            timeout_ms: 3_000,
            ..Collect::default()
        })?;
        if entry.outcome != Collected::Digits {
            return Ok("timeout".to_owned());
        }
        call.set("key", &entry.digits)?;
        let key = or_none(call.get("key")?);
        log::info(&format!("key {key}, other {}", or_none(call.get("other")?)));
        Ok(match info.outcomes.contains(&key) {
            true => key,
            false => "other".to_owned(),
        })
    }

    fn leave(&self, call: &Call) -> Result<String, Error> {
        call.hang_up(Some("busy"))?;
        refused(call.say(&self.beep));
        Ok("gone".to_owned())
    }
}

fn keep() -> Result<String, Error> {
    store::set("a", "one", None)?;
    log::info(&format!("a {}", or_none(store::get("a")?)));
    store::increment("n", 2)?;
    log::info(&format!("n {}", store::increment("n", 3)?));
    store::delete("a")?;
    log::info(&format!("a {}", or_none(store::get("a")?)));
    Ok("done".to_owned())
}

fn tell() -> Result<String, Error> {
    let payload = Json::object().with("n", 1).to_string();
    events::retain("contract.seen", "last", Some(&payload))?;
    let seen = events::fact("contract.seen", "last")?;
    log::info(&format!("seen {}", or_none(seen)));
    events::publish("contract.told", &payload)?;
    Ok("done".to_owned())
}

fn ask() -> Result<String, Error> {
    refused(http::send(&http::Request {
        method: "GET".to_owned(),
        url: "https://crm.example.com/".to_owned(),
        headers: Vec::new(),
        body: None,
        timeout_ms: 1_000,
    }));
    Ok("denied".to_owned())
}

fn reach(call: &Call, user: &str) -> Result<String, Error> {
    let talk = call.ring(&Ring {
        users: vec![user.to_owned()],
        timeout_ms: 5_000,
        ..Ring::default()
    })?;
    log::info(&format!("talk {} {}", talk.outcome, or_none(talk.by)));
    Ok(talk.outcome)
}

fn wrong(call: &Call) -> Result<String, Error> {
    refused(call.say("nowhere"));
    refused(call.open("nowhere"));
    refused(call.trunk(&Trunk {
        trunks: vec!["carrier".to_owned()],
        ..Trunk::default()
    }));
    Err(Error::Unavailable("out of order".to_owned()))
}

cordboard_module::register!(call-script: Module);
