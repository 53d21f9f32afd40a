//! The codes of findings. A code never changes its meaning.

pub(crate) const SYNTAX: &str = "DP0001";
// DP0002 a time without quotes, DP0003 a number without quotes, DP0004 `} else`, DP0005 bare
// `true`, DP0006 braces and quotes: `file/scan.rs`.
pub(crate) const UNKNOWN_NODE: &str = "DP0010";
// DP0011 unknown property, DP0012 unknown argument, DP0014 wrong type, DP0016 given twice, DP0017
// block not wanted: `fields.rs`.
pub(crate) const MISSING: &str = "DP0013";
pub(crate) const BAD_VALUE: &str = "DP0015";
pub(crate) const TWICE: &str = "DP0020";
pub(crate) const UNKNOWN_NAME: &str = "DP0021";
pub(crate) const TENANT: &str = "DP0022";
pub(crate) const UNUSED: &str = "DP0023";
pub(crate) const BASE: &str = "DP0024";
pub(crate) const BAD_NUMBER: &str = "DP0030";
pub(crate) const TIE: &str = "DP0031";
pub(crate) const UNREACHABLE_NUMBER: &str = "DP0032";
pub(crate) const OVERLAP: &str = "DP0033";
pub(crate) const TABLE: &str = "DP0034";
// DP0040 template, DP0041 condition, DP0050 unreachable step, DP0052 `else` out of place: `steps.rs`.
pub(crate) const LOOP: &str = "DP0051";
pub(crate) const CALENDAR: &str = "DP0060";
pub(crate) const TEST: &str = "DP0070";
pub(crate) const NODE_FILE: &str = "DP0080";
pub(crate) const CEILING: &str = "DP0081";
pub(crate) const OTHER_TENANT: &str = "DP0082";
pub(crate) const OPEN_TO_ALL: &str = "DP0083";
pub(crate) const MODULE: &str = "DP0090";
pub(crate) const NOT_ASKED: &str = "DP0091";
pub(crate) const NOT_GRANTED: &str = "DP0092";
pub(crate) const MODULE_CEILING: &str = "DP0093";
