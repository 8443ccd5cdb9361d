//! Every mistake has its words and its place, is told once, and is mended by the edit that its help names.

#[path = "../support/mod.rs"]
mod support;

mod files;
mod html;
mod links;
mod modules;
mod scripts;
mod styles;

use support::Widget;

/// A directory, the one mistake in it, and the edit of its help.
struct Case {
    widget: Widget,
    told: &'static str,
    help: &'static str,
    mend: fn(&mut Widget),
}

/// Tells nothing that could be followed by a change of the files or of the attribute alone.
fn no_edit(_: &mut Widget) {}

fn check(cases: impl IntoIterator<Item = Case>) {
    let mut failed = Vec::new();
    for Case { mut widget, told, help, mend } in cases {
        let expected = vec![format!("{told}\nhelp: {help}")];
        let found = widget.told();
        if found != expected {
            failed.push(format!("expected {expected:#?}\nfound {found:#?}"));
            continue;
        }
        if std::ptr::fn_addr_eq(mend, no_edit as fn(&mut Widget)) {
            continue;
        }
        mend(&mut widget);
        let rest = widget.told();
        if !rest.is_empty() || widget.bundle().document.is_none() {
            failed.push(format!("after the help of {told:?}: {rest:#?}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

fn case(widget: Widget, told: &'static str, help: &'static str, mend: fn(&mut Widget)) -> Case {
    Case { widget, told, help, mend }
}
