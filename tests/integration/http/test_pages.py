"""Walking a list: nothing missed, nothing doubled, no cursor of another list."""

from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import delete, insert

from shared.db import Database
from shared.ids import new_id
from tests.integration.http.sample import things

URL = "/registry/v1/things"


async def fill(database: Database, names: list[str], size: int = 1) -> None:
    async with database.transaction() as session:
        rows = [{"id": new_id(), "name": name, "size": size} for name in names]
        await (await session.connection()).execute(insert(things), rows)


async def test_a_walk_finds_every_row_once_while_others_come_and_go(
    client: httpx.AsyncClient, database: Database
) -> None:
    lasting = [f"n{number:02}" for number in range(20)]
    await fill(database, lasting)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await client.get(URL, params={"limit": 3, **({"cursor": cursor} if cursor else {})})).json()
        seen += [item["name"] for item in page["items"]]
        cursor = page["next"]
        await fill(database, [f"n{len(seen) - 2:02}x", f"a{len(seen)}"])
        async with database.transaction() as session:
            gone = delete(things).where(things.c.name == f"a{len(seen)}")
            await (await session.connection()).execute(gone)
    assert [name for name in seen if name in lasting] == lasting
    assert len(seen) == len(set(seen))


async def test_the_link_header_leads_to_the_next_page_with_the_same_filters(
    client: httpx.AsyncClient, database: Database
) -> None:
    await fill(database, ["a", "b", "c"])
    await fill(database, ["d"], size=2)
    first = await client.get(f"{URL}?limit=2&size=1&size=3")
    url = first.links["next"]["url"]
    second = await client.get(url)
    assert [item["name"] for item in second.json()["items"]] == ["c"]
    assert second.json()["next"] is None
    assert "link" not in second.headers


async def test_fifty_rows_are_a_page_when_no_limit_is_named(client: httpx.AsyncClient, database: Database) -> None:
    await fill(database, [f"n{number}" for number in range(51)])
    assert len((await client.get(URL)).json()["items"]) == 50
    assert len((await client.get(f"{URL}?limit=500")).json()["items"]) == 51


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda cursor: f"limit=1&size=2&cursor={quote(cursor)}", id="other filters"),
        pytest.param(lambda cursor: f"limit=1&cursor={quote(cursor[:-2])}", id="cut short"),
        pytest.param(lambda cursor: f"limit=1&cursor={quote('A' + cursor)}", id="changed"),
        pytest.param(lambda _: f"limit=1&cursor={quote('không')}", id="no base64"),
        pytest.param(lambda _: "limit=1&cursor=", id="empty"),
    ],
)
async def test_a_cursor_that_is_not_of_this_list_is_refused(
    client: httpx.AsyncClient, database: Database, spoil: object
) -> None:
    await fill(database, ["a", "b"])
    cursor = (await client.get(f"{URL}?limit=1")).json()["next"]
    assert callable(spoil)
    response = await client.get(f"{URL}?{spoil(cursor)}")
    assert (response.status_code, response.json()["code"]) == (400, "cursor_invalid")


async def test_another_limit_may_be_asked_for_on_the_way(client: httpx.AsyncClient, database: Database) -> None:
    await fill(database, ["a", "b", "c"])
    cursor = (await client.get(f"{URL}?limit=1")).json()["next"]
    page = (await client.get(URL, params={"limit": 2, "cursor": cursor})).json()
    assert [item["name"] for item in page["items"]] == ["b", "c"]
