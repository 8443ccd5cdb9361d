//! The browser. The address of the page has the key in it, and the arguments of a process are seen by everybody on the machine: so it is
//! opened with a file that only we can read, and that leads to the page.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use tempfile::TempDir;

/// The way to the page, which is gone when it is dropped.
#[derive(Debug)]
pub(super) struct Opened(#[expect(dead_code, reason = "it is there to be dropped")] TempDir);

/// Opens a browser at this address. The file is made inside `folder`, if there is one: browsers in a sandbox of their own see what is in
/// the home of their user, and not always what is temporary.
///
/// # Errors
/// The file cannot be written, or there is no browser.
pub(super) fn open(address: &str, folder: Option<&Path>) -> io::Result<Opened> {
    let mut private = tempfile::Builder::new();
    private.prefix("preview-");
    #[cfg(unix)]
    let permissions = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700);
    #[cfg(unix)]
    private.permissions(permissions);
    let inside = match folder {
        Some(folder) => {
            fs::create_dir_all(folder)?;
            private.tempdir_in(folder)?
        }
        None => private.tempdir()?,
    };
    let path = inside.path().join("preview.html");
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&path)?.write_all(document(address).as_bytes())?;
    opener::open_browser(&path).map_err(io::Error::other)?;
    Ok(Opened(inside))
}

fn document(address: &str) -> String {
    let address = address.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta http-equiv=\"refresh\" content=\"0; url={address}\">\n<title>Preview</title>\n\
         <p><a href=\"{address}\">The preview</a></p>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_no_markup() {
        let document = document("http://127.0.0.1:1/open?a=1&b=\"<#key=k");
        assert!(document.contains("0; url=http://127.0.0.1:1/open?a=1&amp;b=&quot;&lt;#key=k\">"), "{document}");
    }
}
