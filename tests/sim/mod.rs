//! One seed drives a whole node: weather, calls, crashes and faults of disk and store all follow
//! from it. What must hold whatever happens is checked at the end of each world.
//!
//! `CORDBOARD_SEED=17 cargo test -p cordboard-tests --test stories seeds` runs one world and
//! shows its wire; `CORDBOARD_SEEDS=1000` runs so many.

mod seeds;
mod world;
