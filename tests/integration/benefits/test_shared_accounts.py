"""One account that many people name as their own pays none of them until a document or two people say why."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from shared import clock
from shared.access import Role
from shared.ids import new_id
from tests.integration.benefits.platform import PROGRAMME, Benefits, Somebody, household, person
from tests.support.access import grant
from tests.support.tokens import bearer

ONE = "3120205110000"
NOTE = {"note": "Đã làm việc với từng người, biên bản 05/BB-UBND"}
_GUARDIAN: dict[str, Any] = {"authorised": True, "valid_from": clock.today() - timedelta(days=9), "valid_to": None}


async def awarded(benefits: Benefits, many: int, *, number: str = ONE, area_code: str = "08566") -> list[Somebody]:
    """Award to people who all name one account."""
    found = [await benefits.settle_in(number=number, area_code=area_code) for _ in range(many)]
    for who in found:
        await benefits.award(who)
    return found


async def standing(benefits: Benefits, people: Sequence[Somebody]) -> set[tuple[str, str | None]]:
    """Return how the orders of people stand, and why."""
    orders = [await benefits.order_of(who) for who in people]
    return {(order["state"], order["reason"]) for order in orders}


async def shared(benefits: Benefits) -> list[Any]:
    items: list[Any] = (await benefits.get("/shared-accounts"))["items"]
    return items


async def propose(benefits: Benefits) -> Any:
    [account] = await shared(benefits)
    return await benefits.post(f"/shared-accounts/{account['id']}/acceptance", NOTE)


BLOCKED = {("BLOCKED", "account_shared")}


async def test_nine_people_with_one_account_are_paid_once_two_people_have_seen_who_they_are(
    benefits: Benefits,
) -> None:
    await benefits.open_fund()
    nine, alone = await awarded(benefits, 9), await benefits.settle_in()
    await benefits.award(alone)
    # However the holder's name is written, the account is one.
    await benefits.hear(person(nine[8], version=2, number=ONE, holder="Dang T. Lan"))
    run = await benefits.prepare()
    assert (run["declared_count"], await standing(benefits, nine)) == (1, BLOCKED)
    [account] = await shared(benefits)
    assert (account["account"], account["people_at_most"], account["elsewhere"], account["open"]) == (
        "•••000",
        1,
        0,
        True,
    )
    assert {each["person_id"] for each in account["people"]} == {str(who.person_id) for who in nine}
    assert sorted(each["holder_name"] for each in account["people"]) == ["Dang T. Lan"] + ["Đặng Thị Lan"] * 8

    proposal = await propose(benefits)
    assert len(proposal["content"]["people"]) == 9
    assert ONE not in str(proposal)
    seen = {"content_hash": proposal["content_hash"]}
    assert (await benefits.send(f"/proposals/{proposal['id']}/approval", seen)).json()["code"] == "same_person"
    await benefits.approve_proposal(proposal)
    again = await benefits.send(f"/shared-accounts/{account['id']}/acceptance", NOTE)
    assert again.json()["code"] == "account_not_shared"
    run = await benefits.prepare()
    assert run["declared_count"] == 10
    await benefits.approve(run)
    assert await standing(benefits, nine) == {("INSTRUCTED", None)}


async def test_what_two_people_let_be_holds_for_those_people_and_for_nobody_more(benefits: Benefits) -> None:
    await benefits.open_fund()
    two = await awarded(benefits, 2)
    await benefits.prepare()
    proposal = await propose(benefits)
    [third] = await awarded(benefits, 1)
    await benefits.prepare()
    seen = {"content_hash": proposal["content_hash"]}
    answer = await benefits.send(f"/proposals/{proposal['id']}/approval", seen, actor="checker")
    assert answer.json()["code"] == "shared_account_changed"
    await benefits.post(f"/proposals/{proposal['id']}/refusal", {"note": "Danh sách đã khác"}, actor="checker")
    await benefits.approve_proposal(await propose(benefits))
    assert (await benefits.prepare())["declared_count"] == 3
    [fourth] = await awarded(benefits, 1)
    assert (await benefits.prepare())["declared_count"] == 0
    assert await standing(benefits, [*two, third, fourth]) == BLOCKED
    # One of them has an account of their own by now: the others are those who were seen, or fewer.
    await benefits.hear(person(fourth, version=2))
    [account] = await shared(benefits)
    assert not account["open"]
    assert (await benefits.prepare())["declared_count"] == 4
    assert await shared(benefits) == []


async def test_a_guardian_is_paid_for_many_by_documents(benefits: Benefits) -> None:
    await benefits.open_fund()
    three = await awarded(benefits, 3)
    assert (await benefits.prepare())["declared_count"] == 0
    for ward in three[1:]:
        await benefits.hear(person(ward, version=2, number=ONE, **_GUARDIAN))
    run = await benefits.prepare()
    assert (run["declared_count"], await shared(benefits)) == (3, [])
    await benefits.approve(run)


async def test_people_of_other_runs_and_communes_count_and_a_run_that_waited_meanwhile_is_not_approved(
    benefits: Benefits,
) -> None:
    await benefits.open_fund()
    [here] = await awarded(benefits, 1)
    first = await benefits.prepare(area_code="08566")
    assert first["declared_count"] == 1
    [there] = await awarded(benefits, 1, area_code="08569")
    second = await benefits.prepare(area_code="08569")
    assert (second["declared_count"], await standing(benefits, [there])) == (0, BLOCKED)
    seen = {"content_hash": first["content_hash"]}
    answer = await benefits.send(f"/runs/{first['id']}/approval", seen, actor="checker")
    assert (answer.status_code, answer.json()["code"]) == (409, "accounts_shared")
    assert (await benefits.prepare(area_code="08566"))["declared_count"] == 0
    assert await standing(benefits, [here]) == BLOCKED

    # Who may read one of the two communes sees who lives there, and how many live elsewhere.
    await grant(benefits.database, "clerk", roles=[Role.ACCOUNTANT], area="08566", communes=["08566"])
    headers = bearer("clerk")
    answer = await benefits.client.get("/shared-accounts", headers=headers)
    [account] = answer.json()["items"]
    assert ([each["person_id"] for each in account["people"]], account["elsewhere"]) == ([str(here.person_id)], 1)
    path = f"/shared-accounts/{account['id']}/acceptance"
    assert (await benefits.send(path, NOTE, actor="clerk")).json()["code"] == "area_not_granted"
    await grant(benefits.database, "stranger", roles=[Role.ACCOUNTANT], area="08572", communes=["08572"])
    assert (await benefits.client.get("/shared-accounts", headers=bearer("stranger"))).json()["items"] == []
    assert (await benefits.send(path, NOTE, actor="stranger")).json()["code"] == "shared_account_not_found"


async def test_what_waits_for_its_account_is_carried_into_the_next_month(benefits: Benefits) -> None:
    await benefits.open_fund()
    two = await awarded(benefits, 2)
    await benefits.prepare()
    month = {"programme": PROGRAMME, "payer_account": benefits.payer, "period": f"{clock.today():%Y-%m}"}
    closed = await benefits.post("/months", month)
    lines = (await benefits.get(f"/months/{closed['id']}/lines", outcome="unpaid"))["items"]
    assert [line["reason"] for line in lines] == ["account_shared"] * 2
    orders = [await benefits.order_of(who) for who in two]
    assert {order["due_month"] for order in orders} == {closed["carried_to"]}
    await benefits.approve_proposal(await propose(benefits))
    run = await benefits.prepare(period=closed["carried_to"])
    carried = (await benefits.get(f"/runs/{run['id']}/orders"))["items"]
    assert {order["id"] for order in orders} <= {each["id"] for each in carried if each["state"] == "BATCHED"}


async def test_who_is_held_or_cancelled_no_longer_uses_the_account(benefits: Benefits) -> None:
    await benefits.open_fund()
    kept, other = await awarded(benefits, 2)
    await benefits.prepare()
    order = await benefits.order_of(other)
    await benefits.post(f"/orders/{order['id']}/hold", {"reason": "Hồ sơ trùng, chờ xác minh"})
    assert (await benefits.prepare())["declared_count"] == 1
    assert await standing(benefits, [kept]) == {("BATCHED", None)}


async def test_somebody_who_is_owed_nothing_blocks_nobody(benefits: Benefits) -> None:
    await benefits.open_fund()
    await awarded(benefits, 1)
    neighbour = Somebody(new_id(), new_id())
    await benefits.hear(household(neighbour), person(neighbour, number=ONE))
    assert (await benefits.prepare())["declared_count"] == 1
