//! The gate: who may use what of a server.
//!
//! Everything that is offered passes one rule wherever it is asked for: in lists, in calls, from inside other calls, in steps of
//! workflows, and where a task of it is looked at. What a caller may not use it is not told of, and answers as what there is not.

use std::{fmt, sync::Arc};

use crate::call::Caller;

/// Something that a server offers, as a rule of [`authorize`](crate::router::TaskRouterBuilder::authorize) sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// The kind of thing that it is.
    pub kind: TargetKind,
    /// Its name; of a resource its URI, of a template the template itself, as it was registered.
    pub name: &'a str,
    /// The scopes that it needs, all of them: the gate looks for them by itself.
    pub scopes: &'a [String],
}

/// Kinds of things that a server offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TargetKind {
    /// A tool.
    Tool,
    /// A workflow: its prompt, its tool and its runs. The tools that its steps call need their own scopes.
    Workflow,
    /// A prompt.
    Prompt,
    /// A resource. One that fits a template passes as that, too, and in each spelling of it: as it came, without any percent-encoding
    /// that it could do without, and as RFC 6570 encodes it.
    Resource,
    /// A template of resources. Each of them needs its scopes.
    ResourceTemplate,
}

impl<'a> Target<'a> {
    pub(crate) fn new(kind: TargetKind, name: &'a str, scopes: &'a [String]) -> Self {
        Self { kind, name, scopes }
    }
}

/// A rule of the server's author.
type Rule = Arc<dyn Fn(&Caller, &Target<'_>) -> bool + Send + Sync>;

/// The gate of a server. The default has no rule but the scopes of what is offered.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    pub(crate) rule: Option<Rule>,
    /// Set if things are listed to those who only lack their scopes.
    pub(crate) lists_for_step_up: bool,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("has_rule", &self.rule.is_some()).finish_non_exhaustive()
    }
}

impl Gate {
    /// Tells whether the caller may use it.
    pub(crate) fn permits(&self, caller: &Caller, target: &Target<'_>) -> bool {
        target.scopes.iter().all(|scope| caller.has_scope(scope)) && self.allows(caller, target)
    }

    /// Tells whether the caller is told of it.
    pub(crate) fn shows(&self, caller: &Caller, target: &Target<'_>) -> bool {
        self.permits(caller, target) || self.lists_for_step_up && self.allows(caller, target)
    }

    /// The scopes of it, if the caller may not use it now, but could with them.
    pub(crate) fn lacking<'a>(&self, caller: &Caller, target: &Target<'a>) -> Option<&'a [String]> {
        let is_lacking = self.lists_for_step_up && !self.permits(caller, target) && self.allows(caller, target);
        is_lacking.then_some(target.scopes)
    }

    fn allows(&self, caller: &Caller, target: &Target<'_>) -> bool {
        self.rule.as_ref().is_none_or(|rule| rule(caller, target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        owner::{Owner, OwnerKind},
        security::Principal,
    };

    fn caller(scopes: &[&str]) -> Caller {
        let principal = Principal::subject("ann").with_scopes(scopes.iter().copied());
        Caller::Known { owner: principal.owner().unwrap(), principal: Some(principal), may_list: true }
    }

    #[test]
    fn whatever_needs_scopes_is_for_who_has_all_of_them() {
        let (all, none) = (["a".to_owned(), "b".to_owned()], []);
        let gate = Gate::default();
        let each = |scopes| {
            [
                Target::new(TargetKind::Tool, "t", scopes),
                Target::new(TargetKind::Workflow, "t", scopes),
                Target::new(TargetKind::Prompt, "t", scopes),
                Target::new(TargetKind::Resource, "t:", scopes),
                Target::new(TargetKind::ResourceTemplate, "t:{x}", scopes),
            ]
        };
        for (it, open) in each(&all).into_iter().zip(each(&none)) {
            assert!(gate.permits(&caller(&["a", "b", "c"]), &it) && gate.permits(&caller(&[]), &open));
            for few in [&["a"][..], &["ab"], &[]] {
                assert!(!gate.permits(&caller(few), &it) && !gate.shows(&caller(few), &it));
            }
            // Scopes bound tokens: whoever sits at the machine has none, and everybody else without one has nothing.
            assert!(gate.permits(&Caller::local(), &it));
            assert!(!gate.permits(&Caller::Unknown { reason: "" }, &it));
            let anonymous = Owner::new(OwnerKind::Anonymous, "", "");
            assert!(!gate.permits(&Caller::Known { owner: anonymous, principal: None, may_list: false }, &it));
        }
    }

    #[test]
    fn a_rule_comes_beside_the_scopes_and_no_step_up_passes_it() {
        let scopes = ["a".to_owned()];
        let tool = |name| Target::new(TargetKind::Tool, name, &scopes);
        let rule: Rule = Arc::new(|_: &Caller, target: &Target<'_>| target.name != "secret");
        let gate = Gate { rule: Some(rule), lists_for_step_up: true };
        assert!(!gate.permits(&caller(&["a"]), &tool("secret")) && gate.permits(&caller(&["a"]), &tool("t")));
        assert!(gate.shows(&caller(&[]), &tool("t")) && gate.lacking(&caller(&[]), &tool("t")) == Some(&scopes));
        assert!(!gate.shows(&caller(&[]), &tool("secret")) && gate.lacking(&caller(&[]), &tool("secret")).is_none());
        assert!(gate.lacking(&caller(&["a"]), &tool("t")).is_none());
        assert!(!gate.permits(&Caller::local(), &Target::new(TargetKind::Resource, "secret", &[])));
    }
}
