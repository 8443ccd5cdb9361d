//! The tool: something that takes a while, in steps, and asks a question.

use std::time::Duration;

use pmcp_tasks::prelude::*;

/// Bake bread.
#[task_tool(support = "required", on_crash = "restart")]
pub(crate) async fn bake(flour: String, task: TaskContext) -> Result<String, ToolError> {
    let dough: String = task.step("knead", async || Ok::<_, ToolError>(format!("{flour} dough"))).await?;
    let loaf: String = task
        .step("oven", async || {
            if task.attempt() == 1 {
                // For so long that the process is killed meanwhile.
                task.sleep(Duration::from_secs(600)).await?;
            }
            Ok::<_, ToolError>(dough.replace("dough", "bread"))
        })
        .await?;
    let sliced: bool = task.elicit("Shall it be sliced?").await?;
    Ok(if sliced { format!("sliced {loaf}") } else { loaf })
}
