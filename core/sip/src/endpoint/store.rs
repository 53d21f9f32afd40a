//! A slab whose ids carry a generation, so that an id of something gone never names another.
//!
//! Entries are boxed: after a flood the memory goes back to the allocator entry by entry.

use slab::Slab;

pub(crate) struct Store<T> {
    slots: Slab<(u32, Box<T>)>,
    generation: u32,
}

impl<T> Store<T> {
    pub(crate) fn new() -> Self {
        Self {
            slots: Slab::new(),
            generation: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn insert(&mut self, value: T) -> u64 {
        self.generation = self.generation.wrapping_add(1);
        let index = self.slots.insert((self.generation, Box::new(value)));
        (u64::from(self.generation) << 32) | (index as u64 & 0xffff_ffff)
    }

    pub(crate) fn get(&self, id: u64) -> Option<&T> {
        let (generation, value) = self.slots.get(index(id))?;
        (u64::from(*generation) == id >> 32).then_some(value)
    }

    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut T> {
        let (generation, value) = self.slots.get_mut(index(id))?;
        (u64::from(*generation) == id >> 32).then_some(value)
    }

    pub(crate) fn remove(&mut self, id: u64) -> Option<Box<T>> {
        self.get(id)?;
        let (_, value) = self.slots.try_remove(index(id))?;
        if self.slots.is_empty() && self.slots.capacity() > 1024 {
            self.slots = Slab::new();
        }
        Some(value)
    }
}

fn index(id: u64) -> usize {
    (id & 0xffff_ffff) as usize
}
