//! All rules.

use super::{
    document, publish,
    rule::{Finding, Findings, Rule},
    seen::Seen,
    server, views,
};

/// The rules, by group.
pub(crate) static RULES: [&[Rule]; 4] = [&server::RULES, &document::RULES, &publish::RULES, &views::RULES];

/// Every rule, in the order in which they are told.
pub(crate) fn all() -> impl Iterator<Item = &'static Rule> + Clone {
    RULES.iter().copied().flatten()
}

/// The rule of this name.
pub(crate) fn named(name: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.name == name)
}

/// Finds everything that breaks a rule, but for those that are allowed to be broken.
pub(super) fn check(seen: &Seen, allowed: &[&'static Rule]) -> Vec<Finding> {
    let mut found = Vec::new();
    for rule in all().filter(|rule| allowed.iter().all(|allowed| allowed.name != rule.name)) {
        (rule.check)(seen, &mut Findings::of(rule, &mut found));
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::check::rule::Group;

    #[test]
    fn each_rule_has_a_name_of_its_own_and_a_reason_in_one_line() {
        let mut names = BTreeSet::new();
        for rule in all() {
            assert!(names.insert(rule.name), "{} is there twice", rule.name);
            assert!(rule.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", rule.name);
            assert!(!rule.reason.is_empty() && !rule.reason.contains('\n') && rule.reason.len() < 75, "{}", rule.name);
        }
        for (rules, group) in RULES.iter().zip(Group::ALL) {
            assert!(rules.iter().all(|rule| rule.group == group));
        }
    }
}
