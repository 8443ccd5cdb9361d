//! A server in a process of its own, over its standard streams.

use pmcp_client::ClientError;

use super::builder;

/// A process that answers one request and then waits for the end of its input.
fn script(body: &str) -> tokio::process::Command {
    let mut command = tokio::process::Command::new("sh");
    command.arg("-c").arg(body);
    command
}

#[tokio::test]
async fn a_process_is_talked_to_and_waited_for() {
    use tokio::io::AsyncReadExt as _;
    let mut command =
        script(r#"read line; echo '{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}'; cat > /dev/null; echo bye >&2"#);
    command.stderr(std::process::Stdio::piped());
    let client = builder("2026-07-28").connect_stdio(command).await.unwrap();
    assert_eq!(client.list_tools().await.unwrap(), []);
    let mut stderr = client.take_stderr().unwrap();
    client.close().await.unwrap();
    let mut last_words = String::new();
    stderr.read_to_string(&mut last_words).await.unwrap();
    assert_eq!(last_words, "bye\n");
}

#[tokio::test]
async fn a_process_that_ends_closes_the_connection() {
    let client = builder("2026-07-28").connect_stdio(script("read line")).await.unwrap();
    assert!(matches!(client.list_tools().await, Err(ClientError::Closed)));
    let missing = builder("2026-07-28").connect_stdio(tokio::process::Command::new("/nonexistent")).await;
    assert!(matches!(missing, Err(ClientError::Transport(_))));
    assert!(matches!(builder("2025-11-25").connect_stdio(script("exit 0")).await, Err(ClientError::Closed)));
}
