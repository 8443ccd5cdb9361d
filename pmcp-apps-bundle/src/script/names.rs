//! Names that are declared, and which of the uses of a name mean a declaration of the script.

use std::collections::HashSet;

use super::bytes::unescape;
use crate::by_name::ByName;

/// First byte and end.
type Range = (usize, usize);

/// A range of the text in which declarations hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A name that stands for itself in brackets that may be a pattern.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Where the run of assigned candidates begins of which this is the last one; itself at most. `None` if it is not assigned.
    assigned: Option<usize>,
}

/// An assignment to a name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Write {
    pub(super) start: usize,
    pub(super) end: usize,
    /// It happens in a function, which may run at any time.
    pub(super) later: bool,
}

/// The names of a script.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) scopes: Vec<Scope>,
    /// Declarations: first byte, end, scope.
    declared: Vec<(usize, usize, usize)>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) writes: Vec<Write>,
    /// The parameters of arrow functions, which look like expressions until their `=>`.
    parameters: Vec<Range>,
}

impl Names {
    pub(super) fn new(length: usize) -> Self {
        let whole = Scope { start: 0, end: length.saturating_add(1) };
        let (declared, candidates, writes, parameters) = Default::default();
        Self { scopes: vec![whole], declared, candidates, writes, parameters }
    }

    /// Begins a scope, which ends with the text until it is told otherwise.
    pub(super) fn begin(&mut self, start: usize) -> usize {
        self.scopes.push(Scope { start, end: usize::MAX });
        self.scopes.len() - 1
    }

    pub(super) fn end(&mut self, scope: usize, end: usize) {
        self.scopes[scope].end = end;
    }

    pub(super) fn declare(&mut self, start: usize, end: usize, scope: usize) {
        self.declared.push((start, end, scope));
    }

    pub(super) fn offer(&mut self, start: usize, end: usize) {
        self.candidates.push(Candidate { start, end, assigned: None });
    }

    /// Marks the candidates from `first` on as assigned. Runs that are marked are skipped, so that each is marked once.
    pub(super) fn assign(&mut self, first: usize) {
        let mut at = self.candidates.len();
        while at > first {
            at -= 1;
            match self.candidates[at].assigned {
                Some(start) => at = start,
                None => self.candidates[at].assigned = Some(at),
            }
        }
        if let Some(last) = self.candidates[first..].last_mut() {
            last.assigned = Some(first.min(last.assigned.unwrap_or(first)));
        }
    }

    /// Takes the candidates from `first` on for what they are: uses, and assignments where they are marked or `all` are.
    pub(super) fn settle(&mut self, first: usize, all: bool, later: bool) {
        while self.candidates.len() > first {
            if let Some(candidate) = self.candidates.pop()
                && (all || candidate.assigned.is_some())
            {
                self.writes.push(Write { start: candidate.start, end: candidate.end, later });
            }
        }
    }

    /// Takes the candidates from `first` on for declarations.
    pub(super) fn declare_candidates(&mut self, first: usize, scope: usize) {
        while self.candidates.len() > first {
            if let Some(candidate) = self.candidates.pop() {
                self.declared.push((candidate.start, candidate.end, scope));
            }
        }
    }

    /// What was read from here on are parameters of an arrow function, whose values are computed whenever it is called.
    pub(super) fn take_parameters(&mut self, start: usize, end: usize) {
        self.parameters.push((start, end));
    }

    /// The assignments that may happen at any time, in the order of the text.
    pub(super) fn later_writes(&mut self) -> impl Iterator<Item = Write> + use<> {
        let (writes, mut parameters) = (std::mem::take(&mut self.writes), std::mem::take(&mut self.parameters));
        let mut order: Vec<_> = writes.iter().enumerate().map(|(index, write)| (write.start, index)).collect();
        order.sort_unstable();
        parameters.sort_unstable();
        let mut parameters = parameters.into_iter().peekable();
        let mut end = 0;
        order.into_iter().map(move |(_, index)| writes[index]).filter(move |write| {
            while let Some((_, until)) = parameters.next_if(|(start, _)| *start <= write.start) {
                end = end.max(until);
            }
            write.later || write.start < end
        })
    }

    /// The declarations of these names.
    pub(super) fn of(&self, source: &str, wanted: &HashSet<&str>) -> Declarations {
        // Most names are none of the wanted ones, and their first byte with their length tells.
        let mut filter = [0_u64; 256];
        for name in wanted {
            if let Some(first) = name.as_bytes().first() {
                filter[usize::from(*first)] |= 1 << name.len().min(63);
            }
        }
        let mut found: ByName<Declared> = ByName::default();
        for &(start, end, scope) in &self.declared {
            let first = usize::from(source.as_bytes()[start]);
            let maybe = filter[first] & (1 << (end - start).min(63)) != 0;
            // The shortest escape has five bytes.
            if !maybe && (end - start < 5 || !source.as_bytes()[start..end].contains(&b'\\')) {
                continue;
            }
            let name = unescape(&source[start..end]);
            if wanted.contains(&*name) {
                if !found.has(&name) {
                    found.insert(&name, Declared::default());
                }
                let Scope { start, end } = self.scopes[scope];
                match found.get_mut(&name) {
                    Some(declared) if scope == 0 => declared.by_all = true,
                    Some(declared) => declared.ranges.push((start, end)),
                    None => {}
                }
            }
        }
        found.values_mut().for_each(Declared::order);
        Declarations(found)
    }
}

/// The declarations of some names.
#[derive(Debug)]
pub(super) struct Declarations(ByName<Declared>);

/// The declarations of a name.
#[derive(Debug, Default)]
struct Declared {
    /// The whole text sees one.
    by_all: bool,
    /// The starts of scopes in order, each with the furthest end of those before and itself.
    ranges: Vec<Range>,
}

impl Declared {
    fn order(&mut self) {
        self.ranges.sort_unstable();
        let mut end = 0;
        for range in &mut self.ranges {
            end = end.max(range.1);
            range.1 = end;
        }
    }
}

impl Declarations {
    /// Tells whether the name means a declaration of the script, at this place.
    pub(super) fn declare(&self, name: &str, at: usize) -> bool {
        self.0.get(name).is_some_and(|declared| declared.by_all) || self.shadow(name, at)
    }

    /// Tells whether the name means something else here than it does in the whole text.
    pub(super) fn shadow(&self, name: &str, at: usize) -> bool {
        let Some(Declared { ranges, .. }) = self.0.get(name) else { return false };
        let before = ranges.partition_point(|(start, _)| *start <= at);
        before > 0 && ranges[before - 1].1 > at
    }
}
