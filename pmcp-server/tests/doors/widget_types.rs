//! The types beside a widget's page: who writes them, and who does not.

use std::{env, fs, process::Command, sync::LazyLock, time::Duration};

use pmcp_server::{
    Server,
    apps::{
        Csp, Permissions, Widget, WidgetDefinition, WidgetSource,
        testing::{TypesError, types_are_current},
    },
};
use pmcp_tasks::{prelude::*, tool::ToolWidget};
use serde_json::{Map, Value};
use tokio::{net::TcpListener, time::timeout};

use crate::support::{App, listening, server};

/// A widget in development: its directory is made for the test.
struct Sheet;

static SHEET: LazyLock<WidgetDefinition> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap().keep();
    fs::create_dir(folder.join("sheet")).unwrap();
    let crate_dir = folder.to_str().unwrap().to_owned().leak();
    WidgetDefinition {
        package: "office",
        version: "1.0.0",
        name: "sheet",
        title: None,
        description: None,
        csp: Csp::default(),
        permissions: Permissions::default(),
        domain: None,
        border: None,
        tools: &[],
        modes: &["inline"],
        invoking: None,
        invoked: None,
        bridge: true,
        budget: 512 * 1024,
        document: "",
        source: Some(WidgetSource { crate_dir, dir: "sheet" }),
    }
});

impl ToolWidget for Sheet {
    fn fill(meta: &mut Map<String, Value>) {
        SHEET.fill_tool(meta);
    }
}

impl Widget for Sheet {
    fn definition() -> &'static WidgetDefinition {
        &SHEET
    }
}

#[task_tool(support = "forbidden", widget = Sheet)]
async fn show_sheet(rows: u32) -> u32 {
    rows
}

fn office() -> Server<App> {
    server().0.tool::<show_sheet>().widget::<Sheet>()
}

#[tokio::test]
async fn what_serves_until_it_is_terminated_writes_types_and_what_a_test_starts_does_not() {
    let source = SHEET.source.unwrap();
    let types = std::path::Path::new(source.crate_dir).join(source.dir).join("mcp.d.ts");
    let (_running, _) = listening(office()).await;
    assert!(!types.exists(), "an old file has to be found old");
    let stale = types_are_current::<Sheet>(office().tool_definitions());
    assert!(matches!(stale, Err(TypesError::Stale { dir: "sheet" })));

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let serving = tokio::spawn(office().serve_on(listener));
    let is_ci = env::var_os("CI").is_some();
    let written = async {
        while !types.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let patience = Duration::from_secs(if is_ci { 1 } else { 10 });
    assert_eq!(timeout(patience, written).await.is_err(), is_ci);
    serving.abort();
    if !is_ci {
        let text = fs::read_to_string(types).unwrap();
        assert!(text.contains("rows: number;") && text.contains("Mcp<Tools, \"show_sheet\">"), "{text}");
        types_are_current::<Sheet>(office().tool_definitions()).unwrap();
    }
}

/// The variable is the whole process's: the test above runs in one where it is the other way about.
#[test]
fn where_ci_is_set_nothing_writes_types() {
    let mut other = Command::new(env::current_exe().unwrap());
    let case = "what_serves_until_it_is_terminated_writes_types_and_what_a_test_starts_does_not";
    other.args(["--exact", &format!("widget_types::{case}")]);
    match env::var_os("CI") {
        None => other.env("CI", "true"),
        Some(_) => other.env_remove("CI"),
    };
    let told = other.output().unwrap();
    let text = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success() && text.contains("1 passed"), "{text}");
}
