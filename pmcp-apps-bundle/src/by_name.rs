//! Values by name, in the order of the names.

use std::collections::BTreeMap;

/// Values by name. The tree has places, so that it is compiled once for all kinds of values: whoever builds a server with widgets
/// waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ByName<T> {
    places: BTreeMap<String, usize>,
    values: Vec<T>,
}

impl<T> Default for ByName<T> {
    fn default() -> Self {
        Self { places: BTreeMap::new(), values: Vec::new() }
    }
}

impl<T> ByName<T> {
    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        self.values.get(*self.places.get(name)?)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.values.get_mut(*self.places.get(name)?)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// Sets the value of a name; tells whether the name is new.
    pub(crate) fn insert(&mut self, name: &str, value: T) -> bool {
        if let Some(known) = self.get_mut(name) {
            *known = value;
            return false;
        }
        self.places.insert(name.to_owned(), self.values.len());
        self.values.push(value);
        true
    }

    /// The values, in no order.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.values.iter_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.places.keys().map(String::as_str)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.places.iter().filter_map(|(name, place)| Some((name.as_str(), self.values.get(*place)?)))
    }
}
