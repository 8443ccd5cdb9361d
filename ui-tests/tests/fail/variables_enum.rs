use pmcp_tasks::prelude::*;

#[derive(TaskVariables, Default)]
enum Progress {
    #[default]
    Started,
}

#[task_tool]
async fn render(_cx: TaskContext<Progress>) -> u8 {
    0
}

fn main() {
    let _ = Progress::Started;
}
