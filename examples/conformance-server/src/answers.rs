//! What users are asked for: the fields are the form.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Confirmation {
    /// Whether to go ahead.
    pub(crate) confirm: bool,
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Agreement {
    /// Whether that is fine.
    pub(crate) ok: bool,
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Named {
    /// A name.
    pub(crate) name: String,
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Painted {
    /// A colour.
    pub(crate) color: String,
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Background {
    /// What the prompt should know.
    pub(crate) context: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Account {
    /// User's response
    username: String,
    /// User's email address
    email: String,
}

/// Every primitive type with a default.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Profile {
    name: String,
    age: i64,
    score: f64,
    status: Status,
    verified: bool,
}

impl Default for Profile {
    fn default() -> Self {
        Self { name: "John Doe".into(), age: 30, score: 95.5, status: Status::Active, verified: true }
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    Active,
    Inactive,
    Pending,
}

/// Every way to choose, with and without titles.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Choices {
    untitled_single: Untitled,
    titled_single: Titled,
    legacy_enum: Legacy,
    untitled_multi: Vec<Untitled>,
    titled_multi: Vec<Chosen>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Untitled {
    Option1,
    Option2,
    Option3,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Titled {
    #[schemars(title = "First Option")]
    Value1,
    #[schemars(title = "Second Option")]
    Value2,
    #[schemars(title = "Third Option")]
    Value3,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Chosen {
    #[schemars(title = "First Choice")]
    Value1,
    #[schemars(title = "Second Choice")]
    Value2,
    #[schemars(title = "Third Choice")]
    Value3,
}

/// Titles as clients before 2025-11-25 read them.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(extend("enumNames" = ["Option One", "Option Two", "Option Three"]))]
enum Legacy {
    Opt1,
    Opt2,
    Opt3,
}
