//! Stories of offer and answer.
