//! `NAME.mcpb`: the program as a bundle that hosts install (manifest 0.3).

use std::{
    fs,
    io::{self, Cursor, Write as _},
    path::Path,
};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{App, without_nulls};
use crate::{
    error::{Error, Result},
    text,
};

/// A bundle, made.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    /// Its file.
    pub(super) name: String,
    pub(crate) bytes: Vec<u8>,
    /// In small hexadecimal digits.
    pub(super) sha256: String,
    /// The system it is for, as manifests call it.
    pub(super) platform: &'static str,
}

/// Puts a program into a bundle. The same program gives the same bytes.
///
/// # Errors
/// It cannot be read, or bundles do not know this system.
pub(crate) fn bundle(app: &App, program: &Path) -> Result<Bundle> {
    let platform = match std::env::consts::OS {
        "linux" => "linux",
        "macos" => "darwin",
        "windows" => "win32",
        other => return Err(Error::failed(format!("there are no bundles for {other}")).help("leave `--mcpb` out")),
    };
    let binary = fs::read(program)
        .map_err(|error| Error::because(&format!("`{}` cannot be read", program.display()), &error))?;
    let bytes = packed(app, platform, &binary).map_err(|error| Error::because("the bundle cannot be made", &error))?;
    let sha256 = Sha256::digest(&bytes).iter().fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"));
    Ok(Bundle { name: format!("{}.mcpb", app.name()), bytes, sha256, platform })
}

fn packed(app: &App, platform: &str, binary: &[u8]) -> io::Result<Vec<u8>> {
    // Times and users of this machine are nobody's.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("manifest.json", options.unix_permissions(0o644))?;
    writeln!(archive, "{:#}", manifest(app, platform))?;
    archive.start_file(entry(app, platform), options.unix_permissions(0o755))?;
    archive.write_all(binary)?;
    if let Some(icon) = app.icon() {
        archive.start_file("icon.png", options.unix_permissions(0o644))?;
        archive.write_all(&icon.bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// The program's path in the bundle.
fn entry(app: &App, platform: &str) -> String {
    format!("server/{}{}", app.name(), if platform == "win32" { ".exe" } else { "" })
}

fn manifest(app: &App, platform: &str) -> Value {
    let (author, mail) = app.author();
    let (about, listing) = (app.about(), app.listing());
    let entry = entry(app, platform);
    let tools = app.served.tools.iter().filter(|tool| tool.is_for_model).map(|tool| {
        let description = tool.description.as_deref().map(text::first_line);
        json!({ "name": text::line(&tool.name), "description": description })
    });
    without_nulls(json!({
        "manifest_version": "0.3",
        "name": app.name(),
        "display_name": app.title(),
        "version": app.version(),
        "description": app.summary(),
        "long_description": app.long(),
        "author": { "name": author, "email": mail },
        "repository": about.repository.as_deref().map(|url| json!({ "type": "git", "url": url })),
        "homepage": about.homepage,
        "support": listing.support,
        "icon": app.icon().map(|_| "icon.png"),
        "server": {
            "type": "binary",
            "entry_point": entry,
            "mcp_config": { "command": format!("${{__dirname}}/{entry}"), "args": [] },
        },
        "tools": tools.collect::<Vec<_>>(),
        "keywords": Some(&about.keywords).filter(|words| !words.is_empty()),
        "license": about.license,
        "privacy_policies": listing.privacy_policy.as_deref().map(|page| vec![page]),
        "compatibility": { "platforms": [platform] },
    }))
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Read as _;

    use zip::ZipArchive;

    use super::*;
    use crate::publish::app::tests::app;

    pub(in crate::publish) fn made(app: &App) -> Bundle {
        let program = tempfile::NamedTempFile::new().unwrap();
        fs::write(program.path(), b"a program").unwrap();
        bundle(app, program.path()).unwrap()
    }

    #[test]
    fn a_bundle_holds_the_program_and_says_how_it_is_started() {
        let made = made(&app(&json!({ "privacy-policy": "https://example.com/privacy" }), None));
        assert_eq!(made.name, "chess.mcpb");
        let mut archive = ZipArchive::new(Cursor::new(&made.bytes)).unwrap();
        let mut manifest = String::new();
        archive.by_name("manifest.json").unwrap().read_to_string(&mut manifest).unwrap();
        let manifest: Value = serde_json::from_str(&manifest).unwrap();
        let entry = manifest["server"]["entry_point"].as_str().unwrap();
        assert_eq!(manifest["server"]["mcp_config"]["command"], format!("${{__dirname}}/{entry}"));
        assert_eq!(manifest["privacy_policies"], json!(["https://example.com/privacy"]));
        let names: Vec<_> = manifest["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
        assert_eq!(names, ["show_board", "resign"]);
        let mut program = archive.by_name(entry).unwrap();
        assert_eq!(program.unix_mode().unwrap() & 0o777, 0o755);
        let mut bytes = Vec::new();
        program.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"a program");
    }

    #[test]
    fn the_same_program_is_the_same_bundle() {
        let app = app(&json!({}), None);
        let (one, other) = (made(&app), made(&app));
        assert_eq!(one.bytes, other.bytes);
        assert_eq!((one.sha256.len(), &one.sha256), (64, &other.sha256));
    }
}
