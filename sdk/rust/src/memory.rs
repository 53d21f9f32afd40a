//! Memory of a guest: blocks of fixed sizes, four to a doubling, each size with a list of free ones.
//!
//! The standard library's way costs eight kilobytes of every module; this one costs one. A block
//! that is given back serves the next one of its size, in two steps either way; blocks are never
//! joined, so a module holds at most what each size needed at its peak. The last block grows in
//! place, which is what a list that is being filled wants. Memory begins behind the module's own
//! data and comes from the host in pages. One thread, so no locks.
#![allow(unsafe_code)]
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]

/// Blocks begin at multiples of it; more is given too, and not taken back.
const ALIGN: usize = 16;
/// Sizes up to here go by 16.
const SMALL_MAX: usize = 64;
/// No block is larger.
const SIZE_MAX: usize = 1 << 30;
/// 16 bytes to a gibibyte.
const SIZES: usize = 4 + 4 * 24;

/// Number and size of the blocks that serve so many bytes; none where they are too many.
fn block(bytes: usize) -> Option<(usize, usize)> {
    if bytes <= SMALL_MAX {
        let number = bytes.max(1).div_ceil(ALIGN) - 1;
        return Some((number, (number + 1) * ALIGN));
    }
    if bytes > SIZE_MAX {
        return None;
    }
    let doubling = (bytes - 1).ilog2() as usize;
    let quarter = 1 << (doubling - 2);
    let quarters = ((bytes - 1) >> (doubling - 2)) & 3;
    let number = 4 + (doubling - 6) * 4 + quarters;
    Some((number, (1 << doubling) + (quarters + 1) * quarter))
}

#[cfg(target_arch = "wasm32")]
mod guest {
    use std::alloc::{GlobalAlloc, Layout};
    use std::cell::UnsafeCell;
    use std::ptr::null_mut;

    use super::{ALIGN, SIZES, block};

    const PAGE: usize = 65_536;

    struct Memory(UnsafeCell<Inside>);

    struct Inside {
        /// The first free block of each size; it holds the address of the next.
        free: [*mut u8; SIZES],
        /// From here to `end` nothing was given yet.
        next: usize,
        end: usize,
    }

    // SAFETY: a guest has one thread.
    unsafe impl Sync for Memory {}

    #[global_allocator]
    static MEMORY: Memory = Memory(UnsafeCell::new(Inside {
        free: [null_mut(); SIZES],
        next: 0,
        end: 0,
    }));

    unsafe extern "C" {
        /// Set by the linker: the module's own data ends here.
        static __heap_base: u8;
    }

    impl Inside {
        fn carve(&mut self, size: usize, align: usize) -> *mut u8 {
            if self.end == 0 {
                self.next = (&raw const __heap_base) as usize;
                self.end = core::arch::wasm32::memory_size::<0>() * PAGE;
            }
            let begin = self.next.next_multiple_of(align);
            if !self.reach(begin.saturating_add(size)) {
                return null_mut();
            }
            self.next = begin + size;
            begin as *mut u8
        }

        /// Memory up to there, from the host where it is missing.
        fn reach(&mut self, end: usize) -> bool {
            if end <= self.end {
                return true;
            }
            let pages = (end - self.end).div_ceil(PAGE);
            if core::arch::wasm32::memory_grow::<0>(pages) == usize::MAX {
                return false;
            }
            self.end += pages * PAGE;
            true
        }
    }

    // SAFETY: a block is given to one owner until it is given back, is as long and as aligned as
    // asked, and nobody else grows the memory.
    unsafe impl GlobalAlloc for Memory {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: one thread, and nothing here calls back.
            let inside = unsafe { &mut *self.0.get() };
            let Some((number, size)) = block(layout.size()) else {
                return null_mut();
            };
            if layout.align() > ALIGN {
                return inside.carve(size, layout.align());
            }
            match inside.free.get_mut(number) {
                Some(first) if !first.is_null() => {
                    let given = *first;
                    // SAFETY: a free block holds the address of the next.
                    *first = unsafe { given.cast::<*mut u8>().read() };
                    given
                }
                _ => inside.carve(size, ALIGN),
            }
        }

        unsafe fn dealloc(&self, given: *mut u8, layout: Layout) {
            // SAFETY: as in `alloc`.
            let inside = unsafe { &mut *self.0.get() };
            let Some((number, _)) = block(layout.size()) else {
                return;
            };
            if let (Some(first), true) = (inside.free.get_mut(number), layout.align() <= ALIGN) {
                // SAFETY: the block is ours again, and at least 16 bytes long.
                unsafe { given.cast::<*mut u8>().write(*first) };
                *first = given;
            }
        }

        unsafe fn realloc(&self, given: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
            let (Some((old, size)), Some((new, wanted))) = (block(layout.size()), block(bytes))
            else {
                return null_mut();
            };
            if old == new && layout.align() <= ALIGN {
                return given;
            }
            // SAFETY: as in `alloc`.
            let inside = unsafe { &mut *self.0.get() };
            let is_last = given as usize + size == inside.next;
            if is_last && wanted > size && inside.reach(given as usize + wanted) {
                inside.next = given as usize + wanted;
                return given;
            }
            // SAFETY: the caller's size and alignment are a layout's.
            unsafe {
                let fresh = self.alloc(Layout::from_size_align_unchecked(bytes, layout.align()));
                if !fresh.is_null() {
                    fresh.copy_from_nonoverlapping(given, layout.size().min(bytes));
                    self.dealloc(given, layout);
                }
                fresh
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_long_enough_and_wastes_a_quarter_at_most() {
        for bytes in (0..70_000).chain((16..30).flat_map(|b| (1 << b) - 1..=(1 << b) + 1)) {
            let (number, size) = block(bytes).unwrap();
            assert!(size >= bytes && number < SIZES, "{bytes}: {number}, {size}");
            assert!(size <= bytes + ALIGN.max(bytes / 4), "{bytes}: {size}");
            assert_eq!(block(size), Some((number, size)));
            assert!(size.is_multiple_of(ALIGN));
        }
        assert_eq!(block(SIZE_MAX), Some((SIZES - 1, SIZE_MAX)));
        assert_eq!(block(SIZE_MAX + 1), None);
    }
}
