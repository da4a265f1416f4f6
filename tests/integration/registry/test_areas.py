"""Administrative units with validity, and the published numbers that rates divide by."""

from typing import Any

import pytest

from services.registry.official_areas import official_areas
from shared.events.registry import AreaStated, AreaTotalsStated
from tests.integration.registry.conftest import SAMPLE_AREAS, Registry


def area(**changes: Any) -> dict[str, Any]:
    return {
        "code": "08620",
        "name": "Xã Long Cốc",
        "level": "commune",
        "parent_code": "25",
        "kind": "xã",
        "valid_from": "2025-07-01",
    } | changes


async def test_a_reused_code_is_another_unit_on_another_day(registry: Registry) -> None:
    assert (await registry.get("/areas/08566", on="2025-06-30"))["name"] == "Thị trấn Tân Phú"
    assert (await registry.get("/areas/08566", on="2025-07-01"))["name"] == "Xã Tân Sơn"
    answer = await registry.client.get("/areas/240", params={"on": "2025-07-01"})
    assert (answer.status_code, answer.json()["code"]) == (404, "area_not_found")


async def test_events_tell_whether_a_unit_is_urban_or_rural(registry: Registry) -> None:
    stated = [e for e in await registry.events(AreaStated) if isinstance(e, AreaStated) and e.code == "08566"]
    assert [(e.setting, e.version, e.valid_to is None) for e in stated] == [("urban", 1, False), ("rural", 1, True)]


async def test_stating_the_same_again_changes_nothing(registry: Registry) -> None:
    before = len(await registry.events(AreaStated))
    answer = await registry.client.post(
        "/areas/imports", content=SAMPLE_AREAS.read_bytes(), headers={"Content-Type": "text/csv"}
    )
    assert answer.json() == {"created": 0, "changed": 0, "unchanged": 10}
    assert len(await registry.events(AreaStated)) == before


async def test_a_corrected_unit_is_told_with_its_next_version(registry: Registry) -> None:
    assert await registry.post("/areas", [area()], status=200) == {"created": 1, "changed": 0, "unchanged": 0}
    corrected = area(name="Xã Long Cốc (sửa)")
    assert await registry.post("/areas", [corrected], status=200) == {"created": 0, "changed": 1, "unchanged": 0}
    stated = [e for e in await registry.events(AreaStated) if isinstance(e, AreaStated) and e.code == "08620"]
    assert [e.version for e in stated] == [1, 2]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param([area(code="08566", valid_from="2026-01-01")], "area_overlap", id="two units of one code"),
        pytest.param([area(parent_code="99")], "area_parent_unknown", id="no parent"),
        pytest.param([area(parent_code="08593")], "area_parent_unknown", id="parent of the same level"),
        pytest.param([area(), area()], "area_twice", id="twice"),
    ],
)
async def test_units_that_contradict_each_other_are_refused(
    used_registry: Registry, body: list[dict[str, Any]], error: str
) -> None:
    problem = await used_registry.post("/areas", body, status=422)
    assert (problem["code"], problem["errors"][-1]["code"]) == ("areas_refused", error)
    assert problem["errors"][-1]["pointer"] == f"/body/{len(body) - 1}"


async def test_a_broken_file_is_refused_by_line_and_column(registry: Registry) -> None:
    lines = SAMPLE_AREAS.read_text(encoding="utf-8").splitlines()
    lines[4] = lines[4].replace("thị trấn", "làng")
    lines[6] += ",x"
    answer = await registry.client.post(
        "/areas/imports", content="\n".join(lines).encode(), headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == 422
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [
        ("/body/lines/5", "area_kind"),
        ("/body/lines/7", "csv_columns"),
    ]


async def test_the_merged_province_lists_its_148_communes(registry: Registry) -> None:
    body = [each.model_dump(mode="json") for each in official_areas("25")]
    assert (await registry.post("/areas", body, status=200))["created"] == 149 - 7
    seen: list[str] = []
    query = {"level": "commune", "parent_code": "25", "limit": "60"}
    page = await registry.get("/areas", **query)
    seen += [each["code"] for each in page["items"]]
    while page["next"]:
        page = await registry.get("/areas", **query, cursor=page["next"])
        seen += [each["code"] for each in page["items"]]
    assert len(seen) == len(set(seen)) == 148
    assert seen == sorted(seen)


async def test_published_totals_are_told_once_and_corrected_by_version(registry: Registry) -> None:
    totals = {"code": "25", "year": 2024, "households": 997_683, "people": 4_022_600, "source": "Báo cáo 324/BC-UBND"}
    # The code named one unit in 2024, so that one is meant; parts are not published.
    parts: dict[str, object] = {"urban": None, "rural": None, "ethnicities": {}, "valid_from": "0001-01-01"}
    assert (await registry.post("/area-totals", [totals], status=200))["created"] == 1
    assert (await registry.post("/area-totals", [totals], status=200))["unchanged"] == 1
    assert (await registry.post("/area-totals", [totals | {"households": 997_684}], status=200))["changed"] == 1
    events = [e for e in await registry.events(AreaTotalsStated) if isinstance(e, AreaTotalsStated)]
    assert [(e.version, e.households) for e in events] == [(1, 997_683), (2, 997_684)]
    assert (await registry.get("/area-totals", year="2024"))["items"] == [totals | {"households": 997_684} | parts]
    problem = await registry.post("/area-totals", [totals | {"code": "99"}], status=422)
    assert [each["code"] for each in problem["errors"]] == ["area_unknown"]


async def test_in_its_year_of_change_a_code_means_two_units_and_totals_say_which(registry: Registry) -> None:
    totals = {"code": "08566", "year": 2025, "households": 1500, "people": 6000, "source": "Niên giám 2025"}
    problem = await registry.post("/area-totals", [totals], status=422)
    (error,) = problem["errors"]
    assert (error["pointer"], error["code"]) == ("/body/0/valid_from", "several_units_then")
    assert "2025-01-01 (Thị trấn Tân Phú); 2025-07-01 (Xã Tân Sơn)" in error["message"]
    township = totals | {"valid_from": "2025-01-01"}
    commune = totals | {"valid_from": "2025-07-01", "households": 4200, "people": 17_000}
    answer = await registry.post("/area-totals", [township, commune], status=200)
    assert answer == {"created": 2, "changed": 0, "unchanged": 0}
    shown = (await registry.get("/area-totals", code="08566"))["items"]
    assert [(each["valid_from"], each["households"]) for each in shown] == [("2025-01-01", 1500), ("2025-07-01", 4200)]
    page = await registry.get("/area-totals", code="08566", limit="1")
    rest = await registry.get("/area-totals", code="08566", cursor=page["next"])
    assert [*page["items"], *rest["items"]] == shown
    corrected = await registry.post("/area-totals", [commune | {"households": 4201}], status=200)
    assert corrected == {"created": 0, "changed": 1, "unchanged": 0}
    events = [each for each in await registry.events(AreaTotalsStated) if isinstance(each, AreaTotalsStated)]
    assert [(str(each.valid_from), each.version, each.households) for each in events] == [
        ("2025-01-01", 1, 1500),
        ("2025-07-01", 1, 4200),
        ("2025-07-01", 2, 4201),
    ]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param({"year": 2026}, "2025-07-01", id="the only unit of the year"),
        pytest.param({"year": 2024, "valid_from": "2025-07-01"}, "2025-07-01", id="published for the map of today"),
        pytest.param({"year": 2024, "code": "08593"}, "2025-07-01", id="the only unit that ever had the code"),
        pytest.param({"year": 2024}, "several_units_then", id="none of several had it then"),
        pytest.param({"year": 2026, "valid_from": "2026-01-01"}, "no_unit_from_then", id="no unit begins then"),
        pytest.param({"year": 2026, "code": "99999", "valid_from": "2026-01-01"}, "area_unknown", id="no such code"),
    ],
)
async def test_the_unit_of_totals_is_the_one_that_can_be_meant(
    registry: Registry, row: dict[str, Any], expected: str
) -> None:
    totals: dict[str, Any] = {"code": "08566", "households": 10, "people": 40, "source": "Niên giám"} | row
    answer = await registry.client.post("/area-totals", json=[totals])
    if answer.status_code == 200:
        (shown,) = (await registry.get("/area-totals", code=totals["code"]))["items"]
        assert shown["valid_from"] == expected
    else:
        assert [each["code"] for each in answer.json()["errors"]] == [expected]


ZONE = {
    "code": "08566",
    "valid_from": "2025-07-01",
    "zone": "III",
    "extremely_difficult": True,
    "legal_basis": "QĐ 861",
}


async def test_zones_are_dated_and_begin_and_end_by_themselves(registry: Registry) -> None:
    first = ZONE | {"valid_to": "2025-12-31"}
    answer = await registry.post("/area-zones", [first, ZONE | {"valid_from": "2026-01-01", "zone": "II"}], status=200)
    assert answer == {"created": 2, "changed": 0, "unchanged": 0}
    assert (await registry.post("/area-zones", [first], status=200))["unchanged"] == 1

    async def zone(on: str) -> list[str]:
        return [each["zone"] for each in (await registry.get("/area-zones", on=on, code="08566"))["items"]]

    assert [await zone(day) for day in ("2025-06-30", "2025-12-31", "2026-01-01")] == [[], ["III"], ["II"]]


@pytest.mark.parametrize(
    ("zone", "pointer", "code"),
    [
        pytest.param({"code": "240"}, "/body/0/code", "area_unknown", id="a district"),
        pytest.param({"code": "99999"}, "/body/0/code", "area_unknown", id="no unit"),
        pytest.param({"zone": "IV"}, "/body/0/zone", "literal_error", id="no such zone"),
        pytest.param({"zone": None, "extremely_difficult": False}, "/body/0", "zone_says_nothing", id="nothing"),
        pytest.param({"valid_to": "2025-06-30"}, "/body/0", "area_period", id="ends before"),
    ],
)
async def test_a_zone_that_cannot_be_is_refused(
    registry: Registry, zone: dict[str, Any], pointer: str, code: str
) -> None:
    problem = await registry.post("/area-zones", [ZONE | zone], status=422)
    assert [(each["pointer"], each["code"]) for each in problem["errors"]] == [(pointer, code)]


async def test_totals_tell_their_parts_which_are_never_more_than_the_whole(registry: Registry) -> None:
    totals = {"code": "08566", "year": 2025, "households": 100, "people": 400, "source": "Niên giám"}
    totals |= {"valid_from": "2025-07-01"}
    parts = {
        "urban": {"households": 0, "people": 0},
        "rural": {"households": 100, "people": 400},
        "ethnicities": {"06": {"households": 80, "people": 330}},
    }
    await registry.post("/area-totals", [totals | parts], status=200)
    (shown,) = (await registry.get("/area-totals", code="08566"))["items"]
    assert shown == totals | parts
    for wrong in (
        {"urban": {"households": 1, "people": 0}},
        {"ethnicities": {"06": {"households": 80, "people": 401}}},
    ):
        problem = await registry.post("/area-totals", [totals | parts | wrong], status=422)
        assert [each["code"] for each in problem["errors"]] == ["parts_of_totals"]
