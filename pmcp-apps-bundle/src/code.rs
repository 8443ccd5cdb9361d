//! Checks of what a script does: the origins it asks, the tools it calls, and what hosts block or want to be asked for.

use crate::{
    folder::closest,
    job::{At, Job},
    mistake::{Kind, Topic},
    policy::Directive,
    reference::{Target, target},
    script::{Call, Receiver, Script, Word},
};

/// The places of a script in its file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Places {
    /// The script begins at this byte.
    From(usize),
    /// The script is a value with escapes, and all of it is at this byte.
    At(usize),
}

impl Places {
    pub(crate) fn of(self, offset: usize) -> usize {
        match self {
            Self::From(start) => start + offset,
            Self::At(at) => at,
        }
    }
}

/// Checks a script of a file.
pub(crate) fn check(job: &mut Job<'_>, file: &str, places: Places, script: &Script) {
    let at = |offset| At { file, offset: places.of(offset) };
    if let Some(fault) = &script.fault {
        job.error(at(fault.at), fault.message.as_str(), fault.help.as_str());
    }
    for call in &script.calls {
        check_call(job, at(call.literal.span.start), call);
    }
    for literal in &script.sources {
        check_source(job, at(literal.span.start), &literal.value);
    }
    for (word, span) in &script.words {
        check_word(job, at(span.start), *word);
    }
}

fn check_call(job: &mut Job<'_>, at: At<'_>, call: &Call) {
    let value = call.literal.value.as_str();
    match (call.receiver, call.name.as_str()) {
        (Receiver::Global, "fetch" | "WebSocket" | "EventSource") | (_, "sendBeacon") | (Receiver::Other, "open") => {
            check_request(job, at, &call.name, value);
        }
        (Receiver::Mcp, "callTool") => check_tool(job, at, value),
        (Receiver::Mcp, "openLink") => {
            if let Target::Remote(_) = target(value) {
                job.check_remote(target(value), value, at, Directive::Redirect);
            }
        }
        _ => {}
    }
}

fn check_request(job: &mut Job<'_>, at: At<'_>, name: &str, url: &str) {
    match target(url) {
        Target::Local(local) => {
            let is_json = local.path.to_ascii_lowercase().ends_with(".json");
            let help = if is_json && !job.folder.is_served() {
                let dot = if local.path.starts_with("../") || local.path.starts_with("./") { "" } else { "./" };
                format!("write `import x from \"{dot}{}\" with {{ type: \"json\" }}`", local.path)
            } else {
                "ask a tool with `mcp.callTool`".to_owned()
            };
            let message = format!("`{name}(\"{url}\")` has no server to ask");
            job.tell(Kind::Error, Topic::Addresses, at, message, help);
        }
        Target::Absolute => {
            let message = format!("`{name}(\"{url}\")` has no server to ask");
            job.tell(Kind::Error, Topic::Addresses, at, message, "ask a tool with `mcp.callTool`");
        }
        other => job.check_remote(other, url, at, Directive::Connect),
    }
}

/// Checks an address given to an element, of which nothing tells the kind.
fn check_source(job: &mut Job<'_>, at: At<'_>, url: &str) {
    match target(url) {
        Target::Local(_) => {
            let help = "name the file in the page or in a style sheet, where it is put into the document";
            job.tell(Kind::Error, Topic::Addresses, at, format!("`.src = \"{url}\"` has no server to ask"), help);
        }
        Target::Remote(origin) if job.declarations.cover(Directive::Frame, &origin) => {
            job.used.insert((Directive::Frame, origin));
        }
        other => job.check_remote(other, url, at, Directive::Resource),
    }
}

fn check_tool(job: &mut Job<'_>, at: At<'_>, name: &str) {
    let Some(tools) = &job.declared.tools else { return };
    if tools.iter().any(|tool| tool == name) {
        return;
    }
    let alike = |one: &str| one.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    // `movePiece` and `move_piece` are one name in two languages.
    let meant = tools
        .iter()
        .map(String::as_str)
        .find(|tool| alike(tool) == alike(name))
        .or_else(|| closest(name, tools.iter().map(String::as_str)));
    let help = match (meant, job.folder.is_served()) {
        (Some(tool), true) => format!("did you mean `{tool}`?"),
        (Some(tool), false) => format!("did you mean `{tool}`, as `tools(…)` has it?"),
        (None, true) => "list a tool of this name for views".to_owned(),
        (None, false) => "add the tool to `tools(…)`".to_owned(),
    };
    let message = format!("`callTool(\"{name}\")` names no tool of this widget");
    job.tell(Kind::Error, Topic::Tools, at, message, help);
}

fn check_word(job: &mut Job<'_>, at: At<'_>, word: Word) {
    let permissions = job.declared.permissions;
    let warning = |message: String, help: &str| Some((Kind::Warning, message, help.to_owned()));
    let blocked = |what: &str| {
        let message = format!("{what} blocked by hosts that follow the specification");
        warning(message, "do the work in a tool, or feature-test and fall back")
    };
    let needs = |what: &str, key: &str, has: bool| {
        let help = if job.folder.is_served() {
            format!("ask for it in `_meta.ui.permissions`, as `permissions({key})` of `#[widget]` does")
        } else {
            format!("add `permissions({key})` to the attribute")
        };
        (!has).then(|| (Kind::Error, format!("`{what}` needs `permissions({key})`"), help))
    };
    let nothing = |what: &str, help: &str| warning(format!("`{what}` does nothing in hosts"), help);
    let found = match word {
        Word::Eval => blocked("`eval` is"),
        Word::Function => blocked("`new Function` is"),
        Word::WebAssembly => blocked("`WebAssembly` is"),
        Word::Worker | Word::SharedWorker | Word::ServiceWorker => blocked("workers are"),
        Word::Alert => nothing("alert", "show it in the page"),
        Word::Confirm => nothing("confirm", "show it in the page"),
        Word::Prompt => nothing("prompt", "show it in the page"),
        Word::Open => nothing("window.open", "use `mcp.openLink`"),
        Word::TopLocation => nothing("top.location", "use `mcp.openLink`"),
        Word::Location => {
            let message = "`location` leaves the document here, and hosts then remove the view";
            warning(message.to_owned(), "use `mcp.openLink`, or draw the page anew")
        }
        Word::PeerConnection => {
            let message = "`RTCPeerConnection` reaches others past `csp(…)`, so hosts may take it away";
            warning(message.to_owned(), "use `fetch` or a `WebSocket` to an origin of `csp(connect = […])`, or a tool")
        }
        Word::Camera => needs("getUserMedia", "camera", permissions.camera),
        Word::Microphone => needs("getUserMedia", "microphone", permissions.microphone),
        Word::GetUserMedia => needs("getUserMedia", "camera", permissions.camera || permissions.microphone),
        Word::Geolocation => needs("geolocation", "geolocation", permissions.geolocation),
        Word::Clipboard => needs("clipboard", "clipboard_write", permissions.clipboard_write),
        Word::Initialize => job.declared.bridge.is_some().then(|| {
            let message = "the page speaks the protocol itself (`ui/initialize`) and gets our bridge, too";
            (Kind::Error, message.to_owned(), "add `bridge = false`".to_owned())
        }),
    };
    let topic = match word {
        Word::Camera | Word::Microphone | Word::GetUserMedia | Word::Geolocation | Word::Clipboard => {
            Topic::Permissions
        }
        Word::Location | Word::TopLocation | Word::Open => Topic::Links,
        _ => Topic::Code,
    };
    if let Some((kind, message, help)) = found {
        job.once(kind, topic, Some(at), message, help);
    }
}
