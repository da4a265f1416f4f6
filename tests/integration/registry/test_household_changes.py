"""What happens to households: told by one, confirmed by another, undone, and read as it was and as it was known."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from shared.events.registry import HouseholdStated, PersonStated
from tests.integration.registry.conftest import Registry, member
from tests.support.tokens import bearer

NUMBER = "001226000123"
REGISTERED = "2026-01-05"
NOTE = {"note": "Ghi nhầm hộ khi nhập liệu"}


def family() -> list[dict[str, Any]]:
    return [
        member(),
        member(full_name="Hà Văn Nam", sex="male", birth_date="1983-01-01", relationship="spouse"),
        member(full_name="Hà Thị Lan", birth_date="2005-05-05", relationship="child"),
    ]


async def settled(registry: Registry, *members: dict[str, Any], **more: Any) -> Any:
    body = {"area_code": "08566", "registered_on": REGISTERED, "members": list(members) or family()} | more
    return (await registry.post("/households", body))["household"]


def birth(day: str, **changes: Any) -> dict[str, Any]:
    born = member(full_name="Hà Văn Bé", sex="male", birth_date=day, relationship="child") | changes
    return {"kind": "birth", "effective_on": day, "member": born}


def ids(household: Any) -> list[str]:
    return [each["id"] for each in household["members"]]


def names(household: Any) -> list[str]:
    return [each["full_name"] for each in household["members"]]


async def _as(registry: Registry, actor: str, path: str, body: Any, *, status: int = 201) -> Any:
    headers = {"Idempotency-Key": uuid4().hex} | bearer(actor)
    answer = await registry.client.post(path, json=body, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_birth_told_late_holds_from_its_day_and_was_not_known_before(registry: Registry) -> None:
    household = await settled(registry)
    move = {"kind": "move", "effective_on": "2026-09-01", "area_code": "08593", "address": "Khu 2"}
    await registry.change(household["id"], move)
    before = datetime.now(UTC).isoformat()
    told = await registry.change(household["id"], birth("2026-06-01", personal_number=NUMBER))
    assert [each["code"] for each in told["warnings"]] == []
    path = f"/households/{household['id']}"

    async def shown(**query: str) -> tuple[str, int]:
        found = await registry.get(path, **query)
        return found["area_code"], len(found["members"])

    assert await shown() == ("08593", 4)
    assert await shown(on="2026-10-01") == ("08593", 4)
    assert await shown(on="2026-06-01") == ("08566", 4)
    assert await shown(on="2026-05-31") == ("08566", 3)
    assert await shown(on="2026-06-01", known_at=before) == ("08566", 3)
    assert await shown(on="2026-09-01", known_at=before) == ("08593", 3)
    for query in ({"on": "2026-01-04"}, {"on": "2026-06-01", "known_at": "2026-01-01T00:00:00Z"}):
        answer = await registry.client.get(path, params=query)
        assert (answer.status_code, answer.json()["code"]) == (404, "household_not_then")
    changes = await registry.get(f"{path}/changes")
    assert [(each["kind"], each["effective_on"], each["prepared_by"]) for each in changes] == [
        ("birth", "2026-06-01", "officer"),
        ("move", "2026-09-01", "officer"),
    ]


async def test_a_trial_shows_what_the_change_then_does_and_records_nothing(registry: Registry) -> None:
    household = await settled(registry)
    path = f"/households/{household['id']}"
    person = ids(household)[2]
    away = {"kind": "leave", "effective_on": "2026-10-01", "person_id": person, "reason": "marriage"}
    split = {
        "kind": "split",
        "effective_on": "2026-10-01",
        "members": [{"person_id": person, "relationship": "head"}],
    }

    async def tried(change: dict[str, Any], status: int = 200) -> Any:
        headers = {"If-Match": "*"}
        answer = await registry.client.post(f"{path}/changes/trial", json=change, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    refused = await tried(away | {"effective_on": "2099-01-01"}, status=422)
    assert [each["code"] for each in refused["errors"]] == ["not_yet"]
    for change, number in ((split, 2), (away, 1)):
        before = len(await registry.get(f"{path}/changes"))
        effects = (await tried(change))["effects"]
        assert len(effects) == number
        assert len(await registry.get(f"{path}/changes")) == before
        recorded = (await registry.change(household["id"], change))["change_id"]
        on_record = (await registry.get(f"/household-changes/{recorded}"))["effects"]
        for of, each in zip(on_record, effects, strict=True):
            assert each["household_id"] in (None, of["household_id"])
            assert (each["before"], each["after"]) == (of["before"], of["after"])
        undone = await _as(registry, "officer", f"/household-changes/{recorded}/undo", NOTE)
        restored = (await registry.get(f"/household-changes/{undone['change_id']}"))["effects"]
        assert restored[0]["after"] == effects[0]["before"]


async def test_others_hear_of_a_move_with_its_day_and_of_who_left(registry: Registry) -> None:
    household = await settled(registry)
    move = {"kind": "move", "effective_on": "2026-09-01", "area_code": "08593"}
    change = (await registry.change(household["id"], move))["change_id"]
    leave = {"kind": "leave", "effective_on": "2026-10-01", "person_id": ids(household)[2], "reason": "marriage"}
    await registry.change(household["id"], leave)
    stated = [each for each in await registry.events(HouseholdStated) if isinstance(each, HouseholdStated)]
    assert [(each.change, str(each.effective_on), each.area_code, len(each.members)) for each in stated] == [
        ("registration", REGISTERED, "08566", 3),
        ("move", "2026-09-01", "08593", 3),
        ("leave", "2026-10-01", "08593", 2),
    ]
    assert str(stated[1].change_id) == change
    assert [(str(each.person_id), each.reason) for each in stated[2].left] == [(ids(household)[2], "marriage")]
    assert [each.version for each in stated] == sorted({each.version for each in stated})
    assert "woman_head" in stated[0].priority_groups
    assert [each.priority_groups for each in stated[0].members] == [("ethnic_minority",)] * 3


async def test_members_split_off_into_a_household_of_their_own_with_the_class_they_had(registry: Registry) -> None:
    household = await settled(registry)
    await registry.decide([(await registry.assess(household["id"]))["id"]])
    _, spouse, child = ids(household)
    split = {
        "kind": "split",
        "effective_on": "2026-11-21",
        "members": [{"person_id": spouse, "relationship": "head"}, {"person_id": child, "relationship": "child"}],
        "area_code": "08593",
    }
    told = await registry.change(household["id"], split)
    old, new = told["households"]
    assert (names(old), names(new)) == (["Hà Thị Mận"], ["Hà Văn Nam", "Hà Thị Lan"])
    assert (new["area_code"], new["registered_on"]) == ("08593", "2026-11-21")
    assert [[each["household_class"] for each in household["standings"]] for household in (old, new)] == [["poor"]] * 2
    assert [(each["full_name"], each["reason"]) for each in old["former"]] == [
        ("Hà Văn Nam", "split"),
        ("Hà Thị Lan", "split"),
    ]
    people = [each for each in await registry.events(PersonStated) if isinstance(each, PersonStated)]
    assert {str(each.household_id) for each in people if str(each.person_id) == child} == {household["id"], new["id"]}
    await registry.post(f"/household-changes/{told['change_id']}/undo", NOTE)
    again = await registry.get(f"/households/{household['id']}")
    assert (len(again["members"]), again["former"]) == (3, [])
    gone = await registry.get(f"/households/{new['id']}")
    assert (gone["members"], gone["ended"]["reason"]) == ([], "registered_in_error")
    assert (await registry.client.get(f"/households/{new['id']}", params={"on": "2026-11-21"})).status_code == 404


async def test_a_merger_takes_two_people_ends_one_household_and_can_be_undone_by_two(registry: Registry) -> None:
    staying, absorbed = await settled(registry), await settled(registry, member(full_name="Hà Văn Cụ", sex="male"))
    await registry.decide([(await registry.assess(absorbed["id"]))["id"]])
    body = {
        "effective_on": "2026-11-21",
        "absorbed_id": absorbed["id"],
        "relationships": [{"person_id": ids(absorbed)[0], "relationship": "parent"}],
        "note": "Hai sổ của cùng một hộ",
    }
    path = f"/households/{staying['id']}/mergers"
    incomplete = await registry.post(path, body | {"relationships": []}, status=422)
    assert [(each["pointer"], each["code"]) for each in incomplete["errors"]] == [
        ("/body/relationships", "relationships_incomplete")
    ]
    proposal = await registry.post(path, body)
    approval = {"content_hash": proposal["content_hash"]}
    await _as(registry, "officer", f"/proposals/{proposal['id']}/approval", approval, status=403)
    await _as(registry, "chair", f"/proposals/{proposal['id']}/approval", approval)
    merged, ended = [await registry.get(f"/households/{each['id']}") for each in (staying, absorbed)]
    assert names(merged) == ["Hà Thị Mận", "Hà Văn Nam", "Hà Thị Lan", "Hà Văn Cụ"]
    assert ended["ended"] == {"on": "2026-11-21", "reason": "merged", "continued_in": staying["id"]}
    assert (ended["members"], ended["standings"]) == ([], [])
    listed = await registry.get("/households")
    assert [each["id"] for each in listed["items"]] == [staying["id"]]
    change = (await registry.get(f"/households/{staying['id']}/changes"))[0]
    assert (change["kind"], change["prepared_by"], change["confirmed_by"]) == ("merge", "officer", "chair")
    refused = await registry.post(f"/household-changes/{change['id']}/undo", NOTE, status=409)
    assert refused["code"] == "change_confirmed"
    undoing = await registry.post(f"/household-changes/{change['id']}/undo-proposals", NOTE)
    approval = {"content_hash": undoing["content_hash"]}
    await _as(registry, "chair", f"/proposals/{undoing['id']}/approval", approval)
    back = await registry.get(f"/households/{absorbed['id']}")
    assert (names(back), back["ended"]) == (["Hà Văn Cụ"], None)
    assert [each["household_class"] for each in back["standings"]] == ["poor"]
    assert len((await registry.get(f"/households/{staying['id']}"))["members"]) == 3


async def test_the_last_death_ends_the_household_and_a_heads_death_names_the_next(registry: Registry) -> None:
    household = await settled(registry, *family()[:2])
    head, spouse = ids(household)
    death = {"kind": "death", "effective_on": "2026-10-01", "person_id": head}
    refused = await registry.change(household["id"], death, status=422)
    assert [(each["pointer"], each["code"]) for each in refused["errors"]] == [("/body/relationships", "head_missing")]
    heir = [{"person_id": spouse, "relationship": "head"}]
    await registry.change(household["id"], death | {"relationships": heir})
    last = await registry.change(household["id"], death | {"person_id": spouse, "effective_on": "2026-10-02"})
    assert last["households"][0]["ended"]["reason"] == "all_died"
    assert [each["reason"] for each in last["households"][0]["former"]] == ["died", "died"]
    late = await registry.change(household["id"], birth("2026-10-05"), status=409)
    assert [each["code"] for each in late["errors"]] == ["household_ended"]
    refused = await registry.assess(household["id"], status=422)
    assert refused["errors"][0]["code"] == "household_unknown"


async def test_who_left_can_join_another_household_and_a_member_elsewhere_leaves_there(registry: Registry) -> None:
    home, other = await settled(registry), await settled(registry, member(full_name="Đinh Thị Hoa"))
    daughter, son = ids(home)[2], ids(home)[1]
    join = {"kind": "join", "effective_on": "2026-10-01", "relationship": "child"}
    told = await registry.change(other["id"], join | {"person_id": daughter, "reason": "marriage"})
    assert [names(each) for each in told["households"]] == [
        ["Đinh Thị Hoa", "Hà Thị Lan"],
        ["Hà Thị Mận", "Hà Văn Nam"],
    ]
    leave = {"kind": "leave", "effective_on": "2026-10-02", "person_id": son, "reason": "work_elsewhere"}
    await registry.change(home["id"], leave)
    back = await registry.change(other["id"], join | {"person_id": son, "effective_on": "2026-10-03"})
    assert len(back["households"]) == 1
    assert len(back["households"][0]["members"]) == 3
    twice = await registry.change(other["id"], join | {"person_id": son, "effective_on": "2026-10-03"}, status=422)
    assert twice["errors"][0]["code"] == "member_already"
    head = await registry.change(other["id"], join | {"person_id": ids(home)[0]}, status=409)
    assert head["errors"][0]["code"] == "changed_later"
    head = join | {"person_id": ids(home)[0], "effective_on": "2026-10-03"}
    assert (await registry.change(other["id"], head, status=422))["errors"][0]["code"] == "heads_another_household"
    unknown = await registry.change(other["id"], join | {"person_id": str(uuid4())}, status=422)
    assert unknown["errors"][0]["code"] == "person_unknown"


async def test_of_two_officers_at_once_one_wins_and_the_other_is_told(registry: Registry) -> None:
    household = await settled(registry)
    path = f"/households/{household['id']}"
    tag = (await registry.client.get(path)).headers["ETag"]
    without = await registry.client.post(f"{path}/changes", json=birth("2026-06-01"), headers={"Idempotency-Key": "k"})
    assert without.status_code == 428

    async def tell(day: str) -> int:
        headers = {"Idempotency-Key": uuid4().hex, "If-Match": tag}
        return (await registry.client.post(f"{path}/changes", json=birth(day), headers=headers)).status_code

    assert sorted(await asyncio.gather(*(tell(f"2026-06-0{number}") for number in range(1, 5)))) == [201, 412, 412, 412]
    assert len((await registry.get(path))["members"]) == 4


async def test_a_change_is_confirmed_by_another_person_and_waits_in_a_list_until_then(registry: Registry) -> None:
    household = await settled(registry)
    change = (await registry.change(household["id"], birth("2026-06-01")))["change_id"]
    waiting = await registry.get("/household-changes", state="unconfirmed")
    assert [each["id"] for each in waiting["items"]] == [change]
    path = f"/household-changes/{change}/confirmation"
    assert (await _as(registry, "officer", path, None, status=403))["code"] == "same_person"
    assert (await _as(registry, "chair", path, None))["confirmed_by"] == "chair"
    assert (await _as(registry, "chair", path, None, status=409))["code"] == "change_confirmed"
    assert (await registry.get("/household-changes", state="unconfirmed"))["items"] == []


async def test_what_later_changes_or_decisions_stand_on_is_not_undone(registry: Registry) -> None:
    household = await settled(registry)
    first = (await registry.change(household["id"], birth("2026-06-01")))["change_id"]
    second = (await registry.change(household["id"], birth("2026-06-02")))["change_id"]
    refused = await registry.post(f"/household-changes/{first}/undo", NOTE, status=409)
    assert (refused["code"], refused["errors"][0]["code"]) == ("undo_refused", "changed_later")
    await registry.post(f"/household-changes/{second}/undo", NOTE)
    again = await registry.post(f"/household-changes/{second}/undo", NOTE, status=409)
    assert again["code"] == "change_settled"
    await registry.post(f"/household-changes/{first}/undo", NOTE)
    assert len((await registry.get(f"/households/{household['id']}"))["members"]) == 3
    split = {
        "kind": "split",
        "effective_on": "2026-10-01",
        "members": [{"person_id": ids(household)[2], "relationship": "head"}],
    }
    told = await registry.change(household["id"], split)
    await registry.decide([(await registry.assess(told["households"][1]["id"]))["id"]])
    refused = await registry.post(f"/household-changes/{told['change_id']}/undo", NOTE, status=409)
    assert refused["errors"][0]["code"] == "decided_since"
    undone = await registry.get("/household-changes", state="undone")
    assert {each["id"] for each in undone["items"]} == {first, second}


async def test_facts_have_one_place_and_a_survey_brings_and_uses_them(registry: Registry) -> None:
    household = await settled(registry)
    people = ids(household)
    told = {
        "kind": "facts",
        "effective_on": "2026-03-01",
        "home": {"latrine": "none", "water_source": "surface", "livestock": {"cattle": 1}},
        "members": [{"person_id": each, "health_insurance": True} for each in people],
    }
    await registry.change(household["id"], told)
    seen = await registry.assess(household["id"], facts={"latrine": "septic", "members": []})
    computed = {each["indicator"]: each["deprived"] for each in seen["computed"]}
    assert (computed["water_source"], computed["hygienic_latrine"], computed["health_insurance"]) == (
        True,
        False,
        False,
    )
    now = await registry.get(f"/households/{household['id']}")
    assert (now["facts"]["latrine"], now["facts"]["livestock"]["cattle"]) == ("septic", 1)
    earlier = await registry.get(f"/households/{household['id']}", on="2026-03-01")
    assert earlier["facts"]["latrine"] == "none"
    assert [each["kind"] for each in await registry.get(f"/households/{household['id']}/changes")] == [
        "survey",
        "facts",
    ]
    without = await registry.assess(household["id"], assessed_on="2026-03-02")
    assert {each["indicator"]: each["deprived"] for each in without["computed"]}["hygienic_latrine"] is True


async def test_a_number_is_added_and_compared_and_belongs_to_one(registry: Registry) -> None:
    household, other = await settled(registry), await settled(registry)
    details = {"kind": "details", "effective_on": "2026-10-01", "person_id": ids(household)[0]}
    told = await registry.change(household["id"], details | {"personal_number": "025085000123"})
    assert [each["code"] for each in told["warnings"]] == ["personal_number_sex"]
    assert told["households"][0]["members"][0]["personal_number_ends"] == "123"
    taken = details | {"person_id": ids(other)[0], "personal_number": "025085000123"}
    problem = await registry.change(other["id"], taken, status=409)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("person_registered", "/body/personal_number")


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        pytest.param(birth("2999-01-01"), "/body/effective_on", "not_yet", id="not yet"),
        pytest.param(birth("2026-01-04"), "/body/effective_on", "before_registration", id="before the household"),
        pytest.param(birth("2026-06-01") | {"effective_on": "2026-06-02"}, "/body", "birth_on_another_day", id="day"),
        pytest.param(birth("2026-06-01", relationship="head"), "/body/member/relationship", "one_head", id="two heads"),
        pytest.param(
            {"kind": "move", "effective_on": "2026-09-01", "area_code": "240"},
            "/body/area_code",
            "not_a_commune_then",
            id="to a district",
        ),
        pytest.param(
            {"kind": "move", "effective_on": "2026-09-01", "area_code": "08593", "village_code": "08593-9"},
            "/body/village_code",
            "not_a_village_then",
            id="to no village",
        ),
        pytest.param(
            {"kind": "move", "effective_on": "2026-09-01", "area_code": "08566"},
            "/body/effective_on",
            "changes_nothing",
            id="to where it is",
        ),
        pytest.param(
            {"kind": "leave", "effective_on": "2026-09-01", "person_id": str(uuid4()), "reason": "other"},
            "/body/person_id",
            "not_a_member",
            id="who is no member",
        ),
    ],
)
async def test_a_change_that_cannot_be_is_refused_by_field_and_changes_nothing(
    used_registry: Registry, change: dict[str, Any], pointer: str, code: str
) -> None:
    household = await settled(used_registry)
    problem = await used_registry.change(household["id"], change, status=422)
    found = [(each["pointer"].removesuffix("/birth"), each["code"]) for each in problem["errors"]]
    assert found == [(pointer, code)]
    assert await used_registry.get(f"/households/{household['id']}") == household
    assert await used_registry.get(f"/households/{household['id']}/changes") == []
