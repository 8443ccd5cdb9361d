//! Tools whose arguments have a schema of their own.

use std::borrow::Cow;

use pmcp_server::Server;
use pmcp_tasks::prelude::*;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::App;

pub(crate) fn add_to(server: Server<App>) -> Server<App> {
    server.tool::<test_x_mcp_header>().tool::<json_schema_2020_12_tool>()
}

/// Takes an argument that clients repeat in a header.
#[task_tool(support = "forbidden", read_only)]
async fn test_x_mcp_header(
    /// Where to look.
    #[arg(header = "Region")]
    region: &str,
) -> String {
    format!("Looked in {region}.")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Contact {
    name: Option<String>,
    address: Option<Address>,
    #[serde(rename = "contactMethod")]
    method: Option<ContactMethod>,
    phone: Option<String>,
    email: Option<String>,
}

#[derive(Deserialize)]
struct Address {
    street: Option<String>,
    city: Option<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum ContactMethod {
    Phone,
    Email,
}

/// Says what a derived schema does not: that one field decides which other is required.
impl JsonSchema for Contact {
    fn schema_name() -> Cow<'static, str> {
        "Contact".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": {
                "address": {
                    "$anchor": "addressDef",
                    "type": "object",
                    "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
                },
            },
            "properties": {
                "name": { "type": "string" },
                "address": { "$ref": "#/$defs/address" },
                "contactMethod": { "type": "string", "enum": ["phone", "email"] },
                "phone": { "type": "string" },
                "email": { "type": "string" },
            },
            "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
            "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
            "then": { "required": ["phone"] },
            "else": { "required": ["email"] },
            "additionalProperties": false,
        })
    }
}

/// Tool with JSON Schema 2020-12 features
#[task_tool(support = "forbidden", read_only)]
async fn json_schema_2020_12_tool(#[args] contact: Contact) -> Result<String, ToolError> {
    let Contact { name, address, method, phone, email } = contact;
    let way = if method == Some(ContactMethod::Phone) { phone } else { email };
    let way = way.ok_or_else(|| ToolError::new("`phone` or `email` is missing"))?;
    let place = address.and_then(|address| address.city.or(address.street));
    Ok([name, Some(way), place].into_iter().flatten().collect::<Vec<_>>().join(", "))
}
