//! Fair shares of what all callers take from: places, streams, sessions, bytes.
//!
//! Nobody's share is set aside while there is enough: up to half of the whole anybody takes what they want. Beyond that who
//! has more than a fair share gets no more, so that one caller alone cannot keep the others out.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::{Arc, LazyLock},
};

use parking_lot::Mutex;
use pmcp_tasks::security::Principal;
use tokio::sync::Notify;

/// A caller, as far as shares go: the owner of tasks that an authenticated one is, an address, or everybody where nobody can be
/// told apart.
///
/// Only a digest is kept, of 64 bits under a key of this process: two callers that have the same by chance share a share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Sharer(Option<u64>);

impl Sharer {
    /// The one caller of a server where nobody is told apart. Nothing is kept back for others.
    pub(crate) const EVERYBODY: Self = Self(None);

    /// An authenticated caller. A user has one share, whatever clients act for them.
    pub(crate) fn principal(principal: &Principal) -> Self {
        Self::of(principal.owner())
    }

    /// A machine: where a network gives each of them a prefix, that.
    pub(crate) fn address(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::of(address),
            IpAddr::V6(address) => Self::of(&address.segments()[..4]),
        }
    }

    /// Half of the digest, for other processes: with theirs of the same caller it has nothing to do.
    pub(crate) fn number(self) -> Option<u32> {
        self.0.and_then(|digest| u32::try_from(digest >> 32).ok())
    }

    /// A caller with such a number, of whichever process it is.
    pub(crate) fn numbered(number: Option<u32>) -> Self {
        Self(number.map(|number| u64::from(number) << 32))
    }

    fn of(identity: impl std::hash::Hash) -> Self {
        static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Self(Some(KEY.hash_one(identity)))
    }
}

/// Something that callers share.
#[derive(Debug)]
pub(crate) struct Shares {
    whole: usize,
    taken: Mutex<Taken>,
    /// Told when somebody gives something back.
    freed: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by: HashMap<Sharer, usize>,
}

impl Taken {
    fn of(&self, sharer: Sharer) -> usize {
        self.by.get(&sharer).copied().unwrap_or(0)
    }

    /// The most that this caller has of the whole while others want some, too.
    fn fair(&self, whole: usize, sharer: Sharer) -> usize {
        let others = self.by.len() - usize::from(self.by.contains_key(&sharer));
        match others {
            0 if sharer == Sharer::EVERYBODY => whole,
            // Whoever comes next finds something.
            0 => whole - (whole / 8).max(usize::from(whole > 1)),
            others => whole / (others + 1),
        }
    }
}

impl Shares {
    pub(crate) fn new(whole: usize) -> Arc<Self> {
        Arc::new(Self { whole, taken: Mutex::default(), freed: Notify::new() })
    }

    /// Takes this much for a caller until the share is dropped; `None` if there is too little left, or the caller has its part.
    pub(crate) fn take(self: &Arc<Self>, sharer: Sharer, amount: usize) -> Option<Share> {
        let mut share = Share { of: self.clone(), sharer, amount: 0 };
        share.grow(amount).then_some(share)
    }

    /// The same as soon as it may be. Of what is larger than the smallest share that is kept back for newcomers, only that is
    /// taken: it would have to wait for ever where there are many.
    pub(crate) async fn take_soon(self: &Arc<Self>, sharer: Sharer, amount: usize) -> Share {
        loop {
            let mut freed = std::pin::pin!(self.freed.notified());
            // Registered before looking, so that what is given back in between is seen.
            freed.as_mut().enable();
            if let Some(share) = self.take(sharer, amount.min(self.whole / 8)) {
                return share;
            }
            freed.await;
        }
    }

    /// Tells whether a caller has more than its fair share.
    pub(crate) fn is_unfair(&self, sharer: Sharer) -> bool {
        let taken = self.taken.lock();
        taken.of(sharer) > taken.fair(self.whole, sharer)
    }
}

/// A caller's part, until it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    of: Arc<Shares>,
    sharer: Sharer,
    amount: usize,
}

impl Share {
    /// Takes more, if it has less than this and that may be; else it stays as it is.
    pub(crate) fn grow_to(&mut self, amount: usize) -> bool {
        self.grow(amount.saturating_sub(self.amount))
    }

    fn grow(&mut self, by: usize) -> bool {
        let whole = self.of.whole;
        let mut taken = self.of.taken.lock();
        let (all, own) = (taken.all.saturating_add(by), taken.of(self.sharer).saturating_add(by));
        let is_plenty = all <= whole / 2;
        let fits = is_plenty || all <= whole && own <= taken.fair(whole, self.sharer);
        if fits && by > 0 {
            taken.all = all;
            taken.by.insert(self.sharer, own);
            self.amount += by;
        }
        fits
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.amount == 0 {
            return;
        }
        let mut taken = self.of.taken.lock();
        taken.all -= self.amount;
        let left = taken.of(self.sharer) - self.amount;
        if left == 0 {
            taken.by.remove(&self.sharer);
        } else {
            taken.by.insert(self.sharer, left);
        }
        drop(taken);
        self.of.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const ALL: usize = 80;

    fn named(name: &str) -> Sharer {
        Sharer::principal(&Principal::subject(name))
    }

    /// Takes one after the other until there is no more.
    fn flood(shares: &Arc<Shares>, name: &str) -> Vec<Share> {
        std::iter::from_fn(|| shares.take(named(name), 1)).collect()
    }

    #[test]
    fn one_alone_leaves_something_to_who_comes_next() {
        let shares = Shares::new(ALL);
        let greedy = flood(&shares, "greedy");
        assert_eq!(greedy.len(), 70);
        assert_eq!(flood(&shares, "next").len(), 10);
        drop(greedy);
        assert!(shares.taken.lock().by.is_empty());
    }

    #[test]
    fn what_one_gives_back_goes_to_who_has_less() {
        let shares = Shares::new(ALL);
        let (mut greedy, mut next) = (flood(&shares, "greedy"), flood(&shares, "next"));
        greedy.truncate(60);
        assert!(shares.is_unfair(named("greedy")) && !shares.is_unfair(named("next")));
        assert!(shares.take(named("greedy"), 1).is_none());
        next.extend(flood(&shares, "next"));
        assert_eq!((next.len(), flood(&shares, "third").len()), (20, 0));
        // In the end each has half, however they ask.
        greedy.clear();
        next.extend(flood(&shares, "next"));
        greedy.extend(flood(&shares, "greedy"));
        next.truncate(40);
        greedy.extend(flood(&shares, "greedy"));
        assert_eq!((greedy.len(), next.len()), (40, 40));
    }

    #[test]
    fn something_is_left_of_little_too() {
        let shares = Shares::new(2);
        let greedy = flood(&shares, "greedy");
        assert_eq!((greedy.len(), flood(&shares, "next").len()), (1, 1));
    }

    #[test]
    fn where_nobody_is_told_apart_everything_may_be_taken() {
        let shares = Shares::new(ALL);
        assert!(shares.take(Sharer::EVERYBODY, ALL + 1).is_none());
        let mut all = shares.take(Sharer::EVERYBODY, ALL).unwrap();
        assert!(!all.grow(1) && all.grow(0));
        assert!(shares.take(Sharer::EVERYBODY, 1).is_none());
    }

    #[tokio::test]
    async fn who_waits_gets_what_is_given_back() {
        let shares = Shares::new(ALL);
        let (all, less) = (shares.take(named("all"), 70).unwrap(), shares.take(named("less"), 10).unwrap());
        let mut waiting = std::pin::pin!(shares.take_soon(named("waits"), 5));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(less);
        assert_eq!(waiting.as_mut().now_or_never().unwrap().amount, 5);
        drop(all);
        // What is larger than anybody's share has to get through, too.
        assert!(shares.take_soon(named("large"), 1000).now_or_never().is_some());
    }

    #[test]
    fn callers_are_told_apart_as_owners_are() {
        let ann = Principal::subject("ann");
        let foreign = Principal { issuer: "https://other".into(), ..ann.clone() };
        let through_app = Principal { client: Some("app".into()), ..ann.clone() };
        let app = Principal { subject: None, ..through_app.clone() };
        let namesake = Principal { client: Some("ann".into()), ..app.clone() };
        let renewed = Principal { claims: [("exp".to_owned(), 1.into())].into_iter().collect(), ..ann.clone() };
        let [ann, foreign, through_app, app, namesake, renewed] =
            [ann, foreign, through_app, app, namesake, renewed].map(|it| Sharer::principal(&it));
        assert!(ann == through_app && ann == renewed);
        assert!(ann != foreign && ann != app && ann != namesake && app != namesake);
        let address = |text: &str| Sharer::address(text.parse().unwrap());
        assert_eq!(address("2001:db8::1"), address("2001:db8::ffff:2"));
        assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
        assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
    }
}
