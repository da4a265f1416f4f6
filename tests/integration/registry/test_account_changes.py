"""Where a person is paid changes by two people, exactly as the second saw it."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx

from shared import clock
from shared.events.people import account_of
from shared.events.registry import AccountChanged, PersonStated
from tests.integration.registry.conftest import Registry, member
from tests.integration.registry.test_households import ACCOUNT
from tests.support.keys import KEYS
from tests.support.tokens import bearer

OTHER = {"bank_bin": "970405", "number": "3120205199999", "holder_name": "HA THI MAN"}


async def _send(registry: Registry, path: str, body: Any, actor: str) -> httpx.Response:
    headers = {"Idempotency-Key": uuid4().hex} | bearer(actor)
    return await registry.client.post(path.removeprefix("/registry/v1"), json=body, headers=headers)


async def _proposed(registry: Registry, account: Any = OTHER) -> tuple[str, Any]:
    household = await registry.register(member(account=ACCOUNT))
    person = f"/people/{household['members'][0]['id']}"
    answer = await _send(registry, f"{person}/account-changes", {"account": account}, "officer")
    assert answer.status_code == 201, answer.text
    return person, answer.json()


def _seen(proposal: Any) -> dict[str, str]:
    return {"content_hash": proposal["content_hash"]}


async def test_an_account_changes_once_another_person_approved_it(registry: Registry) -> None:
    person, proposal = await _proposed(registry)
    assert (await registry.get(person))["account"]["number_ends"] == ACCOUNT["number"][-3:]
    answer = await _send(registry, proposal["approve_at"], _seen(proposal), "chair")
    assert (answer.status_code, answer.json()["state"], answer.json()["decided_by"]) == (201, "approved", "chair")
    assert (await registry.get(person))["account"]["number_ends"] == "999"
    stated = [event for event in await registry.events(PersonStated) if isinstance(event, PersonStated)]
    accounts = [account_of(KEYS.people, event) for event in stated]
    assert [each.number for each in accounts if each] == [ACCOUNT["number"], OTHER["number"]]
    (told,) = await registry.events(AccountChanged)
    assert isinstance(told, AccountChanged)
    assert (told.number_ends, told.replaced_number_ends, told.changed_on) == ("999", "456", clock.today())


async def test_who_approves_sees_from_what_to_what_without_the_numbers(registry: Registry) -> None:
    _, proposal = await _proposed(registry)
    content = proposal["content"]
    assert (content["replaces"]["number_ends"], content["account"]["number_ends"]) == (ACCOUNT["number"][-3:], "999")
    shown = await registry.client.get(proposal["approve_at"].removeprefix("/registry/v1").removesuffix("/approval"))
    assert ACCOUNT["number"] not in shown.text
    assert OTHER["number"] not in shown.text


async def test_who_prepared_may_not_approve(registry: Registry) -> None:
    person, proposal = await _proposed(registry)
    answer = await _send(registry, proposal["approve_at"], _seen(proposal), "officer")
    assert (answer.status_code, answer.json()["code"]) == (403, "same_person")
    assert (await registry.get(person))["version"] == 1


async def test_of_many_approvers_at_once_one_approves(registry: Registry) -> None:
    person, proposal = await _proposed(registry)
    approvals = (_send(registry, proposal["approve_at"], _seen(proposal), f"chair{n}") for n in range(5))
    answers = await asyncio.gather(*approvals)
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.is_error} == {"proposal_not_open"}
    assert (await registry.get(person))["version"] == 2


async def test_approval_and_refusal_at_once_have_one_outcome(registry: Registry) -> None:
    person, proposal = await _proposed(registry)
    refusal = proposal["approve_at"].replace("/approval", "/refusal")
    answers = await asyncio.gather(
        _send(registry, proposal["approve_at"], _seen(proposal), "chair"),
        _send(registry, refusal, {"note": "Sai chủ tài khoản"}, "auditor"),
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    approved = answers[0].status_code == 201
    assert (await registry.get(person))["version"] == (2 if approved else 1)


async def test_what_was_not_seen_is_not_approved(registry: Registry) -> None:
    person, proposal = await _proposed(registry)
    answer = await _send(registry, proposal["approve_at"], {"content_hash": "0" * 64}, "chair")
    assert (answer.status_code, answer.json()["code"]) == (409, "content_changed")
    assert (await registry.get(person))["version"] == 1


async def test_a_person_has_one_open_change_and_withdrawing_makes_room(registry: Registry) -> None:
    person, proposal = await _proposed(registry)
    second = await _send(registry, f"{person}/account-changes", {"account": None}, "officer")
    assert (second.status_code, second.json()["code"]) == (409, "proposal_open")
    refusal = proposal["approve_at"].replace("/approval", "/refusal")
    withdrawn = await _send(registry, refusal, {"note": "Nhập nhầm"}, "officer")
    assert (withdrawn.status_code, withdrawn.json()["state"]) == (201, "refused")
    late = await _send(registry, proposal["approve_at"], _seen(proposal), "chair")
    assert (late.status_code, late.json()["code"]) == (409, "proposal_not_open")
    again = await _send(registry, f"{person}/account-changes", {"account": None}, "officer")
    assert again.status_code == 201
    await _send(registry, again.json()["approve_at"], _seen(again.json()), "chair")
    assert (await registry.get(person))["account"] is None


async def test_a_change_to_the_same_account_is_refused(registry: Registry) -> None:
    household = await registry.register(member(account=ACCOUNT))
    path = f"/people/{household['members'][0]['id']}/account-changes"
    answer = await _send(registry, path, {"account": ACCOUNT}, "officer")
    assert (answer.status_code, answer.json()["code"]) == (409, "account_unchanged")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/body/account"]


async def test_the_database_itself_refuses_an_approval_by_the_preparer(registry: Registry) -> None:
    await _proposed(registry)
    connection = await registry.database.connect()
    try:
        with_approval = "UPDATE proposals SET state = 'approved', decided_by = prepared_by, decided_at = now()"
        outcome = ""
        try:
            await connection.execute(with_approval)
        except Exception as error:  # noqa: BLE001 - the driver's class is made at run time
            outcome = str(error)
    finally:
        await connection.close()
    assert "proposals_two_people" in outcome
