use pmcp_tasks::prelude::*;

#[derive(TaskVariables, Default)]
struct Progress {
    #[variable(hiden)]
    done: u8,
}

#[task_tool]
async fn render(task: TaskContext<Progress>) -> Result<u8, ToolError> {
    Ok(task.variables().done.get().await?)
}

fn main() {}
