"""Probable duplicates: which pairs come into the queue, and how many of known errors do."""

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest

from deploy.demo.names import family_name, full_name
from services.registry.domain.likeness import QUEUED_FROM, Record, likeness
from shared.names import search_words

_ONE = Record("nguyen thy hoa", "female", date(1985, 3, 12), "08566")


@pytest.mark.parametrize(
    ("changes", "queued"),
    [
        pytest.param({}, True, id="the same, no number known"),
        pytest.param({"area_code": "08593"}, True, id="the same elsewhere"),
        pytest.param({"words": "nguyen thy hoai"}, True, id="a letter more"),
        pytest.param({"words": "nguyen hoa"}, True, id="without the middle name"),
        pytest.param({"words": "nguyen thy hoan", "area_code": "08593"}, True, id="a letter more, elsewhere"),
        pytest.param({"birth_date": date(1985, 12, 3)}, True, id="day and month changed over"),
        pytest.param({"birth_date": date(1985, 1, 1)}, True, id="only the year known"),
        pytest.param({"birth_date": date(1985, 3, 21)}, True, id="another day of the month"),
        pytest.param({"birth_date": date(1986, 3, 12)}, True, id="the next year"),
        pytest.param({"birth_date": date(1985, 7, 30)}, False, id="the year alone"),
        pytest.param({"birth_date": date(1960, 3, 12)}, False, id="a generation apart"),
        pytest.param({"words": "nguyen thy mai"}, False, id="another given name"),
        pytest.param({"words": "tran van hoa", "area_code": "08593"}, False, id="another family name elsewhere"),
        pytest.param({"sex": "male", "area_code": "08593"}, True, id="sex written otherwise"),
    ],
)
def test_what_comes_into_the_queue(changes: dict[str, object], queued: bool) -> None:
    assert (likeness(_ONE, replace(_ONE, **changes)).score >= QUEUED_FROM) is queued  # type: ignore[arg-type]


def test_two_numbers_speak_against_one_person_but_for_a_typing_error_at_home() -> None:
    one, other = replace(_ONE, personal_number="a"), replace(_ONE, personal_number="b")
    assert likeness(one, other).score >= QUEUED_FROM
    assert likeness(one, replace(other, area_code="08593")).score < QUEUED_FROM
    assert likeness(one, replace(other, area_code="08593", account="x")).score < QUEUED_FROM
    assert likeness(replace(one, account="x"), replace(other, area_code="08593", account="x")).score >= QUEUED_FROM


def test_likeness_is_mutual_and_says_what_it_is_made_of() -> None:
    other = replace(_ONE, words="nguyen thy hoai", birth_date=date(1985, 12, 3), sex="male")
    there, back = likeness(_ONE, other), likeness(other, _ONE)
    assert there == back
    assert {each.aspect: each.degree for each in there.agreements} == {
        "name": "close", "birth_date": "close", "area": "same", "sex": "different",
    }  # fmt: skip
    assert there.score == sum(each.points for each in there.agreements)


def test_known_errors_are_found_and_other_people_are_not() -> None:
    """Of 2,000 records written a second time with the errors of hasty typing, and 2,000 pairs that share a block."""
    chance = random.Random(7)
    found = sum(likeness(one, _mistyped(chance, one)).score >= QUEUED_FROM for one in _people(chance, 2_000))
    others = list(_people(chance, 2_000))
    wrong = sum(likeness(one, _neighbour(chance, one)).score >= QUEUED_FROM for one in others)
    assert found / 2_000 >= 0.95
    assert found / (found + wrong) >= 0.9


def _people(chance: random.Random, count: int) -> list[Record]:
    return [
        Record(_words(chance), "female", date(1940, 1, 1) + timedelta(days=chance.randrange(30_000)), "08566")
        for _ in range(count)
    ]


def _words(chance: random.Random) -> str:
    return " ".join(search_words(full_name(chance, "01", family_name(chance, "01"), "female", 1990)))


def _mistyped(chance: random.Random, one: Record) -> Record:
    words = one.words.split(" ")
    match chance.randrange(5):
        case 0:
            return replace(one, words=" ".join([words[0], words[-1]]))
        case 1:
            place = chance.randrange(len(words[0]))
            return replace(one, words=" ".join([words[0][:place] + words[0][place + 1 :], *words[1:]]))
        case 2:
            return replace(one, birth_date=date(one.birth_date.year, 1, 1))
        case 3:
            return replace(one, birth_date=one.birth_date.replace(day=chance.randrange(1, 29)))
        case _:
            return replace(one, area_code="08593")


def _neighbour(chance: random.Random, one: Record) -> Record:
    """Somebody else of the commune who was born on the same day, or in the same year with the same given name."""
    if chance.random() < 0.5:
        return replace(one, words=_words(chance))
    given = one.words.rpartition(" ")[2]
    born = date(one.birth_date.year, chance.randrange(1, 13), chance.randrange(1, 29))
    return replace(one, words=f"{search_words(family_name(chance, '01'))[0]} thy {given}", birth_date=born)
