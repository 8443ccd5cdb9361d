//! Algorithms of signatures, and the keys that check them.

use std::fmt;

use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm};
use serde::Deserialize as _;
use serde_json::Value;

/// The number of keys of a set that are read.
const KEYS: usize = 100;

/// An algorithm that tokens may be signed with: those with a public key.
///
/// There is none with a shared secret, and no `none`: with these, a key that everybody knows would be one that signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JwtAlgorithm {
    /// RSA (PKCS #1 v1.5) with SHA-256. Keys of RSA have 2048 to 8192 bits.
    Rs256,
    /// RSA (PKCS #1 v1.5) with SHA-384.
    Rs384,
    /// RSA (PKCS #1 v1.5) with SHA-512.
    Rs512,
    /// RSA (PSS) with SHA-256.
    Ps256,
    /// RSA (PSS) with SHA-384.
    Ps384,
    /// RSA (PSS) with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
}

impl JwtAlgorithm {
    /// All of them: what is let in unless an authenticator says otherwise.
    pub const ALL: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// That of a token's header; `None` if it is none of these.
    pub(super) fn of(algorithm: Algorithm) -> Option<Self> {
        Some(match algorithm {
            Algorithm::RS256 => Self::Rs256,
            Algorithm::RS384 => Self::Rs384,
            Algorithm::RS512 => Self::Rs512,
            Algorithm::PS256 => Self::Ps256,
            Algorithm::PS384 => Self::Ps384,
            Algorithm::PS512 => Self::Ps512,
            Algorithm::ES256 => Self::Es256,
            Algorithm::ES384 => Self::Es384,
            Algorithm::EdDSA => Self::EdDsa,
            _ => return None,
        })
    }

    /// Its name in headers and keys (RFC 7518, 3.1).
    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// A public key of an issuer.
pub(super) struct Key {
    pub(super) id: Option<String>,
    /// The one algorithm it is for, if it says so.
    algorithm: Option<String>,
    material: Material,
}

/// A key by its kind, which says what may be done with it: nothing of the token does.
enum Material {
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Key {
    /// The keys of a set that check signatures (RFC 7517, 5): one of a kind that is not known is skipped, as that asks for.
    pub(super) fn read_all(set: impl IntoIterator<Item = Value>) -> Vec<Self> {
        set.into_iter().take(KEYS).filter_map(|key| Self::read(&Jwk::deserialize(key).ok()?)).collect()
    }

    /// The key, if it is one that checks signatures (RFC 7517, 4.2 and 4.3).
    fn read(jwk: &Jwk) -> Option<Self> {
        let common = &jwk.common;
        let is_for_signatures = common.public_key_use.as_ref().is_none_or(|it| *it == PublicKeyUse::Signature)
            && common.key_operations.as_ref().is_none_or(|it| it.contains(&KeyOperations::Verify));
        if !is_for_signatures {
            return None;
        }
        let key = match &jwk.algorithm {
            // A secret is not for everybody to fetch: it is not read.
            AlgorithmParameters::OctetKey(_) | AlgorithmParameters::Other(_) => return None,
            _ => DecodingKey::from_jwk(jwk).ok()?,
        };
        let material = match (&jwk.algorithm, key.kind()) {
            (AlgorithmParameters::RSA(_), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                // Some issuers write the zero that keeps a number positive elsewhere.
                let zeros = n.iter().take_while(|byte| **byte == 0).count();
                Material::Rsa(RsaPublicKeyComponents { n: n[zeros..].to_vec(), e: e.clone() })
            }
            (AlgorithmParameters::EllipticCurve(it), DecodingKeyKind::SecretOrDer(point)) => match it.curve {
                EllipticCurve::P256 => Material::P256(point.clone()),
                EllipticCurve::P384 => Material::P384(point.clone()),
                _ => return None,
            },
            (AlgorithmParameters::OctetKeyPair(it), DecodingKeyKind::SecretOrDer(point)) => match it.curve {
                EllipticCurve::Ed25519 => Material::Ed25519(point.clone()),
                _ => return None,
            },
            _ => return None,
        };
        let algorithm = common.key_algorithm.map(|algorithm| algorithm.to_string());
        Some(Self { id: common.key_id.clone(), algorithm, material })
    }

    /// Tells whether signatures of this algorithm are checked with it.
    pub(super) fn fits(&self, algorithm: JwtAlgorithm) -> bool {
        let is_said = self.algorithm.as_deref().is_none_or(|said| said == algorithm.name());
        is_said && (self.rsa(algorithm).is_some() || self.point(algorithm).is_some())
    }

    /// Tells whether the signature of the message is by this key.
    pub(super) fn verifies(&self, algorithm: JwtAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        if let Some((key, parameters)) = self.rsa(algorithm) {
            return key.verify(parameters, message, signature).is_ok();
        }
        let Some((point, algorithm)) = self.point(algorithm) else { return false };
        UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok()
    }

    fn rsa(
        &self,
        algorithm: JwtAlgorithm,
    ) -> Option<(&RsaPublicKeyComponents<Vec<u8>>, &'static signature::RsaParameters)> {
        let Material::Rsa(key) = &self.material else { return None };
        let parameters = match algorithm {
            JwtAlgorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            JwtAlgorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            JwtAlgorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            JwtAlgorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
            JwtAlgorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
            JwtAlgorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
            JwtAlgorithm::Es256 | JwtAlgorithm::Es384 | JwtAlgorithm::EdDsa => return None,
        };
        Some((key, parameters))
    }

    fn point(&self, algorithm: JwtAlgorithm) -> Option<(&[u8], &'static dyn VerificationAlgorithm)> {
        match (&self.material, algorithm) {
            (Material::P256(point), JwtAlgorithm::Es256) => Some((point, &signature::ECDSA_P256_SHA256_FIXED)),
            (Material::P384(point), JwtAlgorithm::Es384) => Some((point, &signature::ECDSA_P384_SHA384_FIXED)),
            (Material::Ed25519(point), JwtAlgorithm::EdDsa) => Some((point, &signature::ED25519)),
            _ => None,
        }
    }
}
