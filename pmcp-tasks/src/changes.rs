//! Lists that change while the server runs: tools, prompts and resources that come, go, or are seen by others than before.
//!
//! Whoever changes a list tells a [`ListChanges`]; each client that is connected and whom it concerns is told once that it may ask for the list
//! again. What has changed in it is not told: only how often, and to whom, is bounded here. A change is one of at most three lists, so
//! that any number of them that a slow client missed is three notifications at most.

use std::{fmt, time::Duration};

use futures_util::future::select_all;
use tokio::{
    sync::broadcast::{
        self, Receiver,
        error::{RecvError, TryRecvError},
    },
    time::{Instant, sleep_until},
};

use crate::owner::{Owner, OwnerKey};

/// The number of changes a client may be behind before it is told that all lists may have changed.
const BACKLOG: usize = 256;

/// The time from a change to its notification, in which further ones join it: who adds ten tools is asked for the list once.
const JOINING: Duration = Duration::from_millis(50);

/// A list that clients ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// `tools/list`.
    Tools,
    /// `prompts/list`.
    Prompts,
    /// `resources/list` and `resources/templates/list`.
    Resources,
}

impl List {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Tools, Self::Prompts, Self::Resources];

    /// The capability that says that it is offered.
    #[must_use]
    pub fn capability(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
        }
    }

    /// The notification that it has changed.
    #[must_use]
    pub fn notification(self) -> &'static str {
        match self {
            Self::Tools => "notifications/tools/list_changed",
            Self::Prompts => "notifications/prompts/list_changed",
            Self::Resources => "notifications/resources/list_changed",
        }
    }
}

/// Some of the lists.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Lists(u8);

impl Lists {
    /// Tells whether this list is one of them.
    #[must_use]
    pub fn contains(self, list: List) -> bool {
        self.0 & Self::from(list).0 != 0
    }

    /// Tells whether it is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that are among the others, too.
    #[must_use]
    pub fn among(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = List> {
        List::ALL.into_iter().filter(move |list| self.contains(*list))
    }

    /// Adds these.
    pub fn add(&mut self, others: Self) {
        self.0 |= others.0;
    }

    /// Leaves this one out.
    pub fn remove(&mut self, list: List) {
        self.0 &= !Self::from(list).0;
    }
}

impl From<List> for Lists {
    fn from(list: List) -> Self {
        Self(1 << list as u8)
    }
}

impl FromIterator<List> for Lists {
    fn from_iter<I: IntoIterator<Item = List>>(lists: I) -> Self {
        lists.into_iter().fold(Self::default(), |lists, list| Self(lists.0 | Self::from(list).0))
    }
}

impl fmt::Debug for Lists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Tells clients that a list has changed. Clone it into whatever changes one, and hand it to the server, which then declares `listChanged` of
/// these lists.
///
/// A client of 2025-11-25 or before hears it on its session's stream, or once it opens one; one of 2026-07-28 on the
/// `subscriptions/listen` that asks for it. Instances of a server that share a store tell each other, within a second or two.
///
/// ```
/// use pmcp_tasks::{TaskRouter, TaskStore, changes::{List, ListChanges}};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let changes = ListChanges::of([List::Tools]);
/// let router = TaskRouter::builder().list_changes(&changes).build(TaskStore::memory())?;
///
/// // When what a rule of `authorize` goes by has changed:
/// changes.changed(List::Tools);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct ListChanges {
    lists: Lists,
    sender: broadcast::Sender<Change>,
}

/// A change of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) list: List,
    /// The owner whose list it is; `None` if it is everybody's.
    pub(crate) owner: Option<OwnerKey>,
    /// Another process told of it.
    pub(crate) is_from_elsewhere: bool,
}

impl Default for ListChanges {
    fn default() -> Self {
        Self::new()
    }
}

impl ListChanges {
    /// Changes of every list that the server offers.
    #[must_use]
    pub fn new() -> Self {
        Self::of(List::ALL)
    }

    /// Changes of these lists: the server declares no others to change.
    #[must_use]
    pub fn of(lists: impl IntoIterator<Item = List>) -> Self {
        Self { lists: lists.into_iter().collect(), sender: broadcast::Sender::new(BACKLOG) }
    }

    /// The lists whose changes are told.
    #[must_use]
    pub fn lists(&self) -> Lists {
        self.lists
    }

    /// This list has changed, for everybody: clients may ask for it again. Of a list that is not one of [`lists`](Self::lists) nothing is
    /// told.
    pub fn changed(&self, list: List) {
        self.tell(Change { list, owner: None, is_from_elsewhere: false });
    }

    /// The same of what this owner sees, as of a caller who was granted something: nobody else is told.
    pub fn changed_for(&self, owner: &Owner, list: List) {
        self.tell(Change { list, owner: Some(owner.key()), is_from_elsewhere: false });
    }

    pub(crate) fn tell(&self, change: Change) {
        if self.lists.contains(change.list) {
            // Without clients there is nobody to tell.
            let _ = self.sender.send(change);
        }
    }

    /// Tells whether both are clones of one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.sender.same_channel(&other.sender)
    }
}

/// Changes as they are told, from a moment on.
#[derive(Debug)]
struct Sources(Vec<(Lists, Receiver<Change>)>);

/// Something that was told.
enum Told {
    Change(Change),
    /// Changes of these lists were told that nobody took in time.
    Missed(Lists),
}

impl Sources {
    fn new(sources: &[ListChanges]) -> Self {
        Self(sources.iter().map(|source| (source.lists, source.sender.subscribe())).collect())
    }

    /// The next thing that any of them tells; `None` when nobody tells anything any more. Nothing is lost if it is dropped.
    async fn next(&mut self) -> Option<Told> {
        while !self.0.is_empty() {
            let (told, at, _) = select_all(self.0.iter_mut().map(|(_, source)| Box::pin(source.recv()))).await;
            match told {
                Ok(change) => return Some(Told::Change(change)),
                Err(RecvError::Lagged(_)) => return Some(Told::Missed(self.0[at].0)),
                Err(RecvError::Closed) => drop(self.0.swap_remove(at)),
            }
        }
        None
    }

    /// Everything that was told already.
    fn waiting(&mut self) -> Vec<Told> {
        let mut all = Vec::new();
        for (lists, source) in &mut self.0 {
            // As many as may wait: whoever changes lists without end keeps nobody here.
            for _ in 0..=BACKLOG {
                match source.try_recv() {
                    Ok(change) => all.push(Told::Change(change)),
                    Err(TryRecvError::Lagged(_)) => all.push(Told::Missed(*lists)),
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                }
            }
        }
        all
    }
}

/// The moment at which changes are told that have begun to join. A wait for it that is dropped is gone on with by the next one, so that who
/// waits for other things besides, however often they come, is told in time.
#[derive(Debug, Default)]
struct Joined(Option<Instant>);

impl Joined {
    async fn all(&mut self) {
        sleep_until(*self.0.get_or_insert_with(|| Instant::now() + JOINING)).await;
        self.0 = None;
    }
}

/// The changes that concern one client, from a moment on.
#[derive(Debug)]
pub struct FollowedLists {
    owner: Option<OwnerKey>,
    sources: Sources,
    changed: Lists,
    joined: Joined,
}

impl FollowedLists {
    /// What these tell a client of this owner from now on.
    pub(crate) fn new(sources: &[ListChanges], owner: Option<&Owner>) -> Self {
        Self {
            owner: owner.map(Owner::key),
            sources: Sources::new(sources),
            changed: Lists::default(),
            joined: Joined::default(),
        }
    }

    /// Those among the `wanted` lists that have changed since the last call, a moment after the first of them did; `None` when nothing can
    /// change any more. Nothing is lost if it is dropped.
    pub async fn next(&mut self, wanted: Lists) -> Option<Lists> {
        loop {
            self.take_waiting();
            if !self.changed.among(wanted).is_empty() {
                self.joined.all().await;
                return Some(self.now(wanted));
            }
            let told = self.sources.next().await?;
            self.take(&told);
        }
    }

    /// Those that have changed since, at once.
    pub fn now(&mut self, wanted: Lists) -> Lists {
        self.take_waiting();
        self.joined = Joined::default();
        std::mem::take(&mut self.changed).among(wanted)
    }

    fn take(&mut self, told: &Told) {
        match told {
            Told::Change(Change { list, owner, .. }) if owner.is_none() || *owner == self.owner => {
                self.changed.add((*list).into());
            }
            Told::Change(_) => {}
            // Which changes were missed is not known.
            Told::Missed(lists) => self.changed.add(*lists),
        }
    }

    fn take_waiting(&mut self) {
        for told in self.sources.waiting() {
            self.take(&told);
        }
    }
}

/// The changes that are told in this process, for who passes them on.
#[derive(Debug)]
pub(crate) struct ToldHere {
    sources: Sources,
    changed: Vec<(List, Option<OwnerKey>)>,
    joined: Joined,
}

impl ToldHere {
    pub(crate) fn new(sources: &[ListChanges]) -> Self {
        Self { sources: Sources::new(sources), changed: Vec::new(), joined: Joined::default() }
    }

    /// The next ones, each once, a moment after the first; of those that were missed each list for everybody. Empty when there will be none.
    /// Nothing is lost if it is dropped.
    pub(crate) async fn next(&mut self) -> Vec<(List, Option<OwnerKey>)> {
        loop {
            self.take_waiting();
            if !self.changed.is_empty() {
                self.joined.all().await;
                self.take_waiting();
                return std::mem::take(&mut self.changed);
            }
            match self.sources.next().await {
                Some(told) => self.take(&told),
                None => return Vec::new(),
            }
        }
    }

    fn take(&mut self, told: &Told) {
        match *told {
            Told::Change(Change { is_from_elsewhere: true, .. }) => {}
            Told::Change(Change { list, owner, .. }) => self.add(list, owner),
            Told::Missed(lists) => lists.iter().for_each(|list| self.add(list, None)),
        }
    }

    fn add(&mut self, list: List, owner: Option<OwnerKey>) {
        if !self.changed.contains(&(list, owner)) {
            self.changed.push((list, owner));
        }
    }

    fn take_waiting(&mut self) {
        for told in self.sources.waiting() {
            self.take(&told);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::owner::OwnerKind;

    fn of(lists: &[List]) -> Lists {
        lists.iter().copied().collect()
    }

    #[tokio::test(start_paused = true)]
    async fn changes_that_come_together_are_told_once_to_whom_they_concern() {
        let (changes, ann) = (ListChanges::new(), Owner::new(OwnerKind::Subject, "", "ann"));
        let follow = |owner: &Owner| FollowedLists::new(std::slice::from_ref(&changes), Some(owner));
        let (mut anns, mut locals) = (follow(&ann), follow(&Owner::local()));
        let all = of(&List::ALL);
        for _ in 0..10 {
            changes.changed(List::Tools);
        }
        changes.changed_for(&ann, List::Prompts);
        assert_eq!(anns.next(all).await, Some(of(&[List::Tools, List::Prompts])));
        assert_eq!(locals.next(all).await, Some(of(&[List::Tools])));
        assert!(anns.now(all).is_empty() && locals.now(all).is_empty());
        // Of what is not wanted nothing is told.
        changes.changed(List::Tools);
        changes.changed(List::Resources);
        assert_eq!(anns.next(of(&[List::Resources])).await, Some(of(&[List::Resources])));
    }

    #[tokio::test(start_paused = true)]
    async fn who_fell_behind_is_told_of_every_list_that_may_have_changed() {
        let changes = ListChanges::of([List::Tools, List::Prompts]);
        let mut followed = FollowedLists::new(std::slice::from_ref(&changes), None);
        changes.changed(List::Resources);
        assert!(followed.now(of(&List::ALL)).is_empty());
        for _ in 0..=BACKLOG {
            changes.changed_for(&Owner::local(), List::Tools);
        }
        assert_eq!(followed.next(of(&List::ALL)).await, Some(of(&[List::Tools, List::Prompts])));
        drop(changes);
        assert_eq!(followed.next(of(&List::ALL)).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_passed_on_is_of_this_process_and_each_once() {
        let (changes, owner) = (ListChanges::new(), Owner::local());
        let mut told = ToldHere::new(std::slice::from_ref(&changes));
        changes.tell(Change { list: List::Prompts, owner: None, is_from_elsewhere: true });
        for _ in 0..3 {
            changes.changed(List::Tools);
            changes.changed_for(&owner, List::Tools);
        }
        assert_eq!(told.next().await, [(List::Tools, None), (List::Tools, Some(owner.key()))]);
        drop(changes);
        assert_eq!(told.next().await, []);
    }

    #[tokio::test(start_paused = true)]
    async fn several_sources_are_followed_at_once_and_nothing_is_lost_of_a_wait_that_is_dropped() {
        let (one, other) = (ListChanges::of([List::Tools]), ListChanges::of([List::Prompts]));
        let mut followed = FollowedLists::new(&[one.clone(), other.clone()], None);
        let all = of(&List::ALL);
        other.changed(List::Prompts);
        let waited = tokio::time::timeout(JOINING / 2, followed.next(all)).await;
        assert!(waited.is_err());
        drop(one);
        assert_eq!(followed.next(all).await, Some(of(&[List::Prompts])));
        drop(other);
        assert_eq!(followed.next(all).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_interrupted_again_and_again_is_told_all_the_same() {
        let changes = ListChanges::new();
        let mut told = ToldHere::new(std::slice::from_ref(&changes));
        let mut followed = FollowedLists::new(std::slice::from_ref(&changes), None);
        for _ in 0..2 {
            changes.changed(List::Tools);
            let (mut here, mut there) = (None, None);
            for _ in 0..3 {
                here = here.or(tokio::time::timeout(JOINING / 2, told.next()).await.ok());
                there = there.or(tokio::time::timeout(JOINING / 2, followed.next(of(&List::ALL))).await.ok());
            }
            assert_eq!(here, Some(vec![(List::Tools, None)]));
            assert_eq!(there, Some(Some(of(&[List::Tools]))));
        }
    }
}
