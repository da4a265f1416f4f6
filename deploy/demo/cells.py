"""The published totals divided among communes and ethnic groups, whole or scaled down, adding up at every level."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from deploy.demo.apportion import apportion
from deploy.demo.places import hardship, place, size
from deploy.demo.published import (
    GROUPS,
    HARDSHIP_OF_OTHERS,
    HOUSEHOLDS,
    KINH,
    KINH_SIDE,
    MINORITY_SIDE,
    NEAR_POOR,
    PEOPLE_OF_OTHERS,
    POOR,
)

SMALLEST_SCALE = Fraction(1, 100)


class ScaleRefused(ValueError):
    """The demonstration has no such size."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The households of one ethnic group in one commune at the review of 2024; the group is that of the head."""

    commune: str
    group: str
    households: int
    poor: int
    near_poor: int


def scaled(number: int, scale: Fraction) -> int:
    """Return a number at a scale, halves up."""
    return (2 * number * scale.numerator + scale.denominator) // (2 * scale.denominator)


def read_scale(written: str) -> Fraction:
    """Return a scale, `0.05` or `1/20`, as an exact number.

    Raises:
        ScaleRefused: it is no number, under a hundredth or over 1.
    """
    try:
        scale = Fraction(written)
    except (ValueError, ZeroDivisionError):
        scale = Fraction(0)
    if not SMALLEST_SCALE <= scale <= 1:
        raise ScaleRefused("Thang phải từ 0.01 đến 1. / The scale goes from 0.01 to 1.")
    return scale


def cells(communes: Sequence[str], scale: Fraction) -> list[Cell]:
    """Return the cells of the given communes at a scale, by commune and group."""
    whole = _whole(communes)
    return whole if scale == 1 else _shrunk(whole, scale)


def _whole(communes: Sequence[str]) -> list[Cell]:
    poor, near_poor = {KINH: KINH_SIDE.poor}, {KINH: KINH_SIDE.near_poor}
    households = {KINH: KINH_SIDE.households} | _minority_households()
    listed = _minority_listed(households)
    for group, part in _shares(MINORITY_SIDE.poor, listed).items():
        poor[group], near_poor[group] = part, listed[group] - part
    found = []
    for group in sorted(households):
        sizes = [size(code) * place(code).groups.get(group, 0) for code in communes]
        homes = apportion(households[group], sizes)
        lives = [home * hardship(code) for home, code in zip(homes, communes, strict=True)]
        of_poor = apportion(poor[group], lives, homes)
        room = [home - taken for home, taken in zip(homes, of_poor, strict=True)]
        # The near-poor live less far from the rest than the poor do.
        lives = [home * (hardship(code) + 6000) for home, code in zip(homes, communes, strict=True)]
        of_near_poor = apportion(near_poor[group], lives, room)
        rows = zip(communes, homes, of_poor, of_near_poor, strict=True)
        found += [Cell(code, group, home, poor_, near) for code, home, poor_, near in rows if home]
    return sorted(found, key=lambda cell: (cell.commune, cell.group))


def _minority_households() -> dict[str, int]:
    known = {group: each.households for group, each in GROUPS.items()}
    return known | _shares(MINORITY_SIDE.households - sum(known.values()), PEOPLE_OF_OTHERS)


def _minority_listed(households: Mapping[str, int]) -> dict[str, int]:
    known = {group: each.listed for group, each in GROUPS.items()}
    left = MINORITY_SIDE.poor + MINORITY_SIDE.near_poor - sum(known.values())
    weights = {group: households[group] * HARDSHIP_OF_OTHERS[group] for group in PEOPLE_OF_OTHERS}
    return known | _shares(left, weights)


def _shares(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    return dict(zip(weights, apportion(total, list(weights.values())), strict=True))


def _shrunk(whole: Sequence[Cell], scale: Fraction) -> list[Cell]:
    households = _down(whole, [cell.households for cell in whole], scaled(HOUSEHOLDS, scale), None)
    poor = _down(whole, [cell.poor for cell in whole], scaled(POOR, scale), households)
    room = [home - taken for home, taken in zip(households, poor, strict=True)]
    near_poor = _down(whole, [cell.near_poor for cell in whole], scaled(NEAR_POOR, scale), room)
    rows = zip(whole, households, poor, near_poor, strict=True)
    return [Cell(cell.commune, cell.group, home, of_poor, near) for cell, home, of_poor, near in rows if home]


def _down(whole: Sequence[Cell], weights: Sequence[int], total: int, caps: Sequence[int] | None) -> list[int]:
    """Divide a total first between Kinh and minorities, then among groups, then among communes."""
    return _level([cell.group == KINH for cell in whole], weights, total, caps, then=[cell.group for cell in whole])


def _level(
    keys: Sequence[object],
    weights: Sequence[int],
    total: int,
    caps: Sequence[int] | None,
    then: Sequence[object] | None,
) -> list[int]:
    members: dict[object, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        members[key].append(index)
    sums = [sum(weights[index] for index in each) for each in members.values()]
    limits = None if caps is None else [sum(caps[index] for index in each) for each in members.values()]
    parts = [0] * len(weights)
    for indices, part in zip(members.values(), apportion(total, sums, limits), strict=True):
        own = [weights[index] for index in indices]
        room = None if caps is None else [caps[index] for index in indices]
        within = (
            apportion(part, own, room)
            if then is None
            else _level([then[index] for index in indices], own, part, room, None)
        )
        for index, each in zip(indices, within, strict=True):
            parts[index] = each
    return parts
