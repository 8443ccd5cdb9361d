//! The bridge: the script that runs before all others of a document and speaks with the host.

use crate::{
    declared::Identity,
    script::{Goal, escape},
    text::json_string,
};

/// One function expression. Its argument is the widget's identity.
const BRIDGE: &str = include_str!("bridge.js");

/// The element that starts the bridge.
pub(crate) fn element(identity: &Identity) -> String {
    let modes: Vec<String> = identity.modes.iter().map(|mode| json_string(mode)).collect();
    format!(
        "<script>({})({{\"name\":{},\"version\":{},\"modes\":[{}]}})</script>",
        escape(BRIDGE.trim_end(), Goal::Script),
        json_string(&identity.name),
        json_string(&identity.version),
        modes.join(","),
    )
}
