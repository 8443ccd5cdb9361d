"""Writes data/places.geojson and widgets/map/world.json from Natural Earth's public-domain files, as a package of Python brings them.

Run by `cargo xtask map`, with the directory of those files as its argument.
"""

import json
import math
import pathlib
import sys

import shapefile

SOURCE = pathlib.Path(sys.argv[1])
TARGET = pathlib.Path(sys.argv[2])


def read(name):
    return shapefile.Reader(str(SOURCE / name / f"{name}.shp")).shapeRecords()


def rings(shape):
    ends = [*shape.parts[1:], len(shape.points)]
    return [shape.points[begin:end] for begin, end in zip(shape.parts, ends)]


def inside(point, polygon):
    x, y = point
    result = False
    for ring in polygon:
        for (x1, y1), (x2, y2) in zip(ring, ring[1:]):
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                result = not result
    return result


def distance(point, polygon):
    x, y = point
    return min(math.hypot((px - x) * math.cos(math.radians(y)), py - y) for ring in polygon for px, py in ring)


def packed(ring):
    """Tenths of a degree: the first point, then what each adds to the one before."""
    points = [(round(x * 10), round(y * 10)) for x, y in ring]
    kept = [points[0]] + [b for a, b in zip(points, points[1:]) if a != b]
    return [n for (ax, ay), (bx, by) in zip([(0, 0), *kept], kept) for n in (bx - ax, by - ay)] if len(kept) > 3 else None


countries = sorted(
    (
        {
            "name": record.record["name"],
            "continent": record.record["continent"],
                "polygon": rings(record.shape),
        }
        for record in read("naturalearth_lowres")
    ),
    key=lambda country: country["name"],
)
# Its letter was lost on the way into the source.
MENDED = {"?saka": "Ōsaka"}
ISLANDS = "Seven seas (open ocean)"

world = [
    {
        "name": country["name"],
        "continent": country["continent"],
        "rings": [ring for ring in map(packed, country["polygon"]) if ring],
    }
    for country in countries
]
lines = ",\n".join(json.dumps(country, ensure_ascii=False, separators=(",", ":")) for country in world)
(TARGET / "widgets/map/world.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")

cities = [(MENDED.get(city.record["name"], city.record["name"]), city.shape.points[0]) for city in read("naturalearth_cities")]
features = []
for name, point in sorted(cities):
    home = next((c for c in countries if inside(point, c["polygon"])), None)
    # Islands and city states that are too small for the outlines belong to the continent that is next to them.
    near = home or min((c for c in countries if c["continent"] != ISLANDS), key=lambda c: distance(point, c["polygon"]))
    properties = {"name": name, "continent": near["continent"]}
    if home:
        properties["country"] = home["name"]
    geometry = {"type": "Point", "coordinates": [round(point[0], 3), round(point[1], 3)]}
    features.append({"type": "Feature", "properties": properties, "geometry": geometry})
lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
text = f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n'
(TARGET / "data/places.geojson").write_text(text, encoding="utf-8")
