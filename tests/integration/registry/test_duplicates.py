"""Records that may be of one person: found by themselves, in a queue, decided about, remembered."""

import asyncio
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from services.registry import comparing
from services.registry.api.duplicates import DUPLICATE_SCAN
from services.registry.duplicate_scan import compare_new_people, scan_for_duplicates
from services.registry.store.comparing import compare_next
from shared import clock
from shared.events.registry import PeopleMerged, PeopleMergeUndone
from shared.jobs import JobRunner
from shared.side_process import SideProcess, side_process
from tests.integration.registry.conftest import Registry, member
from tests.support.access import grant
from tests.support.tokens import bearer
from tests.support.waiting import until

ACCOUNT = {"bank_bin": "970405", "number": "2700205123456", "holder_name": "HA THI MAN"}


async def queue(registry: Registry, **query: str) -> list[Any]:
    """Let what is new be compared and return the queue."""
    await compare_new_people(registry.database)
    return list((await registry.get("/duplicates", **query))["items"])


def names(pair: Any) -> set[str | None]:
    return {side and side["full_name"] for side in (pair["first"], pair["second"])}


async def test_a_person_registered_twice_comes_into_the_queue_side_by_side(registry: Registry) -> None:
    await registry.register(member(full_name="Hà Thị Mận", phone="0912345678"))
    assert await queue(registry) == []
    await registry.register(member(full_name="Ha Thi Man", phone="0912345678"))
    await registry.register(member(full_name="Hà Văn Nam", sex="male", birth_date="1985-03-12"))
    (pair,) = await queue(registry)
    assert names(pair) == {"Hà Thị Mận", "Ha Thi Man"}
    assert pair["score"] == 100
    assert {each["aspect"]: each["degree"] for each in pair["agreements"]} == {
        "name": "same", "birth_date": "same", "area": "same", "phone": "same", "sex": "same",
    }  # fmt: skip
    assert await queue(registry, area_code="08593") == []


async def test_a_shared_phone_or_account_brings_together_what_the_name_does_not(registry: Registry) -> None:
    await registry.register(member(full_name="Hà Thị Mận", account=ACCOUNT, birth_date="1985-03-12"))
    await registry.register(
        member(full_name="Hà Thị Mậng", account=ACCOUNT | {"holder_name": "HA THI MANG"}, birth_date="1985-03-21"),
        area_code="08593",
    )
    (pair,) = await queue(registry)
    assert "account" in {each["aspect"] for each in pair["agreements"] if each["degree"] == "same"}


async def test_a_changed_record_is_compared_anew_and_leaves_the_queue_when_it_is_no_longer_alike(
    registry: Registry,
) -> None:
    await registry.register(member(full_name="Hà Thị Mận"))
    other = (await registry.register(member(full_name="Hà Thị Mận")))["members"][0]
    (pair,) = await queue(registry)
    await registry.client.patch(f"/people/{other['id']}", json={"phone": "0912345678"}, headers={"If-Match": "*"})
    (again,) = await queue(registry)
    assert again["id"] == pair["id"]
    await registry.client.patch(
        f"/people/{other['id']}", json={"full_name": "Trần Văn Tùng"}, headers={"If-Match": "*"}
    )
    assert await queue(registry) == []


async def test_two_people_told_apart_are_remembered(registry: Registry) -> None:
    await registry.register(member(full_name="Hà Thị Mận"))
    other = (await registry.register(member(full_name="Hà Thị Mận")))["members"][0]
    (pair,) = await queue(registry)
    path = f"/duplicates/{pair['id']}/distinction"
    told = await registry.post(path, {"note": "Hai chị em họ, đã gặp cả hai"})
    assert (told["state"], told["decided_by"]) == ("distinct", "officer")
    assert (await registry.post(path, {"note": "một lần nữa"}, status=409))["code"] == "duplicate_decided"
    await registry.client.patch(f"/people/{other['id']}", json={"phone": "0912345678"}, headers={"If-Match": "*"})
    assert await queue(registry) == []
    assert [each["id"] for each in await queue(registry, state="distinct")] == [pair["id"]]


async def test_of_a_person_elsewhere_only_the_likeness_is_shown(registry: Registry) -> None:
    await registry.register(member(full_name="Hà Thị Mận"))
    await registry.register(member(full_name="Hà Thị Mận"), area_code="08593")
    await queue(registry)
    await grant(registry.database, "one", area="08593", communes=["08593"])
    await grant(registry.database, "none", area="08560", communes=["08560"])
    registry.client.headers.update(bearer("one"))
    (pair,) = (await registry.get("/duplicates"))["items"]
    assert names(pair) == {"Hà Thị Mận", None}
    answer = await registry.client.post(
        f"/duplicates/{pair['id']}/distinction", json={"note": "khác"}, headers={"Idempotency-Key": uuid4().hex}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "area_not_granted")
    registry.client.headers.update(bearer("none"))
    assert (await registry.get("/duplicates"))["items"] == []
    assert (await registry.client.get(f"/duplicates/{pair['id']}")).status_code == 404


async def test_the_queue_is_listed_in_pages_the_most_alike_first(registry: Registry) -> None:
    for name in ("Hà Thị Mận", "Hà Thị Mận", "Hà Thị Mậng", "Hà Mận"):
        await registry.register(member(full_name=name))
    everything = await queue(registry)
    assert len(everything) == 5  # but Mậng and Mận without a middle name
    scores = [each["score"] for each in everything]
    assert scores == sorted(scores, reverse=True)
    first = await registry.get("/duplicates", limit="4")
    rest = await registry.get("/duplicates", limit="4", cursor=first["next"])
    assert [each["id"] for each in [*first["items"], *rest["items"]]] == [each["id"] for each in everything]


class Held(SideProcess):
    """The process that compares, which says when it was asked and waits to be let go."""

    def __init__(self, process: SideProcess) -> None:
        self._other = process
        self.asked, self.go_on = asyncio.Event(), asyncio.Event()

    async def ask(self, message: bytes) -> bytes:
        self.asked.set()
        await self.go_on.wait()
        return await self._other.ask(message)


async def test_while_records_are_compared_officers_go_on_writing_them_and_what_changed_is_compared_anew(
    registry: Registry,
) -> None:
    people = [(await registry.register(member(full_name="Hà Thị Mận")))["members"][0]["id"] for _ in range(3)]
    async with side_process(comparing.__name__) as process:
        held = Held(process)
        looking = asyncio.create_task(compare_next(registry.database, held, clock.now()))
        await held.asked.wait()
        change = {"full_name": "Trần Văn Tùng"}
        answer = await registry.client.patch(f"/people/{people[0]}", json=change, headers={"If-Match": "*"})
        assert answer.status_code == 200  # it did not wait: the comparison is not let go yet
        await registry.register(member(full_name="Hà Thị Mận"))
        assert not looking.done()
        held.go_on.set()
        assert (await looking).people == 3
    pairs = [names(each) for each in (await registry.get("/duplicates"))["items"]]
    assert pairs == [{"Hà Thị Mận"}]  # of the two who did not change; the others are compared anew
    anew = await queue(registry)
    assert len(anew) == 3
    assert all(people[0] not in (each["first"]["id"], each["second"]["id"]) for each in anew)


async def test_everybody_is_compared_anew_when_asked_to_also_beside_those_who_compare_already(
    registry: Registry,
) -> None:
    for _ in range(2):
        await registry.register(member(full_name="Hà Thị Mận"))
    assert len(await queue(registry)) == 1
    async with registry.database.transaction() as session:
        await session.execute(text("DELETE FROM duplicate_pairs"))
    job = await registry.post("/duplicate-scans", None, status=202)

    async def ended() -> Any:
        await compare_new_people(registry.database)  # as the service does every two seconds
        found = await registry.get(f"/jobs/{job['id']}")
        return found if found["state"] in ("done", "failed") else None

    async with JobRunner(registry.database, {DUPLICATE_SCAN: scan_for_duplicates}, poll=0.01).running():
        found = await until(ended, within=60, describe="the scan ends")
    assert (found["state"], found["result"]) == ("done", {"people": 2})
    assert len(await queue(registry)) == 1


NOTE = "Một người lập sổ hai lần, đã đối chiếu căn cước"


async def proposed(registry: Registry, pair: Any, kept_id: str, *, status: int = 201, **more: Any) -> Any:
    """Propose that the people of a pair are one."""
    body = {"effective_on": clock.today().isoformat(), "kept_id": kept_id, "note": NOTE, **more}
    return await registry.post(f"/duplicates/{pair['id']}/mergers", body, status=status)


async def approved(registry: Registry, proposal: Any, *, by: str = "chair", status: int = 201) -> Any:
    """Approve what was proposed as another person."""
    registry.client.headers.update(bearer(by))
    try:
        seen = {"content_hash": proposal["content_hash"]}
        return await registry.post(f"/proposals/{proposal['id']}/approval", seen, status=status)
    finally:
        registry.client.headers.update(bearer("officer"))


async def test_two_records_become_one_by_two_people_and_are_two_again_when_it_is_undone(registry: Registry) -> None:
    kept = await registry.register(member(full_name="Hà Thị Mận", personal_number="025185000123"))
    gone = await registry.register(member(full_name="Hà Thị Mận"), area_code="08593")
    (pair,) = await queue(registry)
    kept_id, gone_id = kept["members"][0]["id"], gone["members"][0]["id"]
    refused = await proposed(registry, pair, gone_id, status=422)
    assert [each["code"] for each in refused["errors"]] == ["number_with_the_other"]
    proposal = await proposed(registry, pair, kept_id)
    assert proposal["content"]["absorbed"]["id"] == gone_id
    assert (await approved(registry, proposal, by="officer", status=403))["code"] == "same_person"
    await approved(registry, proposal)
    ended = await registry.get(f"/households/{gone['id']}")
    assert (ended["members"], ended["ended"]["reason"], ended["ended"]["continued_in"]) == ([], "merged", kept["id"])
    assert await queue(registry) == []
    assert [each["id"] for each in await queue(registry, state="merged")] == [pair["id"]]
    (told,) = await registry.events(PeopleMerged)
    assert isinstance(told, PeopleMerged)
    assert (str(told.person_id), str(told.kept_person_id), str(told.kept_household_id)) == (
        gone_id, kept_id, kept["id"],
    )  # fmt: skip
    undo = await registry.post(
        f"/household-changes/{told.change_id}/undo-proposals", {"note": "Hai người khác nhau thật"}
    )
    await approved(registry, undo)
    (again,) = await registry.events(PeopleMergeUndone)
    assert isinstance(again, PeopleMergeUndone)
    assert (again.change_id, str(again.person_id), str(again.household_id), again.key) == (
        told.change_id, gone_id, gone["id"], told.key,
    )  # fmt: skip
    back = await registry.get(f"/households/{gone['id']}")
    assert [each["id"] for each in back["members"]] == [gone_id]
    assert [each["id"] for each in await queue(registry)] == [pair["id"]]


async def test_a_head_of_others_leaves_them_a_head(registry: Registry) -> None:
    kept = await registry.register(member(full_name="Hà Thị Mận"))
    child = member(full_name="Hà Văn Nam", sex="male", birth_date="2012-01-01", relationship="child")
    gone = await registry.register(member(full_name="Hà Thị Mận"), child)
    (pair,) = await queue(registry)
    kept_id = kept["members"][0]["id"]
    refused = await proposed(registry, pair, kept_id, status=422)
    assert [each["code"] for each in refused["errors"]] == ["head_missing"]
    heads = [{"person_id": gone["members"][1]["id"], "relationship": "head"}]
    await approved(registry, await proposed(registry, pair, kept_id, relationships=heads))
    left = await registry.get(f"/households/{gone['id']}")
    assert [(each["full_name"], each["relationship"]) for each in left["members"]] == [("Hà Văn Nam", "head")]


async def test_a_merger_of_records_that_changed_since_they_were_seen_is_not_made(registry: Registry) -> None:
    kept = await registry.register(member(full_name="Hà Thị Mận"))
    await registry.register(member(full_name="Hà Thị Mận"))
    (pair,) = await queue(registry)
    person = kept["members"][0]["id"]
    proposal = await proposed(registry, pair, person)
    await registry.client.patch(f"/people/{person}", json={"phone": "0912345678"}, headers={"If-Match": "*"})
    assert (await approved(registry, proposal, status=409))["code"] == "content_changed"
    assert await registry.events(PeopleMerged) == []
