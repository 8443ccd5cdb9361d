//! Runs of a workflow whose processes die, or that several serve without a balancer that would keep a client at one of them.

use std::{collections::HashMap, path::PathBuf, time::SystemTime};

use super::*;
use crate::recoveries::{Recoveries, Stalls};

const STANDING: &str = "run.pmcp/workflow";

/// Steps that have an effect, in order; `colour` between the second and the third has none.
const EFFECTS: [&str; 5] = ["cut", "glue", "look", "paint", "ship"];

/// The directory of a run, in which it tells what it does.
#[derive(Clone)]
struct Thing(PathBuf);

impl Thing {
    fn new(place: &Place, name: &str) -> Self {
        let path = place.path().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// Has the run stay where it gets to this place, whoever runs it.
    fn hold(&self, place: &str) {
        std::fs::write(self.0.join("hold"), place).unwrap();
    }

    fn release(&self) {
        std::fs::remove_file(self.0.join("hold")).unwrap();
    }

    fn count(&self, file: &str, line: &str) -> usize {
        lines(&self.0.join(file)).iter().filter(|other| *other == line).count()
    }

    fn effects(&self) -> [usize; 5] {
        EFFECTS.map(|step| self.count("effects", step))
    }

    async fn until(&self, place: &str) {
        let give_up = Instant::now() + PATIENCE;
        while self.count("places", place) == 0 {
            assert!(Instant::now() < give_up, "waited for `{place}`, but: {:?}", lines(&self.0.join("places")));
            sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn begin(client: &Client, thing: &Thing) -> Value {
    let begun = client.get_prompt("assembly", json!({ "path": thing.0 })).await.unwrap();
    begun["_meta"][STANDING].clone()
}

async fn call(client: &Client, tool: &str, run: &str, mut arguments: Value) -> pmcp_client::ToolResult {
    arguments["_task_id"] = run.into();
    client.call_tool(tool, arguments).await.unwrap().into_result().expect("the call is no task")
}

async fn go_on(client: &Client, run: &str, arguments: Value) -> Value {
    let result = call(client, "workflow_continue", run, arguments).await;
    assert!(!result.is_error, "{result:?}");
    result.meta[STANDING].clone()
}

/// Does what is the client's until the run has ended, or waits for this step; how it stands, and how often it was tried again.
async fn play(client: &Client, run: &str, until: Option<&str>) -> (Value, usize) {
    let (give_up, mut retries) = (Instant::now() + PATIENCE, 0);
    loop {
        assert!(Instant::now() < give_up, "run {run} does not end");
        let standing = go_on(client, run, json!({ "wait_seconds": 5 })).await;
        let pause = &standing["pause"];
        if until.is_some_and(|until| pause["step"] == until) {
            return (standing, retries);
        }
        match (standing["state"].as_str().unwrap(), pause["reason"].as_str(), pause["step"].as_str()) {
            ("completed", ..) => return (standing, retries),
            ("running", ..) => {}
            ("waiting", Some("client"), Some("colour")) => {
                go_on(client, run, json!({ "step": "colour", "result": "red" })).await;
            }
            ("waiting", Some("client"), Some("look")) => {
                call(client, "inspect", run, json!({})).await;
            }
            ("waiting", Some("interrupted"), _) => {
                retries += 1;
                go_on(client, run, json!({ "action": "retry" })).await;
            }
            _ => panic!("it stands still: {standing}"),
        }
    }
}

/// The one run that has not ended.
async fn open_run(url: &str) -> String {
    let tasks = client_2025(url, false).await.list_tasks().await.unwrap();
    let open: Vec<_> = tasks.iter().filter(|task| !task.status.is_terminal()).collect();
    let [run] = open[..] else { panic!("not one run: {open:?}") };
    run.id.clone()
}

/// Where a process is killed.
#[derive(Clone, Copy)]
enum Kill {
    /// The server is at this step: it has done nothing of it, its effect and not recorded that, or all of it but to say so.
    At(&'static str, &'static str),
    /// The run waits for the client's step.
    Waiting(&'static str),
}

pub(crate) async fn a_run_survives_a_kill_anywhere_and_goes_on_within_two_lease_periods(place: Place) {
    let _turn = TURN.lock().await;
    let other = start(&place, LEASE).await;
    let stalls = Stalls::watch(place.path(), Duration::from_millis(LEASE) / 4);
    let (mut lives, mut begun) = (vec![other.life()], HashMap::new());
    let steps = ["cut", "glue", "paint", "ship"].into_iter();
    let held = steps.flat_map(|step| ["before", "within", "after"].map(|place| Kill::At(step, place)));
    let kills: Vec<_> = held.chain([Kill::Waiting("colour"), Kill::Waiting("look")]).collect();
    for (number, kill) in kills.iter().enumerate() {
        let thing = Thing::new(&place, &number.to_string());
        let killed = start(&place, LEASE).await;
        lives.push(killed.life());
        let (step, at, until) = match *kill {
            Kill::At(step, at) => (step, at, None),
            Kill::Waiting(step) => (step, "waiting", Some(step)),
        };
        let held = format!("{step}.{at}");
        thing.hold(&held);
        let (client, of_client) = (killed.client(), thing.clone());
        let playing = tokio::spawn(async move {
            let begun = begin(&client, &of_client).await;
            play(&client, begun["taskId"].as_str().unwrap(), until).await
        });
        match kill {
            Kill::At(..) => {
                thing.until(&held).await;
                // It does not hear that its client is gone.
                killed.signal("STOP");
                playing.abort();
            }
            Kill::Waiting(_) => drop(playing.await.unwrap()),
        }
        killed.life().killed.get_or_init(SystemTime::now);
        drop(killed);
        // It is open as long as it is held, whoever has it.
        let run = open_run(&other.url()).await;
        thing.release();
        if let Kill::At(..) = kill {
            // The client's last call began the server's last steps anew.
            let fence = if matches!(step, "paint" | "ship") { 2 } else { 1 };
            begun.insert((run.clone(), fence), lives.last().unwrap().clone());
        }
        let (standing, retries) = play(&other.client(), &run, None).await;
        assert_eq!(standing["steps"][5]["result"], "paint is done, ship is done", "{standing}");
        // What was recorded is never done again; of a tool that must not be done twice only who asks for it tries it again.
        assert_eq!(retries, usize::from(step == "ship"), "{held}");
        let expected = EFFECTS.map(|other| if other == step && at == "within" { 2 } else { 1 });
        assert_eq!(thing.effects(), expected, "{held}: {:?}", lines(&thing.0.join("places")));
        for name in ["cut", "glue", "paint", "ship"] {
            let begun = if name == step && until.is_none() { 2 } else { 1 };
            assert_eq!(thing.count("places", &format!("{name}.before")), begun, "`{name}`, killed at {held}");
        }
    }
    let found = Recoveries::of(&lives, &begun, &stalls.end());
    eprintln!("{} recoveries, the slowest in {:.2} periods; {} absences", found.count, found.slowest, found.absences);
    assert_eq!(found.count, 12);
    assert!(found.slowest <= RECOVERY, "{:.2}", found.slowest);
}

pub(crate) async fn a_run_is_one_wherever_its_client_lands(place: Place) {
    let _turn = TURN.lock().await;
    let (one, other) = (start(&place, 2 * LEASE).await, start(&place, 2 * LEASE).await);
    let thing = Thing::new(&place, "thing");
    let (here, there) = (one.client(), client_2025(&other.url(), false).await);
    let begun = begin(&here, &thing).await;
    assert_eq!(begun["pause"], json!({ "reason": "client", "step": "colour" }));
    let run = begun["taskId"].as_str().unwrap();
    // A repeated beginning joins it there.
    assert_eq!(begin(&there, &thing).await["taskId"], run);
    assert_eq!(there.task(run).get().await.unwrap().status, TaskStatus::Working);

    // Of two who give a value one is heard.
    let give = |colour: &str| json!({ "step": "colour", "result": colour });
    let (red, blue) = tokio::join!(
        call(&here, "workflow_continue", run, give("red")),
        call(&there, "workflow_continue", run, give("blue"))
    );
    let standing = go_on(&there, run, json!({})).await;
    let colour = standing["steps"][2]["result"].as_str().unwrap();
    let (heard, unheard) = if colour == "red" { (red, blue) } else { (blue, red) };
    let texts = |result: &pmcp_client::ToolResult| result.first_text().unwrap_or_default().to_owned();
    assert!(!texts(&heard).contains("not recorded"), "{heard:?}");
    assert_ne!(texts(&unheard), texts(&heard));
    assert_eq!(standing["pause"]["step"], "look", "{standing}");

    // Of two calls of the same tool one is recorded, and the server goes on once.
    let (first, second) = tokio::join!(call(&there, "inspect", run, json!({})), call(&here, "inspect", run, json!({})));
    for result in [&first, &second] {
        assert_eq!(result.first_text(), Some(&*format!("cut is done, glue is done, {colour}: good")), "{result:?}");
    }
    let (standing, _) = play(&there, run, None).await;
    assert_eq!(standing["steps"][3]["result"], format!("cut is done, glue is done, {colour}: good"));
    let [cut, glue, look, paint, ship] = thing.effects();
    assert_eq!([cut, glue, paint, ship], [1; 4]);
    assert!((1..=2).contains(&look), "each call runs once at most: {look}");
    let ends = [here.task(run).get().await.unwrap(), there.task(run).get().await.unwrap()];
    assert!(ends.iter().all(|end| end.status == TaskStatus::Completed), "{ends:?}");
    assert_eq!(there.task(run).result().await.unwrap().structured.unwrap()["result"], "paint is done, ship is done");
}

pub(crate) async fn a_run_that_is_cancelled_elsewhere_stops_here(place: Place) {
    let _turn = TURN.lock().await;
    let (one, other) = (start(&place, 2 * LEASE).await, start(&place, 2 * LEASE).await);
    let (here, there) = (one.client(), other.client());
    for by_tool in [false, true] {
        let thing = Thing::new(&place, &by_tool.to_string());
        let begun = begin(&here, &thing).await;
        let run = begun["taskId"].as_str().unwrap().to_owned();
        go_on(&there, &run, json!({ "step": "colour", "result": "red" })).await;
        thing.hold("paint.before");
        let looking = tokio::spawn({
            let (here, run) = (here.clone(), run.clone());
            async move { call(&here, "inspect", &run, json!({})).await }
        });
        thing.until("paint.before").await;
        if by_tool {
            assert_eq!(go_on(&there, &run, json!({ "action": "cancel" })).await["state"], "cancelled");
        } else {
            there.task(run.clone()).cancel().await.unwrap();
        }
        thing.until("cancelled").await;
        assert!(!looking.await.unwrap().is_error);
        assert_eq!(thing.effects(), [1, 1, 1, 0, 0]);
        for client in [&here, &there] {
            assert_eq!(client.task(run.clone()).get().await.unwrap().status, TaskStatus::Cancelled);
        }
    }
}
