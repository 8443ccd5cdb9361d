//! `SKILL.md`: tells a model when to use the server, and what it has (the specification of Agent Skills).

use std::fmt::Write as _;

use serde_json::json;

use super::{App, File, plugin::FOLDER};
use crate::text;

/// The most characters of the line that tells when to use it.
const DESCRIPTION: usize = 1024;
/// The most characters of the instructions that are taken over.
const INSTRUCTIONS: usize = 8000;

/// The file.
pub(super) fn file(app: &App) -> File {
    let title = app.title();
    let when = format!("{} Use it when the user asks for {title}, or for what its tools do.", sentence(app.summary()));
    // Texts of JSON are texts of YAML.
    let (name, when) = (json!(app.name()), json!(when.chars().take(DESCRIPTION).collect::<String>()));
    let mut skill = format!(
        "---\nname: {name}\ndescription: {when}\n---\n\n# {}\n\n{}\n",
        text::prose(&title),
        text::prose(&sentence(app.summary()))
    );
    if let Some(instructions) = &app.served.instructions {
        let instructions: String = text::plain(instructions.trim()).chars().take(INSTRUCTIONS).collect();
        // Writing to a text does not fail.
        let _ = write!(skill, "\n{instructions}\n");
    }
    skill.push_str("\n## Tools\n\nThey are those of the MCP server ");
    let _ = writeln!(skill, "`{}`.\n", app.name());
    for tool in app.served.tools.iter().filter(|tool| tool.is_for_model) {
        let description = text::first_line(tool.description.as_deref().unwrap_or_default());
        let shows = if tool.view.is_some() { " It opens a view for the user." } else { "" };
        let _ = writeln!(skill, "- {}: {}{shows}", text::code(&tool.name), text::prose(&sentence(&description)));
    }
    File::new(format!("{FOLDER}/skills/{}/SKILL.md", app.name()), skill)
}

/// The text with the end of a sentence.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let ends = text.is_empty() || text.ends_with(['.', '!', '?', '…']);
    if ends { text.to_owned() } else { format!("{text}.") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::app::tests::app;

    #[test]
    fn a_skill_says_when_it_is_used_and_what_it_has() {
        let mut app = app(&json!({}), None);
        app.served.title = Some("Chess: \"the\" game".into());
        let file = file(&app);
        assert_eq!(file.path, "plugin/skills/chess/SKILL.md");
        let text = String::from_utf8(file.bytes).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("---"));
        assert_eq!(lines.next(), Some("name: \"chess\""));
        // As YAML has texts, too: nothing of the words can be taken for a field.
        let description = lines.next().unwrap().strip_prefix("description: ").unwrap();
        let description: String = serde_json::from_str(description).unwrap();
        assert!(description.contains("Chess: \"the\" game"), "{description}");
        assert!(text.contains("\nAsk for the colour first.\n"), "{text}");
        assert!(text.contains("- `show_board`: Shows the board. It opens a view for the user.\n"), "{text}");
        assert!(!text.contains("move_piece"), "a tool for views alone is not for models");
    }

    #[test]
    fn a_skill_is_as_short_as_its_specification_wants_it() {
        let mut app = app(&json!({}), None);
        app.served.title = Some("é".repeat(2000));
        app.served.instructions = Some("i".repeat(20_000));
        let text = String::from_utf8(file(&app).bytes).unwrap();
        let description: String =
            serde_json::from_str(text.lines().nth(2).unwrap().strip_prefix("description: ").unwrap()).unwrap();
        assert_eq!(description.chars().count(), DESCRIPTION);
        assert!(text.len() < 16_000);
    }
}
