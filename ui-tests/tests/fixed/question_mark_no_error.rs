use pmcp_tasks::prelude::*;

#[derive(Debug)]
struct NoRows;

fn read() -> Result<u32, NoRows> {
    Err(NoRows)
}

impl std::fmt::Display for NoRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no rows")
    }
}

impl std::error::Error for NoRows {}

#[task_tool]
async fn import() -> Result<u32, ToolError> {
    let rows = read()?;
    Ok(rows)
}

fn main() {}
