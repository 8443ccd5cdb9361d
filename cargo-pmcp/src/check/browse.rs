//! The look at the views of a server in a browser: each as each host shows it.

use std::path::{Path, PathBuf};

use pmcp_preview::profiles;
use serde_json::{Map, Value};

use super::seen::{Barriers, Seen, Viewed, is_harmless, opens};
use crate::{
    browser::Browser,
    error::{Error, Result},
    output::string,
    shell::Shell,
    stage::{Shown, Stage, Theme, UNCONNECTED, file_name, keep, opens_none},
    target::{Protocol, Reached},
};

/// The most tools whose views are looked at.
const TOOLS: usize = 10;
/// The width at which views have to fit, in pixels, as accessibility asks for it (WCAG 2, Reflow).
const NARROW: u32 = 320;

/// A look in a browser: which one, and at what.
#[derive(Debug)]
pub(crate) struct Browsing {
    pub(crate) program: PathBuf,
    /// The tools whose views are looked at, whatever they do; if there are none, those that only read and need no arguments.
    pub(crate) tools: Vec<String>,
    /// Their arguments.
    pub(crate) arguments: Map<String, Value>,
}

impl Browsing {
    /// The tools whose views are looked at, each with its document.
    ///
    /// # Errors
    /// One that was named opens no view.
    fn tools(&self, seen: &Seen) -> Result<Vec<(String, String)>> {
        let pair = |tool: &Value| Some((string(tool, "name").to_owned(), opens(tool)?.to_owned()));
        let openers: Vec<_> = seen.shown.tools.iter().filter_map(pair).collect();
        if self.tools.is_empty() {
            // A document that two tools open is looked at once.
            let mut tools: Vec<(String, String)> = Vec::new();
            for (name, uri) in seen.shown.tools.iter().filter(|tool| is_harmless(tool)).take(TOOLS).filter_map(pair) {
                if tools.iter().all(|(_, known)| *known != uri) {
                    tools.push((name, uri));
                }
            }
            return Ok(tools);
        }
        let find = |wanted: &String| {
            let found = openers.iter().find(|(name, _)| name == wanted);
            found.cloned().ok_or_else(|| opens_none(wanted, openers.iter().map(|(name, _)| name.as_str())))
        };
        self.tools.iter().map(find).collect()
    }
}

/// Looks at views, and leaves pictures of them in a folder.
///
/// # Errors
/// A tool that was named opens none, the browser does not start, or a picture cannot be written.
pub(super) async fn browse(
    seen: &mut Seen,
    server: &Reached,
    protocol: Protocol,
    browsing: &Browsing,
    shell: &Shell,
) -> Result {
    let tools = browsing.tools(seen)?;
    if tools.is_empty() {
        shell.warn("no tool opens a view, says that it only reads, and needs no arguments, so there is nothing for the browser: name one by `--tool NAME`");
        return Ok(());
    }
    let folder = server.folder().join("check");
    let browser = Browser::start(&browsing.program).await?;
    let place = Place { browser: &browser, arguments: &browsing.arguments, server, protocol, folder: &folder, shell };
    let mut looked = Ok(());
    for profile in profiles().filter(|profile| profile["client"]["ui"] == true) {
        shell.status("Showing", &format!("{} under {}", number(tools.len(), "view"), string(profile, "title")));
        looked = place.under(profile, &tools, &mut seen.views).await;
        if looked.is_err() {
            break;
        }
    }
    browser.stop().await;
    looked?;
    shell.status("Pictures", &folder.display().to_string());
    Ok(())
}

/// The place where views are looked at.
#[derive(Debug)]
struct Place<'a> {
    browser: &'a Browser,
    /// The arguments of the calls.
    arguments: &'a Map<String, Value>,
    server: &'a Reached,
    protocol: Protocol,
    /// The folder of the pictures.
    folder: &'a Path,
    shell: &'a Shell,
}

impl Place<'_> {
    /// Looks at the views of these tools, by their documents, under one host.
    async fn under(&self, profile: &'static Value, tools: &[(String, String)], views: &mut Vec<Viewed>) -> Result {
        let (id, title) = (string(profile, "id"), string(profile, "title"));
        let stage = match Stage::open(self.browser, self.server.endpoint()?, self.protocol, id).await {
            Ok(stage) => stage,
            // A server need not speak what a host speaks.
            Err(Error { message: Some(why), .. }) if why.starts_with(UNCONNECTED) => {
                self.shell.warn(&format!("no view is shown under {title}: {why}"));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let mut looked = Ok(());
        for (tool, uri) in tools {
            // It may not be there for this host.
            if stage.openers.iter().all(|opener| opener.name != *tool) {
                continue;
            }
            let is_known = views.iter().any(|view| view.uri == *uri && !view.barriers.is_empty());
            let mut view = Viewed { uri: uri.clone(), tool: tool.clone(), host: title, ..Viewed::default() };
            looked = self.one(&stage, id, &mut view, is_known).await;
            views.push(view);
            if looked.is_err() {
                break;
            }
        }
        stage.close().await;
        looked
    }

    /// Looks at one view under one host; once at everything that is the same under all.
    async fn one(&self, stage: &Stage, host: &str, view: &mut Viewed, is_known: bool) -> Result {
        let start = format!("{}-{host}", file_name(&view.tool));
        stage.take_errors();
        stage.call(&view.tool, self.arguments).await?;
        let shown = stage.show(Theme::Light, None).await?;
        self.picture(stage, &shown, Theme::Light, &format!("{start}-light.png")).await?;
        let is_ready = note(view, &shown, stage);
        if is_ready && !is_known {
            let light = stage.examine().await?;
            let again = stage.again().await?;
            view.is_ready_again = again.phase == "ready";
            note_again(view, &again, stage);
            let shown = stage.show(Theme::Dark, None).await?;
            self.picture(stage, &shown, Theme::Dark, &format!("{start}-dark.png")).await?;
            let dark = stage.examine().await?;
            let shown = stage.show(Theme::Light, Some(NARROW)).await?;
            self.picture(stage, &shown, Theme::Light, &format!("{start}-{NARROW}.png")).await?;
            view.is_too_wide = stage.examine().await?.is_wider;
            view.barriers = vec![
                Barriers { theme: "light", found: light.findings, trouble: light.trouble },
                Barriers { theme: "dark", found: dark.findings, trouble: dark.trouble },
            ];
            add(&mut view.errors, stage.take_errors());
        }
        view.answers_farewell = !is_ready || stage.leave().await?.answered;
        Ok(())
    }

    async fn picture(&self, stage: &Stage, shown: &Shown, theme: Theme, name: &str) -> Result {
        keep(self.folder, name, &stage.picture(shown, theme).await?)
    }
}

/// Notes what the view has come to. Tells whether it is ready.
fn note(view: &mut Viewed, shown: &Shown, stage: &Stage) -> bool {
    add(&mut view.errors, stage.take_errors());
    view.violations.clone_from(&shown.violations);
    let is_ready = shown.phase == "ready";
    view.is_ready_again = true;
    view.unready = (!is_ready).then(|| match (&shown.trouble, shown.phase.as_str()) {
        (Some(trouble), _) => trouble.clone(),
        (None, "closed") => "it closes itself".to_owned(),
        (None, "flooded") => "it sends too many messages".to_owned(),
        (None, _) => "it does not say that it is initialized".to_owned(),
    });
    is_ready
}

/// Notes errors that come only when the view is loaded anew.
fn note_again(view: &mut Viewed, again: &Shown, stage: &Stage) {
    let errors = stage.take_errors();
    view.errors_again = errors.into_iter().filter(|error| !view.errors.contains(error)).collect();
    let new = again.violations.iter().filter(|violation| !view.violations.contains(violation));
    view.errors_again.extend(new.map(|violation| format!("{} stopped {}", violation.directive, violation.blocked)));
}

fn add(errors: &mut Vec<String>, more: Vec<String>) {
    for error in more {
        if !errors.contains(&error) {
            errors.push(error);
        }
    }
}

fn number(number: usize, of: &str) -> String {
    format!("{number} {of}{}", if number == 1 { "" } else { "s" })
}
