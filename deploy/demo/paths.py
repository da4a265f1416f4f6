"""How a household's class goes from review to review: escapes, falls, and poverty that comes back.

The review of 2024 is given, since its counts are published; the years before are drawn backwards from it, those after
forwards. The chances are ours, so that the province's rate falls by somewhat under one percentage point a year.
"""

from collections.abc import Sequence
from random import Random
from typing import Literal

from deploy.demo.reviews import Kind, Review

Class = Literal["poor", "near_poor", "not_poor"]
Origin = Literal["poor", "near_poor", "gone", "newcomer"]

BACKGROUND = 3  # the yearly reviews of 2022, 2023 and 2024
_P: Literal["poor"] = "poor"
_N: Literal["near_poor"] = "near_poor"
_O: Literal["not_poor"] = "not_poor"
_Weighted = Sequence[tuple[Sequence[Class | None], int]]

# The classes at the reviews of 2022 and 2023, by what the household was in 2024; None before it was first looked at.
_BEFORE: dict[Origin, _Weighted] = {
    "poor": (
        ((_P, _P), 70), ((_N, _P), 6), ((None, _P), 7), ((_P, _N), 4), ((_N, _N), 3),
        ((_P, _O), 4), ((_N, _O), 1), ((None, None), 5),
    ),
    "near_poor": (
        ((_N, _N), 51), ((_P, _P), 18), ((_P, _N), 10), ((_N, _P), 3), ((None, _N), 6),
        ((None, _P), 2), ((_P, _O), 2), ((_N, _O), 3), ((None, None), 5),
    ),
    "gone": (
        ((_N, _N), 34), ((_N, _O), 26), ((_P, _P), 14), ((_P, _O), 12), ((_P, _N), 10),
        ((None, _N), 2), ((None, _P), 2),
    ),
}  # fmt: skip
# Of a thousand households of a class, how many are of which class after the next review of a kind.
_AFTER: dict[Kind, dict[Class, tuple[tuple[Class, int], ...]]] = {
    "yearly": {
        _P: ((_P, 840), (_N, 110), (_O, 50)),
        _N: ((_P, 30), (_N, 830), (_O, 140)),
        _O: ((_P, 8), (_N, 12), (_O, 980)),
    },
    "regular": {
        _P: ((_P, 972), (_N, 18), (_O, 10)),
        _N: ((_P, 8), (_N, 967), (_O, 25)),
        _O: ((_P, 1), (_N, 1), (_O, 998)),
    },
    # Under the higher line of the new standard some come back on the lists.
    "opening": {
        _P: ((_P, 930), (_N, 60), (_O, 10)),
        _N: ((_P, 300), (_N, 640), (_O, 60)),
        _O: ((_P, 60), (_N, 140), (_O, 800)),
    },
}
_NEWCOMERS: tuple[tuple[Class, int], ...] = ((_P, 450), (_N, 550))


def path(chance: Random, origin: Origin, first: int, reviews: Sequence[Review]) -> list[Class | None]:
    """Return the class that each review gives a household, None where it does not look at the household.

    A newcomer is first looked at by the review of number `first`. A yearly review looks at every household on the lists
    and at who comes on them, a regular one only at those whose class changes.
    """
    if origin == "newcomer":
        classes: list[Class | None] = [None] * first
        now: Class = _drawn(chance, _NEWCOMERS)
        classes.append(now)
    else:
        before = chance.choices([each for each, _ in _BEFORE[origin]], [weight for _, weight in _BEFORE[origin]])[0]
        now = _O if origin == "gone" else origin
        classes = [*before, now]
        _leave_out_the_unlisted(classes)
    for review in reviews[len(classes) :]:
        then = _drawn(chance, _AFTER[review.kind][now])
        seen = then != now if review.kind == "regular" else (now, then) != (_O, _O)
        classes.append(then if seen else None)
        now = then
    return classes[: len(reviews)]


def _drawn(chance: Random, weighted: Sequence[tuple[Class, int]]) -> Class:
    at = chance.randrange(1000)
    for each, weight in weighted:
        if at < weight:
            return each
        at -= weight
    raise AssertionError("the weights are less than a thousand")


def _leave_out_the_unlisted(classes: list[Class | None]) -> None:
    """Who left the lists is not looked at again until the household comes back."""
    for index in range(len(classes) - 1, 0, -1):
        if classes[index] == _O and classes[index - 1] in (_O, None):
            classes[index] = None
