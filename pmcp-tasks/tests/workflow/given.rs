//! What clients give: arguments in their order, and results as their types read them.

use pmcp_tasks::{offer::PromptArgument, prelude::*, workflow::plan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct Publish {
    title: String,
    /// Where it is published.
    site_name: Option<String>,
    author: String,
    draft: Option<bool>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Review {
    approved: bool,
    #[serde(default)]
    notes: Vec<String>,
    stars: u8,
}

/// A type that does not write what it reads.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Secret {
    #[serde(skip_serializing)]
    word: String,
}

#[workflow]
impl Publish {
    #[step(client, output = Review)]
    fn review(&self) -> String {
        format!("{} {} {:?} {:?}", self.title, self.author, self.site_name, self.draft)
    }

    #[step(client, output = Secret)]
    fn secret(&self, review: &Review) -> usize {
        review.notes.len() + usize::from(review.stars) + usize::from(review.approved)
    }

    #[step]
    async fn said(&self, secret: &Secret) -> String {
        secret.word.clone()
    }
}

#[test]
fn arguments_of_the_prompt_stand_as_they_are_declared() {
    let plan = plan::<Publish, ()>();
    let expected = [
        PromptArgument::required("title"),
        PromptArgument::optional("site-name").description("Where it is published."),
        PromptArgument::required("author"),
        PromptArgument::optional("draft"),
    ];
    assert_eq!(plan.definition().prompt_arguments(), expected);
}

#[test]
fn what_is_recorded_is_what_the_type_reads() {
    let plan = plan::<Publish, ()>();
    let steps = &plan.definition().steps;
    let recorded = (steps[0].check)(&json!({ "approved": true, "stars": 4.0, "more": 1 }));
    assert_eq!(recorded, Ok(Some(json!({ "approved": true, "notes": [], "stars": 4 }))));
    assert_eq!((steps[1].check)(&json!({ "word": "x", "more": 1 })), Ok(None), "it stays as it came");
    assert_eq!((steps[2].check)(&json!("text")), Ok(None));
}

#[test]
fn what_does_not_fit_is_told_without_types_of_rust() {
    let plan = plan::<Publish, ()>();
    let told = |value| (plan.definition().steps[0].check)(&value).unwrap_err();
    let review = |stars| json!({ "approved": true, "stars": stars });
    assert_eq!(told(review(json!(300))), "`stars`: `300` is not a whole number from 0 to 255");
    assert_eq!(told(review(json!("many"))), "`stars`: the text \"many\" is not a whole number from 0 to 255");
    assert_eq!(told(json!([1])), "a list is not an object");
}
