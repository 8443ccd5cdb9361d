//! What was promised to whom: every acknowledgement, effect and outcome, entered where it is seen.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use pmcp_tasks::task::TaskId;
use serde_json::Value;

use crate::{
    plan::{Kind, Plan},
    promise,
    sim::Sim,
};

/// A call.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) number: u64,
    pub(crate) kind: Kind,
    pub(crate) plan: Plan,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    jobs: Vec<Arc<Job>>,
    /// By call.
    books: BTreeMap<u64, Book>,
    /// The call of each task that anybody spoke of.
    job_of: BTreeMap<TaskId, u64>,
    /// The tasks clients were told of.
    acknowledged: BTreeSet<TaskId>,
    /// Functions that run now: instance, call, and which attempt.
    running: BTreeSet<(usize, u64, u32)>,
    /// Values that appear nowhere else.
    values: u64,
}

/// What is known of a call and its task.
#[derive(Debug, Default)]
struct Book {
    id: Option<TaskId>,
    begun: u32,
    attempts: BTreeSet<u32>,
    /// What steps and questions gave the function.
    seen: BTreeMap<String, u64>,
    /// Whether each push was acknowledged.
    pushes: BTreeMap<u64, bool>,
    added: u64,
    perhaps_added: u64,
    /// What the functions were about to return.
    returns: BTreeSet<String>,
    /// A cancellation was acknowledged.
    ended: bool,
    status: Option<String>,
    payload: Option<String>,
    /// Answers sent, by question; with whether one was acknowledged.
    answers: BTreeMap<String, (BTreeSet<u64>, bool)>,
}

/// What was known of a task when something was asked of it.
pub(crate) struct Known {
    pub(crate) ended: bool,
    answered: BTreeSet<String>,
}

/// A function runs for as long as this lives.
pub(crate) struct Running {
    sim: Arc<Sim>,
    entry: (usize, u64, u32),
}

impl Drop for Running {
    fn drop(&mut self) {
        // Not in the trace: in which order the tasks of a machine go that is switched off is nobody's choice.
        self.sim.ledger.inner().running.remove(&self.entry);
    }
}

fn is_terminal(status: &str) -> bool {
    matches!(status, "completed" | "failed" | "cancelled")
}

impl Ledger {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    pub(crate) fn new_job(&self, kind: Kind, plan: Plan) -> Arc<Job> {
        let mut inner = self.inner();
        let job = Arc::new(Job { number: inner.jobs.len() as u64, kind, plan });
        inner.jobs.push(job.clone());
        job
    }

    pub(crate) fn job(&self, number: u64) -> Arc<Job> {
        self.inner().jobs[usize::try_from(number).unwrap()].clone()
    }

    /// A value that is used once.
    pub(crate) fn value(&self) -> u64 {
        let mut inner = self.inner();
        inner.values += 1;
        inner.values
    }

    /// A function begins.
    pub(crate) fn begins(&self, sim: &Arc<Sim>, job: &Job, attempt: u32, instance: usize) -> Running {
        sim.trace.line(|| format!("i{instance} job {} begins, attempt {attempt}: {:?}", job.number, job.plan));
        let mut inner = self.inner();
        let book = inner.books.entry(job.number).or_default();
        book.begun += 1;
        if book.begun > 1 && job.kind != Kind::Restarts {
            sim.trace.violated(promise::ONCE, format!("job {} of `{}` began again", job.number, job.kind.tool()));
        }
        if !book.attempts.insert(attempt) {
            sim.trace.violated(promise::ONCE, format!("job {} began attempt {attempt} twice", job.number));
        }
        let entry = (instance, job.number, attempt);
        inner.running.insert(entry);
        Running { sim: sim.clone(), entry }
    }

    /// The code of a step begins.
    pub(crate) fn step_begins(sim: &Sim, job: u64, name: &str) {
        if sim.books.has_step(job, name) {
            sim.trace.violated(promise::STEP, format!("{name} of job {job} runs though it is recorded"));
        }
    }

    /// A step or a question gave the function this.
    pub(crate) fn saw(&self, sim: &Sim, job: u64, name: &str, value: u64, promise: &'static str) {
        let mut inner = self.inner();
        let book = inner.books.entry(job).or_default();
        let before = *book.seen.entry(name.to_owned()).or_insert(value);
        if before != value {
            sim.trace.violated(promise, format!("{name} of job {job} was {before} and is {value}"));
        }
    }

    pub(crate) fn pushes(&self, job: u64, value: u64, acknowledged: bool) {
        self.inner().books.entry(job).or_default().pushes.insert(value, acknowledged);
    }

    /// One is being added, or it is certain that it was.
    pub(crate) fn adds(&self, job: u64, acknowledged: bool) {
        let mut inner = self.inner();
        let book = inner.books.entry(job).or_default();
        book.perhaps_added = if acknowledged { book.perhaps_added - 1 } else { book.perhaps_added + 1 };
        book.added += u64::from(acknowledged);
    }

    pub(crate) fn returns(&self, job: u64, text: String) {
        self.inner().books.entry(job).or_default().returns.insert(text);
    }

    /// A client was told of its task.
    pub(crate) fn acknowledged(&self, sim: &Sim, job: &Job, id: TaskId) {
        self.inner().acknowledged.insert(id);
        self.has_task(sim, job.number, id);
    }

    /// A call has this task, and no other.
    pub(crate) fn has_task(&self, sim: &Sim, job: u64, id: TaskId) {
        let mut inner = self.inner();
        let of = *inner.job_of.entry(id).or_insert(job);
        let before = *inner.books.entry(job).or_default().id.get_or_insert(id);
        if of != job || before != id {
            sim.trace.violated(promise::KEY, format!("{id} is the task of job {of}, and job {job} has {before}"));
        }
    }

    /// A client was told the result of its call, and of no task.
    pub(crate) fn answered_plainly(&self, sim: &Sim, job: &Job, text: &str) {
        if !self.inner().books.entry(job.number).or_default().returns.contains(text) {
            let what = format!("job {} is answered `{text}`, which its function did not return", job.number);
            sim.trace.violated(promise::OUTCOME, what);
        }
    }

    /// What is known of a task now: an answer that is asked for now cannot contradict it.
    pub(crate) fn known(&self, id: TaskId) -> Known {
        let mut inner = self.inner();
        let book = inner.book(id);
        let answered = book.answers.iter().filter(|(_, (_, acknowledged))| *acknowledged);
        Known { ended: book.ended || book.status.is_some(), answered: answered.map(|(name, _)| name.clone()).collect() }
    }

    /// The cancellation of a task was acknowledged, so that it has ended, in whichever way.
    pub(crate) fn ended(&self, id: TaskId) {
        self.inner().book(id).ended = true;
    }

    /// A client saw a task in this status, after asking when so much was known of it.
    pub(crate) fn status_seen(&self, sim: &Sim, id: TaskId, status: &str, known: &Known) {
        let mut inner = self.inner();
        let book = inner.book(id);
        if !is_terminal(status) {
            if known.ended {
                sim.trace.violated(promise::OUTCOME, format!("{id} had ended and is {status}"));
            }
            return;
        }
        let before = book.status.get_or_insert_with(|| status.to_owned());
        if before != status {
            sim.trace.violated(promise::OUTCOME, format!("{id} was {before} and is {status}"));
        }
    }

    /// A client saw how a task ended. `returned` says that it is what the function returned.
    pub(crate) fn payload_seen(&self, sim: &Sim, id: TaskId, payload: String, returned: bool) {
        let mut inner = self.inner();
        let job = inner.job(id);
        let restarts = inner.jobs.iter().any(|known| known.number == job && known.kind == Kind::Restarts);
        let book = inner.book(id);
        if let Some(before) = book.payload.as_ref().filter(|before| **before != payload) {
            sim.trace.violated(promise::OUTCOME, format!("{id} gave `{before}` and gives `{payload}`"));
        }
        if returned && !book.returns.contains(&payload) {
            sim.trace.violated(promise::OUTCOME, format!("{id} gives `{payload}`, which its function did not"));
        }
        if restarts && payload.contains("stopped before the task had ended") {
            sim.trace.violated(promise::LOST, format!("{id} is to restart, and failed with its worker"));
        }
        book.payload = Some(payload);
    }

    /// An answer to a question of a task, different from all others.
    pub(crate) fn answer(&self, id: TaskId, question: &str) -> u64 {
        let value = self.value();
        self.inner().book(id).answers.entry(question.to_owned()).or_default().0.insert(value);
        value
    }

    /// The store has an answer of those that were sent.
    pub(crate) fn answer_acknowledged(&self, id: TaskId, question: &str) {
        self.inner().book(id).answers.entry(question.to_owned()).or_default().1 = true;
    }

    /// A client is asked.
    pub(crate) fn asked(sim: &Sim, id: TaskId, question: &str, known: &Known) {
        if known.answered.contains(question) {
            sim.trace.violated(promise::ANSWER, format!("{id} asks {question} again, which was answered"));
        }
    }

    /// A function was answered.
    pub(crate) fn answered(&self, sim: &Sim, job: u64, question: &str, value: u64) {
        {
            let mut inner = self.inner();
            let sent = inner.books.entry(job).or_default().answers.get(question);
            if !sent.is_some_and(|(sent, _)| sent.contains(&value)) {
                sim.trace.violated(promise::ANSWER, format!("job {job} got {value} for {question}, which nobody sent"));
            }
        }
        self.saw(sim, job, question, value, promise::ANSWER);
    }

    /// Compares variables that were read after the end with what was written.
    pub(crate) fn variables_seen(&self, sim: &Sim, id: TaskId, variables: &Value) {
        let mut inner = self.inner();
        let book = inner.book(id);
        let notes: Vec<u64> = serde_json::from_value(variables["notes"].clone()).unwrap_or_default();
        let distinct: BTreeSet<u64> = notes.iter().copied().collect();
        let lost = book.pushes.iter().find(|(value, acknowledged)| **acknowledged && !distinct.contains(value));
        if distinct.len() != notes.len() || lost.is_some() || distinct.iter().any(|n| !book.pushes.contains_key(n)) {
            let what = format!("{id} has the notes {notes:?}; pushed were {:?}", book.pushes);
            sim.trace.violated(promise::VARIABLE, what);
        }
        let sum = variables["count"].as_u64().unwrap_or_default();
        if sum < book.added || sum > book.added + book.perhaps_added {
            let what = format!("{id} counts {sum}; added were {} and perhaps {}", book.added, book.perhaps_added);
            sim.trace.violated(promise::VARIABLE, what);
        }
    }

    pub(crate) fn is_acknowledged(&self, id: TaskId) -> bool {
        self.inner().acknowledged.contains(&id)
    }

    pub(crate) fn is_running(&self, instance: usize, job: u64) -> bool {
        self.inner().running.iter().any(|(on, runs, _)| (*on, *runs) == (instance, job))
    }

    /// The functions that run and may have a task: where, and of which call.
    pub(crate) fn running(&self) -> Vec<(usize, u64)> {
        let inner = self.inner();
        let kind = |job: u64| usize::try_from(job).ok().and_then(|job| inner.jobs.get(job)).map(|job| job.kind);
        let running = inner.running.iter().map(|(on, job, _)| (*on, *job));
        running.filter(|(_, job)| kind(*job) != Some(Kind::Plain)).collect()
    }
}

impl Inner {
    /// The call of a task; a number of its own if nobody was told of it.
    fn job(&mut self, id: TaskId) -> u64 {
        let unknown = u64::MAX - self.job_of.len() as u64;
        *self.job_of.entry(id).or_insert(unknown)
    }

    fn book(&mut self, id: TaskId) -> &mut Book {
        let job = self.job(id);
        self.books.entry(job).or_default()
    }
}
