//! The registry's `pmcp-tasks` 0.2.0: its store in memory, filled below its own API, which would take hours.

use anyhow::Context as _;
use measure::PAYLOAD;
use pmcp_tasks::{
    InMemoryBackend, ListTasksOptions, StorageBackend as _, StoreConfig, TaskRecord, TaskSecurityConfig,
    store::{backend::make_key, generic::GenericTaskStore},
    types::task::TaskStatus,
};
use serde_json::json;

/// Its store with its default settings, but for the number of tasks an owner may have.
pub(crate) struct Registry {
    store: GenericTaskStore<InMemoryBackend>,
}

impl Registry {
    /// A store with finished tasks of these owners, as its own create and complete would have left them.
    pub(crate) async fn filled(owners: usize, tasks_each: usize) -> anyhow::Result<Self> {
        let backend = InMemoryBackend::new();
        let template = Self { store: store(InMemoryBackend::new()) }.finished().await?;
        for owner in 0..owners {
            let owner = name(owner);
            for task in 0..tasks_each {
                let mut record = template.clone();
                record.owner_id.clone_from(&owner);
                record.task.task_id = uuid_like(task);
                let bytes = serde_json::to_vec(&record)?;
                backend.put(&make_key(&owner, &record.task.task_id), &bytes).await?;
            }
        }
        Ok(Self { store: store(backend) })
    }

    async fn finished(&self) -> anyhow::Result<TaskRecord> {
        let created = self.store.create(&name(0), "tools/call", None).await?;
        let result = json!({ "content": [{ "type": "text", "text": PAYLOAD }] });
        let id = &created.task.task_id;
        Ok(self.store.complete_with_result(id, &name(0), TaskStatus::Completed, None, result).await?)
    }

    /// Creates a task of the first owner, and removes it: what is timed is the create alone.
    pub(crate) async fn create(&self) -> anyhow::Result<TaskRecord> {
        Ok(self.store.create(&name(0), "tools/call", None).await?)
    }

    pub(crate) async fn remove(&self, record: &TaskRecord) -> anyhow::Result<()> {
        let removed = self.store.backend().delete(&make_key(&record.owner_id, &record.task.task_id)).await?;
        anyhow::ensure!(removed, "the created task was not there");
        Ok(())
    }

    /// The first page of the first owner's tasks.
    pub(crate) async fn list(&self, n: usize) -> anyhow::Result<usize> {
        let options = ListTasksOptions { owner_id: name(0), cursor: None, limit: Some(n) };
        let page = self.store.list(options).await?;
        page.next_cursor.context("the page should not be the last")?;
        Ok(page.tasks.len())
    }
}

fn store(backend: InMemoryBackend) -> GenericTaskStore<InMemoryBackend> {
    GenericTaskStore::new(backend)
        .with_config(StoreConfig::default())
        .with_security(TaskSecurityConfig::default().with_max_tasks_per_owner(usize::MAX))
        .with_poll_interval(5000)
}

fn name(owner: usize) -> String {
    format!("owner-{owner:05}")
}

/// As long as its ids are.
fn uuid_like(task: usize) -> String {
    format!("{task:08x}-0000-4000-8000-000000000000")
}
