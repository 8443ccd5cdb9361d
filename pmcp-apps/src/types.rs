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

/// The file `mcp.d.ts` in a widget's directory, beside the text that it is to have.
#[derive(Clone, Debug)]
pub struct TypesFile {
    path: PathBuf,
    text: String,
}

impl TypesFile {
    /// Its path, in full.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Tells whether the file is there and has this text, whatever ends its lines.
    #[must_use]
    pub fn is_current(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|found| found.replace("\r\n", "\n") == self.text)
    }

    /// Writes the text.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self) -> io::Result<()> {
        // Others may read it meanwhile: they find the old or the new one.
        let new = self.path.with_file_name(format!(".{FILE}.{}.new", std::process::id()));
        fs::write(&new, &self.text)?;
        fs::rename(new, &self.path)
    }
}

impl WidgetDefinition {
    /// The file of types for these tools of a server; `None` if this is no build for development, or the directory is not there.
    pub fn types<'a>(&self, tools: impl IntoIterator<Item = &'a ToolDefinition>) -> Option<TypesFile> {
        let source = self.source?;
        let dir = Path::new(source.crate_dir).join(source.dir);
        dir.is_dir().then(|| TypesFile { path: dir.join(FILE), text: typescript(self, tools) })
    }
}
