//! The widget and its tools, in this process.

use std::{error::Error, time::Duration};

use pmcp_server::{
    apps::{Widget as _, testing::types_are_current},
    client::{Client, ElicitAnswer},
    testing::TestServer,
};
use serde_json::json;

use app_name::{AppName, server};

type Outcome = Result<(), Box<dyn Error>>;

#[test]
fn the_types_of_the_page_are_those_of_the_tools() -> Outcome {
    Ok(types_are_current::<AppName>(server().tool_definitions())?)
}

#[tokio::test]
async fn the_page_is_served() -> Outcome {
    let server = TestServer::start(server())?;
    let client = server.client(Client::builder("test", "1")).await?;
    let widget = AppName::definition();
    let read = client.read_resource(&widget.uri()).await?;
    assert_eq!(read["contents"][0]["text"], *widget.document());
    Ok(())
}

#[tokio::test]
async fn a_tea_is_shown() -> Outcome {
    let server = TestServer::start(server())?;
    let client = server.client(Client::builder("test", "1")).await?;
    let shown = client
        .call_and_wait("show_tea", json!({ "kind": "mint" }))
        .await?;
    assert_eq!(shown.structured.unwrap_or_default()["minutes"], 6);
    Ok(())
}

#[tokio::test]
async fn a_tea_that_is_wanted_stronger_steeps_longer() -> Outcome {
    let server = TestServer::start(server())?;
    let yes = |_| async { ElicitAnswer::Accept(json!({ "answer": true })) };
    let client = server
        .client(Client::builder("test", "1").on_elicit(yes))
        .await?;
    let brewed = client.call_and_wait("brew_tea", json!({ "kind": "green" }));
    // The server's clock is moved: nobody waits here.
    let (brewed, ()) = tokio::join!(brewed, server.clock().advance(Duration::from_secs(10)));
    assert_eq!(
        brewed?.first_text(),
        Some("Your tea is ready after 4 minutes.")
    );
    Ok(())
}
