use pmcp_tasks::prelude::*;

fn read() -> Result<u32, Box<dyn std::error::Error>> {
    Ok("1".parse()?)
}

#[task_tool]
async fn import() -> Result<u32, ToolError> {
    let rows = read()?;
    Ok(rows)
}

fn main() {}
