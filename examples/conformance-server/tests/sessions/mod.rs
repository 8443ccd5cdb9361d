//! Sessions of 2025-11-25 behind one address for several processes that die: their clients are never told that a session is gone.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use futures_util::future::join_all;
use pmcp_client::{ElicitAnswer, Elicitation};
use pmcp_tasks::{TaskStore, task::Owner};
use tokio::{sync::watch, task::JoinHandle};

use super::*;
use crate::{balancer::Balancer, random::Random};

/// The key of all processes here.
const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

const INSTANCES: usize = 3;
const SESSIONS: usize = 4;
const KILLS: usize = 12;

async fn instance(place: &Place) -> Process {
    let options = ["--store", place.store(), "--grace", "200", "--max-tasks", "10000"];
    let process = Process::start_in(LEASE, &options, [("SESSION_KEYS", KEY)]);
    process.ready().await;
    process
}

/// A person who is asked, and answers once they are let.
#[derive(Clone)]
struct User {
    may_answer: watch::Sender<bool>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl User {
    fn new(may_answer: bool) -> Self {
        Self { may_answer: watch::Sender::new(may_answer), asked: Arc::default() }
    }

    async fn answer(self, question: Elicitation) -> ElicitAnswer {
        self.asked.lock().unwrap().push(question.message.clone());
        self.may_answer.subscribe().wait_for(|may| *may).await.unwrap();
        ElicitAnswer::Accept(match &*question.message {
            "Who?" => json!({ "username": "ada", "email": "ada@example.com" }),
            _ => json!({ "confirm": true }),
        })
    }

    async fn is_asked(&self, message: &str) {
        let give_up = Instant::now() + PATIENCE;
        while !self.asked.lock().unwrap().iter().any(|asked| asked.starts_with(message)) {
            assert!(Instant::now() < give_up, "waited to be asked `{message}`");
            sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn connect(user: User, url: &str) -> Result<Client, ClientError> {
    let builder =
        Client::builder("crash-test", "0").revision("2025-11-25").request_timeout(PATIENCE).call_timeout(PATIENCE);
    builder.on_elicit(move |question| user.clone().answer(question)).connect_http(url).await
}

/// The answer, unless the connection broke before it was whole, or the store is away for a moment: connections of killed processes may be all
/// it has. Nobody may answer that there is no such session or task.
fn unless_cut<T>(answer: Result<T, ClientError>) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(ClientError::Transport(_)) => None,
        Err(ClientError::Rpc(error)) if error.message == "the task store failed" => None,
        Err(error) => panic!("{error:?}"),
    }
}

/// Asks until an answer comes.
async fn insist<T>(ask: impl AsyncFn() -> Result<T, ClientError>) -> T {
    let give_up = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = unless_cut(ask().await) {
            return answer;
        }
        assert!(Instant::now() < give_up, "no answer comes");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn begin(client: &Client, tool: &str, arguments: &Value) -> TaskHandle {
    insist(async || client.call_tool_as_task(tool, arguments, None).await).await.into_task().expect("a task")
}

async fn text(task: &TaskHandle) -> String {
    insist(async || task.result().await).await.first_text().unwrap_or_default().to_owned()
}

/// Asks for something while the process that is asked dies; whether it was answered all the same.
fn meanwhile<T: Send>(asking: impl Future<Output = Result<T, ClientError>> + Send + 'static) -> JoinHandle<bool> {
    tokio::spawn(async move { unless_cut(asking.await).is_some() })
}

pub(crate) async fn a_session_goes_on_though_its_instance_is_killed_in_the_middle_of_everything(place: Place) {
    let (killed, other) = (instance(&place).await, instance(&place).await);
    let balancer = Balancer::start().await;
    balancer.lead_to([other.url()]);
    let user = User::new(false);
    let client = connect(user.clone(), balancer.url()).await.unwrap();
    let session = client.session_id().expect("a session");
    let mut heard = client.notifications();
    // Its stream is where it began, and this one runs there.
    let computing = begin(&client, "slow_compute", &json!({ "seconds": 3 })).await;

    balancer.lead_to([killed.url()]);
    // One more, whose stream and tasks are where they die.
    let second = connect(user.clone(), balancer.url()).await.unwrap();
    let second_session = second.session_id().expect("a session");
    let asking = begin(&second, "import_rows", &json!({ "path": place.path().join("none"), "rows": 0 })).await;
    user.is_asked("0 of 0 rows").await;
    let signalled = begin(&client, "await_release", &json!({ "pause_ms": 0 })).await;
    let clients = || (client.clone(), second.clone(), computing.clone(), asking.clone());
    let mut lost = Vec::new();
    let (one, two, computed, asked) = clients();
    lost.push(meanwhile(async move { one.call_tool("slow_compute", json!({ "seconds": 60 })).await }));
    lost.push(meanwhile(async move { two.call_tool("test_elicitation", json!({ "message": "Who?" })).await }));
    lost.push(meanwhile(async move { computed.result().await }));
    lost.push(meanwhile(async move { asked.result().await }));
    user.is_asked("Who?").await;
    // And what has only just been sent.
    killed.signal("STOP");
    let (one, two, ..) = clients();
    let (third, url) = (user.clone(), balancer.url().to_owned());
    lost.push(meanwhile(async move { connect(third, &url).await }));
    lost.push(meanwhile(async move { one.call_tool_as_task("slow_compute", json!({ "seconds": 0 }), None).await }));
    lost.push(meanwhile(async move { two.list_tools().await }));
    sleep(Duration::from_millis(200)).await;
    drop(killed);
    balancer.lead_to([other.url()]);
    user.may_answer.send_replace(true);
    let answered = join_all(lost).await;
    // What the killed one was surely at is lost; of the others the last may not have got to it.
    assert!(!answered[0].as_ref().unwrap() && !answered[1].as_ref().unwrap(), "{answered:?}");
    assert!(answered.iter().all(Result::is_ok), "{answered:?}");
    insist(async || connect(user.clone(), balancer.url()).await).await;
    for client in [&client, &second] {
        insist(async || client.list_tools().await).await;
        let plain = insist(async || client.call_tool("test_elicitation", json!({ "message": "Who?" })).await).await;
        let plain = plain.into_result().unwrap();
        assert!(plain.first_text().unwrap().starts_with("User response: action=accept"), "{plain:?}");
    }
    // The signal comes to the store, not to a process.
    let store = TaskStore::connect(place.store()).await.unwrap();
    let delivery = store.task(&Owner::local(), signalled.id().parse().unwrap()).signal("release", "somebody").await;
    assert!(delivery.unwrap().is_first());
    assert_eq!(text(&computing).await, "Computed an answer in 3 s.");
    assert_eq!(text(&asking).await, "Imported 0 rows.");
    let released = insist(async || signalled.result().await).await.structured.unwrap();
    assert_eq!(released, json!({ "by": "somebody", "attempt": 2 }));
    // The other's stream was opened again where there is somebody, and each hears of its own.
    let mut second_heard = second.notifications();
    let done = begin(&second, "slow_compute", &json!({ "seconds": 2 })).await;
    for (heard, task) in [(&mut heard, computing.id()), (&mut second_heard, done.id())] {
        let end = async {
            while let Some(told) = heard.next().await {
                if told.params["taskId"] == task && told.params["status"] == "completed" {
                    return;
                }
            }
            panic!("nothing more is heard");
        };
        tokio::time::timeout(PATIENCE, end).await.unwrap_or_else(|_| panic!("the end of {task} is not heard of"));
    }
    assert_eq!((client.session_id(), second.session_id()), (Some(session), Some(second_session)));
}

/// Uses a session until it is told to stop; how often.
async fn use_one(url: &str, path: &Path, stopping: &AtomicBool) -> usize {
    let user = User::new(true);
    let client = insist(async || connect(user.clone(), url).await).await;
    let session = client.session_id();
    let mut rounds = 0;
    while !stopping.load(Ordering::Relaxed) {
        rounds += 1;
        assert!(!insist(async || client.list_tools().await).await.is_empty());
        let greeted = insist(async || client.call_tool("greet", json!({ "name": "Ada" })).await).await;
        assert_eq!(greeted.into_result().unwrap().first_text(), Some("Hello, Ada!"));
        let asking = begin(&client, "import_rows", &json!({ "path": path, "rows": 0 })).await;
        assert_eq!(text(&asking).await, "Imported 0 rows.");
        assert_eq!(insist(async || asking.get().await).await.status, TaskStatus::Completed);
        assert_eq!(client.session_id(), session, "it was told that its session is gone");
    }
    rounds
}

pub(crate) async fn sessions_go_on_while_instances_are_killed_one_after_the_other(place: Place) {
    let _turn = TURN.lock().await;
    let (random, balancer) = (Random::new(), Balancer::start().await);
    let mut instances = Vec::new();
    for _ in 0..INSTANCES {
        instances.push(instance(&place).await);
    }
    balancer.lead_to(instances.iter().map(Process::url));
    let stopping = AtomicBool::new(false);
    let path = place.path().join("none");
    let sessions = (0..SESSIONS).map(|_| use_one(balancer.url(), &path, &stopping));
    let killing = async {
        for _ in 0..KILLS {
            sleep(Duration::from_millis(random.below(400))).await;
            let chosen = usize::try_from(random.below(3)).unwrap();
            drop(instances.swap_remove(chosen));
            instances.push(instance(&place).await);
            balancer.lead_to(instances.iter().map(Process::url));
        }
        stopping.store(true, Ordering::Relaxed);
    };
    let (rounds, ()) = tokio::join!(join_all(sessions), killing);
    let rounds: usize = rounds.iter().sum();
    eprintln!("{SESSIONS} sessions, {rounds} rounds, {KILLS} kills");
    assert!(rounds >= SESSIONS, "{rounds}");
}
