//! {{name}}: counts calls by the number that was dialled.
//!
//! A reporter is told the journal's events in their order, each once. Folded again from the first
//! one, totals come out the same: time comes with each event, and nothing else may be asked.

use cordboard_module::ordered::Map;
use cordboard_module::{Error, Event, Json, Report, Reporter};

/// Numbers that have a line of their own; the rest share one.
const NUMBERS_MAX: usize = 10_000;
const OTHERS: &str = "others";

#[derive(Default)]
struct Module {
    outbound: bool,
    /// By number.
    totals: Map<String, Totals>,
}

#[derive(Default)]
struct Totals {
    calls: u64,
    answered: u64,
    talk_ms: u64,
}

impl Reporter for Module {
    fn start(settings: &Json) -> Result<Self, Vec<String>> {
        let outbound = settings["outbound"].flag() == Some(true);
        Ok(Self { outbound, ..Self::default() })
    }

    /// `cdr.written`: the bill line of one leg. A call that comes in has one inbound leg.
    fn fold(&mut self, event: Event) {
        let cdr = event.data();
        if !(self.outbound || cdr["direction"].str() == "inbound") {
            return;
        }
        let dialled = cdr["dialled"].str();
        let room = self.totals.len() < NUMBERS_MAX || self.totals.contains(dialled);
        let totals = self.totals.entry(if room { dialled } else { OTHERS });
        totals.calls += 1;
        totals.answered += u64::from(cdr["result"].str() == "answered");
        totals.talk_ms += cdr["talk_ms"].u64();
    }

    fn render(&mut self, _verb: &str, arguments: &Json) -> Result<Report, Error> {
        if arguments["format"].str() == "csv" {
            let lines = self.totals.iter().map(|(number, totals)| {
                let Totals { calls, answered, talk_ms } = totals;
                format!("{number},{calls},{answered},{talk_ms}\r\n")
            });
            let lines: String = lines.collect();
            return Ok(Report::csv(format!("number,calls,answered,talk_ms\r\n{lines}")));
        }
        Ok(Report::json(&self.list()))
    }

    fn save(&self) -> Vec<u8> {
        self.list().to_string().into_bytes()
    }

    fn restore(&mut self, _version: u32, state: &[u8]) -> Result<(), String> {
        let text = std::str::from_utf8(state).map_err(|_| "the totals are no text".to_owned())?;
        let saved = Json::parse(text)?;
        let totals = saved.items().iter().map(|line| {
            let totals = Totals {
                calls: line["calls"].u64(),
                answered: line["answered"].u64(),
                talk_ms: line["talk_ms"].u64(),
            };
            (line["number"].str().to_owned(), totals)
        });
        self.totals = totals.collect();
        Ok(())
    }
}

impl Module {
    fn list(&self) -> Json {
        let lines = self.totals.iter().map(|(number, totals)| {
            Json::object()
                .with("number", number)
                .with("calls", totals.calls)
                .with("answered", totals.answered)
                .with("talk_ms", totals.talk_ms)
        });
        lines.collect()
    }
}

cordboard_module::register!(reporter: Module);

#[cfg(test)]
mod tests {
    use super::*;

    fn cdr(seq: u64, dialled: &str, result: &str) -> Event {
        let payload = Json::object()
            .with("direction", "inbound")
            .with("dialled", dialled)
            .with("result", result)
            .with("talk_ms", 60_000);
        Event {
            seq,
            at_ms: 1_000 * seq,
            topic: "cdr.written".to_owned(),
            call: None,
            leg: Some(1),
            payload: payload.to_string(),
        }
    }

    #[test]
    fn totals_are_the_same_after_they_were_saved() {
        let mut module = Module::start(&Json::object()).unwrap();
        module.fold(cdr(1, "100", "answered"));
        module.fold(cdr(2, "100", "cancelled"));
        let mut other = Module::start(&Json::object()).unwrap();
        other.restore(1, &module.save()).unwrap();
        let csv = Json::object().with("format", "csv");
        let report = other.render("calls", &csv).unwrap();
        let text = String::from_utf8(report.body).unwrap();
        assert_eq!(text, "number,calls,answered,talk_ms\r\n100,2,1,120000\r\n");
    }
}
