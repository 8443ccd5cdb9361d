//! The look at what was written.

use std::path::Path;

use pmcp_tasks::prelude::*;

use crate::{
    propose::Next,
    workspace::{self, Missing as _},
    write::Written,
};

/// Reads the workspace again, and compares it with what was to be written.
pub(crate) async fn verify(root: &Path, versions: &[Next], written: Option<&Written>) -> Result<String, ToolError> {
    let Some(written) = written else { return Ok("nothing was released".to_owned()) };
    let found = workspace::read(root).await?;
    for next in versions {
        let of = found.crates.iter().find(|of| of.name == next.name);
        let of = of.or_tell(&format!("crate `{}` has gone", next.name))?;
        if of.version != next.to {
            return Err(ToolError::new(format!("`{}` is {}, and not {}", of.name, of.version, next.to)));
        }
    }
    if !found.unreleased.is_empty() {
        return Err(ToolError::new("there are unreleased changes still"));
    }
    let released: Vec<_> = versions.iter().map(|next| format!("{} {}", next.name, next.to)).collect();
    Ok(format!("{} in {} files", released.join(", "), written.files.len()))
}
