"""Made-up households are sensible, the same at every call, and propose what was planned for them."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.demo.findings import Situation, findings
from deploy.demo.people import members_of
from deploy.demo.plan import Household, Plan
from services.registry.domain.assessments import Findings, evaluate
from services.registry.domain.form_b1 import FormsB1
from services.registry.domain.households import HouseholdRegistration, repeated_personal_numbers
from services.registry.domain.identity import personal_number_doubts
from services.registry.domain.standards import standards
from services.registry.domain.transitions import transition
from tests.unit.demo.conftest import TODAY, planned

FURTHER = date(2030, 12, 31)


def _registrations(plan: Plan) -> list[HouseholdRegistration]:
    made = []
    for household in plan.households:
        on = plan.reviews[household.first].registered_on
        members = [
            {
                "full_name": each.full_name, "sex": each.sex, "birth_date": each.born, "ethnicity": each.ethnicity,
                "relationship": each.relationship, "phone": each.phone, "personal_number": each.personal_number,
            }
            for each in members_of(household, on)
        ]  # fmt: skip
        made.append(HouseholdRegistration.model_validate({"area_code": household.commune, "members": members}))
    return made


def test_every_review_of_every_household_proposes_the_planned_class_by_the_rules(small: Plan) -> None:
    looked_at = 0
    for household in small.households:
        members = members_of(household, small.reviews[household.first].registered_on)
        for review, decided in zip(small.reviews, household.classes, strict=True):
            if decided is None:
                continue
            setting = small.setting(household.commune)
            found = Findings.model_validate(findings(household, [each.born for each in members], review, setting))
            evaluation = evaluate(found, setting=setting, today=FURTHER, standards=standards(), forms=FormsB1(forms=()))
            assert evaluation.proposal.household_class == decided
            looked_at += 1
    assert looked_at > 5_000


def test_every_household_is_taken_as_a_registration_and_no_number_is_anybodys(small: Plan) -> None:
    registrations = _registrations(small)
    assert repeated_personal_numbers(registrations) == []
    existing = {f"{number:03}" for number in range(1, 97)}
    for member in (member for each in registrations for member in each.members):
        assert member.personal_number is not None
        assert member.personal_number[:3] not in existing
        assert not personal_number_doubts(member.personal_number, sex=member.sex, birth_date=member.birth_date)
        assert member.phone is None or member.phone.startswith("+8451")


def test_families_are_possible(small: Plan) -> None:
    for household in small.households:
        on = small.reviews[household.first].registered_on
        head, *others = members_of(household, on)
        assert head.relationship == "head"
        assert head.age(on) >= 18
        assert head.ethnicity == household.group
        spouses = [each for each in others if each.relationship == "spouse"]
        assert len(spouses) <= 1
        for spouse in spouses:
            assert spouse.sex != head.sex
            assert spouse.age(on) >= (18 if spouse.sex == "female" else 20)
            assert abs(spouse.age(on) - head.age(on)) <= 8
        for each in others:
            if each.relationship == "child":
                assert all(parent.age(on) - each.age(on) >= 18 for parent in (head, *spouses))
            if each.relationship == "parent":
                assert 18 <= each.age(on) - head.age(on) <= 37
        assert all(each.born < on and each.age(on) <= 100 for each in (head, *others))


def test_nobody_lacks_what_the_household_cannot_lack(small: Plan) -> None:
    for household in small.households:
        members = members_of(household, small.reviews[household.first].registered_on)
        for review, decided in zip(small.reviews, household.classes, strict=True):
            if decided is None:
                continue
            found = findings(household, [each.born for each in members], review, small.setting(household.commune))
            on = date.fromisoformat(found["assessed_on"])
            situation = Situation(tuple(each.age(on) for each in members), on)
            assert all(situation.can_lack(each) for each in found["deprivations"])
            assert ("dependants" in found["deprivations"]) == situation.dependants


def test_a_household_is_looked_at_in_the_order_of_time(small: Plan) -> None:
    for household in small.households:
        last: dict[str, date] = {}
        for review, decided in zip(small.reviews, household.classes, strict=True):
            if decided is None:
                continue
            assert review.registered_on <= review.assessed_on(household.serial)
            assert review.assessed_on(household.serial) >= last.get(review.standard, date.min)
            last[review.standard] = review.decided_on(household.commune)


def test_the_same_scale_and_day_give_the_same_households() -> None:
    one, other = planned("0.01"), planned("0.01")
    assert one.households == other.households
    on = one.reviews[0].registered_on
    assert [members_of(each, on) for each in one.households] == [members_of(each, on) for each in other.households]


@settings(max_examples=5, deadline=None)
@given(st.dates(date(2023, 1, 1), TODAY))
def test_as_time_goes_on_reviews_and_newcomers_are_added_and_nothing_else_changes(earlier: date) -> None:
    before, after = planned("0.01", earlier), planned("0.01")
    held = len(before.reviews)
    known = {each.serial: each for each in after.households}
    for household in before.households:
        later = known[household.serial]
        assert later.classes[:held] == household.classes
        assert (later.commune, later.group, later.first) == (household.commune, household.group, household.first)
    new = known.keys() - {each.serial for each in before.households}
    assert all(known[serial].first >= held for serial in new)


def test_trends_escapes_and_poverty_that_comes_back_show(whole: Plan) -> None:
    poor = [
        sum(each["poor"] for each in whole.counts_after(review).values())
        for review in whole.reviews
        if review.kind == "yearly"
    ]
    assert poor == sorted(poor, reverse=True)
    moves = Counter(_moves(whole.households))
    assert {"escaped_above_near_poor", "escaped_to_near_poor", "re_poor", "new_poor", "re_near_poor"} <= set(moves)
    assert moves["re_poor"] > 1_000


def _moves(households: Sequence[Household]) -> list[str]:
    moves: list[str] = []
    for household in households:
        known = [each for each in household.classes if each is not None]
        moves += [found for at in range(len(known)) if (found := transition(known[:at], known[at]))]
    return moves


def test_personal_numbers_of_the_whole_province_are_all_different(whole: Plan) -> None:
    highest = max(household.serial for household in whole.households)
    assert highest * 8 + 7 < 1_000_000


def test_the_longest_history_still_has_numbers_for_everybody() -> None:
    assert max(each.serial for each in planned("1", FURTHER).households) * 8 + 7 < 1_000_000
