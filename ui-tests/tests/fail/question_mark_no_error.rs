use pmcp_tasks::prelude::*;

#[derive(Debug)]
struct NoRows;

fn read() -> Result<u32, NoRows> {
    Err(NoRows)
}

#[task_tool]
async fn import() -> Result<u32, ToolError> {
    let rows = read()?;
    Ok(rows)
}

fn main() {}
