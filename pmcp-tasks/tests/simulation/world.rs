//! A run from its beginning to its end: chaos, calm, and what must be true then.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use pmcp_tasks::call::Revision;

use crate::{
    client::{Client, Door, Doors, owner},
    instance::Instance,
    machine::Machine,
    promise,
    sim::{Phase, Sim},
    trace::{Violation, count},
    weather::Options,
};

/// More polls than a run can need.
const MOST_POLLS: u64 = 3_000_000;

/// Something that happens to an instance.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Incident {
    Kill,
    Pause(Duration),
    Leave(Duration),
    Join,
    Cut(Duration),
    /// The store takes no writes, perhaps no reads either.
    Stall(Duration),
}

pub(crate) struct World {
    pub(crate) sim: Arc<Sim>,
    outside: Machine,
    pub(crate) instances: Vec<Instance>,
    started: usize,
    doors: Doors,
    clients: Vec<Client>,
    /// What is to happen, the last of it first.
    incidents: Vec<(Duration, Incident)>,
    polls: u64,
}

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) sim: Arc<Sim>,
    pub(crate) violation: Option<Violation>,
}

/// Runs a seed.
pub(crate) fn run(options: Options, traced: bool) -> Ended {
    let mut world = World::new(options, traced);
    world.chaos();
    crate::calm::check(&mut world);
    let sim = world.sim.clone();
    Ended { violation: sim.trace.violation(), sim }
}

impl World {
    fn new(options: Options, traced: bool) -> Self {
        let outside = Machine::new();
        let sim = Sim::new(options, traced, outside.handle().clone());
        let mut world = Self {
            sim,
            outside,
            instances: Vec::new(),
            started: 0,
            doors: Arc::default(),
            clients: Vec::new(),
            incidents: Vec::new(),
            polls: 0,
        };
        for _ in 0..options.instances {
            world.start();
        }
        world.invite();
        world
    }

    /// Two owners, one a revision, with several clients each.
    fn invite(&mut self) {
        for (number, revision) in [Revision::V2026, Revision::V2025].into_iter().enumerate() {
            let tasks = Arc::new(Mutex::new(Vec::new()));
            for which in 0..2 {
                let client = Client {
                    sim: self.sim.clone(),
                    doors: self.doors.clone(),
                    name: format!("c{number}{which}"),
                    owner: owner(number),
                    revision,
                    tasks: tasks.clone(),
                };
                self.outside.handle().spawn(client.clone().live());
                if which == 0 {
                    self.clients.push(client);
                }
            }
        }
    }

    pub(crate) fn start(&mut self) {
        let instance = Instance::start(&self.sim, self.started);
        self.started += 1;
        self.doors.lock().unwrap().push(Door {
            instance: instance.number,
            handle: instance.machine.handle().clone(),
            router: instance.router.clone(),
            closed: instance.closed.clone(),
        });
        self.instances.push(instance);
    }

    /// One client of each owner.
    pub(crate) fn clients(&self) -> Vec<Client> {
        self.clients.clone()
    }

    /// Switches an instance off, wherever it is.
    pub(crate) fn remove(&mut self, index: usize, how: &str) {
        let instance = self.instances.remove(index);
        let number = instance.number;
        self.sim.trace.line(|| format!("i{number} {how}"));
        // Told first, in the order they wait: in which order the tasks of a machine go is nobody's choice.
        instance.closed.cancel();
        self.doors.lock().unwrap().retain(|door| door.instance != number);
        self.sim.forget(number);
    }

    fn chaos(&mut self) {
        let (choices, weather) = (&self.sim.schedule, &self.sim.weather);
        let end = Duration::from_millis(weather.chaos);
        for _ in 0..weather.incidents {
            let at = choices.span(200, weather.chaos);
            let incident = match choices.below(20) {
                0..7 => Incident::Kill,
                7..10 => Incident::Pause(choices.span(100, weather.lease)),
                10..13 => Incident::Pause(choices.span(2 * weather.lease, 5 * weather.lease)),
                13..16 => Incident::Leave(choices.span(0, 2000)),
                16 => Incident::Join,
                17 => Incident::Stall(choices.span(200, 3 * weather.lease)),
                _ => Incident::Cut(choices.span(200, 2 * weather.lease)),
            };
            self.incidents.push((at, incident));
        }
        self.sort();
        self.drive(end, || false);
    }

    fn sort(&mut self) {
        self.incidents.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    }

    /// Runs everything until then, until `done`, or until a promise is broken.
    pub(crate) fn drive(&mut self, until: Duration, done: impl Fn() -> bool) {
        let lag = Duration::from_micros(self.sim.weather.lag);
        let mut ready = Vec::new();
        loop {
            if self.sim.trace.is_broken() || done() || self.sim.time.now() >= until {
                return;
            }
            self.happenings();
            self.find_ready(&mut ready);
            if ready.is_empty() {
                let next = [self.sim.time.next_deadline(), self.next_happening()].into_iter().flatten().min();
                self.sim.time.move_to(next.unwrap_or(until).min(until));
                continue;
            }
            self.polls += 1;
            count(&self.sim.trace.counters.polls);
            if self.polls > MOST_POLLS {
                self.sim.trace.violated(promise::END, "it goes on and on");
            }
            match self.sim.schedule.pick(&ready) {
                None => self.outside.step(),
                Some(index) => self.step(index),
            }
            if !lag.is_zero() && !self.sim.is_calm() {
                self.sim.time.move_to(self.sim.time.now() + lag);
            }
        }
    }

    fn step(&mut self, index: usize) {
        let instance = &mut self.instances[index];
        instance.machine.step();
        if instance.is_doomed_with_put && instance.has_put() {
            instance.is_doomed_with_put = false;
            instance.doomed = Some(self.sim.schedule.below(4));
        }
        if let Some(polls) = &mut instance.doomed {
            if *polls == 0 {
                count(&self.sim.trace.counters.kills);
                self.remove(index, "is killed");
                self.replace();
            } else {
                *polls -= 1;
            }
        } else if instance.has_left() {
            self.remove(index, "has left");
        }
    }

    /// What can be run: the outside (`None`) and instances.
    fn find_ready(&self, ready: &mut Vec<Option<usize>>) {
        ready.clear();
        ready.extend(self.outside.is_ready().then_some(None));
        let instances = self.instances.iter().enumerate();
        let instances = instances.filter(|(_, one)| one.paused_until.is_none() && one.machine.is_ready());
        ready.extend(instances.map(|(index, _)| Some(index)));
    }

    fn next_happening(&self) -> Option<Duration> {
        let incident = self.incidents.last().map(|(at, _)| *at);
        let ends = self.instances.iter().flat_map(|one| [one.paused_until, one.cut_until]);
        ends.flatten().chain(incident).min()
    }

    fn happenings(&mut self) {
        let now = self.sim.time.now();
        for instance in &mut self.instances {
            if instance.paused_until.is_some_and(|until| until <= now) {
                self.sim.trace.line(|| format!("i{} goes on", instance.number));
                instance.paused_until = None;
                // Some end right after: what they were asked meanwhile they have begun, and perhaps acknowledged.
                if self.sim.schedule.chance(250) {
                    instance.doomed = Some(self.sim.schedule.below(80));
                } else if self.sim.schedule.chance(150) {
                    count(&self.sim.trace.counters.shutdowns);
                    instance.leave(Duration::ZERO);
                }
            }
            if instance.cut_until.is_some_and(|until| until <= now) {
                self.sim.trace.line(|| format!("i{} reaches the store again", instance.number));
                instance.cut(None);
            }
        }
        while let Some((_, incident)) = self.incidents.pop_if(|(at, _)| *at <= now) {
            self.happen(incident, now);
        }
    }

    fn happen(&mut self, incident: Incident, now: Duration) {
        let sim = self.sim.clone();
        match incident {
            Incident::Join => return self.start(),
            Incident::Stall(span) => {
                let reads_too = sim.schedule.chance(500);
                sim.trace.line(|| format!("the store stalls for {span:?}; its reads, too: {reads_too}"));
                count(&sim.trace.counters.stalls);
                return sim.stall(now + span, reads_too);
            }
            _ => {}
        }
        let counters = &sim.trace.counters;
        let well = |one: &Instance| {
            one.paused_until.is_none() && one.doomed.is_none() && !one.is_doomed_with_put && !one.is_leaving
        };
        let well: Vec<usize> = (0..self.instances.len()).filter(|index| well(&self.instances[*index])).collect();
        if well.is_empty() {
            return;
        }
        let instance = &mut self.instances[sim.schedule.pick(&well)];
        sim.trace.line(|| format!("i{}: {incident:?}", instance.number));
        match incident {
            Incident::Kill if sim.schedule.chance(500) => {
                instance.has_put();
                instance.is_doomed_with_put = true;
            }
            Incident::Kill => instance.doomed = Some(sim.schedule.below(40)),
            Incident::Pause(span) => {
                count(&counters.pauses);
                instance.paused_until = Some(now + span);
            }
            Incident::Leave(grace) => {
                count(&counters.shutdowns);
                instance.leave(grace);
                // Balancers learn of it, sooner or later.
                if sim.schedule.chance(700) {
                    let number = instance.number;
                    self.doors.lock().unwrap().retain(|door| door.instance != number);
                }
                self.replace();
            }
            Incident::Cut(span) => {
                count(&counters.outages);
                instance.cut(Some(now + span));
            }
            Incident::Join | Incident::Stall(_) => {}
        }
    }

    /// Sees to it that another one joins in a while.
    fn replace(&mut self) {
        if !self.sim.is_calm() && self.sim.schedule.chance(850) {
            self.incidents.push((self.sim.time.now() + self.sim.schedule.span(0, 4000), Incident::Join));
            self.sort();
        }
    }

    /// Nothing goes wrong any more: who stood still goes on or is gone for good, and somebody is there who works.
    pub(crate) fn calm_down(&mut self) {
        self.incidents.clear();
        self.sim.set_phase(Phase::Calm);
        self.sim.end_stall();
        for index in (0..self.instances.len()).rev() {
            let instance = &mut self.instances[index];
            instance.cut(None);
            if instance.doomed.is_some()
                || instance.is_doomed_with_put
                || (instance.paused_until.is_some() && self.sim.schedule.chance(300))
            {
                count(&self.sim.trace.counters.kills);
                self.remove(index, "is killed");
            } else {
                instance.paused_until = None;
            }
        }
        self.have_a_worker();
    }

    /// Sees to it that an instance runs tasks and goes on to.
    pub(crate) fn have_a_worker(&mut self) {
        while !self.instances.iter().any(|one| one.works() && !one.is_leaving) {
            self.start();
        }
    }

    /// Runs something of the outside to its end; `None` if it does not come within this time.
    pub(crate) fn finish<T: Send + 'static>(
        &mut self,
        within: Duration,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (result, done) = (Arc::new(Mutex::new(None)), Arc::new(AtomicBool::new(false)));
        let (place, flag) = (result.clone(), done.clone());
        self.outside.handle().spawn(async move {
            let value = future.await;
            *place.lock().unwrap() = Some(value);
            flag.store(true, Ordering::Relaxed);
        });
        self.drive(self.sim.time.now() + within, || done.load(Ordering::Relaxed));
        result.lock().unwrap().take()
    }
}
