//! What passes at the doors is held against the official schemas.

mod needs_mcp_spec_dir {
    use serde_json::json;
    use spec_check::checked;

    use crate::support::{Legacy, LineClient, call, server, usual};

    #[tokio::test]
    #[ignore = "needs MCP_SPEC_DIR; without it no test of the doors holds messages against the schemas"]
    async fn messages_are_checked_at_every_door() {
        let mut client = LineClient::begun(server().0, "2025-11-25", json!({})).await;
        assert_eq!(checked(), 1);
        client.ask(1, "tools/list", None).await;
        assert_eq!(checked(), 2);
        let (_running, http, _) = usual().await;
        let legacy = Legacy::begin(&http).await;
        assert_eq!(checked(), 3);
        legacy.ask(1, "tools/call", call("echo", json!({ "text": "hi" }))).await;
        assert_eq!(checked(), 4);
        // Two notifications and the response.
        let counted = json!({ "name": "count", "arguments": { "to": 2 }, "_meta": { "progressToken": "t" } });
        legacy.ask(2, "tools/call", counted).await;
        assert_eq!(checked(), 7);
        http.modern("tools/list", json!({})).await.json().await;
        assert_eq!(checked(), 8);
    }

    #[tokio::test]
    #[should_panic(expected = "no client sends")]
    #[ignore = "needs MCP_SPEC_DIR; without it no test of the doors holds messages against the schemas"]
    async fn a_clients_mistake_that_no_test_means_is_found() {
        let mut client = LineClient::begun(server().0, "2025-11-25", json!({})).await;
        client.ask(1, "tools/call", json!({})).await;
    }
}
