//! Ordered maps and sets as sorted lists: the same order always, in little code.
//!
//! A tree of the standard library costs eight kilobytes of WASM for each type that it holds, which
//! a module's load would feel; a sorted list costs one. Finding is a binary search; inserting moves
//! what stands behind, some microseconds where thousands are kept, so large values are boxed.

use std::borrow::Borrow;

/// A map in the order of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map<K, V> {
    list: Vec<(K, V)>,
}

/// A set in its order.
pub type Set<K> = Map<K, ()>;

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self { list: Vec::new() }
    }
}

impl<K: Ord, V> Map<K, V> {
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.list
            .binary_search_by(|(known, _)| known.borrow().cmp(key))
    }

    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let at = self.find(key).ok()?;
        self.list.get(at).map(|(_, value)| value)
    }

    /// The value of a key, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let at = self.find(key).ok()?;
        self.list.get_mut(at).map(|(_, value)| value)
    }

    /// Puts a value there; gives the old one.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(at) => {
                let (_, old) = self.list.get_mut(at)?;
                Some(std::mem::replace(old, value))
            }
            Err(at) => {
                self.list.insert(at, (key, value));
                None
            }
        }
    }

    /// Takes a value away.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let at = self.find(key).ok()?;
        Some(self.list.remove(at).1)
    }

    /// There is such a key.
    pub fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// How many come before a key, were it there.
    pub fn rank(&self, key: &K) -> usize {
        self.find(key).unwrap_or_else(|at| at)
    }

    /// Takes the smallest key and its value away.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        match self.list.is_empty() {
            true => None,
            false => Some(self.list.remove(0)),
        }
    }

    /// Takes away everything before a key.
    pub fn drop_before(&mut self, key: &K) {
        let place = self.rank(key);
        self.list.drain(..place);
    }

    /// Keys and values in order, from a key on.
    pub fn from(&self, key: &K) -> &[(K, V)] {
        self.list.get(self.rank(key)..).unwrap_or_default()
    }

    /// The smallest key.
    pub fn first(&self) -> Option<&K> {
        self.list.first().map(|(key, _)| key)
    }

    /// The key at a place of the order.
    pub fn at(&self, place: usize) -> Option<&K> {
        self.list.get(place).map(|(key, _)| key)
    }

    /// Keys and values in order.
    pub fn iter(&self) -> std::slice::Iter<'_, (K, V)> {
        self.list.iter()
    }

    /// Keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.list.iter().map(|(key, _)| key)
    }

    /// Values in order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.list.iter().map(|(_, value)| value)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// None.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl<K: Ord, V: Default> Map<K, V> {
    /// The value of a text's key, made where there is none.
    pub fn entry(&mut self, key: &str) -> &mut V
    where
        K: Borrow<str> + for<'k> From<&'k str>,
    {
        let found = self.find(key);
        self.made(found, || K::from(key))
    }

    /// The value of a key, made where there is none.
    pub fn or_default(&mut self, key: K) -> &mut V {
        let found = self.find(&key);
        self.made(found, || key)
    }

    fn made(&mut self, found: Result<usize, usize>, key: impl FnOnce() -> K) -> &mut V {
        let at = match found {
            Ok(at) => at,
            Err(at) => {
                self.list.insert(at, (key(), V::default()));
                at
            }
        };
        // `at` was found or made just now.
        &mut self.list[at].1
    }
}

impl<K: Ord> Set<K> {
    /// Adds one; true when it was not there.
    pub fn add(&mut self, key: K) -> bool {
        self.insert(key, ()).is_none()
    }
}

/// Of two values with one key the later one stays.
impl<K: Ord, V> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(members: I) -> Self {
        let mut map = Self::default();
        for (key, value) in members {
            map.insert(key, value);
        }
        map
    }
}

impl<'a, K, V> IntoIterator for &'a Map<K, V> {
    type Item = &'a (K, V);
    type IntoIter = std::slice::Iter<'a, (K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl<K, V> IntoIterator for Map<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{Map, Set};
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn it_does_what_a_tree_does() {
        let (mut map, mut tree) = (Map::default(), BTreeMap::new());
        let (mut set, mut known) = (Set::default(), BTreeSet::new());
        let mut chance = 1_u64;
        for _ in 0..5_000 {
            chance = chance
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let (key, what) = ((chance >> 40) % 60, (chance >> 33) % 64);
            match what {
                0 => assert_eq!(map.pop_first(), tree.pop_first()),
                1 => {
                    map.drop_before(&(key / 8));
                    tree = tree.split_off(&(key / 8));
                }
                2..30 => {
                    assert_eq!(map.insert(key, chance), tree.insert(key, chance));
                    assert_eq!(set.add(key), known.insert(key));
                }
                30..44 => {
                    assert_eq!(map.remove(&key), tree.remove(&key));
                    assert_eq!(set.remove(&key).is_some(), known.remove(&key));
                }
                _ => {
                    assert_eq!(map.get(&key), tree.get(&key));
                    let from = map.from(&key).iter().map(|(key, value)| (key, value));
                    assert!(from.eq(tree.range(key..)));
                    assert_eq!(map.or_default(key), tree.entry(key).or_default());
                    assert_eq!(set.contains(&key), known.contains(&key));
                    assert_eq!(set.rank(&key), known.range(..key).count());
                }
            }
            assert!(map.keys().eq(tree.keys()) && map.values().eq(tree.values()));
            assert_eq!(set.first(), known.first());
            assert_eq!((set.len(), set.is_empty()), (known.len(), known.is_empty()));
        }
    }
}
