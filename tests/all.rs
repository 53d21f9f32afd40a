//! Every test that looks at the product from outside: style rules, and stories with the built
//! binary and programs that other people wrote.
//!
//! `CORDBOARD_TESTS=fast` leaves the other programs out; otherwise a missing one is a failure.

mod interop;
mod reload;
mod tidy;
