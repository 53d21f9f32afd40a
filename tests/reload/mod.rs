//! Reload stories.
