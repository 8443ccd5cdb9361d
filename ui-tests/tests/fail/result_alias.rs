use pmcp_tasks::prelude::*;

struct Report;

#[task_tool]
async fn import() -> std::io::Result<Report> {
    Ok(Report)
}

fn main() {}
