//! What is written, held against the schemas of those who read it. They are others' texts, so a folder has to be named:
//! `PMCP_PUBLISH_SCHEMAS`, with `plugin.schema.json` and `mcp.schema.json` of Agent Plugins 1.0.0 and `server.schema.json` of the registry
//! (2025-12-11).

mod needs_publish_schemas {
    use serde_json::{Value, json};

    use crate::publish::{
        File, Wanted,
        app::tests::{app, with_icon, with_repository},
        bundle::tests::made,
        files,
        registry::tests::read,
    };

    /// The mistakes of a file.
    fn mistakes(schema: &str, file: &File) -> Vec<String> {
        let folder = std::env::var_os("PMCP_PUBLISH_SCHEMAS").expect("`PMCP_PUBLISH_SCHEMAS` names a folder");
        let text = std::fs::read_to_string(std::path::Path::new(&folder).join(schema)).unwrap();
        let schema: Value = serde_json::from_str(&text).unwrap();
        let validator = jsonschema::options().build(&schema).unwrap();
        validator.iter_errors(&read(file)).map(|error| format!("{}: {error}", file.path)).collect()
    }

    #[test]
    #[ignore = "needs the schemas in the folder that `PMCP_PUBLISH_SCHEMAS` names"]
    fn every_manifest_fits_its_schema() {
        let table = json!({ "privacy-policy": "https://example.com/privacy", "category": "Games" });
        let url = Some("https://example.com/mcp");
        let listed = with_repository("https://github.com/ann/chess");
        let bundle = Some(made(&listed));
        let kinds = [
            (app(&table, url), Wanted::default()),
            (app(&json!({}), None), Wanted::default()),
            (with_icon("https://example.com/mcp"), Wanted::default()),
            (listed, Wanted { bundle, ..Wanted::default() }),
        ];
        let mut held = 0;
        for (app, wanted) in kinds {
            for file in files(&app, &wanted) {
                let schema = match file.path.as_str() {
                    "plugin/plugin.json" => "plugin.schema.json",
                    "plugin/mcp.json" => "mcp.schema.json",
                    "server.json" => "server.schema.json",
                    _ => continue,
                };
                assert_eq!(mistakes(schema, &file), Vec::<String>::new());
                held += 1;
            }
        }
        assert_eq!(held, 9);
    }
}
