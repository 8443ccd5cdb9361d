//! Settings of who may call, and what they may use.

use std::sync::Arc;

use pmcp_tasks::{call::Caller, gate::Target, security::Principal};

use super::Server;
use crate::{
    access::Anonymous,
    auth::{Authenticator, ProtectedResource},
};

impl<S: Clone + Send + Sync + 'static> Server<S> {
    /// Lets in only whom this authenticator knows (HTTP). Tasks belong to the subject it finds, else to the client.
    #[must_use]
    pub fn authenticator(mut self, authenticator: impl Authenticator) -> Self {
        self.settings.admission.authenticator = Some(Arc::new(authenticator));
        self
    }

    /// Says who the one caller on stdio is, and on the streams of [`serve_io`](Self::serve_io): tasks belong to it, and of what declares
    /// scopes it may use what its own allow. Unless this is said, it is the user of the machine, who needs none.
    ///
    /// Nobody authenticates there, and the specification has a server find whose credentials it works with in its environment:
    ///
    /// ```
    /// use pmcp_server::{Server, pmcp_tasks::security::Principal};
    ///
    /// let mut server = Server::new("notes", "1.0.0");
    /// if let Ok(user) = std::env::var("NOTES_USER") {
    ///     let scopes = std::env::var("NOTES_SCOPES").unwrap_or_default();
    ///     server = server.stdio_principal(Principal::subject(user).with_scopes(scopes.split_whitespace()));
    /// }
    /// ```
    ///
    /// In a store that it shares with a server over HTTP it is the same owner as there if issuer and subject are the same.
    #[must_use]
    pub fn stdio_principal(mut self, principal: Principal) -> Self {
        self.settings.admission.on_stdio = Some(principal);
        self
    }

    /// Needs these scopes of every caller over HTTP: one without them is answered 403, with their names. It takes an
    /// [`authenticator`](Self::authenticator) that finds them.
    #[must_use]
    pub fn required_scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        self.settings.admission.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// Offers something only to callers for whom this rule holds, beside the scopes that it declares:
    ///
    /// ```
    /// use pmcp_server::{Server, pmcp_tasks::gate::TargetKind};
    ///
    /// let server = Server::new("notes", "1.0.0").authorize(|caller, target| match target.kind {
    ///     TargetKind::Resource if target.name.starts_with("secret://") => {
    ///         caller.principal().is_some_and(|principal| principal.claims.get("team") == Some(&"blue".into()))
    ///     }
    ///     _ => true,
    /// });
    /// ```
    ///
    /// What it does not hold for is not listed, and answers as what there is not, on every transport and wherever it is asked for: also from
    /// inside other tools and in steps of workflows, by its tasks and by templates. Of several rules all hold. It is asked often: it is to
    /// be quick, and not to wait.
    ///
    /// A run that goes on after a crash is its caller's still, of whom issuer, subject, client and scopes are known then, and no other claims.
    #[must_use]
    pub fn authorize(self, rule: impl Fn(&Caller, &Target<'_>) -> bool + Send + Sync + 'static) -> Self {
        Self { tools: self.tools.authorize(rule), ..self }
    }

    /// Sets whether callers over HTTP are told of tools, workflows, prompts and resources for which they only lack scopes. A request for one is
    /// answered 403 then, with the scopes in `WWW-Authenticate`: a client asks its user for them and comes again. Off by default: such
    /// things are not listed, and answer as what there is not.
    #[must_use]
    pub fn step_up(mut self, step_up: bool) -> Self {
        self.settings.admission.step_up = step_up;
        self
    }

    /// Tells clients how to get a token, in place of what the [`authenticator`](Self::authenticator) says of itself.
    #[must_use]
    pub fn protected_resource(mut self, resource: ProtectedResource) -> Self {
        self.settings.admission.resource = Some(resource);
        self
    }

    /// Sets what callers may do with tasks where nobody authenticates and the server is not local.
    #[must_use]
    pub fn anonymous(mut self, anonymous: Anonymous) -> Self {
        self.settings.anonymous = anonymous;
        self
    }

    /// Pages of these origins, such as `https://app.example.com`, may call the server from a browser; requests of pages from
    /// elsewhere are refused. On a loopback address those of this machine are let in, too, but only pages named here get the
    /// CORS headers that a browser wants before it shows them the answers.
    #[must_use]
    pub fn allowed_origins<T: Into<String>>(mut self, origins: impl IntoIterator<Item = T>) -> Self {
        self.settings.allowed.origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Lets pages of these origins in, too.
    pub(crate) fn also_allowing(mut self, origins: Vec<String>) -> Self {
        self.settings.allowed.origins.extend(origins);
        self
    }

    /// The names clients reach the server under; requests with another `Host` are refused. Without any, only a server on a
    /// loopback address checks.
    #[must_use]
    pub fn allowed_hosts<T: Into<String>>(mut self, hosts: impl IntoIterator<Item = T>) -> Self {
        self.settings.allowed.hosts = hosts.into_iter().map(Into::into).collect();
        self
    }
}
