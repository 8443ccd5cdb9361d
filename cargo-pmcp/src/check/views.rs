//! Rules about views as a browser shows them.

use super::{
    rule::{Findings, Group, Rule, Severity},
    seen::{Seen, Viewed},
};

const fn of(name: &'static str, severity: Severity, reason: &'static str, check: fn(&Seen, &mut Findings<'_>)) -> Rule {
    Rule { name, group: Group::Browser, severity, reason, check }
}

/// The rules, in the order in which they are told.
pub(super) static RULES: [Rule; 7] = [
    of("view-ready", Severity::Error, "a host shows nothing until a view says that it is initialized", ready),
    of("view-errors", Severity::Error, "an error on the console is something that did not work", errors),
    of("view-violations", Severity::Error, "the policy of a host stops what a document does not declare", violations),
    of("view-barriers", Severity::Error, "a view is for those who do not see it or use no mouse, too", barriers),
    of("view-narrow", Severity::Warning, "a view has 320 pixels on a phone, or with large letters", narrow),
    of("view-again", Severity::Error, "a host may load a view anew, with what it has kept", again),
    of("view-farewell", Severity::Warning, "a host waits for a view's answer before it takes it away", farewell),
];

/// Tells something once for all hosts where it is the same.
fn by_host(
    seen: &Seen,
    findings: &mut Findings<'_>,
    of: impl Fn(&Viewed) -> Vec<String>,
    tell: impl Fn(&Viewed, &str) -> (String, String),
) {
    // In the order in which they were seen.
    let mut found: Vec<(&Viewed, String, Vec<&str>)> = Vec::new();
    for view in &seen.views {
        for what in of(view) {
            match found.iter_mut().find(|(of, known, _)| of.uri == view.uri && *known == what) {
                Some((.., hosts)) if !hosts.contains(&view.host) => hosts.push(view.host),
                Some(_) => {}
                None => found.push((view, what, vec![view.host])),
            }
        }
    }
    for (view, what, hosts) in found {
        let all = seen.views.iter().filter(|other| other.uri == view.uri).count();
        let under = if hosts.len() == all { "every host".to_owned() } else { hosts.join(", ") };
        let (message, help) = tell(view, &what);
        findings.add(format!("{message} (under {under})"), help);
    }
}

fn ready(seen: &Seen, findings: &mut Findings<'_>) {
    by_host(
        seen,
        findings,
        |view| view.unready.iter().cloned().collect(),
        |view, why| {
            (
                format!("the view of `{}`, `{}`, does not get ready: {why}", view.tool, view.uri),
                "answer `ui/initialize` with `ui/notifications/initialized`, as the bridge of `pmcp-apps` does"
                    .to_owned(),
            )
        },
    );
}

fn errors(seen: &Seen, findings: &mut Findings<'_>) {
    by_host(
        seen,
        findings,
        |view| view.errors.clone(),
        |view, error| {
            (
                format!("the view of `{}` has an error on its console: {error}", view.tool),
                "`cargo pmcp preview` shows it with its line".to_owned(),
            )
        },
    );
}

fn violations(seen: &Seen, findings: &mut Findings<'_>) {
    let told = |view: &Viewed| {
        view.violations.iter().map(|stopped| format!("`{}` stops `{}`", stopped.directive, stopped.blocked)).collect()
    };
    by_host(seen, findings, told, |view, stopped| {
        (
            format!("in the view of `{}` {stopped}", view.tool),
            "declare its origin, or take it into the document; the page of `cargo pmcp preview` shows what to add"
                .to_owned(),
        )
    });
}

fn barriers(seen: &Seen, findings: &mut Findings<'_>) {
    for view in &seen.views {
        let mut told = Vec::new();
        for barriers in &view.barriers {
            if let Some(trouble) = &barriers.trouble {
                findings.add(
                    format!("the view of `{}` cannot be looked at for barriers: {trouble}", view.tool),
                    "a view may be mounted twice at once",
                );
            }
            for barrier in &barriers.found {
                let place = barrier.places.first().map_or("", |place| &place.selector);
                let both = view.barriers.iter().all(|other| {
                    other.found.iter().any(|found| {
                        found.id == barrier.id && found.places.first().map_or("", |place| &place.selector) == place
                    })
                });
                if told.contains(&(&barrier.id, place)) {
                    continue;
                }
                told.push((&barrier.id, place));
                let theme = if both { String::new() } else { format!(" in the {} theme", barriers.theme) };
                let severity = if barrier.is_serious() { Severity::Error } else { Severity::Warning };
                findings.weigh(
                    severity,
                    format!("`{place}` of the view of `{}` breaks `{}` of axe{theme}", view.tool, barrier.id),
                    &barrier.help,
                );
            }
        }
    }
}

fn narrow(seen: &Seen, findings: &mut Findings<'_>) {
    for view in seen.views.iter().filter(|view| view.is_too_wide) {
        findings.add(
            format!("the view of `{}` is wider than 320 pixels", view.tool),
            "let lines wrap, and scroll what cannot be narrower in an element of its own",
        );
    }
}

fn again(seen: &Seen, findings: &mut Findings<'_>) {
    for view in &seen.views {
        let help = "look at what it does with the state that it has kept";
        if !view.is_ready_again {
            findings.add(format!("the view of `{}` does not get ready when it is loaded anew", view.tool), help);
        }
        for error in &view.errors_again {
            findings.add(format!("the view of `{}` fails when it is loaded anew: {error}", view.tool), help);
        }
    }
}

fn farewell(seen: &Seen, findings: &mut Findings<'_>) {
    let told = |view: &Viewed| if view.answers_farewell { Vec::new() } else { vec![String::new()] };
    by_host(seen, findings, told, |view, _| {
        (
            format!("the view of `{}` does not answer `ui/resource-teardown` within three seconds", view.tool),
            "answer it with an empty result, once what is to be kept is saved".to_owned(),
        )
    });
}
