//! {{name}}: chooses a trunk by the number's first digits; the longest prefix wins.

use cordboard_module::{Error, Json, Reasoned, RouteRequest, Router, Target};

struct Module {
    /// Prefix and trunk, the longest prefix first.
    prefixes: Vec<(String, String)>,
}

impl Router for Module {
    fn start(settings: &Json) -> Result<Self, Vec<String>> {
        let blocks = settings["prefix"].members();
        let mut prefixes: Vec<(String, String)> = blocks
            .iter()
            .map(|(prefix, block)| (prefix.clone(), block["trunk"].str().to_owned()))
            .collect();
        prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        match prefixes.is_empty() {
            true => Err(vec!["config names no `prefix`".to_owned()]),
            false => Ok(Self { prefixes }),
        }
    }

    fn route(&mut self, request: RouteRequest) -> Result<Reasoned, Error> {
        let number = request.dialled.trim_start_matches('+');
        let mut found = self.prefixes.iter().filter(|(prefix, _)| number.starts_with(prefix));
        let Some((prefix, trunk)) = found.next() else {
            return Ok(Reasoned::from("none").because(format!("{number} has no prefix of ours")));
        };
        let why = format!("{number} begins with {prefix}: {trunk}");
        Ok(Reasoned::from(vec![Target::trunk(trunk)]).because(why))
    }
}

cordboard_module::register!(router: Module);
