//! Workflows where they are seldom, and types that are seldom taken: in functions, written by `macro_rules!`, aliases of
//! `Result`, results told by text alone.

use std::{io, path::Path};

use pmcp_tasks::{
    prelude::*,
    workflow::{Resolved, plan, value_of},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::driver::{Driver, Went};

#[task_tool]
async fn text(words: String, times: u8) -> ToolResult {
    ToolResult::text(words.repeat(times.into()))
}

#[task_tool]
async fn nothing() {}

macro_rules! counting {
    ($name:ident, $tool:path, $arguments:ident, $given:ty) => {
        #[derive(Deserialize, JsonSchema)]
        struct $name {
            words: String,
        }

        #[workflow(start = "prompt")]
        impl $name {
            #[step]
            async fn count(&self) -> io::Result<$given> {
                <$given>::try_from(self.words.len()).map_err(io::Error::other)
            }

            #[step(tool = $tool)]
            fn written(&self, count: &$given) -> io::Result<Option<$arguments>> {
                Ok(Some($arguments { words: self.words.clone(), times: *count }))
            }

            #[step(client, output = Vec<$given>)]
            fn given(&self, written: Option<ToolResult>) -> Option<String> {
                written.and_then(|written| written.first_text().map(str::to_owned))
            }

            #[step]
            async fn sum(&self, given: Option<&[$given]>, mut count: $given) -> $given {
                count += given.unwrap_or_default().iter().sum::<$given>();
                count
            }
        }
    };
}

counting!(Counting, text, TextArgs, u8);

#[tokio::test]
async fn what_a_macro_writes_is_a_workflow() {
    let mut run = Driver::<(), ()>::new(plan::<Counting, _>(), (), &json!({ "words": "ab" })).await.unwrap();
    assert_eq!(run.known("written"), (json!({ "words": "ab" }), vec!["count"]));
    run.tools.insert("text", value_of(&ToolResult::text("abab")));
    run.given.insert("given", json!([1, 2.0]));
    let went = run.finish().await;
    assert_eq!(run.calls[1], ("given".to_owned(), json!("abab")));
    assert_eq!(went[3].1, Went::Done(json!(5)));
    let long = "x".repeat(256);
    let mut run = Driver::<(), ()>::new(plan::<Counting, _>(), (), &json!({ "words": long })).await.unwrap();
    assert!(matches!(run.step("count").await, Went::Failed(_)));
}

#[tokio::test]
async fn a_workflow_stands_in_a_function() {
    #[derive(Deserialize, JsonSchema)]
    struct Local;

    #[workflow]
    impl Local {
        #[step]
        async fn maybe(&self) -> Option<std::path::PathBuf> {
            Some("a/b".into())
        }

        #[step(tool = nothing)]
        fn idle(&self, maybe: Option<&Path>) -> NothingArgs {
            let _ = maybe;
            NothingArgs {}
        }

        #[step]
        async fn last(&self, maybe: Option<&std::path::PathBuf>, _idle: ()) -> bool {
            maybe.is_some()
        }
    }

    let mut run = Driver::<(), ()>::new(plan::<Local, _>(), (), &json!({})).await.unwrap();
    let went = run.finish().await;
    assert_eq!((&went[0].1, &went[2].1), (&Went::Done(json!("a/b")), &Went::Done(json!(true))));
    assert!(matches!(run.resolve("no such step"), Resolved::Refused(_)));
    let error = Driver::<(), ()>::new(plan::<Local, _>(), (), &json!({ "words": "x" })).await.err();
    assert_eq!(error.as_deref(), Some("unknown argument `words`; the workflow takes none"));
}
