"""The real reorganisation of 1 July 2025, 479 communes into 148, carried through with households in every commune."""

import csv
import os
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from sqlalchemy import text

from services.registry.domain.area_csv import read_areas
from shared.maps import unplaced
from tests.integration.registry.conftest import Registry, member
from tests.integration.registry.conftest import registry as registry
from tests.support.reorganising import applied, approved, counted, in_state, planned, sent

DAY, LAST = "2025-07-01", "2025-06-30"


def _reference(name: str) -> str:
    folder = os.environ.get("ANSINH_STANDARDS_DIR")
    if not folder:
        pytest.fail("ANSINH_STANDARDS_DIR must name the folder that holds reference/")
    return (Path(folder) / "reference" / name).read_text(encoding="utf-8")


async def _loaded(registry: Registry) -> tuple[list[str], list[tuple[str, str]]]:
    """State the real units and register a household in each old commune; return the communes and the successions."""
    lists = [_reference(f"areas_{name}.csv") for name in ("until_2025-06-30", "from_2025-07-01")]
    # The sample's unit of half a year would overlap with the real one.
    async with registry.database.transaction() as session:
        await session.execute(text("DELETE FROM areas"))
    for content in lists:
        answer = await registry.client.post(
            "/areas/imports", content=content.encode(), headers={"Content-Type": "text/csv"}
        )
        assert answer.status_code == 200, answer.text
    communes = [each.code for each in read_areas(lists[0]).values() if each.level == "commune"]
    for start in range(0, len(communes), 200):
        body = [
            {"area_code": code, "registered_on": "2025-01-05", "members": [member()]}
            for code in communes[start : start + 200]
        ]
        await registry.post("/households/batches", {"households": body})
    rows = csv.DictReader(_reference("area_successions_2025-07-01.csv").splitlines())
    return communes, [(row["old_code"], row["new_code"]) for row in rows]


async def test_every_household_of_the_three_provinces_goes_where_the_law_says(registry: Registry) -> None:
    communes, pairs = await _loaded(registry)
    heirs: dict[str, list[str]] = defaultdict(list)
    for old, new in pairs:
        heirs[old].append(new)
    split = sorted(code for code in communes if len(heirs[code]) > 1)
    planned_ = await planned(registry, DAY, pairs)
    path = f"/reorganisations/{planned_['id']}"
    plan = await registry.get(f"{path}/plan")
    fates = Counter(each["fate"] for each in plan["units"] if each["level"] == "commune")
    staying = sum(heirs[code] == [code] for code in communes)
    assert fates == {"stays": staying, "moves": 479 - staying - 3, "split": 3}
    assert Counter(each["fate"] for each in plan["units"] if each["level"] == "district") == {"ends": 32}
    assert (plan["moving"], plan["staying"], plan["to_place"], plan["without_successor"]) == (
        479 - staying - 3,
        staying,
        3,
        0,
    )
    await applied(registry, planned_["id"])
    expected = Counter(unplaced(code) if code in split else heirs[code][0] for code in communes)
    assert await counted(registry) == expected
    assert len({code for code in expected if not code.endswith("?")}) == 148
    waiting = (await registry.get(f"{path}/worklist"))["items"]
    assert sorted(each["old_code"] for each in waiting) == split
    for each in waiting:
        body = {"household_ids": [each["household_id"]], "area_code": each["candidates"][0]}
        await sent(registry, "officer", f"{path}/placements", body)
    assert set(await counted(registry)) == {new for code in communes for new in heirs[code]} - _only_in_parts(
        heirs, split
    )
    await approved(registry, await sent(registry, "officer", f"{path}/confirmation"))
    assert (await in_state(registry, planned_["id"], "confirmed"))["confirmed_by"] == "chair"


def _only_in_parts(heirs: dict[str, list[str]], split: list[str]) -> set[str]:
    """Return new communes that took nothing but the part of a split one in which no household was placed."""
    whole = {codes[0] for codes in heirs.values() if len(codes) == 1}
    return {new for code in split for new in heirs[code][1:] if new not in whole}


async def test_every_old_commune_is_found_on_the_new_map_and_back(registry: Registry) -> None:
    _, pairs = await _loaded(registry)
    planned_ = await planned(registry, DAY, pairs)
    await applied(registry, planned_["id"])
    old = await counted(registry, on="2025-03-01", map_on=LAST)
    new = await counted(registry, on="2025-03-01", map_on=DAY)
    back = await counted(registry, on=DAY, map_on=LAST)
    assert len(old) == 479
    assert old == back
    assert (new.pop(None), sum(new.values()), len(new)) == (3, 476, 148), "three wait to be placed"
