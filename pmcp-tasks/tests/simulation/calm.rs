//! What must be true once nothing goes wrong any more.

use std::time::Duration;

use pmcp_tasks::store::{
    StorageBackend as _,
    backend::{Holder, Scope},
};
use tokio::task::JoinHandle;

use crate::{
    books::Entry,
    client::{Client, Created},
    plan::{Kind, Plan},
    promise,
    sim::Phase,
    world::World,
};

/// How long work that was begun in time may go on: a tool's timeout, its grace, and a client's answers.
const WORK: Duration = Duration::from_secs(40);
/// How long a client waits for an answer when all is well.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn check(world: &mut World) {
    world.calm_down();
    let weather = &world.sim.weather;
    let (under_way, leases) = (3 * weather.lease(), 2 * world.sim.longest_period());
    world.drive(world.sim.time.now() + under_way, || false);
    world.sim.set_phase(Phase::Settled);
    world.drive(world.sim.time.now() + leases, || false);
    everything_is_in_hands(world);
    let sim = world.sim.clone();
    world.drive(sim.time.now() + WORK, || sim.books.tasks().iter().all(|task| !task.open));
    everything_has_ended(world);
    acknowledged_tasks_are_there(world);
    world.sim.set_phase(Phase::Over);
    places_are_free(world);
    expired_tasks_are_gone(world);
}

fn is_broken(world: &World) -> bool {
    world.sim.trace.is_broken()
}

/// Each open task is run by an instance that lives, or is in the queue.
fn everything_is_in_hands(world: &World) {
    let sim = &world.sim;
    for task in sim.books.tasks().into_iter().filter(|task| task.open && sim.time.wall() < task.expires) {
        let id = task.key.id;
        let orphaned = match task.holder {
            Some(Holder::Worker(worker)) => {
                let at = sim.books.living(worker).filter(|at| world.instances.iter().any(|one| one.number == *at));
                match at {
                    None => Some("its worker is dead".to_owned()),
                    // What keeps a call is run under no task's name.
                    Some(at) if task.job.is_none_or(|job| sim.ledger.is_running(at, job)) => None,
                    Some(at) => Some(format!("i{at} has it and does not run it")),
                }
            }
            // Its workers may have no room.
            Some(Holder::Queue) => None,
            None => Some("nobody has it".to_owned()),
        };
        if let Some(why) = orphaned {
            sim.trace.violated(promise::END, format!("{id} is nobody's work: {why}"));
        }
    }
    let open: Vec<_> = sim.books.tasks().into_iter().filter(|task| task.open).filter_map(|task| task.job).collect();
    for (instance, job) in sim.ledger.running() {
        if !open.contains(&job) {
            sim.trace.violated(promise::END, format!("i{instance} still runs job {job}, which has ended"));
        }
    }
}

fn everything_has_ended(world: &World) {
    let sim = &world.sim;
    if is_broken(world) {
        return;
    }
    // A client that never learnt of its task answers none of its questions.
    let runs = |job| sim.ledger.running().iter().any(|(_, running)| Some(*running) == job);
    let waits = |task: &Entry| !sim.ledger.is_acknowledged(task.key.id) && runs(task.job);
    for task in sim.books.tasks().into_iter().filter(|task| task.open && sim.time.wall() < task.expires) {
        if !waits(&task) {
            sim.trace.violated(promise::END, format!("{} goes on, held by {:?}", task.key.id, task.holder));
        }
    }
}

fn acknowledged_tasks_are_there(world: &mut World) {
    for client in world.clients() {
        let tasks = client.tasks.lock().unwrap().clone();
        let looked = world.finish(Duration::from_secs(60), async move {
            for id in tasks {
                client.look_at(id, PATIENCE).await;
            }
        });
        if looked.is_none() && !is_broken(world) {
            world.sim.trace.violated(promise::LOST, "tasks cannot be read though all is calm");
        }
    }
}

/// As many tasks as the quota allows can be created now, and not one more.
fn places_are_free(world: &mut World) {
    // What stands for a call that nobody came back to expires.
    world.drive(world.sim.time.now() + Duration::from_secs(9), || false);
    for client in world.clients() {
        if is_broken(world) {
            return;
        }
        let ended = ended_by_clients(world, &client);
        let filled = ended.is_some().then(|| world.finish(PATIENCE, fill(client))).flatten();
        let quota = world.sim.weather.quota;
        match filled {
            Some(created) if created == quota => cancelled_functions_stop(world),
            _ if is_broken(world) => return,
            created => {
                let what = format!("{created:?} of {quota} places are free in the end");
                world.sim.trace.violated(promise::QUOTA, what);
            }
        }
    }
}

/// Functions that would go on learn within a lease that their tasks were cancelled, through whichever instance.
fn cancelled_functions_stop(world: &mut World) {
    for client in world.clients() {
        if ended_by_clients(world, &client).is_none() {
            return;
        }
    }
    let grace = Duration::from_millis(1200);
    world.drive(world.sim.time.now() + world.sim.longest_period() + grace, || false);
    for (instance, job) in world.sim.ledger.running() {
        world.sim.trace.violated(promise::CANCELLED, format!("i{instance} still runs job {job}"));
    }
}

/// Cancels what waits for clients that do not know of it.
fn ended_by_clients(world: &mut World, client: &Client) -> Option<()> {
    let (owner, now) = (client.owner.key(), world.sim.time.wall());
    let open = world.sim.books.tasks().into_iter();
    let open = open.filter(|task| task.open && task.key.owner == owner && now < task.expires && task.job.is_some());
    let (open, client) = (open.map(|task| task.key.id).collect::<Vec<_>>(), client.clone());
    world.finish(PATIENCE, async move {
        for id in open {
            client.cancel(id, PATIENCE).await;
        }
    })
}

/// Creates tasks at once, more than there are places; how many there were.
async fn fill(client: Client) -> u32 {
    let racing: Vec<JoinHandle<_>> = (0..client.sim.weather.quota + 2)
        .map(|_| {
            let (client, job) = (client.clone(), client.sim.ledger.new_job(Kind::Restarts, Plan::hangs()));
            tokio::spawn(async move { client.create(&job, None, PATIENCE).await })
        })
        .collect();
    let mut created = 0;
    for one in racing {
        created += u32::from(one.await.is_ok_and(|created| created == Created::Task));
    }
    created
}

/// When all instances are gone and everything has expired, a new one finds all places free and no task.
fn expired_tasks_are_gone(world: &mut World) {
    if is_broken(world) {
        return;
    }
    while !world.instances.is_empty() {
        world.remove(0, "is gone");
    }
    let sim = world.sim.clone();
    sim.time.move_to(sim.time.now() + Duration::from_secs(12 * 60));
    world.have_a_worker();
    for client in world.clients() {
        match world.finish(PATIENCE, fill(client)) {
            Some(created) if created == sim.weather.quota => {}
            created => {
                let what = format!("{created:?} places are free after all have expired");
                sim.trace.violated(promise::QUOTA, what);
            }
        }
    }
    // Those that were just created are the only ones that are left once the others were swept: not before the dead are
    // buried, as the clock of their last beats is far behind.
    world.drive(sim.time.now() + 2 * sim.longest_period() + Duration::from_secs(11), || false);
    let listed = world.clients().into_iter().map(|client| {
        let scope = Scope(client.owner.key());
        let store = sim.store.clone();
        futures_util::FutureExt::now_or_never(async move {
            store.page(&scope, None, 200, pmcp_tasks::time::Millis(0)).await.map(|page| page.tasks.len())
        })
    });
    for tasks in listed.map(|tasks| tasks.and_then(Result::ok)) {
        if tasks != Some(sim.weather.quota as usize) {
            sim.trace.violated(promise::EXPIRY, format!("{tasks:?} tasks remain"));
        }
    }
}
