//! Ids of sessions that carry what was agreed, sealed, so that any process with the key can go on with them.
//!
//! An id is 56 bytes as URL-safe Base64: four bytes that tell which key, the session's 16 random bytes, and the rest under
//! XChaCha20-Poly1305, whose nonces are long enough to be those random bytes. Which server it is and who calls is not in the id, but
//! authenticated with it: for anybody else it does not open.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use base64::prelude::*;
use chacha20poly1305::{AeadInOut as _, KeyInit as _, XChaCha20Poly1305, XNonce};
use pmcp_protocol::{ClientCapabilities, Version};
use pmcp_tasks::{TaskStore, security::Principal, store::StoreError, time::Millis};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::agreement::Agreement;

/// Length of a key, in bytes.
const KEY: usize = 32;
/// Length of what tells keys apart.
const NAME: usize = 4;
/// Length of the random part of a session.
const RANDOM: usize = 16;
/// Length of what is sealed: format, capabilities, time, version.
const SEALED: usize = 1 + 1 + 8 + VERSION;
/// Length of a version's name.
const VERSION: usize = 10;
/// Length of what authenticates it.
const TAG: usize = 16;
/// Length of an id, in bytes before Base64.
const ID: usize = NAME + RANDOM + SEALED + TAG;
/// The first sealed byte: how the others are read.
const FORMAT: u8 = 1;

/// A key that seals the sessions of 2025-11-25 and before: 32 random bytes that every instance of a server is given. See
/// [`Server::session_keys`](crate::Server::session_keys).
///
/// Whoever has it can make sessions of anybody, but still has to authenticate as them. It is not shown by `Debug`, and wiped from memory
/// when the last copy goes.
///
/// ```
/// use pmcp_server::SessionKey;
///
/// // `openssl rand -base64 32`
/// let key: SessionKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=".parse()?;
/// assert_eq!(format!("{key:?}"), "SessionKey(…)");
/// assert!("c2hvcnQ=".parse::<SessionKey>().is_err());
/// # Ok::<(), pmcp_server::SessionKeyError>(())
/// ```
#[derive(Clone)]
pub struct SessionKey(Arc<Zeroizing<[u8; KEY]>>);

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

/// The reason why something is no [`SessionKey`]. It says nothing of what was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionKeyError {
    /// It has another length.
    #[error("a session key has 32 bytes; make one with `openssl rand -base64 32`")]
    Length,
    /// It is no Base64.
    #[error("a session key is written as Base64; make one with `openssl rand -base64 32`")]
    Base64,
    /// Every byte of it is the same.
    #[error("a session key is random, and not one byte repeated; make one with `openssl rand -base64 32`")]
    NotRandom,
}

impl SessionKey {
    /// A key of these 32 bytes.
    ///
    /// # Errors
    /// They are fewer or more, or all the same.
    pub fn try_new(bytes: impl AsRef<[u8]>) -> Result<Self, SessionKeyError> {
        let bytes = bytes.as_ref();
        let mut key = Zeroizing::new([0; KEY]);
        if bytes.len() != KEY {
            return Err(SessionKeyError::Length);
        }
        key.copy_from_slice(bytes);
        if key.iter().all(|byte| *byte == key[0]) {
            return Err(SessionKeyError::NotRandom);
        }
        Ok(Self(Arc::new(key)))
    }

    /// A key that nobody else has.
    fn random(store: &TaskStore) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(Zeroizing::new(store.random_bytes()?))))
    }

    /// The name under which it is found. It tells nothing of the key, which is random.
    fn name(&self) -> [u8; NAME] {
        let digest = Sha256::new_with_prefix(b"pmcp session key").chain_update(&self.0[..]).finalize();
        std::array::from_fn(|at| digest[at])
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        let key: &[u8; KEY] = &self.0;
        XChaCha20Poly1305::new(key.into())
    }
}

/// The nonce of an id: its random bytes, of which no two ids have the same.
fn nonce(random: &[u8; RANDOM]) -> XNonce {
    let mut nonce = XNonce::default();
    nonce[..RANDOM].copy_from_slice(random);
    nonce
}

/// The same of Base64, in either alphabet and with or without padding, as it stands in a file or a variable of the environment.
impl FromStr for SessionKey {
    type Err = SessionKeyError;

    fn from_str(text: &str) -> Result<Self, SessionKeyError> {
        let text = text.trim().trim_end_matches('=');
        let read = BASE64_STANDARD_NO_PAD.decode(text).or_else(|_| BASE64_URL_SAFE_NO_PAD.decode(text));
        Self::try_new(Zeroizing::new(read.map_err(|_| SessionKeyError::Base64)?))
    }
}

/// The keys of a server: the first seals, all open.
#[derive(Debug)]
pub(crate) struct Seals {
    keys: Vec<([u8; NAME], SessionKey)>,
    /// The server's name: instances have the same, and other servers with the same keys another.
    server: String,
    /// Set if they are given, so that other processes may have them.
    are_shared: bool,
}

/// A session as its id tells it.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    /// Its random part: what owns its tasks where sessions do, and no way into it.
    pub(crate) random: String,
    pub(crate) agreement: Agreement,
    pub(crate) begun: Millis,
}

impl Opened {
    /// The time when nobody takes its id any more.
    pub(crate) fn expires(&self, lifetime: Duration) -> Millis {
        self.begun.after(lifetime)
    }
}

impl Seals {
    /// These keys; one that lives as long as the process, if there are none.
    pub(crate) fn new(mut keys: Vec<SessionKey>, server: &str, store: &TaskStore) -> Result<Self, StoreError> {
        let are_shared = !keys.is_empty();
        if keys.is_empty() {
            keys.push(SessionKey::random(store)?);
        }
        let keys = keys.into_iter().map(|key| (key.name(), key)).collect();
        Ok(Self { keys, server: server.to_owned(), are_shared })
    }

    /// Tells whether other processes may have the keys, too.
    pub(crate) fn are_shared(&self) -> bool {
        self.are_shared
    }

    /// Begins a session of this caller: it, and its id. `None` if there is no randomness.
    pub(crate) fn begin(
        &self,
        agreement: Agreement,
        principal: Option<&Principal>,
        store: &TaskStore,
    ) -> Option<(Opened, String)> {
        let random: [u8; RANDOM] = store.random_bytes().ok()?;
        let begun = store.clock().now();
        let id = self.sealed(&random, agreement, begun, principal)?;
        Some((Opened { random: BASE64_URL_SAFE_NO_PAD.encode(random), agreement, begun }, id))
    }

    fn sealed(
        &self,
        random: &[u8; RANDOM],
        agreement: Agreement,
        begun: Millis,
        principal: Option<&Principal>,
    ) -> Option<String> {
        let (name, key) = self.keys.first()?;
        let mut sealed = [0; SEALED];
        sealed[0] = FORMAT;
        sealed[1] = bits(agreement.client);
        sealed[2..10].copy_from_slice(&begun.0.to_be_bytes());
        let version = agreement.version.as_str().as_bytes();
        sealed[10..].get_mut(..version.len())?.copy_from_slice(version);
        let (nonce, bound) = (nonce(random), self.bound_to(principal));
        let tag = key.cipher().encrypt_inout_detached(&nonce, &bound, sealed.as_mut_slice().into()).ok()?;
        Some(BASE64_URL_SAFE_NO_PAD.encode([name, &random[..], &sealed, &tag].concat()))
    }

    /// The session with this id, if one of the keys sealed it for this caller here.
    pub(crate) fn open(&self, id: &str, principal: Option<&Principal>) -> Option<Opened> {
        // Before anything is done with it: it is whatever somebody sent.
        if id.len() != ID.div_ceil(3) * 4 - (3 - ID % 3) % 3 {
            return None;
        }
        let mut bytes = [0; ID];
        let length = BASE64_URL_SAFE_NO_PAD.decode_slice(id, &mut bytes).ok()?;
        if length != ID {
            return None;
        }
        let (name, rest) = bytes.split_first_chunk::<NAME>()?;
        let (random, rest) = rest.split_first_chunk::<RANDOM>()?;
        let (sealed, tag) = rest.split_first_chunk::<SEALED>()?;
        // Two keys may have the same name, by chance.
        let named = self.keys.iter().filter(|(other, _)| other == name);
        named.map(|(_, key)| key).find_map(|key| {
            let (mut opened, nonce, bound) = (*sealed, nonce(random), self.bound_to(principal));
            let (content, tag) = (opened.as_mut_slice().into(), tag.try_into().ok()?);
            key.cipher().decrypt_inout_detached(&nonce, &bound, content, tag).ok()?;
            let (begun, version) = opened.get(2..)?.split_first_chunk()?;
            let version = Version::parse(std::str::from_utf8(version).ok()?)?;
            let agreement = Agreement { version, client: capabilities(*opened.get(1)?) };
            (opened[0] == FORMAT && version.has_handshake()).then(|| Opened {
                random: BASE64_URL_SAFE_NO_PAD.encode(random),
                agreement,
                begun: Millis(u64::from_be_bytes(*begun)),
            })
        })
    }

    /// The server and the caller an id is bound to: each part with its length, so that no two of them read the same.
    fn bound_to(&self, principal: Option<&Principal>) -> Vec<u8> {
        let mut bound = Vec::new();
        let mut part = |part: Option<&str>| match part {
            None => bound.push(0),
            Some(text) => {
                bound.push(1);
                bound.extend((text.len() as u64).to_be_bytes());
                bound.extend(text.as_bytes());
            }
        };
        part(Some(&self.server));
        match identity(principal) {
            None => part(None),
            Some((issuer, subject, client)) => [Some(issuer), subject, client].into_iter().for_each(part),
        }
        bound
    }
}

/// The identity of a caller: what else a token says changes when it is renewed.
pub(crate) fn identity(principal: Option<&Principal>) -> Option<(&str, Option<&str>, Option<&str>)> {
    principal.map(|it| (it.issuer.as_str(), it.subject.as_deref(), it.client.as_deref()))
}

/// The capabilities as bits. An ability that comes to them gets the next.
fn bits(client: ClientCapabilities) -> u8 {
    let ClientCapabilities { elicitation, elicitation_url, roots, sampling, tasks, ui } = client;
    let all = [elicitation, roots, sampling, tasks, ui, elicitation_url];
    all.into_iter().enumerate().fold(0, |bits, (n, has)| bits | u8::from(has) << n)
}

fn capabilities(bits: u8) -> ClientCapabilities {
    let has = |n: u8| bits & 1 << n != 0;
    ClientCapabilities {
        elicitation: has(0),
        roots: has(1),
        sampling: has(2),
        tasks: has(3),
        ui: has(4),
        elicitation_url: has(5),
    }
}

#[cfg(test)]
mod tests {
    use pmcp_tasks::testing::ManualClock;

    use super::*;

    fn key(n: u8) -> SessionKey {
        SessionKey::try_new(std::array::from_fn::<u8, KEY, _>(|at| {
            n.wrapping_mul(31).wrapping_add(u8::try_from(at).unwrap())
        }))
        .unwrap()
    }

    fn store() -> TaskStore {
        TaskStore::memory().with_clock(ManualClock::new())
    }

    fn seals(keys: &[SessionKey], server: &str) -> Seals {
        Seals::new(keys.to_vec(), server, &store()).unwrap()
    }

    fn agreement() -> Agreement {
        let client = ClientCapabilities { elicitation: true, tasks: true, ..ClientCapabilities::default() };
        Agreement { version: Version::V2025_06_18, client }
    }

    fn begin(seals: &Seals, principal: Option<&Principal>) -> (Opened, String) {
        seals.begin(agreement(), principal, &store()).unwrap()
    }

    #[test]
    fn an_id_opens_to_what_was_agreed_wherever_the_key_is() {
        let ann = Principal::subject("ann");
        let (begun, id) = begin(&seals(&[key(1)], "notes"), Some(&ann));
        assert!(id.len() < 80 && id.bytes().all(|byte| byte.is_ascii_graphic()), "{id}");
        let opened = seals(&[key(1)], "notes").open(&id, Some(&ann)).unwrap();
        assert_eq!((opened.random, opened.begun), (begun.random, begun.begun));
        assert_eq!((opened.agreement.version, opened.agreement.client), (Version::V2025_06_18, agreement().client));
    }

    #[test]
    fn every_ability_and_version_comes_back() {
        let seals = seals(&[key(1)], "notes");
        for bits_of in 0..64 {
            assert_eq!(bits(capabilities(bits_of)), bits_of);
        }
        for version in Version::ALL.into_iter().filter(|version| version.has_handshake()) {
            let (_, id) = seals.begin(Agreement { version, ..agreement() }, None, &store()).unwrap();
            assert_eq!(seals.open(&id, None).unwrap().agreement.version, version);
        }
    }

    #[test]
    fn an_id_is_of_one_caller_and_one_server() {
        let ann = Principal::subject("ann");
        let through = |client: &str| Principal { client: Some(client.into()), ..ann.clone() };
        let elsewhere = Principal { issuer: "https://other".into(), ..ann.clone() };
        let app = Principal { subject: None, client: Some("ann".into()), ..ann.clone() };
        let renewed = Principal { claims: [("exp".to_owned(), 1.into())].into_iter().collect(), ..ann.clone() };
        let seals_of = |server| seals(&[key(1)], server);
        let (_, id) = begin(&seals_of("notes"), Some(&ann));
        assert!(seals_of("notes").open(&id, Some(&renewed)).is_some());
        for other in [None, Some(&through("app")), Some(&elsewhere), Some(&app), Some(&Principal::subject("anna"))] {
            assert!(seals_of("notes").open(&id, other).is_none(), "{other:?}");
        }
        assert!(seals_of("note").open(&id, Some(&ann)).is_none());
        let (_, nobodys) = begin(&seals_of("notes"), None);
        assert!(seals_of("notes").open(&nobodys, Some(&ann)).is_none());
    }

    #[test]
    fn keys_rotate_and_go() {
        let (_, id) = begin(&seals(&[key(1)], "notes"), None);
        let rotating = seals(&[key(2), key(1)], "notes");
        assert!(rotating.open(&id, None).is_some());
        let (_, newer) = begin(&rotating, None);
        let rotated = seals(&[key(2)], "notes");
        assert!(rotated.open(&newer, None).is_some() && rotated.open(&id, None).is_none());
        let random = seals(&[], "notes");
        assert!(
            random.open(&newer, None).is_none() && seals(&[], "notes").open(&begin(&random, None).1, None).is_none()
        );
    }

    #[test]
    fn an_id_with_any_bit_changed_cut_or_longer_opens_nothing() {
        let seals = seals(&[key(1)], "notes");
        let (_, id) = begin(&seals, None);
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&id).unwrap();
        assert_eq!(bytes.len(), ID);
        for bit in 0..bytes.len() * 8 {
            let mut garbled = bytes.clone();
            garbled[bit / 8] ^= 1 << (bit % 8);
            assert!(seals.open(&BASE64_URL_SAFE_NO_PAD.encode(garbled), None).is_none(), "{bit}");
        }
        for length in 0..id.len() {
            assert!(seals.open(&id[..length], None).is_none(), "{length}");
        }
        for longer in [format!("{id}A"), format!("{id}="), format!(" {id}"), "A".repeat(1 << 20), "é".repeat(37)] {
            assert!(seals.open(&longer, None).is_none());
        }
        // One session has one id: there is no other way to write it.
        let last = id.as_bytes()[id.len() - 1];
        let others = (b'A'..=b'z')
            .filter(|byte| *byte != last)
            .map(|byte| format!("{}{}", &id[..id.len() - 1], char::from(byte)));
        assert!(others.into_iter().all(|other| seals.open(&other, None).is_none()));
    }

    #[test]
    fn a_key_is_32_random_bytes_that_nobody_sees() {
        let text = BASE64_STANDARD.encode(key(7).0.as_slice());
        let read: SessionKey = format!(" {text}\n").parse().unwrap();
        assert_eq!(read.name(), key(7).name());
        assert_eq!(
            BASE64_URL_SAFE_NO_PAD.encode(key(7).0.as_slice()).parse::<SessionKey>().unwrap().name(),
            key(7).name()
        );
        assert_eq!(SessionKey::try_new([1; 31]).unwrap_err(), SessionKeyError::Length);
        assert_eq!(SessionKey::try_new([]).unwrap_err(), SessionKeyError::Length);
        assert_eq!(SessionKey::try_new([0; 32]).unwrap_err(), SessionKeyError::NotRandom);
        assert_eq!("no key!".parse::<SessionKey>().unwrap_err(), SessionKeyError::Base64);
        let shown = format!("{read:?} {:?}", seals(&[key(7)], "notes"));
        assert!(!shown.contains(&text) && !shown.contains(&format!("{:?}", &key(7).0[..4])), "{shown}");
    }
}
