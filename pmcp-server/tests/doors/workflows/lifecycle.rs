//! The whole way of a run, at every door.

use pmcp_tasks::TaskStore;
use serde_json::json;

use super::{Connected, Done, POSTED, Stored, WAYS, player::*, server};

pub(super) async fn the_whole_way(stored: &Stored) {
    for way in WAYS {
        let (stored, done) = (stored.another(), Done::default());
        let Connected { client, running: _running } =
            Connected::new(server(TaskStore::new(stored.link().await), &done), way).await;

        // Begun, run and handed over.
        let begun = begin(&client).await;
        let standing = &begun["_meta"][STANDING];
        assert_eq!(states(standing), ["done", "done", "open", "waiting", "waiting"], "{way:?}");
        assert_eq!(standing["pause"], json!({ "reason": "client", "step": "text" }));
        let run = run_of(standing);
        let text = begun["messages"][0]["content"]["text"].as_str().unwrap();
        assert!(text.contains("3. text: yours, now."), "{text}");
        assert_eq!(done.counts(), [1, 1, 0, 0]);
        let task = client.task(run.clone()).get().await.unwrap();
        assert_eq!(task.message.as_deref(), Some("Waiting for the client: step 3 of 5, `text`."));

        // Continued: what does not fit is refused and leaves it as it was.
        let refused = go_on(&client, &run, json!({ "step": "text", "result": 5 })).await;
        assert!(refused.is_error, "{refused:?}");
        let result = go_on(&client, &run, json!({ "step": "text", "result": "Dear Ann" })).await;
        let standing = &result.meta[STANDING];
        let next = json!([{
            "tool": "stamp",
            "arguments": { "_task_id": run, "envelope": "envelope to Ann's house" },
            "purpose": "do step 4 of 5, `stamped`",
        }]);
        assert_eq!(standing["next"], next);

        // Completed by the call that the server named.
        let result = call(&client, "stamp", &run, standing["next"][0]["arguments"].clone()).await;
        assert_eq!(result.first_text(), Some("stamped envelope to Ann's house"));
        assert!(texts(&result).contains("Recorded as step `stamped`."), "{result:?}");
        assert_eq!(result.meta[STANDING]["state"], "completed");
        assert_eq!(states(&result.meta[STANDING]), ["done"; 5]);
        let end = client.task(run.clone()).result().await.unwrap();
        let structured = end.structured.unwrap();
        assert_eq!((&structured["result"], &structured["steps"][2]["result"]), (&json!(POSTED), &json!("Dear Ann")));

        // Once more: the same answer, and nothing is done.
        let again = call(&client, "stamp", &run, json!({})).await;
        assert_eq!(again.first_text(), Some("stamped envelope to Ann's house"));
        assert_eq!(done.counts(), [1; 4], "{way:?}");
    }
}
