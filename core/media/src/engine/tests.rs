//! Stories of the engine in virtual time.
