//! The client that servers see of a host.

use std::sync::{Arc, OnceLock};

use pmcp_client::{
    Client, ClientBuilder, ClientRevision, Version,
    pmcp_protocol::{UI_EXTENSION, UI_MIME_TYPE, meta::related_task},
};
use serde::Deserialize;
use serde_json::json;

use crate::{
    asker::{Asker, elicited, rooted, sampled},
    questions::Questions,
    tasks::Tasks,
};

/// The client that servers see of a host, as the file of its profile describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a capability of its own")]
pub struct Emulated {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The versions of the protocol it speaks.
    pub revisions: Vec<String>,
    /// It shows views.
    pub ui: bool,
    /// Its calls may become tasks.
    pub tasks: bool,
    /// It has forms filled in.
    pub elicitation: bool,
    /// It sends its user to pages, after it asked.
    #[serde(default)]
    pub elicitation_url: bool,
    /// It has a model write texts.
    pub sampling: bool,
    /// It tells directories.
    pub roots: bool,
}

impl Emulated {
    /// The newest version without a handshake, and the newest with one, as far as the host speaks such.
    pub fn versions(&self) -> impl Iterator<Item = Version> {
        let speaks = |version: &Version| self.revisions.iter().any(|name| name == version.as_str());
        let newest = move |has_handshake| {
            Version::ALL.into_iter().filter(speaks).find(|version| version.has_handshake() == has_handshake)
        };
        [newest(false), newest(true)].into_iter().flatten()
    }

    /// A client that is to speak this version. Its calls may become tasks where `may_be_tasks` and the host let them; what the server asks is
    /// put to the questions, or to the tasks of a version before 2026-07-28 once there are some.
    pub fn builder(
        &self,
        revision: impl Into<ClientRevision>,
        may_be_tasks: bool,
        questions: Arc<Questions>,
        tasks: Arc<OnceLock<Arc<Tasks>>>,
    ) -> ClientBuilder {
        let asker = Asker { questions, tasks };
        let mut builder =
            Client::builder(&*self.name, &*self.version).revision(revision).declare_tasks(may_be_tasks && self.tasks);
        if self.ui {
            builder = builder.extension(UI_EXTENSION, json!({ "mimeTypes": [UI_MIME_TYPE] }));
        }
        if self.elicitation {
            let asker = asker.clone();
            builder = builder.on_elicit(move |form| {
                let asker = asker.clone();
                async move { elicited(asker.ask("elicitation/create", form.params, form.task).await) }
            });
        }
        if self.elicitation_url {
            let asker = asker.clone();
            builder = builder.on_elicit_url(move |page| {
                let asker = asker.clone();
                async move { elicited(asker.ask("elicitation/create", page.params, page.task).await) }
            });
        }
        if self.sampling {
            let asker = asker.clone();
            builder = builder.on_sample(move |params| {
                let asker = asker.clone();
                async move {
                    let task = related_task(&params).map(str::to_owned);
                    sampled(asker.ask("sampling/createMessage", params, task).await)
                }
            });
        }
        if self.roots {
            builder = builder.on_roots(move |params| {
                let asker = asker.clone();
                async move {
                    let task = related_task(&params).map(str::to_owned);
                    rooted(asker.ask("roots/list", params, task).await)
                }
            });
        }
        builder
    }
}
