//! Settings of the fallback.

use std::time::Duration;

use crate::tool::{Fallback, TaskSupport, ToolDefinition};

/// Service for clients that know no tasks when a call takes long: a result that names the task, and tools to go on with
/// it.
///
/// Such clients speak a version before 2025-11-25, or declare neither the `tasks` capability (2025-11-25) nor the tasks
/// extension (2026-07-28). Others see nothing of this.
///
/// ```
/// use std::time::Duration;
///
/// use pmcp_tasks::router::TaskFallback;
///
/// let fallback = TaskFallback {
///     inline_wait: Duration::from_secs(5),
///     status_tool: "job_status".into(),
///     ..TaskFallback::default()
/// };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskFallback {
    /// Time a call waits for its end before it is answered with the task. Default 20 seconds.
    pub inline_wait: Duration,
    /// The longest the tool that tells the status waits; a call that asks for more is refused. Default 50 seconds, less than the
    /// minute after which many clients give a call up.
    pub max_wait: Duration,
    /// Set if every tool that may run as a task has the fallback, beside those that declare it. Default `true`.
    pub every_tool: bool,
    /// The name of the tool that waits for a task and tells its status. Default `task_status`.
    pub status_tool: String,
    /// The name of the tool that gives a task's result. Default `task_result`.
    pub result_tool: String,
    /// The name of the tool that cancels a task. Default `task_cancel`.
    pub cancel_tool: String,
    /// The name of the tool that answers a task's question. Default `task_answer`.
    pub answer_tool: String,
}

impl Default for TaskFallback {
    fn default() -> Self {
        Self {
            inline_wait: Duration::from_secs(20),
            max_wait: Duration::from_secs(50),
            every_tool: true,
            status_tool: "task_status".into(),
            result_tool: "task_result".into(),
            cancel_tool: "task_cancel".into(),
            answer_tool: "task_answer".into(),
        }
    }
}

impl TaskFallback {
    /// Tells whether long calls of this tool become tasks for clients that know none.
    pub(in crate::router) fn covers(&self, tool: &ToolDefinition) -> bool {
        tool.support != TaskSupport::Forbidden
            && match tool.fallback {
                Fallback::Handle => true,
                Fallback::Server => self.every_tool,
                Fallback::None => false,
            }
    }
}
