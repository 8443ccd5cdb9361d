use pmcp_tasks::prelude::*;

#[derive(Form, serde::Deserialize)]
struct Order {
    #[serde(deserialize_with = "doubled")]
    _pieces: u8,
}

fn doubled<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    <u8 as serde::Deserialize>::deserialize(deserializer).map(|pieces| pieces * 2)
}

fn main() {}
