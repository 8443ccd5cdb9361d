//! An authorization server as small as can be, for trying the shop out: a key in a file, tokens by the command line, and the public key at
//! a route. Nobody logs in: whoever can read the file makes tokens. In earnest it is somebody else's, named by `--issuer`.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use serde_json::{Value, json};

use crate::{Outcome, files, serve::resource};

/// The path of the public key.
pub(crate) const KEYS: &str = "/issuer/keys";

/// The name of the key in tokens.
const KEY_ID: &str = "shop";

/// Time that a token is good for, in seconds.
const LIFETIME: u64 = 60 * 60;

/// Makes tokens for the shop.
pub(crate) struct Issuer {
    pair: Ed25519KeyPair,
    /// The URL that others have of the shop.
    url: String,
}

impl Issuer {
    /// The issuer whose key is in this directory, or is made now.
    ///
    /// # Errors
    /// The file cannot be read or written, or holds no key.
    pub(crate) fn open(directory: &Path, url: &str) -> Outcome<Self> {
        let path = directory.join("issuer.key");
        let document = match fs::read(&path) {
            Ok(document) => document,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
                let document = document.map_err(|_| "this system has no randomness for a key")?;
                files::new_private(&path)?.write_all(document.as_ref())?;
                document.as_ref().to_vec()
            }
            Err(error) => return Err(format!("{}: {error}", path.display()).into()),
        };
        let pair = Ed25519KeyPair::from_pkcs8(&document)
            .map_err(|_| format!("{} holds no key: remove it, and another is made", path.display()))?;
        Ok(Self { pair, url: url.to_owned() })
    }

    /// Its name in tokens.
    pub(crate) fn name(&self) -> String {
        format!("{}/issuer", self.url)
    }

    /// The set of its public keys (RFC 7517, 5).
    pub(crate) fn keys(&self) -> Value {
        let x = BASE64_URL_SAFE_NO_PAD.encode(self.pair.public_key());
        json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": KEY_ID, "x": x }] })
    }

    /// An access token (RFC 9068) of this subject, for the shop's endpoint unless another audience is named.
    ///
    /// # Errors
    /// The clock of this machine is wrong.
    pub(crate) fn token(&self, subject: &str, scope: &str, audience: Option<&str>) -> Outcome<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": KEY_ID });
        let claims = json!({
            "iss": self.name(),
            "aud": audience.map_or_else(|| resource(&self.url), str::to_owned),
            "sub": subject,
            "client_id": "shop-cli",
            "scope": scope,
            "iat": now,
            "exp": now + LIFETIME,
        });
        let encoded = |part: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(part);
        let message = format!("{}.{}", encoded(header.to_string().as_bytes()), encoded(claims.to_string().as_bytes()));
        let signature = self.pair.sign(message.as_bytes());
        Ok(format!("{message}.{}", encoded(signature.as_ref())))
    }
}
