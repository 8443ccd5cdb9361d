//! Encryption of connections. The server's certificate and name are verified, always.

use std::path::Path;

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{Failure, Result};

/// A connector that trusts the certificates in a file, or those of the system.
pub(super) async fn connector(root_certificates: Option<&Path>) -> Result<MakeRustlsConnect> {
    let path = root_certificates.map(Path::to_owned);
    let roots = tokio::task::spawn_blocking(move || roots(path.as_deref()));
    trusting(roots.await.map_err(|_| Failure::unavailable("the trusted certificates were not read"))??)
}

/// A connector for connections that are not encrypted.
pub(super) fn unused() -> Result<MakeRustlsConnect> {
    trusting(RootCertStore::empty())
}

fn trusting(roots: RootCertStore) -> Result<MakeRustlsConnect> {
    let provider = rustls::crypto::ring::default_provider();
    let config = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::refused(format!("no encryption is possible: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn roots(path: Option<&Path>) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = path {
        let cannot_read = |error| Failure::refused(format!("cannot read `{}`: {error}", path.display()));
        for certificate in CertificateDer::pem_file_iter(path).map_err(cannot_read)? {
            let certificate = certificate.map_err(cannot_read)?;
            roots.add(certificate).map_err(|error| Failure::refused(format!("`{}`: {error}", path.display())))?;
        }
        if roots.is_empty() {
            return Err(Failure::refused(format!("`{}` has no certificate", path.display())));
        }
    } else {
        // Some that the system has may not be readable: what counts is that the server's is among the others.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(Failure::refused("the system has no trusted certificates; name a file as `sslrootcert`"));
        }
    }
    Ok(roots)
}
