//! The file of TypeScript types in a widget's directory: written in development, compared in tests.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use pmcp_tasks::tool::ToolDefinition;

use crate::{
    WidgetDefinition,
    typescript::{FILE, typescript},
};

impl WidgetDefinition {
    /// Writes `mcp.d.ts` into its directory, if this is a build for development, the directory is there, and the types have changed.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_types<'a>(&self, tools: impl IntoIterator<Item = &'a ToolDefinition>) -> io::Result<()> {
        let Some(file) = self.types_file() else { return Ok(()) };
        let text = typescript(self, tools);
        if is_same(&file, &text) {
            return Ok(());
        }
        // Others may read it meanwhile: they find the old or the new one.
        let new = file.with_extension(format!("{}.new", std::process::id()));
        fs::write(&new, text)?;
        fs::rename(new, file)
    }

    /// The file in the directory, where there is one.
    pub(crate) fn types_file(&self) -> Option<PathBuf> {
        let source = self.source?;
        let dir = Path::new(source.crate_dir).join(source.dir);
        dir.is_dir().then(|| dir.join(FILE))
    }
}

/// Tells whether the file has this text, whatever ends its lines.
pub(crate) fn is_same(file: &Path, text: &str) -> bool {
    fs::read_to_string(file).is_ok_and(|found| found.replace("\r\n", "\n") == text)
}
