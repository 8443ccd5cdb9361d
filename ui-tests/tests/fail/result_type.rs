use pmcp_tasks::prelude::*;

struct Report;

#[task_tool]
async fn import() -> Result<Report, ToolError> {
    Ok(Report)
}

fn main() {}
