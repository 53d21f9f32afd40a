//! Stories on the simulated network: the whole node in virtual time with scripted phones
//! (`support/sim`), and the drivers of the fuzz targets. No sockets, no waiting.

mod flows;
#[path = "fuzz/stories.rs"]
mod fuzz;
mod sim;
