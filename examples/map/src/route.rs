//! The task: it looks for a short route through places, a round of improvements at a time.

use std::time::Duration;

use pmcp_tasks::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::places::{Place, Places};

/// Rounds after which a route is good enough.
const ROUNDS: u32 = 60;

/// Improvements in a round.
const A_ROUND: usize = 6;

/// Places a route may have.
const MOST: usize = 250;

/// The time each round takes at least, so that it can be watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace(pub(crate) Duration);

/// The best route so far, as the client sees it while the task runs.
#[derive(TaskVariables, Default)]
pub(crate) struct RouteSoFar {
    stops: Vec<String>,
    kilometres: f64,
    /// The rounds of improvements so far, and how many there are at most.
    round: u32,
    of: u32,
}

/// A route.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Route {
    /// The places in the order they are visited.
    pub(crate) stops: Vec<String>,
    /// The length of the whole route.
    pub(crate) kilometres: f64,
    /// Kilometres by which it is shorter than the places in the order they were given.
    pub(crate) saved: f64,
    /// Set if it ends where it began.
    pub(crate) round_trip: bool,
}

/// Find a short route by air through places of the map. It begins at the first of them.
#[task_tool(support = "optional", on_crash = "restart", read_only)]
pub(crate) async fn plan_route(
    /// Names of 2 to 250 places, as the map has them.
    places: Vec<String>,
    task: TaskContext<RouteSoFar>,
    State(world): State<Places>,
    State(pace): State<Pace>,
) -> Result<Route, ToolError> {
    if !(2..=MOST).contains(&places.len()) {
        return Err(ToolError::new(format!("a route needs 2 to {MOST} places")));
    }
    let given = found(&world, &places)?;
    let round_trip = match task.elicit("Shall the route end where it begins?").await {
        // Who cannot be asked is shown the shorter one.
        Err(AskError::Unsupported { .. }) => false,
        answer => answer?,
    };
    let asked = Stops { places: given, round_trip };

    // After a crash the search goes on from the best route that was told.
    let told = task.variables().get().await?;
    let mut best = if told.stops.is_empty() {
        asked.nearest_first()
    } else {
        Stops { places: found(&world, &told.stops)?, round_trip }
    };
    for round in told.round..ROUNDS {
        let improved = best.improve(A_ROUND);
        let (stops, kilometres) = (best.names(), best.kilometres());
        let so_far =
            |all: &mut RouteSoFar| *all = RouteSoFar { stops: stops.clone(), kilometres, round: round + 1, of: ROUNDS };
        task.variables().update(so_far).await?;
        task.progress(round + 1, ROUNDS).await;
        if !improved {
            break;
        }
        task.sleep(pace.0).await?;
    }
    let kilometres = best.kilometres();
    Ok(Route { stops: best.names(), kilometres, saved: asked.kilometres() - kilometres, round_trip })
}

/// The places of these names, each once.
fn found<'a>(world: &'a Places, names: &[String]) -> Result<Vec<&'a Place>, ToolError> {
    let mut places: Vec<&Place> = Vec::with_capacity(names.len());
    for name in names {
        let place = world.named(name).ok_or_else(|| ToolError::new(format!("the map has no place `{name}`")))?;
        if places.iter().any(|known| known.name == place.name) {
            return Err(ToolError::new(format!("`{name}` is named twice")));
        }
        places.push(place);
    }
    Ok(places)
}

/// The way between two places, if there are two.
fn leg(from: Option<&Place>, to: Option<&Place>) -> f64 {
    from.zip(to).map_or(0.0, |(from, to)| from.distance(to))
}

/// Places in the order they are visited.
#[derive(Clone, Debug)]
struct Stops<'a> {
    places: Vec<&'a Place>,
    round_trip: bool,
}

impl Stops<'_> {
    fn names(&self) -> Vec<String> {
        self.places.iter().map(|place| place.name.clone()).collect()
    }

    fn kilometres(&self) -> f64 {
        let way: f64 = self.places.windows(2).map(|pair| pair[0].distance(pair[1])).sum();
        way + leg(self.places.last().copied(), self.after_last())
    }

    /// The place behind the last one, if there is one.
    fn after_last(&self) -> Option<&Place> {
        self.places.first().copied().filter(|_| self.round_trip)
    }

    /// The same places, each followed by the nearest of those that are left.
    fn nearest_first(&self) -> Self {
        let (mut left, mut places) = (self.places.clone(), Vec::with_capacity(self.places.len()));
        let mut next = 0;
        while next < left.len() {
            let place = left.remove(next);
            places.push(place);
            let nearest = (0..left.len()).min_by(|a, b| place.distance(left[*a]).total_cmp(&place.distance(left[*b])));
            next = nearest.unwrap_or(usize::MAX);
        }
        Self { places, round_trip: self.round_trip }
    }

    /// Turns parts of the route around where that makes it shorter, so many times at most. The first place stays. Says whether it was
    /// made shorter.
    fn improve(&mut self, most: usize) -> bool {
        let count = self.places.len();
        let mut made = 0;
        for from in 1..count {
            for to in from + 1..count {
                let behind = self.places.get(to + 1).copied().or(self.after_last());
                let (before, first, last) = (self.places[from - 1], self.places[from], self.places[to]);
                let now = before.distance(first) + leg(Some(last), behind);
                let turned = before.distance(last) + leg(Some(first), behind);
                if turned + 1e-6 < now {
                    self.places[from..=to].reverse();
                    made += 1;
                    if made == most {
                        return true;
                    }
                }
            }
        }
        made > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::Continent;

    fn europe(world: &Places, round_trip: bool) -> Stops<'_> {
        Stops { places: world.of(Some(Continent::Europe)).collect(), round_trip }
    }

    #[test]
    fn a_route_gets_shorter_until_it_is_short_and_keeps_its_places() {
        let world = Places::read().unwrap();
        for round_trip in [false, true] {
            let given = europe(&world, round_trip);
            let mut best = given.nearest_first();
            let (mut last, first) = (best.kilometres(), best.places[0]);
            while best.improve(A_ROUND) {
                assert!(best.kilometres() < last, "{} is not less than {last}", best.kilometres());
                last = best.kilometres();
            }
            assert!(last < given.kilometres() / 2.0);
            assert_eq!(best.places[0].name, first.name);
            let sorted = |stops: &Stops<'_>| {
                let mut names = stops.names();
                names.sort();
                names
            };
            assert_eq!(sorted(&best), sorted(&given));
        }
    }

    #[test]
    fn a_round_trip_counts_the_way_back() {
        let world = Places::read().unwrap();
        let there = Stops { places: found(&world, &["London".into(), "Paris".into()]).unwrap(), round_trip: false };
        let and_back = Stops { round_trip: true, ..there.clone() };
        assert!((and_back.kilometres() - 2.0 * there.kilometres()).abs() < 1e-9);
    }

    #[test]
    fn names_that_are_no_places_or_come_twice_are_told() {
        let world = Places::read().unwrap();
        let told = |names: [&str; 2]| found(&world, &names.map(str::to_owned)).unwrap_err().to_string();
        assert_eq!(told(["London", "Atlantis"]), "the map has no place `Atlantis`");
        assert_eq!(told(["Paris", "Paris"]), "`Paris` is named twice");
    }
}
