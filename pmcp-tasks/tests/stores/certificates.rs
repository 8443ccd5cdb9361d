//! Certificates for servers of a test's own, made with `openssl`.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A key of a server, its certificate for `localhost` and for no address, and two authorities, of which only one vouches for it.
pub(crate) struct Certificates {
    pub(crate) directory: tempfile::TempDir,
}

impl Certificates {
    pub(crate) fn make() -> Self {
        let this = Self { directory: tempfile::tempdir().unwrap() };
        for authority in ["right", "wrong"] {
            let mut make = this.openssl("req");
            make.args(["-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
            make.args(["-subj", &format!("/CN={authority} authority"), "-keyout", &format!("{authority}.key")]);
            done(make.args(["-out", &format!("{authority}.pem")]));
        }
        let mut make = this.openssl("req");
        make.args(["-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
        make.args(["-subj", "/CN=server", "-addext", "subjectAltName=DNS:localhost"]);
        make.args(["-addext", "basicConstraints=critical,CA:FALSE", "-CA", "right.pem", "-CAkey", "right.key"]);
        done(make.args(["-keyout", "server.key", "-out", "server.pem"]));
        this
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn openssl(&self, command: &str) -> Command {
        let mut openssl = Command::new("openssl");
        openssl.arg(command).current_dir(self.directory.path()).stdout(Stdio::null()).stderr(Stdio::null());
        openssl
    }
}

fn done(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}

/// Copies a file, with rights that let none but its owner read it.
pub(crate) fn copy(from: &Path, to: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::copy(from, to).unwrap();
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o600)).unwrap();
}
