//! The WASM host against guests that are written as core modules in text: good ones and hostile
//! ones. `fixtures` makes components of them, so no toolchain and no network is needed.

mod calls;
mod escapes;
mod fairness;
mod fixtures;
mod loading;
mod many;
mod stateful;
