//! A conformance server as a process of its own, and clients of it.

use std::{
    process::Stdio,
    sync::Arc,
    time::{Duration, SystemTime},
};

use pmcp_client::{Client, ElicitAnswer};

use crate::recoveries::Life;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    sync::watch,
    time::timeout,
};

/// Time a process may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that does not outlive its test: dropping it kills it.
pub(crate) struct Process {
    child: Child,
    serving: watch::Receiver<Option<Serving>>,
    life: Arc<Life>,
}

/// A server that listens.
#[derive(Clone)]
struct Serving {
    url: String,
    client: Client,
}

impl Process {
    /// Starts one with this lease period, in milliseconds.
    pub(crate) fn start(lease: u64, arguments: &[&str]) -> Self {
        Self::start_in(lease, arguments, [])
    }

    /// The same with these variables beside those of our environment.
    pub(crate) fn start_in<const N: usize>(lease: u64, arguments: &[&str], variables: [(&str, &str); N]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_conformance-server"))
            .envs(variables)
            .args(["--http", "127.0.0.1:0"])
            .args(arguments)
            .args(["--lease", &lease.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, serving) = watch::channel(None);
        let life = Arc::new(Life { lease: Duration::from_millis(lease), ..Life::default() });
        let kept = life.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(url) = line.strip_prefix("listening on ") {
                    kept.ready.get_or_init(SystemTime::now);
                    let client = client_2026(url).await;
                    sender.send_replace(Some(Serving { url: url.to_owned(), client }));
                }
                kept.log.lock().unwrap().push(line);
            }
        });
        Self { child, serving, life }
    }

    /// Waits until it listens.
    pub(crate) fn ready(&self) -> impl Future<Output = ()> + use<> {
        let mut serving = self.serving.clone();
        async move {
            let ready = timeout(PATIENCE, serving.wait_for(Option::is_some)).await;
            ready.expect("it listens in time").expect("it does not end before it listens");
        }
    }

    /// Its client of 2026-07-28, once it listens.
    pub(crate) fn ready_client(&self) -> Option<Client> {
        self.serving.borrow().as_ref().map(|serving| serving.client.clone())
    }

    /// The same, of a process that listens.
    pub(crate) fn client(&self) -> Client {
        self.ready_client().expect("it listens")
    }

    pub(crate) fn url(&self) -> String {
        self.serving.borrow().as_ref().expect("it listens").url.clone()
    }

    pub(crate) fn life(&self) -> Arc<Life> {
        self.life.clone()
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.life.log.lock().unwrap().clone()
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        assert!(std::process::Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    pub(crate) async fn exit_code(&mut self) -> Option<i32> {
        timeout(PATIENCE, self.child.wait()).await.expect("it ends in time").unwrap().code()
    }
}

async fn client_2026(url: &str) -> Client {
    let builder = Client::builder("crash-test", "0").request_timeout(Duration::from_secs(30));
    // Answers are given by hand.
    let builder = builder.on_elicit(|_| std::future::pending());
    builder.connect_http(url).await.unwrap()
}

/// A session of 2025-11-25 whose user agrees to everything, or never answers.
pub(crate) async fn client_2025(url: &str, agrees: bool) -> Client {
    let builder = Client::builder("crash-test", "0").revision("2025-11-25").request_timeout(Duration::from_secs(30));
    let builder = builder.on_elicit(move |_| async move {
        if agrees { ElicitAnswer::Accept(json!({ "confirm": true })) } else { std::future::pending().await }
    });
    builder.connect_http(url).await.unwrap()
}
