//! URLs: where the database is, and what the driver knows nothing of.

use std::{net::IpAddr, path::PathBuf};

use percent_encoding::percent_decode_str;
use tokio_postgres::{
    Config,
    config::{Host, SslMode, TargetSessionAttrs},
};

use super::db::CALL;
use crate::store::StoreError;

/// Schema of the tables, unless the URL says another.
const SCHEMA: &str = "pmcp";

/// Number of connections of a process beside the one that listens, unless the URL says another.
const CONNECTIONS: usize = 8;

/// The longest name PostgreSQL takes, in bytes.
const LONGEST_NAME: usize = 63;

/// Parameters that the driver takes.
const PASSED_ON: [&str; 12] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "host",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "options",
    "port",
    "sslnegotiation",
    "user",
];

/// Where the database is and how it is used.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) config: Config,
    pub(super) schema: String,
    pub(super) connections: usize,
    /// Certificates to trust in place of the system's.
    pub(super) root_certificates: Option<PathBuf>,
}

/// Encryption of connections. Where it is used, the server's certificate and name are always verified.
#[derive(Clone, Copy)]
enum Encryption {
    Never,
    IfOffered,
    Always,
}

impl Settings {
    /// Reads a URL. What is wrong with it is told without a word of it: it may carry a password.
    pub(super) fn from_url(url: &str) -> Result<Self, StoreError> {
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let mut schema = SCHEMA.to_owned();
        let mut connections = CONNECTIONS;
        let (mut encryption, mut root_certificates) = (None, None);
        let mut passed_on = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').ok_or_else(unknown_parameter)?;
            let value = percent_decode_str(value).decode_utf8().map_err(|_| wrong("a parameter is no UTF-8"))?;
            match name {
                "schema" => schema = named(&value)?,
                "connections" => {
                    connections = value.parse().ok().filter(|n| (1..=1000).contains(n)).ok_or_else(|| {
                        wrong("`connections` is the number of connections of a process, from 1 to 1000")
                    })?;
                }
                "sslmode" => encryption = Some(encryption_named(&value)?),
                "sslrootcert" if value == "system" => root_certificates = None,
                "sslrootcert" => root_certificates = Some(PathBuf::from(&*value)),
                // It is what the store needs.
                "target_session_attrs" if value == "read-write" || value == "primary" => {}
                name if PASSED_ON.contains(&name) => passed_on.push(parameter),
                _ => return Err(unknown_parameter()),
            }
        }
        // The driver tells which parameter it cannot read, and not its value.
        let mut config: Config = format!("{place}?{}", passed_on.join("&"))
            .trim_end_matches('?')
            .parse()
            .map_err(|error: tokio_postgres::Error| wrong(&error.to_string()))?;
        if config.get_hosts().is_empty() {
            return Err(wrong("it names no host; use `postgres://user@host/database`"));
        }
        let encryption = encryption.unwrap_or(if config.get_hosts().iter().all(is_near) {
            Encryption::Never
        } else {
            Encryption::Always
        });
        config.ssl_mode(match encryption {
            Encryption::Never => SslMode::Disable,
            Encryption::IfOffered => SslMode::Prefer,
            Encryption::Always => SslMode::Require,
        });
        config.target_session_attrs(TargetSessionAttrs::ReadWrite).tcp_user_timeout(CALL);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CALL / 2);
        }
        if config.get_application_name().is_none() {
            config.application_name("pmcp-tasks");
        }
        Ok(Self { config, schema, connections, root_certificates })
    }
}

/// A socket or this machine, where nobody else can listen.
fn is_near(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn named(schema: &str) -> Result<String, StoreError> {
    if schema.is_empty() || schema.len() > LONGEST_NAME || schema.contains('\0') {
        return Err(wrong("`schema` is the name of a schema, of 1 to 63 bytes"));
    }
    Ok(schema.to_owned())
}

fn encryption_named(mode: &str) -> Result<Encryption, StoreError> {
    match mode {
        "disable" => Ok(Encryption::Never),
        "allow" | "prefer" => Ok(Encryption::IfOffered),
        "require" | "verify-ca" | "verify-full" => Ok(Encryption::Always),
        _ => Err(wrong("`sslmode` is `disable`, `prefer`, `require` or `verify-full`")),
    }
}

fn unknown_parameter() -> StoreError {
    wrong(&format!(
        "it has a parameter that is not known; `schema`, `connections`, `sslmode`, `sslrootcert`, `target_session_attrs` and \
         `{}` are, and a `?` in a password is written `%3F`",
        PASSED_ON.join("`, `")
    ))
}

fn wrong(what: &str) -> StoreError {
    StoreError::Url(format!("the URL of a PostgreSQL store cannot be used: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Settings {
        Settings::from_url(url).unwrap()
    }

    #[test]
    fn what_the_driver_does_not_know_is_taken_out() {
        let settings =
            read("postgres://me:pw@db/tasks?schema=My%20Tasks&connections=3&sslmode=verify-full&sslrootcert=/ca.pem");
        assert_eq!((settings.schema.as_str(), settings.connections), ("My Tasks", 3));
        assert_eq!(settings.root_certificates, Some(PathBuf::from("/ca.pem")));
        let config = settings.config;
        assert_eq!((config.get_user(), config.get_dbname()), (Some("me"), Some("tasks")));
        assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        let settings = read("postgresql://one:6000,two/tasks?application_name=mine");
        assert_eq!((settings.schema.as_str(), settings.connections), (SCHEMA, CONNECTIONS));
        assert_eq!(settings.config.get_ports(), [6000, 5432]);
        assert_eq!(settings.config.get_application_name(), Some("mine"));
    }

    #[test]
    fn a_way_that_others_could_listen_on_is_encrypted() {
        for (url, mode) in [
            ("postgres://db/tasks", SslMode::Require),
            ("postgres://localhost,db/tasks", SslMode::Require),
            ("postgres://db/tasks?sslmode=prefer", SslMode::Prefer),
            ("postgres://db/tasks?sslmode=disable", SslMode::Disable),
            ("postgres://localhost/tasks?sslmode=require", SslMode::Require),
            ("postgres://localhost/tasks", SslMode::Disable),
            ("postgres://127.0.0.1:6000/tasks", SslMode::Disable),
            ("postgres://[::1]/tasks", SslMode::Disable),
            ("postgres://%2Frun%2Fpostgresql/tasks", SslMode::Disable),
            ("postgres:///tasks?host=/run/postgresql", SslMode::Disable),
        ] {
            assert_eq!(read(url).config.get_ssl_mode(), mode, "{url}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_secrets() {
        for url in [
            "postgres:///tasks",
            "postgres://me:secret@db:port/tasks",
            "postgres://me:top?secret@db/tasks",
            "postgres://me:top?secret=x@db/tasks",
            "postgres://me:secret@db/tasks?schema=",
            "postgres://me:secret@db/tasks?connections=0",
            "postgres://me:secret@db/tasks?connections=secret",
            "postgres://me:secret@db/tasks?sslmode=secret",
            "postgres://me:secret@db/tasks?connect_timeout=secret",
            "postgres://me:secret@db/tasks?password=secret",
        ] {
            let error = Settings::from_url(url).err().map(|error| error.to_string()).unwrap();
            assert!(!error.contains("secret") && error.starts_with("the URL of a PostgreSQL store"), "{error}");
        }
    }
}
