//! The directory, read and checked.

use pmcp_apps_bundle::{Csp, Declared, Identity, Kind, Source, bundle, check_origin};
use pmcp_macro_support::Diagnostics;
use syn::LitStr;

use super::{
    args::{self, WidgetArgs},
    item::UnitStruct,
    named::{modes, name, tool_name},
    surroundings::Surroundings,
};

/// The outcome of a look at the directory.
#[derive(Debug)]
pub(super) struct Read {
    /// The document, unless there was a mistake.
    pub(super) document: Option<String>,
    /// Every file that was read, from the crate's directory.
    pub(super) files: Vec<String>,
    /// Advice about them.
    pub(super) warnings: Vec<String>,
    /// The arguments that the files were judged by.
    pub(super) declared: Declared,
    pub(super) modes: Vec<String>,
}

impl Read {
    /// Reads the directory of these arguments, and reports what is wrong there at the literal that names it. `None` if the arguments
    /// do not say by what it is to be judged.
    pub(super) fn of(
        args: &WidgetArgs,
        item: Option<&UnitStruct>,
        around: &Surroundings,
        diag: &mut Diagnostics,
    ) -> Option<Self> {
        let Some(dir) = &args.dir else {
            diag.push(syn::Error::new(
                proc_macro2::Span::call_site(),
                "`dir` is missing\nhelp: name the widget's directory: `#[widget(dir = \"widgets/board\")]`",
            ));
            return None;
        };
        let mut is_clear = true;
        for (list, origins) in args.csp.origins() {
            for (at, origin) in origins.iter().enumerate() {
                if let Err(refused) = check_origin(&origin.value()) {
                    diag.error(origin, refused.message, refused.help);
                    is_clear = false;
                } else if origins[..at].iter().any(|other| other.value() == origin.value()) {
                    let origin_text = origin.value();
                    diag.error(origin, format_args!("`{list}` has `{origin_text}` twice"), "remove one of them");
                }
            }
        }
        let budget = match &args.budget {
            None => Some(Declared::BUDGET),
            Some(budget) => bytes(budget, diag),
        };
        let budget = budget.filter(|_| is_clear)?;
        let modes = modes(args, diag)?;
        let identity = Identity {
            name: item.map(|item| name(args, item)).unwrap_or_default(),
            version: around.version.clone(),
            modes: modes.clone(),
        };
        let declared = Declared {
            csp: csp(&args.csp),
            permissions: args.permissions,
            tools: Some(args.tools.iter().map(tool_name).collect()),
            bridge: args.bridge.unwrap_or(true).then_some(identity),
            budget,
        };
        let dir_text = dir.value();
        let bundle = bundle(&Source { crate_dir: &around.crate_dir, dir: &dir_text }, &declared);
        let mut warnings = Vec::new();
        for mistake in bundle.mistakes {
            match mistake.kind {
                Kind::Error => diag.error(dir, &mistake, &mistake.help),
                Kind::Warning => warnings.push(format!("{mistake}\nhelp: {}", mistake.help)),
            }
        }
        Some(Self { document: bundle.document, files: bundle.files, warnings, declared, modes })
    }
}

fn csp(csp: &args::Csp) -> Csp {
    let texts = |literals: &[LitStr]| literals.iter().map(LitStr::value).collect();
    let args::Csp { connect, resource, frame, base_uri, redirect } = csp;
    Csp {
        connect: texts(connect),
        resource: texts(resource),
        frame: texts(frame),
        base_uri: texts(base_uri),
        redirect: texts(redirect),
    }
}

/// A size as it is written.
fn bytes(text: &LitStr, diag: &mut Diagnostics) -> Option<usize> {
    let written = text.value();
    let number_ends = written.find(|c: char| !c.is_ascii_digit()).unwrap_or(written.len());
    let (number, unit) = written.split_at(number_ends);
    let unit = match unit {
        "KiB" => Some(1024),
        "MiB" => Some(1024 * 1024),
        _ => None,
    };
    let size = unit.and_then(|unit| number.parse::<usize>().ok()?.checked_mul(unit)).filter(|size| *size > 0);
    if size.is_none() {
        let help = "write a number and one of `KiB`, `MiB`, such as `\"512KiB\"`";
        diag.error(text, format_args!("`{written}` is not a size of a document"), help);
    }
    size
}
