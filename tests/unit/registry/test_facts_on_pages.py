"""The form of facts: it asks for every fact there is, in words, and tells only what was changed."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.facts import Disability, HomeFacts, Livestock, PersonFacts, Structures
from services.registry.pages.facts import DISABILITY_DEGREES, DISABILITY_KINDS, HOME, PERSON, Fact, FactWords
from services.registry.pages.facts_form import changed_facts, entered_facts, known_facts
from shared.pages import Fields
from shared.texts import LANGUAGES

PERSON_ID = str(uuid4())


def household(home: HomeFacts, person: PersonFacts) -> dict[str, Any]:
    """Return a household of one as the API shows it."""
    facts = {"id": PERSON_ID, "facts": person.model_dump(mode="json")}
    return {"facts": home.model_dump(mode="json"), "members": [facts]}


def sent(shown: dict[str, Any], **entered: str | None) -> dict[str, Any]:
    """Return what a form tells that was filled in with a household; `entered` are fields that were changed."""
    changes = {name.replace("__", "/"): value for name, value in entered.items()}
    pairs = [pair for pair in entered_facts(shown).pairs if pair[0] not in changes]
    pairs += [("members/0/person_id", PERSON_ID), ("was", known_facts(shown))]
    pairs += [(name, value) for name, value in changes.items() if value is not None]
    return changed_facts(Fields(pairs))


def test_the_form_asks_for_every_fact_that_there_is() -> None:
    assert {each.name for each in HOME} == set(HomeFacts.model_fields)
    assert {each.name for each in PERSON} == set(PersonFacts.model_fields)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fact_and_every_code_has_words(language: Any) -> None:
    words = FactWords(language)
    for each in (*HOME, *PERSON):
        assert words.name(each.name)
        for code in each.options:
            assert words.name(code) if each.how in ("yes_no_each", "count_each") else words.word(each.name, code)
    assert words.words("kind", DISABILITY_KINDS)
    assert words.words("degree", DISABILITY_DEGREES)


def _some(*options: str) -> Any:
    return st.none() | st.lists(st.sampled_from(options), unique=True).map(tuple)


HOMES = st.builds(
    HomeFacts,
    durable=st.none() | st.builds(Structures, wall=st.booleans(), column=st.booleans(), roof=st.booleans()),
    floor_area_m2=st.none() | st.decimals(0, 1000, places=2),
    latrine=st.sampled_from([None, "septic", "none"]),
    internet_use=st.none() | st.booleans(),
    information_means=_some("radio", "tablet", "laptop"),
    income_per_person_month=st.none() | st.integers(0, 10**10),
    livestock=st.none() | st.builds(Livestock, cattle=st.integers(0, 9), pigs=st.integers(0, 9)),
)
PEOPLE = st.builds(
    PersonFacts,
    work=st.sampled_from([None, "own_account"]),
    health_insurance=st.none() | st.booleans(),
    merit=_some("hero", "war_invalid"),
    disabilities=st.none()
    | st.lists(st.builds(Disability, kind=st.just("vision"), degree=st.sampled_from(["mild", "severe"])), max_size=6),
    pregnancy_due_on=st.none() | st.dates(),
)


@given(HOMES, PEOPLE)
def test_a_form_that_nobody_touched_changes_nothing(home: HomeFacts, person: PersonFacts) -> None:
    assert sent(household(home, person)) == {"home": {}, "members": [{"person_id": PERSON_ID}]}


KNOWN = household(
    HomeFacts(
        durable=Structures(wall=True, column=True, roof=False),
        floor_area_m2=Decimal("48.50"),
        latrine="none",
        livestock=Livestock(pigs=3),
    ),
    PersonFacts(merit=(), disabilities=(Disability(kind="vision", degree="mild"),)),
)


@pytest.mark.parametrize(
    ("entered", "expected"),
    [
        pytest.param({"home__latrine": "septic"}, {"latrine": "septic"}, id="another"),
        pytest.param({"home__latrine": ""}, {"latrine": None}, id="taken back"),
        pytest.param({"home__floor_area_m2": "48.5"}, {}, id="the same area"),
        pytest.param({"home__floor_area_m2": "50,25"}, {"floor_area_m2": "50.25"}, id="with a comma"),
        pytest.param({"home__floor_area_m2": "big"}, {"floor_area_m2": "big"}, id="no number: for the API to refuse"),
        pytest.param(
            {"home__income_per_person_month": "1.650.000"}, {"income_per_person_month": 1_650_000}, id="thousands"
        ),
        pytest.param({"home__income_per_person_month": "1.5"}, {"income_per_person_month": "1.5"}, id="no thousands"),
        pytest.param({"home__durable__roof": ""}, {"durable": {"wall": True, "column": True}}, id="a part is missing"),
        pytest.param(
            {"home__livestock__poultry": "20"}, {"livestock": {"cattle": 0, "pigs": 3, "poultry": 20}}, id="one count"
        ),
        pytest.param({"home__information_means__-": "none"}, {"information_means": []}, id="established: none"),
        pytest.param({"home__information_means__-": "radio"}, {"information_means": ["radio"]}, id="ticked"),
    ],
)
def test_only_what_was_changed_of_the_household_is_told(entered: dict[str, str], expected: dict[str, Any]) -> None:
    assert sent(KNOWN, **entered)["home"] == expected


@pytest.mark.parametrize(
    ("entered", "expected"),
    [
        pytest.param({"members__0__merit__-": None}, {"merit": None}, id="no longer established"),
        pytest.param({"members__0__health_insurance": "no"}, {"health_insurance": False}, id="no is a fact"),
        pytest.param(
            {"members__0__disabilities__0__kind": "", "members__0__disabilities__0__degree": ""},
            {"disabilities": None},
            id="a disability taken back",
        ),
        pytest.param(
            {
                "members__0__disabilities__0__kind": "",
                "members__0__disabilities__0__degree": "",
                "members__0__disabilities__-": "none",
            },
            {"disabilities": []},
            id="established: not disabled",
        ),
        pytest.param(
            {"members__0__disabilities__1__kind": "mental", "members__0__disabilities__1__degree": "severe"},
            {"disabilities": [{"kind": "vision", "degree": "mild"}, {"kind": "mental", "degree": "severe"}]},
            id="a second one",
        ),
    ],
)
def test_only_what_was_changed_of_a_person_is_told(entered: dict[str, str], expected: dict[str, Any]) -> None:
    assert sent(KNOWN, **entered)["members"] == [{"person_id": PERSON_ID} | expected]


@pytest.mark.parametrize(
    ("fact", "value", "said"),
    [
        (Fact("production_land_m2", "area"), "1250.50", "1.250,5"),
        (Fact("production_land_m2", "area"), "1250.00", "1.250"),
        (Fact("income_per_person_month", "amount"), 1_650_000, "1.650.000 đồng"),
        (Fact("merit", "ticks"), [], "không có"),
        (Fact("merit", "ticks"), None, "chưa xác định"),
        (Fact("pregnancy_due_on", "day"), "2026-12-01", "01/12/2026"),
    ],
)
def test_values_are_read_as_people_write_them(fact: Fact, value: Any, said: str) -> None:
    assert FactWords("vi").value(fact, value) == said


def test_what_the_form_carried_and_somebody_garbled_refuses_nothing_by_itself() -> None:
    form = Fields([("was", "{"), ("members/0/person_id", PERSON_ID), ("home/latrine", "septic")])
    assert changed_facts(form) == {"home": {"latrine": "septic"}, "members": [{"person_id": PERSON_ID}]}
