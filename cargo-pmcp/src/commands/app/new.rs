//! `cargo pmcp app new`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use clap::Args;

use crate::{
    error::{Error, Result},
    scaffold::{
        crates::Source,
        name,
        place::{Place, Surroundings},
        template,
    },
    shell::Shell,
    text::word,
};

/// Make a new app, or in a package a new widget.
///
/// Outside of a package PATH becomes a crate: a server with a widget, its tools and tests. In a package it becomes a widget's directory, for
/// `#[widget(dir = "PATH")]`.
#[derive(Args, Debug)]
pub(crate) struct New {
    /// The directory to make.
    path: PathBuf,
    /// A title for people, in place of the name.
    #[arg(long, value_parser = name::parse_title)]
    title: Option<String>,
    /// The place that a new app takes the crates from, `path:DIR` or `git:URL[#REV]`, in place of the one that this program came from.
    #[arg(long, value_name = "SOURCE", value_parser = Source::parse)]
    pmcp: Option<Source>,
}

impl New {
    pub(crate) fn run(self, shell: &Shell) -> Result {
        let place = Place::find(&self.path)?;
        match &place.surroundings {
            Surroundings::Package(package) => self.widget(&place, package, shell),
            _ => self.app(&place, shell),
        }
    }

    fn app(&self, place: &Place, shell: &Shell) -> Result {
        let name = place.name();
        name::check_crate(name)?;
        let source = self.pmcp.clone().map_or_else(Source::of_this_program, Ok)?;
        source.check()?;
        let dependency = source.dependency(self.path.is_relative().then_some(&self.path))?;
        let title = self.title.clone().unwrap_or_else(|| name::title(name));
        let files = template::app(name, &title, &dependency);
        place.create(&files)?;

        shell.status("Created", &format!("{} ({} files)", self.path.display(), files.len()));
        shell.status("Using", &source.told());
        if let Surroundings::Workspace(workspace) = &place.surroundings
            && !is_member(place.path())
        {
            let (member, workspace) = (place.from(workspace), workspace.display());
            shell.warn(&format!("the workspace in `{workspace}` has no `{member}` among its `members`: add it, else cargo builds none of it"));
        }
        shell.status("Next", &format!("cd {} && cargo pmcp preview", word(&self.path.to_string_lossy())));
        Ok(())
    }

    fn widget(&self, place: &Place, package: &Path, shell: &Shell) -> Result {
        if self.pmcp.is_some() {
            return Err(Error::usage(format!(
                "`--pmcp` is for a new app, and `{}` lies in a package",
                self.path.display()
            ))
            .help("leave it out for a widget of that package, or name a path outside of it"));
        }
        let name = place.name();
        name::check_widget(name)?;
        let title = self.title.clone().unwrap_or_else(|| name::title(name));
        let files = template::widget(&title);
        place.create(&files)?;

        shell.status("Created", &format!("{} ({} files)", self.path.display(), files.len()));
        let manifest = fs::read_to_string(package.join("Cargo.toml")).unwrap_or_default();
        if !["pmcp-server", "pmcp-apps", "pmcp_server", "pmcp_apps"].iter().any(|name| manifest.contains(name)) {
            shell.warn(&format!(
                "the package in `{}` does not depend on `pmcp-server`, which serves widgets",
                package.display()
            ));
        }
        let (dir, type_name) = (place.from(package), name::type_name(name, |_| false));
        shell.status(
            "Next",
            &format!(
                "write `#[widget(dir = \"{dir}\")] struct {type_name};`, `widget = {type_name}` on the tool that opens it, and \
                 `.widget::<{type_name}>()` on the server"
            ),
        );
        Ok(())
    }
}

/// Tells whether cargo takes a new crate below a workspace, as far as it says so.
fn is_member(directory: &Path) -> bool {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version=1", "--manifest-path"]);
    cargo.arg(directory.join("Cargo.toml")).stdin(Stdio::null());
    cargo.output().map_or(true, |said| !String::from_utf8_lossy(&said.stderr).contains("believes it's in a workspace"))
}
