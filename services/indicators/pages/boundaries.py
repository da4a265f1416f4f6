"""Commune boundaries as SVG paths, read once from a GeoJSON file (RFC 7946, WGS 84)."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_WIDTH = 720.0
_MARGIN = 4.0

Point = tuple[float, float]
Ring = list[Point]


class BoundariesUnreadable(ValueError):
    """The file of boundaries is missing or no GeoJSON of polygons with a property `code`."""


@dataclass(frozen=True)
class Boundaries:
    """Outlines in a box of `width` by `height` units, by the code of the commune."""

    width: int
    height: int
    paths: Mapping[str, str]

    def covers(self, codes: Iterable[str]) -> bool:
        """Return whether every code has an outline; a map with holes would hide communes."""
        return all(code in self.paths for code in codes)


def load_boundaries(path: Path) -> Boundaries:
    """Return the boundaries of a file.

    Raises:
        BoundariesUnreadable: it cannot be read as such.
    """
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        shapes = {str(feature["properties"]["code"]): list(_rings(feature["geometry"])) for feature in features}
        return _drawn(shapes)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BoundariesUnreadable(f"ANSINH_BOUNDARIES={path}: no GeoJSON of polygons with codes ({error})") from error


def _rings(geometry: Mapping[str, Any]) -> Iterator[Ring]:
    match geometry["type"]:
        case "Polygon":
            polygons = [geometry["coordinates"]]
        case "MultiPolygon":
            polygons = geometry["coordinates"]
        case other:
            raise ValueError(f"a commune is a polygon, not {other}")
    for polygon in polygons:
        for ring in polygon:
            yield [(float(point[0]), float(point[1])) for point in ring]


def _drawn(shapes: Mapping[str, list[Ring]]) -> Boundaries:
    """Project to a plane in which a province keeps its shape: longitude shrunk by the cosine of the middle latitude."""
    points = [point for rings in shapes.values() for ring in rings for point in ring]
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    shrink = math.cos(math.radians((south + north) / 2))
    scale = (_WIDTH - 2 * _MARGIN) / ((east - west) * shrink)

    def place(point: Point) -> str:
        x = _MARGIN + (point[0] - west) * shrink * scale
        y = _MARGIN + (north - point[1]) * scale
        return f"{x:.1f} {y:.1f}"

    paths = {
        code: "".join("M" + "L".join(place(point) for point in ring[:-1]) + "Z" for ring in rings)
        for code, rings in shapes.items()
    }
    return Boundaries(round(_WIDTH), math.ceil((north - south) * scale + 2 * _MARGIN), paths)
