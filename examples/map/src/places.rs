//! The places: a list in `GeoJSON`, read once.

use std::{collections::BTreeMap, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Cities of the world and where they are, from Natural Earth.
const FILE: &str = include_str!("../data/places.geojson");

/// The kilometres of a radian of a great circle.
const RADIUS: f64 = 6371.0;

/// A part of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Continent {
    Africa,
    Asia,
    Europe,
    #[serde(rename = "North America")]
    NorthAmerica,
    Oceania,
    #[serde(rename = "South America")]
    SouthAmerica,
}

/// A place on the map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Place {
    pub(crate) name: String,
    /// The country, if it is large enough for the outlines of the map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) country: Option<String>,
    pub(crate) continent: Continent,
    /// Degrees east.
    pub(crate) longitude: f64,
    /// Degrees north.
    pub(crate) latitude: f64,
}

impl Place {
    /// Kilometres by the shortest way over the sphere.
    pub(crate) fn distance(&self, other: &Self) -> f64 {
        let [(a, b), (c, d)] = [self, other].map(|place| (place.latitude.to_radians(), place.longitude.to_radians()));
        let half = |angle: f64| (angle / 2.0).sin().powi(2);
        2.0 * RADIUS * (half(c - a) + a.cos() * c.cos() * half(d - b)).sqrt().min(1.0).asin()
    }
}

/// All places, by name.
#[derive(Clone, Debug)]
pub(crate) struct Places(Arc<BTreeMap<String, Place>>);

impl Places {
    /// Reads the file that is part of the program.
    pub(crate) fn read() -> serde_json::Result<Self> {
        let collection: Collection = serde_json::from_str(FILE)?;
        let places = collection.features.into_iter().map(|Feature { properties, geometry: Point { coordinates } }| {
            let Properties { name, country, continent } = properties;
            let [longitude, latitude] = coordinates;
            (name.clone(), Place { name, country, continent, longitude, latitude })
        });
        Ok(Self(Arc::new(places.collect())))
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Place> {
        self.0.get(name)
    }

    /// The places of a continent, or all.
    pub(crate) fn of(&self, continent: Option<Continent>) -> impl Iterator<Item = &Place> {
        self.0.values().filter(move |place| continent.is_none_or(|wanted| place.continent == wanted))
    }
}

#[derive(Deserialize)]
struct Collection {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    properties: Properties,
    geometry: Point,
}

#[derive(Deserialize)]
struct Properties {
    name: String,
    country: Option<String>,
    continent: Continent,
}

#[derive(Deserialize)]
struct Point {
    coordinates: [f64; 2],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_globe() {
        let places = Places::read().unwrap();
        let distance = |from, to| places.named(from).unwrap().distance(places.named(to).unwrap()).round();
        assert!(distance("London", "London") < 1.0);
        assert!((330.0..350.0).contains(&distance("London", "Paris")));
        // Over the date line, not around the world.
        assert!((1000.0..1200.0).contains(&distance("Suva", "Apia")));
    }

    #[test]
    fn each_place_is_on_the_globe_and_named_once() {
        let places = Places::read().unwrap();
        let collection: Collection = serde_json::from_str(FILE).unwrap();
        assert_eq!(places.of(None).count(), collection.features.len());
        assert!(places.of(None).all(|place| place.longitude.abs() <= 180.0 && place.latitude.abs() <= 90.0));
        assert_eq!(places.of(Some(Continent::SouthAmerica)).count(), 16);
    }
}
