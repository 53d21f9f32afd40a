//! Records of the contract made easier to write and to read: defaults, parsed JSON, builders.

use crate::{
    Call, Collect, Decision, Entry, Error, Event, Found, HttpSend, Json, Operation, Play, Query,
    Reasoned, Report, Ring, RouteRequest, StartCall, StepStart, Target, Trunk, VerbRequest,
};

macro_rules! arguments {
    ($($record:ty),*) => {$(
        impl $record {
            /// The arguments, read: by name, typed as the manifest says.
            pub fn args(&self) -> Json {
                Json::parse(&self.arguments).unwrap_or_default()
            }
        }
    )*};
}

arguments!(RouteRequest, Query, StepStart, VerbRequest);

macro_rules! variables {
    ($($record:ty),*) => {$(
        impl $record {
            /// A variable of the call.
            pub fn variable(&self, name: &str) -> Option<&str> {
                let found = self.variables.iter().find(|(key, _)| key == name);
                found.map(|(_, value)| value.as_str())
            }
        }
    )*};
}

variables!(RouteRequest, StepStart);

impl Event {
    /// The payload, read.
    pub fn data(&self) -> Json {
        Json::parse(&self.payload).unwrap_or_default()
    }
}

impl From<&str> for Error {
    /// The module's own fault.
    fn from(why: &str) -> Self {
        Error::Invalid(why.to_owned())
    }
}

impl From<String> for Error {
    /// The module's own fault.
    fn from(why: String) -> Self {
        Error::Invalid(why)
    }
}

impl Default for Play {
    /// Nothing, once, after the answer.
    fn default() -> Self {
        Self {
            prompts: Vec::new(),
            early: false,
            repeat_ms: None,
        }
    }
}

impl From<&str> for Play {
    /// One prompt, once.
    fn from(prompt: &str) -> Self {
        Self {
            prompts: vec![prompt.to_owned()],
            ..Self::default()
        }
    }
}

impl Default for Collect {
    /// One digit within five seconds, one try.
    fn default() -> Self {
        Self {
            prompts: Vec::new(),
            min: 1,
            max: 1,
            timeout_ms: 5_000,
            between_ms: 3_000,
            ends_with: Some("#".to_owned()),
            secret: false,
            tries: 1,
            invalid: Vec::new(),
        }
    }
}

impl Default for Ring {
    /// Nobody, all at once, for twenty seconds.
    fn default() -> Self {
        Self {
            users: Vec::new(),
            in_turn: false,
            timeout_ms: 20_000,
            music: None,
        }
    }
}

impl Default for Trunk {
    /// No trunk, the dialled number, for thirty seconds.
    fn default() -> Self {
        Self {
            trunks: Vec::new(),
            number: None,
            timeout_ms: 30_000,
            caller_id: None,
        }
    }
}

impl Default for StartCall {
    /// Nobody yet, for thirty seconds.
    fn default() -> Self {
        Self {
            user: None,
            trunk: None,
            number: None,
            route: String::new(),
            caller_id: None,
            timeout_ms: 30_000,
            variables: Vec::new(),
            key: None,
        }
    }
}

impl Default for HttpSend {
    /// A GET of nothing within five seconds.
    fn default() -> Self {
        Self {
            method: "GET".to_owned(),
            url: String::new(),
            headers: Vec::new(),
            body: None,
            timeout_ms: 5_000,
        }
    }
}

impl Call {
    /// Plays one prompt to its end, answering first.
    pub fn say(&self, prompt: &str) -> Result<(), Error> {
        self.play(&Play::from(prompt))
    }

    /// Plays a prompt and waits for so many digits. None: no digit came, or too few.
    pub fn ask(&self, prompt: &str, digits: u8) -> Result<Option<String>, Error> {
        let entry: Entry = self.collect(&Collect {
            prompts: vec![prompt.to_owned()],
            min: digits,
            max: digits,
            ..Collect::default()
        })?;
        Ok((!entry.digits.is_empty()).then_some(entry.digits))
    }
}

impl Operation {
    /// Plays one prompt, again and again for so long where given.
    pub fn prompt(name: &str, repeat_ms: Option<u32>) -> Self {
        Operation::Play(Play {
            repeat_ms,
            ..Play::from(name)
        })
    }

    /// Rings one user.
    pub fn ring_user(user: &str, timeout_ms: u32) -> Self {
        Operation::Ring(Ring {
            users: vec![user.to_owned()],
            timeout_ms,
            ..Ring::default()
        })
    }
}

impl Target {
    fn none() -> Self {
        Self {
            trunk: None,
            user: None,
            number: None,
            caller_id: None,
            timeout_ms: 30_000,
        }
    }

    /// A trunk of the tenant: the dialled number, for thirty seconds.
    pub fn trunk(name: &str) -> Self {
        Self {
            trunk: Some(name.to_owned()),
            ..Self::none()
        }
    }

    /// A user of the tenant, for thirty seconds.
    pub fn user(name: &str) -> Self {
        Self {
            user: Some(name.to_owned()),
            ..Self::none()
        }
    }

    /// With this number at the trunk.
    #[must_use]
    pub fn number(mut self, number: &str) -> Self {
        self.number = Some(number.to_owned());
        self
    }

    /// Showing this number.
    #[must_use]
    pub fn caller_id(mut self, number: &str) -> Self {
        self.caller_id = Some(number.to_owned());
        self
    }

    /// Ringing for so long.
    #[must_use]
    pub fn timeout_ms(mut self, ms: u32) -> Self {
        self.timeout_ms = ms;
        self
    }
}

impl From<Vec<Target>> for Reasoned {
    /// Try these in order.
    fn from(targets: Vec<Target>) -> Self {
        Self {
            decision: Decision::Targets(targets),
            set: Vec::new(),
            reasons: Vec::new(),
        }
    }
}

impl From<&str> for Reasoned {
    /// End the step with this outcome.
    fn from(outcome: &str) -> Self {
        Self {
            decision: Decision::Outcome(outcome.to_owned()),
            set: Vec::new(),
            reasons: Vec::new(),
        }
    }
}

impl Reasoned {
    /// With one more reason, a sentence for `explain`.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reasons.push(reason.into());
        self
    }

    /// With a variable of the call set.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.set.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl Found {
    /// Ends the step with this outcome: `found`, `unknown`.
    pub fn outcome(outcome: &str) -> Self {
        Self {
            outcome: outcome.to_owned(),
            set: Vec::new(),
        }
    }

    /// With a variable of the call set.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.set.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl Report {
    /// JSON.
    pub fn json(value: &Json) -> Self {
        Self {
            media_type: "application/json".to_owned(),
            body: value.to_string().into_bytes(),
        }
    }

    /// Comma-separated values, RFC 4180.
    pub fn csv(text: String) -> Self {
        Self {
            media_type: "text/csv".to_owned(),
            body: text.into_bytes(),
        }
    }
}
