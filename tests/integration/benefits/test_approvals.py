"""What moves money or says where it comes from takes two people."""

import asyncio
from typing import Any

from tests.integration.benefits.platform import BIN, FUND, PROGRAMME, Benefits


async def _allotment(benefits: Benefits, amount: int = 5_000_000) -> Any:
    await benefits.post("/funds", {"code": FUND, "kind": "STATE_PROVINCE", "name": "Ngân sách tỉnh"})
    return await benefits.post(f"/funds/{FUND}/allotments", {"programme": PROGRAMME, "amount": amount})


async def test_a_budget_is_there_once_another_person_approved_it(benefits: Benefits) -> None:
    proposal = await _allotment(benefits)
    assert await benefits.balances() == {}
    path = proposal["approve_at"].removeprefix("/benefits/v1")
    alone = await benefits.send(path, {"content_hash": proposal["content_hash"]}, actor="maker")
    assert (alone.status_code, alone.json()["code"]) == (403, "same_person")
    assert await benefits.balances() == {}
    await benefits.approve_proposal(proposal)
    assert (await benefits.balances())["B1"] == 5_000_000


async def test_a_budget_approved_by_many_at_once_is_allotted_once(benefits: Benefits) -> None:
    proposal = await _allotment(benefits)
    path, seen = proposal["approve_at"].removeprefix("/benefits/v1"), {"content_hash": proposal["content_hash"]}
    answers = await asyncio.gather(*(benefits.send(path, seen, actor=f"checker{n}") for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert (await benefits.balances())["B1"] == 5_000_000


async def test_an_account_pays_once_another_person_approved_it(benefits: Benefits) -> None:
    await benefits.post("/funds", {"code": FUND, "kind": "STATE_PROVINCE", "name": "Ngân sách tỉnh"})
    payer = {
        "code": benefits.payer,
        "bank": "simbank",
        "bin": BIN,
        "number": benefits.payer_number,
        "holder": "Sở Y tế",
    }
    proposal = await benefits.post("/payer-accounts", payer | {"fund": FUND})
    assert await benefits.get("/payer-accounts") == []
    assert benefits.payer_number not in str(proposal)
    await benefits.approve_proposal(proposal)
    [found] = await benefits.get("/payer-accounts")
    assert found["code"] == benefits.payer


async def test_all_that_waits_for_a_second_person_stands_in_one_list(benefits: Benefits) -> None:
    await benefits.open_fund()
    await benefits.apply_for(await benefits.settle_in())
    await benefits.award(await benefits.settle_in())
    run = await benefits.prepare()
    waiting = (await benefits.get("/proposals", state="open"))["items"]
    assert {one["kind"] for one in waiting} == {"application", "payment-run"}
    [of_run] = [one for one in waiting if one["kind"] == "payment-run"]
    assert (of_run["approve_at"], of_run["content_hash"]) == (
        f"/benefits/v1/runs/{run['id']}/approval",
        run["content_hash"],
    )
    assert (of_run["content"]["count"], of_run["content"]["total"]) == (1, run["declared_sum"])
    generic = f"/proposals/{of_run['id']}/approval"
    answer = await benefits.send(generic, {"content_hash": of_run["content_hash"]}, actor="checker")
    assert (answer.status_code, answer.json()["code"]) == (409, "approved_elsewhere")


async def test_a_refusal_of_an_application_takes_two_people_too(benefits: Benefits) -> None:
    await benefits.open_fund()
    application = await benefits.apply_for(await benefits.settle_in())
    path = f"/applications/{application['id']}/decision"
    refusal = {"approve": False, "note": "Hộ không còn nghèo", "content_hash": application["content_hash"]}
    alone = await benefits.send(path, refusal, actor="maker")
    assert (alone.status_code, alone.json()["code"]) == (403, "same_person")
    unseen = await benefits.send(path, refusal | {"content_hash": "0" * 64}, actor="checker")
    assert (unseen.status_code, unseen.json()["code"]) == (409, "content_changed")
    refused = await benefits.post(path, refusal, actor="checker")
    assert refused["state"] == "refused"
