"""The simulated SMS gateway as a real process: each message once, and the truth about what each phone got."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest

from tests.support.programs import Program, running, start
from tests.support.waiting import until

TEXT = "Hộ ông Giàng A Páo được công nhận hộ nghèo."


@asynccontextmanager
async def client(program: Program) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=program.url, timeout=30, trust_env=False) as http:
        yield http


@pytest.fixture(scope="module")
async def program(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Program]:
    async with running("deploy.sms", "--data", tmp_path_factory.mktemp("sms")) as program:
        yield program


@pytest.fixture
async def gateway(program: Program) -> AsyncIterator[httpx.AsyncClient]:
    async with client(program) as http:
        yield http


def phone(ending: str = "1234") -> dict[str, str]:
    return {"to": f"+8491200{ending}", "text": TEXT}


async def state(gateway: httpx.AsyncClient, id_: str) -> dict[str, Any]:
    answer: dict[str, Any] = (await gateway.get(f"/v1/messages/{id_}")).raise_for_status().json()
    return answer


async def until_state(gateway: httpx.AsyncClient, id_: str, wanted: str) -> dict[str, Any]:
    async def reached() -> dict[str, Any] | None:
        now = await state(gateway, id_)
        return now if now["state"] == wanted else None

    return cast("dict[str, Any]", await until(reached, describe=f"the message is {wanted}"))


async def truth(gateway: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in (await gateway.get("/admin/truth")).json()["messages"]}


async def test_a_message_is_accepted_and_delivered(gateway: httpx.AsyncClient) -> None:
    id_ = str(uuid4())
    answer = await gateway.put(f"/v1/messages/{id_}", json=phone())
    assert answer.status_code == 202
    assert answer.json() == {"id": id_, "state": "accepted", "parts": 1, "encoding": "ucs2"}
    await until_state(gateway, id_, "delivered")
    assert (await truth(gateway))[id_]["delivered_times"] == 1


async def test_the_same_message_again_is_one_text_to_the_phone(gateway: httpx.AsyncClient) -> None:
    id_ = str(uuid4())
    answers = await asyncio.gather(*(gateway.put(f"/v1/messages/{id_}", json=phone()) for _ in range(6)))
    await until_state(gateway, id_, "delivered")
    late = await gateway.put(f"/v1/messages/{id_}", json=phone())
    assert {(answer.status_code, answer.text) for answer in (*answers, late)} == {(202, late.text)}
    real = (await truth(gateway))[id_]
    assert (real["puts"], real["delivered_times"], real["text"]) == (7, 1, TEXT)


@pytest.mark.parametrize("change", [{"text": "Khác"}, {"to": "+84912009999"}], ids=["text", "phone"])
async def test_an_id_is_not_used_for_another_message(gateway: httpx.AsyncClient, change: dict[str, str]) -> None:
    id_ = str(uuid4())
    await gateway.put(f"/v1/messages/{id_}", json=phone())
    conflict = await gateway.put(f"/v1/messages/{id_}", json=phone() | change)
    assert (conflict.status_code, conflict.json()["code"]) == (409, "id_taken")


async def test_an_invalid_number_fails_and_gets_nothing(gateway: httpx.AsyncClient) -> None:
    id_ = str(uuid4())
    await gateway.put(f"/v1/messages/{id_}", json=phone("0002"))
    assert (await until_state(gateway, id_, "failed"))["reason"] == "invalid_number"
    assert (await truth(gateway))[id_]["delivered_times"] == 0


async def test_a_phone_that_is_off_leaves_its_message_accepted(gateway: httpx.AsyncClient) -> None:
    off, later = str(uuid4()), str(uuid4())
    await gateway.put(f"/v1/messages/{off}", json=phone("0003"))
    await gateway.put(f"/v1/messages/{later}", json=phone())
    await until_state(gateway, later, "delivered")
    assert (await state(gateway, off))["state"] == "accepted"


async def test_an_answer_can_be_lost_though_the_message_was_taken(gateway: httpx.AsyncClient) -> None:
    id_ = str(uuid4())
    with pytest.raises(httpx.RemoteProtocolError):
        await gateway.put(f"/v1/messages/{id_}", json=phone("0004"))
    assert (await gateway.put(f"/v1/messages/{id_}", json=phone("0004"))).status_code == 202
    await until_state(gateway, id_, "delivered")
    assert (await truth(gateway))[id_]["delivered_times"] == 1


async def test_states_are_asked_for_in_batches(gateway: httpx.AsyncClient) -> None:
    ids = [str(uuid4()) for _ in range(3)]
    start_after = (await gateway.get("/v1/messages", params={"limit": 1000})).json()["next"]
    for id_ in ids:
        await gateway.put(f"/v1/messages/{id_}", json=phone())
        await until_state(gateway, id_, "delivered")
    queried = (await gateway.post("/v1/messages:query", json={"ids": [*ids, "unknown"]})).json()["messages"]
    assert [(one["id"], one["state"]) for one in queried] == [(id_, "delivered") for id_ in ids]
    seen, after = [], start_after
    while page := (await gateway.get("/v1/messages", params={"after": after, "limit": 2})).json()["messages"]:
        seen += [one["id"] for one in page]
        after = page[-1]["change"]
    assert seen == ids


@pytest.mark.parametrize(
    "body",
    [{"to": "0912001234", "text": "a"}, {"to": "+84912001234", "text": ""}, {"to": "+84912001234"}],
    ids=["phone not in E.164", "empty text", "no text"],
)
async def test_what_is_no_message_is_refused(gateway: httpx.AsyncClient, body: dict[str, str]) -> None:
    assert (await gateway.put("/v1/messages/wrong", json=body)).status_code == 422
    assert (await gateway.get("/v1/messages/wrong")).status_code == 404


async def test_killed_at_any_moment_each_phone_gets_its_text_once(tmp_path: Path) -> None:
    program = await start("deploy.sms", "--data", tmp_path, "--delivery-delay", "0.05")
    ids = [str(uuid4()) for _ in range(60)]
    accepted: set[str] = set()
    async with client(program) as gateway:
        for kill_after in (10, 25, 45):
            await put_until_killed(gateway, program, [one for one in ids if one not in accepted], accepted, kill_after)
            await program.start_again()
        for id_ in ids:
            assert (await gateway.put(f"/v1/messages/{id_}", json=phone())).status_code == 202
        for id_ in ids:
            await until_state(gateway, id_, "delivered")
        real = await truth(gateway)
        assert set(real) == set(ids)
        assert all(one["delivered_times"] == 1 for one in real.values())
    assert await program.stop() == 0


async def put_until_killed(
    gateway: httpx.AsyncClient, program: Program, ids: list[str], accepted: set[str], kill_after: int
) -> None:
    """Send messages, three at a time, and kill the gateway once `kill_after` of all were accepted."""
    enough = asyncio.Event()

    async def sender() -> None:
        while ids and not enough.is_set():
            id_ = ids.pop()
            try:
                await gateway.put(f"/v1/messages/{id_}", json=phone())
            except httpx.HTTPError:
                return
            accepted.add(id_)
            if len(accepted) >= kill_after:
                enough.set()

    async def killer() -> None:
        await enough.wait()
        await program.kill()

    await asyncio.gather(killer(), *(sender() for _ in range(3)))
