//! {{name}}: answers a call and says a digit in beeps.

use cordboard_native::{Call, CallScript, Error, Json};

struct Module {
    beep: String,
}

impl CallScript for Module {
    fn start(settings: &Json, _tenant: &str) -> Result<Self, Vec<String>> {
        let beep = settings["beep"].str().to_owned();
        Ok(Self { beep })
    }

    fn run(&self, _step: &str, arguments: &Json, call: &Call) -> Result<String, Error> {
        let digit = arguments["digit"].u64() as usize;
        call.host.log(1, &format!("saying {digit}"));
        call.answer()?;
        call.play(&vec![self.beep.as_str(); digit])?;
        Ok("done".to_owned())
    }
}

cordboard_native::export!(call-script: Module);
