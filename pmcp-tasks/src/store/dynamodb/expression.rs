//! Conditions and updates as the service takes them, with every name behind a placeholder: many plain ones are reserved.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;

use super::item;

/// A condition and the changes made under it. `#name` stands for the attribute of that name unless it was given another.
#[derive(Clone, Debug, Default)]
pub(super) struct Expression {
    conditions: Vec<String>,
    set: Vec<String>,
    add: Vec<String>,
    remove: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Expression {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Adds a condition to those that have to hold.
    #[must_use]
    pub(super) fn when(mut self, condition: impl Into<String>) -> Self {
        self.conditions.push(condition.into());
        self
    }

    #[must_use]
    pub(super) fn set(mut self, change: impl Into<String>) -> Self {
        self.set.push(change.into());
        self
    }

    #[must_use]
    pub(super) fn add(mut self, change: impl Into<String>) -> Self {
        self.add.push(change.into());
        self
    }

    #[must_use]
    pub(super) fn remove(mut self, path: impl Into<String>) -> Self {
        self.remove.push(path.into());
        self
    }

    /// Gives a placeholder its name where it is another one.
    #[must_use]
    pub(super) fn name(mut self, placeholder: impl Into<String>, name: impl Into<String>) -> Self {
        self.names.insert(placeholder.into(), name.into());
        self
    }

    #[must_use]
    pub(super) fn value(mut self, placeholder: impl Into<String>, value: AttributeValue) -> Self {
        self.values.insert(placeholder.into(), value);
        self
    }

    #[must_use]
    pub(super) fn number(self, placeholder: impl Into<String>, number: impl Into<i128>) -> Self {
        self.value(placeholder, item::number(number))
    }

    #[must_use]
    pub(super) fn text(self, placeholder: impl Into<String>, text: impl Into<String>) -> Self {
        self.value(placeholder, AttributeValue::S(text.into()))
    }

    #[must_use]
    pub(super) fn bytes(self, placeholder: impl Into<String>, bytes: &Bytes) -> Self {
        self.value(placeholder, item::bytes(bytes))
    }

    pub(super) fn condition(&self) -> Option<String> {
        (!self.conditions.is_empty()).then(|| self.conditions.join(" AND "))
    }

    pub(super) fn update(&self) -> String {
        let clauses = [("SET", &self.set), ("ADD", &self.add), ("REMOVE", &self.remove)];
        let clauses = clauses.into_iter().filter(|(_, changes)| !changes.is_empty());
        clauses.map(|(clause, changes)| format!("{clause} {}", changes.join(", "))).collect::<Vec<_>>().join(" ")
    }

    /// The placeholders that are used: the service refuses others.
    pub(super) fn names(&self) -> Option<HashMap<String, String>> {
        let mut names = HashMap::new();
        for text in [&self.conditions, &self.set, &self.add, &self.remove].into_iter().flatten() {
            for used in text.split('#').skip(1) {
                let end = used.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(used.len());
                let placeholder = format!("#{}", &used[..end]);
                let name = self.names.get(&placeholder).cloned().unwrap_or_else(|| used[..end].to_owned());
                names.insert(placeholder, name);
            }
        }
        (!names.is_empty()).then_some(names)
    }

    pub(super) fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_are_put_together_and_names_found() {
        let expression = Expression::new()
            .when("attribute_exists(#pk)")
            .when("(#a > :a OR #b = :b)")
            .set("#v.#f0 = :a")
            .set("#ver = #ver + :one")
            .add("#n :one")
            .remove("#x")
            .name("#f0", "a.b #c");
        assert_eq!(expression.condition().unwrap(), "attribute_exists(#pk) AND (#a > :a OR #b = :b)");
        assert_eq!(expression.update(), "SET #v.#f0 = :a, #ver = #ver + :one ADD #n :one REMOVE #x");
        let names = expression.names().unwrap();
        assert_eq!((names.len(), names["#f0"].as_str(), names["#ver"].as_str()), (8, "a.b #c", "ver"));
    }
}
