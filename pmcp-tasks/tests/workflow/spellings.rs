//! Spellings that have to compile: types that are inferred through a field, `?` in a mapping, names without a use.

use std::num::ParseIntError;

use pmcp_tasks::{
    prelude::*,
    workflow::{By, plan},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::driver::{Driver, Went};

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Validated {
    image: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Approval {
    approved: bool,
}

#[task_tool]
async fn build_image(image: String, tags: Vec<String>) -> usize {
    image.len() + tags.len()
}

#[derive(TaskVariables, Default)]
pub(crate) struct Counted {
    n: u32,
}

#[derive(Deserialize, JsonSchema)]
struct Spelled {
    service: String,
}

#[workflow]
impl Spelled {
    #[step]
    async fn validate(&self, task: TaskContext<Counted>) -> Result<Validated, ToolError> {
        task.variables().n.add(1).await?;
        Ok(Validated { image: self.service.clone() })
    }

    #[step(tool = build_image)]
    fn inferred(&self, validate: &Validated) -> BuildImageArgs {
        BuildImageArgs { image: validate.image.chars().rev().collect(), tags: Vec::new() }
    }

    #[expect(clippy::default_trait_access, reason = "its type comes of the field")]
    #[step(tool = build_image)]
    fn by_default(&self) -> BuildImageArgs {
        BuildImageArgs { image: Default::default(), tags: Vec::from(["a".to_owned()]) }
    }

    #[step(tool = build_image)]
    fn formatted(&self, validate: &Validated, inferred: &usize) -> BuildImageArgs {
        BuildImageArgs {
            image: format!("{validate}{inferred}", validate = validate.image) + Default::default(),
            tags: [].into(),
        }
    }

    #[step(tool = build_image)]
    fn shorthand(&self, validate: &Validated) -> BuildImageArgs {
        let image = validate.image.clone();
        let tags = vec![];
        BuildImageArgs { image, tags }
    }

    #[step(client, tool = build_image)]
    fn questioned(&self, validate: &Validated) -> Result<BuildImageArgs, ToolError> {
        Ok(BuildImageArgs { image: validate.image.parse::<String>()?, tags: vec![] })
    }

    #[step(client, output = Approval)]
    fn notes(&self, validate: &Validated) -> String {
        validate.image.clone()
    }

    #[step]
    async fn list(&self, _notes: Approval) -> Vec<String> {
        vec![]
    }

    #[step]
    async fn text(&self, list: &[String], cx: &ToolContext) -> Result<String, std::io::Error> {
        cx.check_cancelled().map_err(std::io::Error::other)?;
        Ok(list.join(","))
    }

    #[step(on_error = "skip")]
    async fn maybe(&self, text: &str) -> Result<u32, ParseIntError> {
        text.parse()
    }

    #[step(tool = build_image)]
    fn last(&self, text: &str, maybe: Option<&u32>) -> BuildImageArgs {
        BuildImageArgs { image: format!("{text}{maybe:?}"), tags: vec![] }
    }

    #[step]
    async fn counted(&self, task: TaskContext<crate::spellings::Counted>) -> Result<u32, ToolError> {
        Ok(task.variables().n.get().await?)
    }
}

#[tokio::test]
async fn all_of_them_run() {
    let mut run = Driver::<(), Counted>::new(plan::<Spelled, _>(), (), &json!({ "service": "ab" })).await.unwrap();
    run.tools.insert("build_image", json!(7));
    run.given.insert("notes", json!({ "approved": true }));
    let went = run.finish().await;
    assert!(went.iter().all(|(_, went)| matches!(went, Went::Done(_) | Went::Skipped)), "{went:?}");
    let built = |at: usize| run.calls[at].1["image"].as_str().unwrap().to_owned();
    assert_eq!([built(0), built(1), built(2), built(3), built(4), built(6)], ["ba", "", "ab7", "ab", "ab", "None"]);
    assert_eq!(went.last().unwrap().1, Went::Done(json!(1)));
    // A tool that several steps name is one.
    let tools = run.plan.tools();
    assert!(tools.len() == 6 && tools.iter().all(|tool| tool.id == tools[0].id));
    assert!(
        run.plan.definition().steps.iter().filter(|step| step.by == By::ServerTool("build_image".into())).count() == 5
    );
}
