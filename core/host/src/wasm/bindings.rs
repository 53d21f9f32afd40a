//! The contract of `sdk/wit` as wasmtime sees it, generated when the crate is built.
//!
//! A call script imports most, so its bindings are generated whole and the other worlds borrow its
//! interfaces. The generated lines hold `unsafe` (they say how records lie in a guest's memory).
#![allow(unsafe_code, missing_docs, clippy::all)]

/// World `call-script`, and every interface that any world imports.
pub mod script {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/module.wit",
        world: "call-script",
        imports: {
            "cordboard:module/config": trappable,
            default: async | trappable,
        },
        exports: { default: async },
        with: { "cordboard:module/calls.call": crate::wasm::hosts::Call },
        additional_derives: [PartialEq],
    });
}

/// World `router`.
pub mod router {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/module.wit",
        world: "router",
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "cordboard:module/types": crate::wasm::bindings::script::cordboard::module::types,
            "cordboard:module/log": crate::wasm::bindings::script::cordboard::module::log,
            "cordboard:module/config": crate::wasm::bindings::script::cordboard::module::config,
        },
        additional_derives: [PartialEq],
    });
}

/// World `connector`.
pub mod connector {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/module.wit",
        world: "connector",
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "cordboard:module/types": crate::wasm::bindings::script::cordboard::module::types,
            "cordboard:module/log": crate::wasm::bindings::script::cordboard::module::log,
            "cordboard:module/config": crate::wasm::bindings::script::cordboard::module::config,
            "cordboard:module/clock": crate::wasm::bindings::script::cordboard::module::clock,
            "cordboard:module/chance": crate::wasm::bindings::script::cordboard::module::chance,
            "cordboard:module/store": crate::wasm::bindings::script::cordboard::module::store,
            "cordboard:module/http": crate::wasm::bindings::script::cordboard::module::http,
            "cordboard:module/events": crate::wasm::bindings::script::cordboard::module::events,
        },
        additional_derives: [PartialEq],
    });
}

/// World `service`.
pub mod service {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/module.wit",
        world: "service",
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "cordboard:module/types": crate::wasm::bindings::script::cordboard::module::types,
            "cordboard:module/operations": crate::wasm::bindings::script::cordboard::module::operations,
            "cordboard:module/log": crate::wasm::bindings::script::cordboard::module::log,
            "cordboard:module/config": crate::wasm::bindings::script::cordboard::module::config,
        },
        additional_derives: [PartialEq],
    });
}

/// World `reporter`.
pub mod reporter {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/module.wit",
        world: "reporter",
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "cordboard:module/types": crate::wasm::bindings::script::cordboard::module::types,
            "cordboard:module/log": crate::wasm::bindings::script::cordboard::module::log,
            "cordboard:module/config": crate::wasm::bindings::script::cordboard::module::config,
        },
        additional_derives: [PartialEq],
    });
}
