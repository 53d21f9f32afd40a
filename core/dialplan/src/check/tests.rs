//! Stories about mistakes.
