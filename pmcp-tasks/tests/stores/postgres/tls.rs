//! Encrypted connections: whom they trust.

use super::{server::Server, *};
use crate::certificates::Certificates;

#[test]
#[ignore = "needs PostgreSQL on this machine: `cargo xtask services`"]
fn an_encrypted_server_is_trusted_by_its_authority_and_its_name() {
    block_on(async {
        let certificates = Certificates::make();
        let server = Server::start_encrypted(&certificates);
        let trusting = |authority: &str| {
            format!("sslmode=verify-full&sslrootcert={}", certificates.path(&format!("{authority}.pem")).display())
        };
        let url = server.url("localhost", &trusting("right"));
        let backend = insist(|| PostgresBackend::connect(&url)).await;
        let new = task(1);
        backend.create(&new, NOW).await.unwrap();
        backend.merge(&new.key, &merge("a", "1"), NOW).await.unwrap();
        backend.put(&new.key, &seal(1), NOW).await.unwrap();
        assert!(!read(&backend, &new.key).await.unwrap().open);
        // The hints of others come over an encrypted connection, too.
        let encrypted = "SELECT count(*) FILTER (WHERE ssl), count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                         WHERE application_name = 'pmcp-tasks'";
        let admin = raw(&server.url("127.0.0.1", "sslmode=disable")).await;
        let row = admin.query_one(encrypted, &[]).await.unwrap();
        let (encrypted, all): (i64, i64) = (row.get(0), row.get(1));
        assert!(encrypted == all && all >= 2, "{encrypted} of {all}");

        for (url, told) in [
            (server.url("localhost", &trusting("wrong")), "UnknownIssuer"),
            (server.url("127.0.0.1", &trusting("right")), "not valid for name"),
            (server.url("localhost", &trusting("none")), "none.pem"),
            // Nobody but its own authority vouches for it: not the system's.
            (server.url("localhost", "sslmode=require"), "UnknownIssuer"),
        ] {
            let error = PostgresBackend::connect(&url).await.unwrap_err();
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert!(error.code() == "refused" && cause.contains(told), "{url}: {cause}");
            assert!(!cause.contains("not-a-secret"));
        }
    });
}
