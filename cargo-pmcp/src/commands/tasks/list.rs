//! `cargo pmcp tasks list`.

use std::{collections::HashMap, time::Duration};

use clap::{Args, ValueEnum};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use pmcp_tasks::{
    operate::Filter,
    store::{StoreError, backend::Holder},
    task::{Owner, OwnerKind, Task, TaskId, TaskStatus},
};
use serde_json::json;

use super::{
    Format,
    owner::OwnerArgs,
    store::{Opened, failed, told},
    summary::{Summary, rows},
};
use crate::{
    error::Result,
    output,
    screen::{FAILED, Line, OVER, Screen, write_lines},
    shell::{Shell, write_text},
};

/// The time between looks at an owner's list, and at what all workers hold, of which each task is read.
const WATCH: Duration = Duration::from_secs(1);
const WATCH_LIVE: Duration = Duration::from_secs(2);
/// Tasks of a page, and the most pages that are passed on the way to those that are wanted.
const PAGE: u16 = 100;
const PAGES: usize = 100;
/// Tasks that are read at once.
const AT_ONCE: usize = 8;

/// List the tasks of an owner, newest first, or those that run or wait to.
///
/// No store has a list of all tasks: what it costs could not be bounded. `--live` lists, of all owners, what the queue and each worker
/// hold. A run of a workflow that waits for its client is held by nobody, and so is what has ended: both are in their owner's list. Tasks
/// of callers who do not authenticate and are all one owner (`anonymous`) are in no list.
#[derive(Args, Debug)]
pub(super) struct List {
    #[command(flatten)]
    owner: OwnerArgs,
    /// Those that run, or wait in the queue, of all owners.
    #[arg(long, conflicts_with_all = ["owner", "issuer"])]
    live: bool,
    /// Those in this state; repeatable.
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    status: Vec<Status>,
    /// Those of this tool or workflow.
    #[arg(long, value_name = "NAME")]
    tool: Option<String>,
    /// The most that are listed.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// The form of the list.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Look again and again: at a terminal in the same place, elsewhere a line for each change.
    #[arg(long)]
    watch: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Status {
    Working,
    InputRequired,
    Completed,
    Failed,
    Cancelled,
}

impl From<Status> for TaskStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Working => Self::Working,
            Status::InputRequired => Self::InputRequired,
            Status::Completed => Self::Completed,
            Status::Failed => Self::Failed,
            Status::Cancelled => Self::Cancelled,
        }
    }
}

/// Tasks that were found.
#[derive(Debug, Default)]
struct Found {
    tasks: Vec<Summary>,
    /// There may be more of them.
    has_more: bool,
}

/// The tools of tasks that were seen, which never change.
type Tools = HashMap<TaskId, String>;

impl List {
    pub(super) async fn run(self, opened: &Opened, shell: &Shell) -> Result {
        let owner = self.owner.owner()?;
        if self.watch {
            return self.watch(opened, &owner, shell).await;
        }
        let found = self.find(opened, &owner, &mut Tools::new()).await.map_err(|error| failed(&error))?;
        match self.format {
            Format::Json => output::json(&json!(found.tasks))?,
            Format::Text => write_lines(&rows(&found.tasks, opened.tasks.clock().now(), self.live))?,
        }
        if found.has_more {
            let further = if found.tasks.len() == usize::from(self.limit) {
                format!("; `--limit {}` lists further", self.limit.saturating_mul(2).min(1000))
            } else {
                format!(" beyond the {} that were looked at", PAGES * usize::from(PAGE))
            };
            shell.status("More", &format!("there may be others{further}"));
        }
        if found.tasks.is_empty() && owner.kind == OwnerKind::Anonymous {
            shell.status(
                "Note",
                "tasks of callers who do not authenticate are in no list; `--live` shows those that run",
            );
        }
        Ok(())
    }

    async fn find(&self, opened: &Opened, owner: &Owner, tools: &mut Tools) -> std::result::Result<Found, StoreError> {
        let filter =
            Filter { statuses: self.status.iter().map(|status| (*status).into()).collect(), tool: self.tool.clone() };
        if self.live {
            self.find_live(opened, &filter).await
        } else {
            self.find_of(opened, owner, &filter, tools).await
        }
    }

    /// Tasks of a page: no more than are wanted, if each is.
    fn page(&self, filter: &Filter) -> u16 {
        if *filter == Filter::default() { PAGE.min(self.limit) } else { PAGE }
    }

    /// Tasks of an owner's list.
    async fn find_of(
        &self,
        opened: &Opened,
        owner: &Owner,
        filter: &Filter,
        tools: &mut Tools,
    ) -> std::result::Result<Found, StoreError> {
        let (mut tasks, mut cursor, mut has_more) = (Vec::<Task>::new(), None::<String>, true);
        let limit = usize::from(self.limit);
        for _ in 0..PAGES {
            let Some(page) = opened.tasks.list_only(owner, filter, cursor.as_deref(), PAGE.min(self.limit)).await?
            else {
                break;
            };
            tasks.extend(page.tasks);
            cursor = page.next;
            has_more = cursor.is_some() || tasks.len() > limit;
            if cursor.is_none() || tasks.len() >= limit {
                break;
            }
        }
        tasks.truncate(limit);
        // Their tools are in their requests, of which a list has none.
        let unknown = tasks.iter().filter(|task| task.tool().is_none()).map(Task::id);
        let unknown: Vec<_> = unknown.filter(|id| !tools.contains_key(id)).collect();
        let read = stream::iter(unknown).map(|id| async move {
            match opened.tasks.task(owner, id).get().await {
                Ok(task) => Ok(task.and_then(|task| Some((id, task.tool()?.to_owned())))),
                Err(StoreError::Corrupt { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        });
        let read: Vec<Option<(TaskId, String)>> = read.buffered(AT_ONCE).try_collect().await?;
        tools.extend(read.into_iter().flatten());
        let tasks = tasks.iter().map(|task| Summary::new(task, tools.get(&task.id()).cloned())).collect();
        Ok(Found { tasks, has_more })
    }

    /// Tasks of the queue and of each worker.
    async fn find_live(&self, opened: &Opened, filter: &Filter) -> std::result::Result<Found, StoreError> {
        let workers = opened.tasks.list_workers().await?;
        let holders = [Holder::Queue].into_iter().chain(workers.iter().map(pmcp_tasks::operate::LookedWorker::holder));
        let (mut found, limit) = (Found::default(), usize::from(self.limit));
        'holders: for holder in holders {
            let mut after = None;
            for _ in 0..PAGES {
                let page = opened.tasks.held_by(holder, after.as_ref(), self.page(filter)).await?;
                let is_wanted = |task: &&Task| {
                    (filter.statuses.is_empty() || filter.statuses.contains(&task.status()))
                        && (filter.tool.is_none() || task.tool() == filter.tool.as_deref())
                };
                found.tasks.extend(page.tasks.iter().filter(is_wanted).map(|task| Summary::new(task, None)));
                if found.tasks.len() > limit {
                    found.has_more = true;
                    break 'holders;
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            found.has_more |= after.is_some();
        }
        found.tasks.sort_by_key(|task| std::cmp::Reverse(task.created()));
        found.tasks.truncate(limit);
        Ok(found)
    }

    /// Shows them until somebody has seen enough.
    async fn watch(&self, opened: &Opened, owner: &Owner, shell: &Shell) -> Result {
        let (mut shown, mut tools, mut is_away) = (Shown::default(), Tools::new(), false);
        let is_drawn = Screen::is_there() && self.format == Format::Text;
        loop {
            match self.find(opened, owner, &mut tools).await {
                Ok(found) => {
                    is_away = false;
                    // No longer than they are in the list.
                    tools.retain(|id, _| found.tasks.iter().any(|task| task.task == *id));
                    if is_drawn {
                        self.draw(opened, &mut shown, &found)?;
                    } else {
                        self.tell_changes(opened, &mut shown, found.tasks).await?;
                    }
                }
                Err(error) if error.is_retryable() => {
                    let text = format!("{}; it is asked again", told(&error));
                    if is_drawn {
                        shown.lines.pop();
                        shown.lines.push(Line { text, style: FAILED });
                        shown.screen.draw(&shown.lines)?;
                    } else if !is_away {
                        shell.warn(&text);
                    }
                    is_away = true;
                }
                Err(error) => return Err(failed(&error)),
            }
            tokio::time::sleep(if self.live { WATCH_LIVE } else { WATCH }).await;
        }
    }

    fn draw(&self, opened: &Opened, shown: &mut Shown, found: &Found) -> Result {
        shown.lines = rows(&found.tasks, opened.tasks.clock().now(), self.live);
        let live = found.tasks.iter().filter(|task| !task.status.is_terminal()).count();
        let more = if found.has_more { ", and there may be others" } else { "" };
        let text = format!("{} tasks, {live} live{more}; Ctrl-C ends", found.tasks.len());
        shown.lines.push(Line { text, style: OVER });
        shown.screen.draw(&shown.lines)
    }

    /// Writes a line for each task that is new or another than it was, and for those that nobody holds any more.
    async fn tell_changes(&self, opened: &Opened, shown: &mut Shown, mut tasks: Vec<Summary>) -> Result {
        let is_gone = |was: &Summary| tasks.iter().all(|is| is.task != was.task);
        let gone: Vec<Summary> = shown.tasks.extract_if(|_, was| is_gone(was)).map(|(_, was)| was).collect();
        for was in gone {
            // One that has expired leaves without a word, and so does one that newer ones have pushed out of a list.
            if self.live
                && let Ok(Some(task)) = opened.tasks.task(was.owner(), was.task).get().await
            {
                self.tell(&Summary::new(&task, None))?;
            }
        }
        // The oldest first, as in a log.
        tasks.reverse();
        for task in tasks {
            let was = shown.tasks.insert(task.task, task.clone());
            if was.is_none_or(|was| was.line() != task.line()) {
                self.tell(&task)?;
            }
        }
        Ok(())
    }

    fn tell(&self, task: &Summary) -> Result {
        match self.format {
            Format::Json => output::json_line(&json!(task)),
            Format::Text => write_text(&task.line()),
        }
    }
}

/// The tasks as they were shown last.
#[derive(Debug, Default)]
struct Shown {
    screen: Screen,
    lines: Vec<Line>,
    tasks: HashMap<TaskId, Summary>,
}
