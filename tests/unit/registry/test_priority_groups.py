"""Priority groups: who is of which, why, and what is missing where it cannot be said."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.registry.domain.ethnic_groups import ethnic_groups
from services.registry.domain.facts import PersonFacts
from services.registry.domain.household_state import MemberState
from services.registry.domain.priority_groups import Who, group_rules, held_groups, priority_groups

ON = date(2026, 11, 20)
HEAD, OTHER = UUID(int=1), UUID(int=2)


def somebody(person_id: UUID = HEAD, **changes: Any) -> MemberState:
    known: dict[str, object] = {
        "person_id": person_id,
        "full_name": "Hà Thị Mận",
        "sex": "male",
        "birth_date": date(1985, 3, 12),
        "ethnicity": "01",
        "relationship": "head",
        "joined_on": date(2020, 1, 1),
    }
    return MemberState.model_validate(known | changes)


def held(*members: MemberState) -> set[str]:
    return {each.code for each in priority_groups(members, ON) if each.held}


def undecided(*members: MemberState) -> set[str]:
    return {each.code for each in priority_groups(members, ON) if each.held is None}


@pytest.mark.parametrize(
    ("changes", "code", "expected"),
    [
        pytest.param({"ethnicity": "06"}, "ethnic_minority", True, id="Mường"),
        pytest.param({"ethnicity": "01"}, "ethnic_minority", False, id="Kinh"),
        pytest.param({"ethnicity": "55"}, "ethnic_minority", False, id="a foreigner"),
        pytest.param({"ethnicity": "56"}, "ethnic_minority", None, id="not known"),
        pytest.param({"birth_date": date(1966, 11, 20)}, "older_person", True, id="60 today"),
        pytest.param({"birth_date": date(1966, 11, 21)}, "older_person", False, id="60 tomorrow"),
        pytest.param({"birth_date": date(2010, 11, 21)}, "child", True, id="16 tomorrow"),
        pytest.param({"birth_date": date(2010, 11, 20)}, "child", False, id="16 today"),
        pytest.param({"sex": "female"}, "woman_head", True, id="a woman heads"),
        pytest.param({"sex": "unknown"}, "woman_head", None, id="sex unknown"),
        pytest.param({"facts": {"merit": ["war_invalid"]}}, "merit", True, id="with merit"),
        pytest.param({"facts": {"merit": []}}, "merit", False, id="without merit"),
        pytest.param({}, "merit", None, id="merit not established"),
        pytest.param(
            {"facts": {"disabilities": [{"kind": "vision", "degree": "severe"}]}},
            "severe_disability",
            True,
            id="severe",
        ),
        pytest.param(
            {"facts": {"disabilities": [{"kind": "vision", "degree": "mild"}]}}, "severe_disability", False, id="mild"
        ),
        pytest.param({"sex": "female", "facts": {"pregnancy_due_on": "2026-11-20"}}, "pregnant", True, id="due today"),
        pytest.param(
            {"sex": "female", "facts": {"pregnancy_due_on": "2026-11-19"}}, "pregnant", False, id="due yesterday"
        ),
        pytest.param({"facts": {"able_to_work": False}}, "no_labour", True, id="cannot work"),
        pytest.param({"facts": {"able_to_work": True}}, "no_labour", False, id="can work"),
        pytest.param({}, "no_labour", None, id="not established whether"),
    ],
)
def test_each_group_on_both_sides_of_its_edge(changes: dict[str, Any], code: str, expected: bool | None) -> None:
    person = somebody(**changes)
    assert (code in held(person), code in undecided(person)) == (expected is True, expected is None)


def test_the_spouse_counts_where_the_rule_says_so() -> None:
    members = [somebody(), somebody(OTHER, relationship="spouse", ethnicity="06")]
    assert held(*members) >= {"ethnic_minority", "ethnic_minority_head_or_spouse"}
    assert "ethnic_minority_head" not in held(*members)


def test_one_who_can_work_decides_against_no_labour_though_others_are_unknown() -> None:
    members = [somebody(facts={"able_to_work": True}), somebody(OTHER, relationship="spouse")]
    assert "no_labour" not in held(*members) | undecided(*members)


def test_a_group_names_the_persons_the_value_and_the_law() -> None:
    members = [somebody(), somebody(OTHER, relationship="spouse", ethnicity="06")]
    (group,) = [each for each in priority_groups(members, ON) if each.code == "ethnic_minority"]
    assert group.persons == (OTHER,)
    assert [(each.criterion, each.value, each.wanted) for each in group.because] == [("ethnicity", "06", "minority")]
    assert all(rule.legal_basis for rule in group_rules())
    assert all(rule.confirmed or rule.note for rule in group_rules())


def test_nobody_is_in_a_group_of_an_empty_household() -> None:
    assert priority_groups([], ON) == []


def test_a_rule_that_asks_for_nothing_or_for_an_unknown_fact_is_refused() -> None:
    with pytest.raises(ValidationError):
        Who()
    with pytest.raises(ValidationError):
        Who(fact="luck", accepted=("yes",))


def test_the_list_holds_54_groups_foreigners_and_the_unknown() -> None:
    kinds = [each.kind for each in ethnic_groups().groups]
    assert (len(kinds), kinds.count("minority"), kinds.count("majority")) == (56, 53, 1)
    assert [each.code for each in ethnic_groups().groups] == [f"{number:02}" for number in range(1, 57)]


def test_what_is_established_of_a_fact_is_compared_as_answers() -> None:
    facts = PersonFacts(education=("attends_primary",), health_insurance=True)
    assert facts.answers("education", ON) == frozenset({"attends_primary"})
    assert facts.answers("health_insurance", ON) == frozenset({"yes"})
    assert facts.answers("work", ON) is None


ANYBODY = st.builds(
    lambda sex, born, ethnicity, relationship, facts: somebody(
        sex=sex, birth_date=born, ethnicity=ethnicity, relationship=relationship, facts=facts
    ).model_copy(update={"person_id": uuid4()}),
    st.sampled_from(("male", "female", "unknown")),
    st.dates(date(1926, 1, 1), ON),
    st.sampled_from(("01", "06", "55", "56")),
    st.sampled_from(("head", "spouse", "child", "parent")),
    st.fixed_dictionaries(
        {},
        optional={
            "merit": st.sampled_from(((), ("war_invalid",))),
            "disabilities": st.sampled_from(((), ({"kind": "vision", "degree": "severe"},))),
            "able_to_work": st.booleans(),
            "pregnancy_due_on": st.sampled_from((ON, date(2026, 1, 1))),
        },
    ),
)


@given(st.lists(ANYBODY, max_size=5))
def test_the_groups_that_events_tell_are_those_that_reasons_are_given_for(members: list[MemberState]) -> None:
    reasons = [each for each in priority_groups(members, ON) if each.held]
    told = held_groups(members, ON)
    assert list(told.household) == [each.code for each in reasons if each.of == "household"]
    for member in members:
        expected = [each.code for each in reasons if each.of == "person" and member.id in each.persons]
        assert list(told.persons.get(member.id, ())) == expected
