//! The tools of the simulated servers: each does what the plan of its call says, and enters in the ledger what it saw.

use std::sync::Arc;

use pmcp_tasks::{context::State, prelude::*};
use serde_json::json;

use crate::{
    ledger::{Job, Ledger},
    plan::{Act, End},
    promise,
    sim::Sim,
};

/// The state of a server.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) sim: Arc<Sim>,
    pub(crate) instance: usize,
}

#[derive(TaskVariables, Default)]
pub(crate) struct Board {
    count: u64,
    notes: Vec<u64>,
    #[variable(hidden)]
    steps: Vec<u64>,
}

/// A task that fails with its process.
#[task_tool(timeout = "5s")]
pub(crate) async fn fails(job: u64, task: TaskContext<Board>, State(host): State<Host>) -> Result<String, ToolError> {
    perform(&host, job, &task).await
}

/// A task that another process goes on with.
#[task_tool(timeout = "5s", on_crash = "restart")]
pub(crate) async fn restarts(
    job: u64,
    task: TaskContext<Board>,
    State(host): State<Host>,
) -> Result<String, ToolError> {
    perform(&host, job, &task).await
}

/// A call that is no task.
#[task_tool(support = "forbidden", timeout = "5s")]
pub(crate) async fn plain(job: u64, cx: ToolContext, State(host): State<Host>) -> Result<String, ToolError> {
    let job = host.sim.ledger.job(job);
    let _running = host.sim.ledger.begins(&host.sim, &job, 1, host.instance);
    for (number, act) in job.plan.acts.iter().enumerate() {
        match *act {
            Act::Work(span) => cx.sleep(millis(span)).await?,
            _ => drop(cx.sample(json!({ "question": format!("plain-{number}") })).await?),
        }
    }
    end(&host, &job)
}

fn millis(span: u64) -> std::time::Duration {
    std::time::Duration::from_millis(span)
}

async fn perform(host: &Host, job: u64, task: &TaskContext<Board>) -> Result<String, ToolError> {
    let job = host.sim.ledger.job(job);
    let _running = host.sim.ledger.begins(&host.sim, &job, task.attempt(), host.instance);
    let mut work = Work { host, task, job: job.number, asked: 0, values: Vec::new() };
    for (number, act) in job.plan.acts.iter().enumerate() {
        work.act(number, *act).await?;
    }
    if job.plan.end == End::Hangs {
        std::future::pending::<()>().await;
    }
    end(host, &job)
}

fn end(host: &Host, job: &Job) -> Result<String, ToolError> {
    let text = format!("{} of job {}", host.sim.ledger.value(), job.number);
    host.sim.trace.line(|| format!("i{} job {} ends: {text}", host.instance, job.number));
    host.sim.ledger.returns(job.number, text.clone());
    match job.plan.end {
        End::Result | End::Hangs => Ok(text),
        End::ErrorResult => Err(ToolError::new(text)),
        End::Error => Err(ToolError::rpc(7, text)),
        // Silently: it is a panic like any other to whoever catches it.
        End::Panic => std::panic::resume_unwind(Box::new("as planned")),
    }
}

struct Work<'a> {
    host: &'a Host,
    task: &'a TaskContext<Board>,
    job: u64,
    asked: usize,
    /// The values of the steps so far.
    values: Vec<u64>,
}

impl Work<'_> {
    async fn act(&mut self, number: usize, act: Act) -> Result<(), ToolError> {
        let (sim, task, job) = (&self.host.sim, self.task, self.job);
        match act {
            Act::Work(span) => task.sleep(millis(span)).await?,
            Act::Step(span) => self.step(number, span).await?,
            Act::Push => {
                let value = sim.ledger.value();
                sim.ledger.pushes(job, value, false);
                task.variables().notes.push(value).await?;
                sim.ledger.pushes(job, value, true);
            }
            Act::Add => {
                sim.ledger.adds(job, false);
                task.variables().count.add(1).await?;
                sim.ledger.adds(job, true);
            }
            Act::Progress => task.progress(number, 10_usize).await,
            Act::Message => task.status_message(format!("at {number}")).await?,
            Act::Ask => {
                self.asked += 1;
                self.ask(self.asked).await?;
            }
            Act::AskTwo => {
                self.asked += 2;
                tokio::try_join!(biased; self.ask(self.asked - 1), self.ask(self.asked))?;
            }
            Act::AskWhileWorking(span) => {
                self.asked += 1;
                let beside = async {
                    task.sleep(millis(span)).await?;
                    task.status_message(format!("meanwhile {number}")).await?;
                    Ok::<_, ToolError>(())
                };
                tokio::try_join!(biased; self.ask(self.asked), beside)?;
            }
        }
        Ok(())
    }

    /// Each step counts itself, in the write that records it.
    async fn step(&mut self, number: usize, span: u64) -> Result<(), ToolError> {
        let (sim, name) = (&self.host.sim, format!("step-{number}"));
        let work = || async {
            Ledger::step_begins(sim, self.job, &name);
            if span > 0 {
                sim.time.sleep(millis(span)).await;
            }
            Ok::<_, ToolError>(sim.ledger.value())
        };
        let count = |notes: &mut Board, value: &u64| notes.steps.push(*value);
        let value = self.task.step_changing(name.clone(), work, count).await?;
        self.values.push(value);
        let counted = self.task.variables().steps.get().await?;
        // A run that was taken over may see more than its own.
        let twice = counted.iter().enumerate().any(|(n, value)| counted[..n].contains(value));
        if twice || !counted.starts_with(&self.values) {
            let text = format!("job {} has counted {counted:?} of {:?}", self.job, self.values);
            sim.trace.violated(promise::STEP, text);
        }
        sim.ledger.saw(sim, self.job, &name, value, promise::STEP);
        Ok(())
    }

    /// Asks the question of this number; the runtime calls it by the same name.
    async fn ask(&self, number: usize) -> Result<(), ToolError> {
        let (sim, question) = (&self.host.sim, format!("input-{number}"));
        let answer = self.task.sample(json!({ "question": question })).await?;
        if let Some(value) = answer["value"].as_u64() {
            sim.ledger.answered(sim, self.job, &question, value);
        }
        Ok(())
    }
}
