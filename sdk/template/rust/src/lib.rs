//! {{name}}: answers a call and says a digit in beeps.

use cordboard_module::{Call, CallScript, Error, Json, Play, log};

struct Module {
    beep: String,
}

impl CallScript for Module {
    fn start(settings: &Json) -> Result<Self, Vec<String>> {
        let beep = settings["beep"].str().to_owned();
        Ok(Self { beep })
    }

    fn run(&mut self, _step: &str, arguments: &Json, call: &Call) -> Result<String, Error> {
        let digit = arguments["digit"].u64() as usize;
        log::info(&format!("saying {digit}"));
        call.answer()?;
        call.play(&Play {
            prompts: vec![self.beep.clone(); digit],
            ..Play::default()
        })?;
        Ok("done".to_owned())
    }
}

cordboard_module::register!(call-script: Module);
