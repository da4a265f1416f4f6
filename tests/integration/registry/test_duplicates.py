"""Records that may be of one person: found by themselves, in a queue, decided about, remembered."""

from typing import Any
from uuid import uuid4

from services.registry.duplicate_scan import compare_new_people
from tests.integration.registry.conftest import Registry, member
from tests.support.access import grant
from tests.support.tokens import bearer

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
        member(full_name="Hà Thị Mậng", account=ACCOUNT, birth_date="1985-03-21"), area_code="08593"
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
