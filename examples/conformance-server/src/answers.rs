//! What users are asked for: the fields are the form.

use pmcp_tasks::Form;
use serde::Serialize;
use serde_json::{Value, json};

#[derive(Form)]
pub(crate) struct Confirmation {
    /// Whether to go ahead.
    pub(crate) confirm: bool,
}

#[derive(Form)]
pub(crate) struct Agreement {
    /// Whether that is fine.
    pub(crate) ok: bool,
}

#[derive(Form)]
pub(crate) struct Named {
    /// A name.
    pub(crate) name: String,
}

#[derive(Form)]
pub(crate) struct Painted {
    /// A colour.
    pub(crate) color: String,
}

#[derive(Form)]
pub(crate) struct Background {
    /// What the prompt should know.
    pub(crate) context: String,
}

#[derive(Serialize, Form)]
pub(crate) struct Account {
    /// User's response
    username: String,
    /// User's email address
    email: String,
}

/// Every primitive type with a default.
#[derive(Serialize, Form)]
pub(crate) struct Profile {
    #[form(default = "John Doe")]
    name: String,
    #[form(default = 30)]
    age: i64,
    #[form(default = 95.5)]
    score: f64,
    #[form(default = Status::Active)]
    status: Status,
    #[form(default = true)]
    verified: bool,
}

#[derive(Serialize, Form)]
#[serde(rename_all = "lowercase")]
enum Status {
    Active,
    Inactive,
    Pending,
}

/// Every way to choose, with and without titles.
#[derive(Form)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "the form is asked for, with one more field")]
struct Choices {
    untitled_single: Untitled,
    titled_single: Titled,
    untitled_multi: Vec<Untitled>,
    titled_multi: Vec<Chosen>,
}

#[derive(Form)]
#[serde(rename_all = "lowercase")]
enum Untitled {
    Option1,
    Option2,
    Option3,
}

#[derive(Form)]
#[serde(rename_all = "lowercase")]
enum Titled {
    #[form(title = "First Option")]
    Value1,
    #[form(title = "Second Option")]
    Value2,
    #[form(title = "Third Option")]
    Value3,
}

#[derive(Form)]
#[serde(rename_all = "lowercase")]
enum Chosen {
    #[form(title = "First Choice")]
    Value1,
    #[form(title = "Second Choice")]
    Value2,
    #[form(title = "Third Choice")]
    Value3,
}

/// Every way to choose, and one with its titles as clients before 2025-11-25 read them.
pub(crate) fn choices() -> Value {
    let mut form = Choices::requested_schema();
    form["properties"]["legacyEnum"] = json!({
        "type": "string",
        "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option One", "Option Two", "Option Three"],
    });
    form
}
