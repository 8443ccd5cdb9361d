//! `cargo pmcp deploy template`.

use std::{
    fs::File,
    io::{ErrorKind, Write as _},
    path::PathBuf,
};

use clap::{Args, ValueEnum};

use crate::{
    error::{Error, Result},
    shell::{self, Shell},
};

/// Write the template of a store on a cloud: what it needs there, and the rights of a process that uses it.
#[derive(Args, Debug)]
pub(crate) struct Template {
    /// The store.
    store: Store,
    /// Write it for Terraform, in place of CloudFormation.
    #[arg(long)]
    terraform: bool,
    /// The file to make; standard output if there is none.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A store that has to be set up before it can be used.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Store {
    /// A table of Amazon DynamoDB, for `dynamodb://TABLE`.
    #[value(name = "dynamodb")]
    DynamoDb,
}

impl Template {
    pub(crate) fn run(self, shell: &Shell) -> Result {
        let text = match (self.store, self.terraform) {
            (Store::DynamoDb, false) => include_str!("../../../../templates/cloudformation/tasks-table.yaml"),
            (Store::DynamoDb, true) => include_str!("../../../../templates/terraform/main.tf"),
        };
        let Some(out) = self.out else { return shell::write_out(text.as_bytes()) };
        let written = File::create_new(&out).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| match error.kind() {
            // It may be somebody's work.
            ErrorKind::AlreadyExists => Error::usage(format!("`{}` exists already", out.display()))
                .help("name another file, or remove it first"),
            _ => Error::because(&format!("`{}` cannot be written", out.display()), &error),
        })?;
        shell.status("Created", &out.display().to_string());
        Ok(())
    }
}
