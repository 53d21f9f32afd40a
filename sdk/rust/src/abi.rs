//! What the generated bindings call: memory for what crosses the border, and nothing else.
//!
//! One thread, so no locks. The border's rules are the canonical ABI of the component model.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};

/// A block of an argument list, freed when the host function is back.
pub struct Cleanup {
    block: *mut u8,
    layout: Layout,
}

impl Cleanup {
    /// A block of that shape; a null pointer and nothing to free where it has no size.
    pub fn new(layout: Layout) -> (*mut u8, Option<Self>) {
        if layout.size() == 0 {
            return (std::ptr::null_mut(), None);
        }
        // SAFETY: the layout has a size.
        let block = unsafe { alloc(layout) };
        if block.is_null() {
            handle_alloc_error(layout);
        }
        (block, Some(Self { block, layout }))
    }

    /// Leaves the block to whoever got it.
    pub fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        // SAFETY: made by `new` with this layout, and freed here only.
        unsafe { dealloc(self.block, self.layout) }
    }
}

/// Memory that the host fills: `cabi_realloc` of the canonical ABI.
///
/// # Safety
/// `old` is null with `old_len` 0, or a block of `old_len` bytes and `align` that was given here.
pub unsafe fn grow(old: *mut u8, old_len: usize, align: usize, new_len: usize) -> *mut u8 {
    if old_len == 0 && new_len == 0 {
        return std::ptr::without_provenance_mut(align);
    }
    // SAFETY: `align` is a power of two by the canonical ABI, and sizes are within the memory.
    let block = unsafe {
        match old_len {
            0 => alloc(Layout::from_size_align_unchecked(new_len, align)),
            _ => realloc(
                old,
                Layout::from_size_align_unchecked(old_len, align),
                new_len,
            ),
        }
    };
    if block.is_null() {
        std::process::abort();
    }
    block
}

/// Runs what the linker collected to be run before anything else, once.
#[cfg(target_arch = "wasm32")]
pub fn run_ctors_once() {
    use std::sync::atomic::{AtomicBool, Ordering};
    static RUN: AtomicBool = AtomicBool::new(false);
    if !RUN.swap(true, Ordering::Relaxed) {
        unsafe extern "C" {
            fn __wasm_call_ctors();
        }
        // SAFETY: made by the linker; calling it here keeps it from wrapping every export.
        unsafe { __wasm_call_ctors() }
    }
}
