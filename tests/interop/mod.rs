//! Stories with other people's phones and our built binary: what callers hear, what operators see.

mod calls;
mod register;

/// Dialplan lines of the two users that most stories need.
const USERS: &str = "user alice { display \"Alice\"; caller-id \"+442079460201\" }\nuser bob { caller-id \"+442079460202\" }\n";

/// What users dial most: each other by name or number.
const COLLEAGUES: &str = "
did \"+442079460201\" { ring alice timeout=\"10s\"; }
did \"+442079460202\" { ring bob timeout=\"10s\"; }
outbound colleagues match=user { ring user=\"{dialled}\" timeout=\"10s\"; }
outbound short match=\"20x\" { ring bob timeout=\"10s\"; }
";

/// The two together.
fn two_users() -> String {
    format!("{USERS}{COLLEAGUES}")
}
