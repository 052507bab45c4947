//! What is expensive to make is made again only when its input has changed.

use std::sync::Arc;

/// Shared data that counts as unchanged as long as it is the same allocation. Holding it keeps the
/// address from being reused.
#[derive(Debug)]
pub struct Same<T: ?Sized>(Arc<T>);

impl<T: ?Sized> Same<T> {
    /// For a key of [`Cached`].
    pub fn of(shared: &Arc<T>) -> Self {
        Self(Arc::clone(shared))
    }
}

impl<T: ?Sized> PartialEq for Same<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// The value made last and what it was made from.
#[derive(Debug)]
pub struct Cached<K, V>(Option<(K, V)>);

impl<K, V> Default for Cached<K, V> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K: PartialEq, V: Clone> Cached<K, V> {
    /// The value for `key`; `make` is called when the key differs from that of the last call.
    pub fn get(&mut self, key: K, make: impl FnOnce() -> V) -> V {
        match &self.0 {
            Some((old, value)) if *old == key => value.clone(),
            _ => {
                let value = make();
                self.0 = Some((key, value.clone()));
                value
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_made_once_per_key() {
        let (first, second) = (Arc::new(1), Arc::new(1));
        let mut cached = Cached::default();
        let mut made = 0;
        for shared in [&first, &first, &second, &second, &first] {
            cached.get(Same::of(shared), || made += 1);
        }
        assert_eq!(
            made, 3,
            "equal values in different places are different keys"
        );
    }
}
