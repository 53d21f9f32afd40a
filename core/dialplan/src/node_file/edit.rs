//! `_node.kdl` changed as text: a ceiling appended, or taken out of use. Everything else, comments
//! too, stays as it was written.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::diagnostic::Lines;
use crate::file::parse;

/// A ceiling to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CeilingText {
    /// The tenant; a name that [`crate::file`] reads as one word.
    pub tenant: String,
    /// Most calls at once.
    pub calls_max: u32,
    /// Most trunks.
    pub trunks_max: u32,
    /// Most users.
    pub users_max: u32,
    /// Its numbers; none is not said, so that any number is good that nobody else has.
    pub dids: Vec<String>,
}

impl CeilingText {
    /// The text with this ceiling behind it.
    pub fn append(&self, text: &str) -> String {
        let mut out = text.trim_end().to_owned();
        if !out.is_empty() {
            out.push_str("\n\n");
        }
        let _ = writeln!(out, "ceiling {} {{", self.tenant);
        let _ = writeln!(out, "    calls-max {}", self.calls_max);
        let _ = writeln!(out, "    trunks {}", self.trunks_max);
        let _ = writeln!(out, "    users {}", self.users_max);
        if !self.dids.is_empty() {
            let dids: Vec<String> = self.dids.iter().map(|did| format!("\"{did}\"")).collect();
            let _ = writeln!(out, "    dids {}", dids.join(" "));
        }
        out.push_str("}\n");
        out
    }
}

/// The text with a tenant's ceiling taken out (`/-` before it); none where it has none.
pub fn take_ceiling_out(text: &str, tenant: &str) -> Option<String> {
    let lines = Lines::new(Arc::from("_node.kdl"), Arc::from(text));
    let parsed = parse(&lines);
    let is_own = |node: &&crate::file::Node| {
        node.name == "ceiling"
            && node.arguments.first().is_some_and(|value| {
                matches!(&value.kind, crate::file::tree::ValueKind::Text(name) if **name == *tenant)
            })
    };
    let node = parsed.nodes.iter().find(is_own)?;
    let (before, after) = text.split_at_checked(node.head.at)?;
    Some(format!("{before}/-{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load_node;

    const TEXT: &str = "// the machine\nlimits calls=10 // small\n\n// acme pays for 5\nceiling acme {\n    calls-max 5 // {\n}\nceiling zeta { trunks 1 }\n";

    #[test]
    fn a_ceiling_is_appended_and_taken_out_and_comments_stay() {
        let wish = CeilingText {
            tenant: "demo".into(),
            calls_max: 7,
            trunks_max: 2,
            users_max: 3,
            dids: vec!["+442079460300".into(), "+4420794604*".into()],
        };
        let more = wish.append(TEXT);
        assert!(more.starts_with(TEXT.trim_end()), "{more}");
        let settings = load_node("_node.kdl", &more).unwrap().settings;
        let ceiling = settings.ceiling("demo").unwrap();
        assert_eq!((ceiling.calls_max, ceiling.dids.len()), (Some(7), 2));
        assert_eq!(settings.ceilings.len(), 3);

        let less = take_ceiling_out(&more, "acme").unwrap();
        assert!(
            less.contains("// acme pays for 5\n/-ceiling acme {"),
            "{less}"
        );
        let settings = load_node("_node.kdl", &less).unwrap().settings;
        let names: Vec<&str> = settings.ceilings.iter().map(|c| &*c.tenant).collect();
        assert_eq!(names, ["zeta", "demo"]);
        assert_eq!(take_ceiling_out(&less, "acme"), None);
        assert!(load_node("_node.kdl", &wish.append("")).is_ok());
    }
}
