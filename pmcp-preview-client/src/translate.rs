//! Tasks of a connection before 2026-07-28, told to the page as 2026-07-28 has them.

use std::sync::Arc;

use pmcp_client::{Client, ClientError, RequestOptions, TaskSupport, pmcp_protocol::VARIABLES};
use serde_json::{Value, json};

use crate::{
    tasks::{Outcome, Tasks, unrelate},
    work::Work,
};

/// A connection whose tasks are translated.
#[derive(Clone, Debug)]
pub(crate) struct Translator {
    pub(crate) client: Client,
    pub(crate) tasks: Arc<Tasks>,
}

impl Translator {
    /// Sends a request about tasks, or one that may become a task; `None` if it is neither.
    pub(crate) async fn request(
        &self,
        method: &str,
        params: &Value,
        options: RequestOptions,
        token: &str,
    ) -> Option<Result<Value, ClientError>> {
        Some(match method {
            "tools/call" if self.may_be_task(params).await => self.call(params, options, token).await,
            "tasks/get" => self.get(params, options).await,
            "tasks/update" => self.update(params, options).await,
            "tasks/cancel" => self.cancel(params, options).await,
            "tasks/list" => self.list(params, options).await,
            _ => return None,
        })
    }

    async fn may_be_task(&self, params: &Value) -> bool {
        let Some(name) = params["name"].as_str() else { return false };
        self.client.task_support(name).await.is_ok_and(|support| support != TaskSupport::Forbidden)
    }

    /// Calls a tool as a task.
    async fn call(&self, params: &Value, options: RequestOptions, token: &str) -> Result<Value, ClientError> {
        let mut result = self.client.request_answering("tools/call", params.clone(), options.task(None)).await?;
        let Some(task) = result.get_mut("task").filter(|task| task.is_object()).map(Value::take) else {
            return Ok(result);
        };
        let mut task = renamed(task);
        if let (Some(fields), Some(meta)) = (task.as_object_mut(), result.get_mut("_meta")) {
            fields.entry("_meta").or_insert(meta.take());
        }
        let id = id(&task);
        self.tasks.know(&id, Some(token.to_owned()));
        self.wait(&id);
        unrelate(&mut task);
        Ok(of_type("task", task))
    }

    async fn get(&self, params: &Value, options: RequestOptions) -> Result<Value, ClientError> {
        let task = self.ask("tasks/get", &named(params), options).await?;
        Ok(of_type("complete", self.detailed(task).await?))
    }

    /// Answers questions of a task, and sets its variables where the server has them.
    async fn update(&self, params: &Value, options: RequestOptions) -> Result<Value, ClientError> {
        let id = id(params);
        let variables = params["_meta"].get(VARIABLES);
        if let Some(variables) = variables {
            let update = json!({ "taskId": id, "inputResponses": {}, "_meta": { VARIABLES: variables } });
            self.ask("tasks/update", &update, options).await?;
        } else {
            // A task that is not there, or somebody else's, is an error as it is in 2026-07-28.
            self.ask("tasks/get", &named(params), options).await?;
        }
        for (key, response) in params["inputResponses"].as_object().into_iter().flatten() {
            // One that is not asked any more is passed over.
            self.tasks.answer(&id, key, response.clone());
        }
        Ok(json!({ "resultType": "complete" }))
    }

    async fn cancel(&self, params: &Value, options: RequestOptions) -> Result<Value, ClientError> {
        match self.ask("tasks/cancel", &named(params), options.clone()).await {
            // A task that has ended is none to refuse.
            Err(ClientError::Rpc(refused)) => {
                let task = self.ask("tasks/get", &named(params), options).await;
                if !task.is_ok_and(|task| is_over(&task)) {
                    return Err(ClientError::Rpc(refused));
                }
            }
            answer => drop(answer?),
        }
        Ok(json!({ "resultType": "complete" }))
    }

    /// A page of the list. Tasks are not shown there with what they ask, or how they ended.
    async fn list(&self, params: &Value, options: RequestOptions) -> Result<Value, ClientError> {
        let mut page = self.ask("tasks/list", params, options).await?;
        if let Some(tasks) = page.get_mut("tasks").and_then(Value::as_array_mut) {
            for task in tasks {
                *task = self.with_texts(renamed(task.take()));
            }
        }
        Ok(page)
    }

    /// The parameters of `notifications/tasks` for a task that has changed; `None` if it is not there any more.
    pub(crate) async fn notification(&self, id: &str) -> Option<Value> {
        let task = self.ask("tasks/get", &json!({ "taskId": id }), RequestOptions::new()).await.ok()?;
        self.detailed(task).await.ok()
    }

    /// A task with what it asks, or how it ended.
    async fn detailed(&self, task: Value) -> Result<Value, ClientError> {
        if !task.is_object() {
            return Err(ClientError::protocol("a task that is not an object"));
        }
        let id = id(&task);
        self.tasks.know(&id, None);
        let mut task = self.with_texts(renamed(task));
        if is_over(&task) {
            if task["status"] != "cancelled" {
                match self.outcome(&id).await? {
                    // A result that tells of an error was a failure before.
                    Ok(result) => {
                        task["status"] = "completed".into();
                        task["result"] = result;
                    }
                    Err(error) => {
                        task["status"] = "failed".into();
                        task["error"] = json!(error);
                    }
                }
            }
            return Ok(task);
        }
        let questions = self.tasks.questions(&id);
        if !questions.is_empty() {
            task["status"] = "input_required".into();
            task["inputRequests"] = questions.into();
        } else if task["status"] == "input_required" {
            // It is answered, or the question is on its way: over a stream that somebody has to open.
            task["status"] = "working".into();
            self.wait(&id);
        }
        Ok(task)
    }

    fn with_texts(&self, mut task: Value) -> Value {
        if task.is_object()
            && task.get("statusMessage").is_none()
            && let Some(text) = self.tasks.progress_of(&id(&task))
        {
            task["statusMessage"] = text.into();
        }
        task
    }

    /// The way a task ended.
    async fn outcome(&self, id: &str) -> Result<Outcome, ClientError> {
        if let Some(outcome) = self.tasks.outcome(id) {
            return Ok(outcome);
        }
        let outcome = end(&self.client, id).await?;
        self.tasks.ended(id, outcome.clone());
        Ok(outcome)
    }

    /// Waits in the background for the end of a task.
    fn wait(&self, id: &str) {
        self.tasks.wait(id, || {
            let (client, tasks, id) = (self.client.clone(), self.tasks.clone(), id.to_owned());
            Work::begin(&self.client, async move {
                // What fails now is tried again when somebody looks.
                if let Ok(outcome) = end(&client, &id).await {
                    tasks.ended(&id, outcome);
                }
            })
        });
    }

    async fn ask(&self, method: &str, params: &Value, options: RequestOptions) -> Result<Value, ClientError> {
        self.client.request_with(method, params.clone(), options).await?.result.map_err(ClientError::Rpc)
    }
}

/// Waits for the end of a task ("Result Retrieval").
async fn end(client: &Client, id: &str) -> Result<Outcome, ClientError> {
    let reply = client.request_with("tasks/result", json!({ "taskId": id }), RequestOptions::new()).await?;
    Ok(reply.result.map(|mut result| {
        unrelate(&mut result);
        of_type("complete", result)
    }))
}

/// A result that says which kind it is. What is no object says nothing.
fn of_type(kind: &str, mut result: Value) -> Value {
    if let Some(fields) = result.as_object_mut() {
        fields.insert("resultType".to_owned(), kind.into());
    }
    result
}

/// The id in the parameters of a request, or of a task.
fn id(value: &Value) -> String {
    value["taskId"].as_str().unwrap_or_default().to_owned()
}

/// Parameters that name a task, and no more.
fn named(params: &Value) -> Value {
    json!({ "taskId": params["taskId"] })
}

fn is_over(task: &Value) -> bool {
    matches!(task["status"].as_str(), Some("completed" | "failed" | "cancelled"))
}

/// A task under the names of 2026-07-28.
fn renamed(mut task: Value) -> Value {
    unrelate(&mut task);
    if let Some(fields) = task.as_object_mut() {
        for (before, now) in [("ttl", "ttlMs"), ("pollInterval", "pollIntervalMs")] {
            if let Some(value) = fields.remove(before) {
                fields.insert(now.to_owned(), value);
            }
        }
    }
    task
}

#[cfg(test)]
mod tests {
    use pmcp_client::pmcp_protocol::RELATED_TASK;

    use super::*;

    #[test]
    fn a_task_has_the_names_of_2026() {
        let before = json!({ "taskId": "t", "status": "working", "ttl": 5, "pollInterval": 1,
            "_meta": { RELATED_TASK: { "taskId": "t" } } });
        assert_eq!(renamed(before), json!({ "taskId": "t", "status": "working", "ttlMs": 5, "pollIntervalMs": 1 }));
    }
}
