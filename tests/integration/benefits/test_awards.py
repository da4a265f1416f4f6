"""From an application to an award: two people, reasons, facts that are waited for, a budget nobody can overdraw."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from services.benefits.cash.consumers import MERGED_PEOPLE
from shared import clock
from shared.events import Message
from shared.events.benefits import AwardGranted
from shared.events.registry import PeopleMerged, PeopleMergeUndone
from shared.ids import new_id
from shared.messaging.consumers import apply
from tests.integration.benefits.platform import (
    FUND,
    PROGRAMME,
    Benefits,
    Somebody,
    approval_of,
    household,
    message_of,
    person,
)


async def test_an_application_is_answered_with_its_reasons(benefits: Benefits) -> None:
    application = await benefits.apply_for(await benefits.settle_in())
    sheet = application["assessment"]
    assert (application["state"], sheet["verdict"], sheet["amount"]) == ("submitted", "eligible", 750_000)
    assert [reason["met"] for reason in sheet["reasons"]] == [True, True, True]
    assert await benefits.get(f"/applications/{application['id']}") == application


async def test_an_approval_makes_an_award_and_sets_its_budget_aside(benefits: Benefits) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in()
    award = await benefits.award(who)
    today = clock.today()
    assert (award["monthly_amount"], award["first_month"]) == (750_000, f"{today:%Y-%m}")
    assert award["last_month"] == f"{today.year}-12"
    [granted] = await benefits.events(AwardGranted)
    assert (granted.person_id, granted.area_code, granted.monthly_amount) == (who.person_id, "08566", 750_000)
    months = 13 - today.month
    balances = await benefits.balances()
    assert (balances["B2"], balances["B1"]) == (months * 750_000, 1_000_000_000 - months * 750_000)


async def test_facts_that_have_not_come_are_waited_for_in_whatever_order_they_come(benefits: Benefits) -> None:
    await benefits.open_fund()
    who = Somebody(new_id(), new_id())
    application = await benefits.apply_for(who)
    assert application["assessment"]["verdict"] == "undecided"
    decision = approval_of(application)
    path = f"/applications/{application['id']}/decision"
    await benefits.hear(person(who))
    answer = await benefits.send(path, decision, actor="checker")
    assert (answer.status_code, answer.json()["code"]) == (409, "facts_missing")
    await benefits.hear(household(who, klass=None))
    assert (await benefits.send(path, decision, actor="checker")).json()["code"] == "facts_missing"
    await benefits.hear(household(who, version=2))
    assert (await benefits.send(path, decision, actor="checker")).status_code == 201


async def test_an_older_state_that_comes_late_changes_nothing(benefits: Benefits) -> None:
    who = await benefits.settle_in()
    await benefits.hear(household(who, version=3, klass="not_poor"))
    await benefits.hear(household(who, version=2))
    assert (await benefits.apply_for(who))["assessment"]["verdict"] == "not_eligible"


async def test_who_is_not_eligible_on_the_day_of_the_decision_cannot_be_approved(benefits: Benefits) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in()
    application = await benefits.apply_for(who)
    await benefits.hear(household(who, version=2, klass="not_poor"))
    path = f"/applications/{application['id']}/decision"
    answer = await benefits.send(path, approval_of(application), actor="checker")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_eligible")
    answer = await benefits.send(path, approval_of(application, approve=False), actor="checker")
    assert (answer.status_code, answer.json()["code"]) == (422, "refusal_needs_note")
    refused = await benefits.post(
        path, approval_of(application, approve=False, note="Hộ không còn nghèo"), actor="checker"
    )
    assert (refused["state"], refused["decision"]["assessment"]["verdict"]) == ("refused", "not_eligible")
    assert await benefits.events(AwardGranted) == []


async def test_who_prepared_may_not_decide_and_nobody_decides_twice(benefits: Benefits) -> None:
    await benefits.open_fund()
    application = await benefits.apply_for(await benefits.settle_in())
    path = f"/applications/{application['id']}/decision"
    answer = await benefits.send(path, approval_of(application), actor="maker")
    assert (answer.status_code, answer.json()["code"]) == (403, "same_person")
    answers = await asyncio.gather(
        *(benefits.send(path, approval_of(application), actor=f"checker{n}") for n in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert len(await benefits.events(AwardGranted)) == 1


async def test_a_person_has_one_award_of_a_programme(benefits: Benefits) -> None:
    await benefits.open_fund()
    who = await benefits.settle_in()
    await benefits.award(who)
    application = await benefits.apply_for(who)
    answer = await benefits.send(
        f"/applications/{application['id']}/decision", approval_of(application), actor="checker"
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "award_exists")


async def test_a_budget_is_never_overdrawn_however_many_decide_at_once(benefits: Benefits) -> None:
    months = 13 - clock.today().month
    await benefits.open_fund(budget=2 * months * 750_000)
    applications = [await benefits.apply_for(await benefits.settle_in()) for _ in range(5)]
    answers = await asyncio.gather(
        *(
            benefits.send(f"/applications/{one['id']}/decision", approval_of(one), actor="checker")
            for one in applications
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"budget_exhausted"}
    assert "B1" not in await benefits.balances()


async def test_of_several_funds_the_decision_names_one(benefits: Benefits) -> None:
    await benefits.open_fund()
    await benefits.post("/funds", {"code": "STATE_CENTRAL", "kind": "STATE_CENTRAL", "name": "Ngân sách trung ương"})
    await benefits.allot("STATE_CENTRAL", 50_000_000)
    application = await benefits.apply_for(await benefits.settle_in())
    path = f"/applications/{application['id']}/decision"
    answer = await benefits.send(path, approval_of(application), actor="checker")
    assert answer.json()["code"] == "fund_ambiguous"
    await benefits.post(path, approval_of(application, fund="STATE_CENTRAL"), actor="checker")
    [award] = (await benefits.get("/awards"))["items"]
    assert award["fund"] == "STATE_CENTRAL"


async def test_a_fund_whose_budget_no_longer_bears_the_award_is_no_choice(benefits: Benefits) -> None:
    await benefits.open_fund(budget=(13 - clock.today().month) * 750_000 + 749_999)
    await benefits.award(await benefits.settle_in())
    await benefits.post("/funds", {"code": "STATE_CENTRAL", "kind": "STATE_CENTRAL", "name": "Ngân sách trung ương"})
    await benefits.allot("STATE_CENTRAL", 50_000_000)
    application = await benefits.apply_for(await benefits.settle_in())
    await benefits.post(f"/applications/{application['id']}/decision", approval_of(application), actor="checker")
    assert {each["fund"] for each in (await benefits.get("/awards"))["items"]} == {FUND, "STATE_CENTRAL"}


async def test_a_decision_sent_twice_is_taken_once(benefits: Benefits) -> None:
    await benefits.open_fund()
    application = await benefits.apply_for(await benefits.settle_in())
    path, key = f"/applications/{application['id']}/decision", uuid4().hex
    first, second = [await benefits.send(path, approval_of(application), actor="checker", key=key) for _ in range(2)]
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"


async def test_applications_are_listed_in_pages(benefits: Benefits) -> None:
    who = await benefits.settle_in()
    ids = [(await benefits.apply_for(who))["id"] for _ in range(3)]
    first = await benefits.get("/applications", household_id=str(who.household_id), limit="2")
    rest = await benefits.get("/applications", household_id=str(who.household_id), limit="2", cursor=first["next"])
    assert [one["id"] for one in first["items"] + rest["items"]] == ids[::-1]


async def test_an_application_for_tomorrow_or_for_an_unknown_programme_is_refused(benefits: Benefits) -> None:
    who = await benefits.settle_in()
    body: dict[str, Any] = {
        "programme": PROGRAMME,
        "household_id": str(who.household_id),
        "person_id": str(who.person_id),
        "applied_on": date(2100, 1, 1).isoformat(),
    }
    assert (await benefits.send("/applications", body)).json()["code"] == "date_in_future"
    assert (await benefits.send("/applications", body | {"programme": "none"})).json()["code"] == "programme_unknown"


async def test_funds_and_contributions_are_registered_once(benefits: Benefits) -> None:
    await benefits.open_fund()
    fund = {"code": FUND, "kind": "STATE_PROVINCE", "name": "Ngân sách tỉnh"}
    assert (await benefits.send("/funds", fund)).json()["code"] == "fund_exists"
    contribution = {"amount": 5, "reference": "KBNN 1"}
    assert (await benefits.send(f"/funds/{FUND}/contributions", contribution)).status_code == 201
    assert (await benefits.send(f"/funds/{FUND}/contributions", contribution)).json()["code"] == "contribution_exists"
    assert (await benefits.send("/funds/NONE/contributions", contribution)).json()["code"] == "fund_unknown"


async def test_what_a_merged_record_was_awarded_is_held_until_somebody_looked(
    benefits: Benefits,
) -> None:
    await benefits.open_fund()
    kept, merged = await benefits.settle_in(), await benefits.settle_in()
    await benefits.award(kept)
    award = await benefits.award(merged)
    assert (await benefits.prepare())["declared_count"] == 2
    told = PeopleMerged(
        household_id=merged.household_id,
        change_id=new_id(),
        person_id=merged.person_id,
        kept_person_id=kept.person_id,
        kept_household_id=kept.household_id,
        area_code="08566",
        merged_on=clock.today(),
    )
    for _ in range(2):  # as often as it comes
        async with benefits.database.transaction() as session:
            await apply(session, MERGED_PEOPLE, [message_of(told)])
    assert (await benefits.get(f"/awards/{award['id']}"))["state"] == "held"
    assert (await benefits.prepare())["declared_count"] == 1
    path, why = f"/awards/{award['id']}/release", {"note": "Hồ sơ giữ lại không có khoản này"}
    assert (await benefits.post(path, why, actor="checker"))["state"] == "active"
    assert (await benefits.send(path, why, actor="checker")).json()["code"] == "award_not_held"
    order = await benefits.order_of(merged)
    assert (order["state"], order["held"]) == ("READY", "person_merged")
    await benefits.post(f"/orders/{order['id']}/hold-release", {}, actor="checker")
    assert (await benefits.prepare())["declared_count"] == 2


def _told_of(who: Somebody, kept: Somebody, change_id: UUID) -> list[Message]:
    """Return that somebody's record was merged into another's, and that this was undone."""
    fields = {"household_id": who.household_id, "change_id": change_id, "person_id": who.person_id}
    home = {"kept_person_id": kept.person_id, "kept_household_id": kept.household_id}
    return [
        message_of(PeopleMerged(**fields, **home, area_code="08566", merged_on=clock.today())),
        message_of(PeopleMergeUndone(**fields, area_code="08566", undone_on=clock.today())),
    ]


async def test_a_merger_that_is_undone_lets_what_it_held_fall_due_again_and_nothing_else(benefits: Benefits) -> None:
    await benefits.open_fund()
    kept, merged, stopped = [await benefits.settle_in() for _ in range(3)]
    awards = [await benefits.award(who) for who in (merged, stopped)]
    await benefits.prepare()
    order = await benefits.order_of(stopped)
    await benefits.post(f"/orders/{order['id']}/hold", {"reason": "Gia đình khiếu nại"})
    told = [_told_of(who, kept, new_id()) for who in (merged, stopped)]
    mergers, undoings = [each[0] for each in told], [each[1] for each in told]
    for messages, state in ((mergers, "held"), (undoings, "active"), ([*mergers, *undoings], "active")):
        async with benefits.database.transaction() as session:
            await apply(session, MERGED_PEOPLE, messages)
        assert {(await benefits.get(f"/awards/{each['id']}"))["state"] for each in awards} == {state}
    assert (await benefits.order_of(merged))["held"] is None
    assert (await benefits.order_of(stopped))["held"] == "Gia đình khiếu nại"
    assert (await benefits.prepare())["declared_count"] == 1
