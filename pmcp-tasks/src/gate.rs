//! The gate: who may use what of a server.
//!
//! Everything that is offered passes one rule wherever it is asked for: in lists, in calls, from inside other calls, in steps of
//! workflows, and where a task of it is looked at. What a caller may not use it is not told of, and answers as what there is not.

use std::{fmt, sync::Arc};

use crate::call::Caller;

/// Something that a server offers, as a rule of [`authorize`](crate::router::TaskRouterBuilder::authorize) sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target<'a> {
    /// A tool.
    Tool {
        /// Its name.
        name: &'a str,
        /// The scopes that it needs: the gate looks for them by itself.
        scopes: &'a [String],
    },
    /// A workflow: its prompt, its tool and its runs.
    Workflow(&'a str),
    /// A prompt, by its name.
    Prompt(&'a str),
    /// A resource, by its URI. One that fits a template passes as that, too, and in each spelling of it: as it came, without any
    /// percent-encoding that it could do without, and as RFC 6570 encodes it.
    Resource(&'a str),
    /// A template of resources, as it was registered.
    ResourceTemplate(&'a str),
}

impl<'a> Target<'a> {
    /// Its name, URI or template.
    #[must_use]
    pub fn name(&self) -> &'a str {
        match *self {
            Self::Tool { name, .. }
            | Self::Workflow(name)
            | Self::Prompt(name)
            | Self::Resource(name)
            | Self::ResourceTemplate(name) => name,
        }
    }

    fn scopes(&self) -> &'a [String] {
        if let Self::Tool { scopes, .. } = *self { scopes } else { &[] }
    }
}

/// A rule of the server's author.
type Rule = Arc<dyn Fn(&Caller, &Target<'_>) -> bool + Send + Sync>;

/// The gate of a server. The default has no rule but the scopes of tools.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    pub(crate) rule: Option<Rule>,
    /// Set if tools are listed to those who only lack their scopes.
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
        target.scopes().iter().all(|scope| caller.has_scope(scope)) && self.allows(caller, target)
    }

    /// Tells whether the caller is told of it.
    pub(crate) fn shows(&self, caller: &Caller, target: &Target<'_>) -> bool {
        self.permits(caller, target) || self.lists_for_step_up && self.allows(caller, target)
    }

    /// Tells whether the caller may not use it now, but could with more scopes.
    pub(crate) fn lacks_only_scopes(&self, caller: &Caller, target: &Target<'_>) -> bool {
        self.lists_for_step_up && !self.permits(caller, target) && self.allows(caller, target)
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
    fn a_tool_is_for_who_has_all_of_its_scopes() {
        let scopes = ["a".to_owned(), "b".to_owned()];
        let (tool, open) = (Target::Tool { name: "t", scopes: &scopes }, Target::Tool { name: "u", scopes: &[] });
        let gate = Gate::default();
        assert!(gate.permits(&caller(&["a", "b", "c"]), &tool) && gate.permits(&caller(&[]), &open));
        for few in [&["a"][..], &["ab"], &[]] {
            assert!(!gate.permits(&caller(few), &tool) && !gate.shows(&caller(few), &tool));
        }
        // Scopes bound tokens: whoever sits at the machine has none, and everybody else without one has nothing.
        assert!(gate.permits(&Caller::local(), &tool));
        assert!(!gate.permits(&Caller::Unknown { reason: "" }, &tool));
        let anonymous = Owner::new(OwnerKind::Anonymous, "", "");
        assert!(!gate.permits(&Caller::Known { owner: anonymous, principal: None, may_list: false }, &tool));
    }

    #[test]
    fn a_rule_comes_beside_the_scopes_and_no_step_up_passes_it() {
        let scopes = ["a".to_owned()];
        let tool = |name| Target::Tool { name, scopes: &scopes };
        let rule: Rule = Arc::new(|_: &Caller, target: &Target<'_>| target.name() != "secret");
        let gate = Gate { rule: Some(rule), lists_for_step_up: true };
        assert!(!gate.permits(&caller(&["a"]), &tool("secret")) && gate.permits(&caller(&["a"]), &tool("t")));
        assert!(gate.shows(&caller(&[]), &tool("t")) && gate.lacks_only_scopes(&caller(&[]), &tool("t")));
        assert!(!gate.shows(&caller(&[]), &tool("secret")) && !gate.lacks_only_scopes(&caller(&[]), &tool("secret")));
        assert!(!gate.lacks_only_scopes(&caller(&["a"]), &tool("t")));
        assert!(!gate.permits(&Caller::local(), &Target::Resource("secret")));
    }
}
