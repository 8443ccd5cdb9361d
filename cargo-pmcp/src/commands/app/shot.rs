//! `cargo pmcp app shot`.

use std::path::{Path, PathBuf};

use clap::Args;
use pmcp_preview::profiles;
use serde_json::{Map, Value};

use crate::{
    arguments,
    browser::{Browser, BrowserArgs},
    error::{Error, Result},
    interrupt::until_interrupted,
    output::string,
    shell::Shell,
    stage::{Shown, Stage, Theme, file_name, keep, opens_none},
    target::{Reached, TargetArgs},
    text::plain,
};

/// The widths that a picture may have, in pixels.
const WIDTHS: std::ops::RangeInclusive<i64> = 100..=4000;

/// Take pictures of views: as each host shows them, in each theme.
///
/// Of the server's tools those are called that open a view, say that they only read, and need no arguments; or the one that is named. Nothing
/// is shown on the screen.
#[derive(Args, Debug)]
pub(crate) struct Shot {
    /// The tool whose view is wanted; repeatable.
    #[arg(long, value_name = "NAME")]
    tool: Vec<String>,
    /// Its arguments.
    #[arg(long, value_name = "JSON|@FILE|-", requires = "tool")]
    args: Option<String>,
    /// A host to emulate; repeatable. All that show views, unless said otherwise.
    #[arg(long, value_name = "ID")]
    host_profile: Vec<String>,
    /// A theme; repeatable. Both, unless said otherwise.
    #[arg(long, value_name = "THEME")]
    theme: Vec<Theme>,
    /// A width in pixels; repeatable. The one that the host gives, unless said otherwise.
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(WIDTHS))]
    width: Vec<u32>,
    /// The folder of the pictures; `target/pmcp/shots` of the package unless said otherwise, or here.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    browser: BrowserArgs,
    #[command(flatten)]
    target: TargetArgs,
}

impl Shot {
    pub(crate) async fn run(self, shell: &Shell) -> Result {
        let profiles = chosen(&self.host_profile)?;
        let arguments = self.args.as_deref().map(arguments::json).transpose()?.unwrap_or_default();
        let program = self.browser.find()?;
        until_interrupted(self.take(&program, &profiles, &arguments, shell)).await
    }

    async fn take(&self, program: &Path, profiles: &[&str], arguments: &Map<String, Value>, shell: &Shell) -> Result {
        let server = self.target.reach(shell).await?;
        let taken = match Browser::start(program).await {
            Ok(browser) => {
                let taken = self.of_all(&server, &browser, profiles, arguments, shell).await;
                browser.stop().await;
                taken
            }
            Err(error) => Err(error),
        };
        server.stop().await;
        let (pictures, folder) = taken?;
        let s = if pictures == 1 { "" } else { "s" };
        shell.status("Took", &format!("{pictures} picture{s} in {}", folder.display()));
        Ok(())
    }

    async fn of_all(
        &self,
        server: &Reached,
        browser: &Browser,
        profiles: &[&str],
        arguments: &Map<String, Value>,
        shell: &Shell,
    ) -> Result<(usize, PathBuf)> {
        let folder = self.out.clone().unwrap_or_else(|| server.folder().join("shots"));
        let mut pictures = 0;
        for profile in profiles {
            let stage = Stage::open(browser, server.endpoint()?, self.target.protocol, profile).await?;
            let taken = self.of_one(&stage, profile, arguments, &folder, shell).await;
            stage.close().await;
            pictures += taken?;
        }
        Ok((pictures, folder))
    }

    /// Takes the pictures under one host.
    async fn of_one(
        &self,
        stage: &Stage,
        profile: &str,
        arguments: &Map<String, Value>,
        folder: &Path,
        shell: &Shell,
    ) -> Result<usize> {
        let tools = self.tools(stage)?;
        let themes = if self.theme.is_empty() { &Theme::ALL[..] } else { &self.theme };
        let widths: Vec<_> =
            if self.width.is_empty() { vec![None] } else { self.width.iter().copied().map(Some).collect() };
        let mut pictures = 0;
        for tool in tools {
            stage.call(tool, arguments).await?;
            for theme in themes {
                for width in &widths {
                    let shown = stage.show(*theme, *width).await?;
                    is_ready(&shown, tool, profile)?;
                    let png = stage.picture(&shown, *theme).await?;
                    let name = name(tool, profile, *theme, *width);
                    keep(folder, &name, &png)?;
                    shell.status("Shot", &name);
                    pictures += 1;
                }
            }
        }
        Ok(pictures)
    }

    /// The tools that are wanted, or that do no harm.
    fn tools<'a>(&'a self, stage: &'a Stage) -> Result<Vec<&'a str>> {
        let named = || stage.openers.iter().map(|opener| opener.name.as_str());
        if let Some(unknown) = self.tool.iter().find(|tool| named().all(|name| name != tool.as_str())) {
            return Err(opens_none(unknown, named()));
        }
        if !self.tool.is_empty() {
            return Ok(self.tool.iter().map(String::as_str).collect());
        }
        let tools: Vec<_> =
            stage.openers.iter().filter(|opener| opener.is_opening).map(|opener| opener.name.as_str()).collect();
        match (tools.is_empty(), named().next()) {
            (false, _) => Ok(tools),
            (true, Some(first)) => {
                Err(Error::usage("no tool opens a view, says that it only reads, and needs no arguments")
                    .help(format!("name one, such as by `--tool {} --args '{{}}'`", plain(first))))
            }
            (true, None) => {
                Err(Error::usage("no tool opens a view").help("`cargo pmcp app check` tells what is amiss"))
            }
        }
    }
}

/// The profiles that are wanted, or all that show views.
fn chosen(wanted: &[String]) -> Result<Vec<&'static str>> {
    let with_views: Vec<_> = profiles().filter(|profile| profile["client"]["ui"] == true).collect();
    if wanted.is_empty() {
        return Ok(with_views.into_iter().map(|profile| string(profile, "id")).collect());
    }
    let ids = || with_views.iter().map(|profile| string(profile, "id"));
    wanted
        .iter()
        .map(|wanted| {
            ids().find(|id| id == wanted).ok_or_else(|| {
                let shows_none = profiles().any(|profile| profile["id"] == wanted.as_str());
                let error = Error::usage(if shows_none {
                    format!("the host `{wanted}` shows no views")
                } else {
                    format!("there is no host profile `{}`", plain(wanted))
                });
                error.help(format!("there are {}", ids().collect::<Vec<_>>().join(", ")))
            })
        })
        .collect()
}

fn is_ready(shown: &Shown, tool: &str, profile: &str) -> Result {
    if shown.phase == "ready" {
        return Ok(());
    }
    let why = shown.trouble.as_deref().unwrap_or("it does not say that it is initialized");
    Err(Error::failed(format!("the view of `{}` does not get ready under `{profile}`: {}", plain(tool), plain(why)))
        .help("`cargo pmcp preview` shows what happens in it"))
}

/// The file of a picture.
fn name(tool: &str, profile: &str, theme: Theme, width: Option<u32>) -> String {
    let width = width.map(|width| format!("-{width}")).unwrap_or_default();
    format!("{}-{profile}-{}{width}.png", file_name(tool), theme.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_without_views_have_no_pictures() {
        let all = chosen(&[]).unwrap();
        assert!(all.contains(&"claude") && !all.contains(&"text"), "{all:?}");
        assert_eq!(chosen(&["text".to_owned()]).unwrap_err().message.unwrap(), "the host `text` shows no views");
        let unknown = chosen(&["cloud".to_owned()]).unwrap_err();
        assert!(unknown.help[0].contains("claude"), "{unknown:?}");
    }

    #[test]
    fn a_picture_says_of_what_it_is() {
        assert_eq!(name("show_map", "claude", Theme::Dark, Some(320)), "show_map-claude-dark-320.png");
        assert_eq!(name("show_map", "vscode", Theme::Light, None), "show_map-vscode-light.png");
    }
}
