//! The templates for clouds, checked by the tools of those who use them.

use crate::command::{self, program};
use crate::report::Counts;
use crate::setup;

/// Checks every template for `CloudFormation`. That for Terraform is compared with it by a test of `pmcp-tasks`.
pub(crate) fn check(counts: &mut Counts) -> anyhow::Result<()> {
    command::run(program(setup::cfn_lint()?).arg("templates/cloudformation/*.yaml"))?;
    counts.passed += 1;
    Ok(())
}
