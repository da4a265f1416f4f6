"""Lists as files: what one may see, of one instant, numbers masked, in one row of the record."""

import csv
import io
from typing import Any

from openpyxl import load_workbook
from sqlalchemy import select

from services.registry.domain.household_csv import AUTHORISED
from services.registry.domain.list_words import heading_of
from services.registry.duplicate_scan import compare_new_people
from services.registry.store import people_search
from shared.access import Role
from shared.audit.tables import audit_rows
from shared.keys import keys_of
from shared.spreadsheets import MEDIA_TYPE
from tests.integration.registry.conftest import Registry, member
from tests.integration.registry.test_households import NUMBER
from tests.integration.registry.test_where_to_pay import AUTHORISED as AUTHORISED_PERSON
from tests.integration.registry.test_where_to_pay import OF_SON, UNTIL, changed
from tests.support.access import grant
from tests.support.tokens import bearer

PURPOSE = "Đối chiếu với ngân hàng trước kỳ chi tháng 12"


async def exported(registry: Registry, path: str, **query: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    answer = await registry.client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def record(registry: Registry, operation: str) -> list[Any]:
    """Return the rows of the record that an operation left."""
    async with registry.database.transaction() as session:
        query = select(audit_rows).where(audit_rows.c.operation == operation)
        return list((await (await session.connection()).execute(query)).all())


async def test_people_are_exported_with_masked_numbers_and_one_row_in_the_record(registry: Registry) -> None:
    an = await registry.register(member(full_name="Hà Văn An", phone="0912345678", personal_number=NUMBER))
    be = await registry.register(member(full_name="=HYPERLINK(1)"), area_code="08593")
    await changed(registry, be["members"][0]["id"], OF_SON)
    rows = await exported(registry, "/people.csv")
    assert [row["Họ và tên"] for row in rows] == ["Hà Văn An", "'=HYPERLINK(1)"]
    assert rows[0]["Số điện thoại"] == "0912345678"
    assert rows[0]["Số định danh cá nhân"] == "***123"
    assert rows[0]["Ngày sinh"] == "12/03/1985"
    assert (rows[0]["Giới tính"], rows[0]["Quan hệ với chủ hộ"]) == ("Nữ", "Chủ hộ")
    assert (rows[1]["Số tài khoản"], rows[1]["Mã ngân hàng"]) == ("***999", "970436")
    assert [rows[1][heading_of(each)] for each in AUTHORISED] == [
        "Hà Văn Nam", "***123", "Giấy ủy quyền", "12/GUQ", "05/01/2026", "05/01/2026", f"{UNTIL:%d/%m/%Y}",
    ]  # fmt: skip
    assert [rows[0][heading_of(each)] for each in AUTHORISED] == [""] * len(AUTHORISED)
    (row,) = await record(registry, "export_people")
    ids = [each["members"][0]["id"] for each in (an, be)]
    async with registry.database.transaction() as session:
        digest = keys_of(session).digests.of_all(ids)
    assert (row.details["count"], row.details["ids"]) == (2, digest)
    assert row.purpose is None


async def test_numbers_are_whole_for_who_may_see_them_and_says_what_for(registry: Registry) -> None:
    home = await registry.register(member(personal_number=NUMBER))
    await changed(registry, home["members"][0]["id"], OF_SON)
    await registry.register(member(full_name="Hà Văn Bé"), area_code="08593")
    rows = await exported(registry, "/people.csv", purpose=PURPOSE, name="man")
    numbers = ("Số định danh cá nhân", "Số tài khoản", heading_of("authorised_number"))
    assert [tuple(row[each] for each in numbers) for row in rows] == [
        (NUMBER, OF_SON["number"], AUTHORISED_PERSON["personal_number"])
    ]
    (row,) = await record(registry, "export_people")
    assert row.purpose == PURPOSE
    person = rows[0]["Mã người"]
    assert await registry.get(f"/people/{person}/numbers", purpose=PURPOSE) == {
        "personal_number": NUMBER, "account_number": OF_SON["number"],
    }  # fmt: skip
    (row,) = await record(registry, "get_person_numbers")
    assert (row.object_id, row.purpose) == (person, PURPOSE)
    assert (await registry.client.get(f"/people/{person}/numbers")).status_code == 422
    await grant(registry.database, "looker", roles=[Role.AUDITOR])
    registry.client.headers.update(bearer("looker"))
    assert len(await exported(registry, "/people.csv")) == 2
    refused = await registry.client.get("/people.csv", params={"purpose": PURPOSE})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing")


async def test_a_file_holds_what_lies_within_ones_rights_alone(registry: Registry) -> None:
    await registry.register(member(full_name="Hà Văn An"))
    await registry.register(member(full_name="Hà Văn Bé"), area_code="08593")
    await grant(registry.database, "one", area="08593", communes=["08593"])
    registry.client.headers.update(bearer("one"))
    assert [row["Họ và tên"] for row in await exported(registry, "/people.csv")] == ["Hà Văn Bé"]
    assert [row["Chủ hộ"] for row in await exported(registry, "/households.csv")] == ["Hà Văn Bé"]


async def test_more_than_a_page_comes_in_order_once_each(registry: Registry, monkeypatch: Any) -> None:
    names = [f"Hà Văn {given}" for given in ("An", "Ánh", "Ân", "Bé", "Chi", "Đào", "Mận")]
    for name in reversed(names):
        await registry.register(member(full_name=name))
    for module in ("services.registry.api.exports",):
        monkeypatch.setattr(f"{module}._AT_ONCE", 2)
        monkeypatch.setattr(f"{module}._IDS_AT_ONCE", 3)
    assert [row["Họ và tên"] for row in await exported(registry, "/people.csv")] == names
    assert len(await exported(registry, "/households.csv")) == 7
    (row,) = await record(registry, "export_households")
    assert row.details["count"] == 7


async def test_what_is_registered_meanwhile_is_in_neither_the_file_nor_the_record(
    registry: Registry, monkeypatch: Any
) -> None:
    await registry.register(member(full_name="Hà Văn An"))
    found = people_search.everybody_found

    async def after_another(*args: Any, **kwargs: Any) -> Any:
        await registry.register(member(full_name="Hà Văn Bé"))
        async for page in found(*args, **kwargs):
            yield page

    monkeypatch.setattr(people_search, "everybody_found", after_another)
    assert [row["Họ và tên"] for row in await exported(registry, "/people.csv")] == ["Hà Văn An"]
    (row,) = await record(registry, "export_people")
    assert row.details["count"] == 1


async def test_a_workbook_and_the_queue_of_pairs_come_the_same_way(registry: Registry) -> None:
    await registry.register(member(full_name="Hà Thị Mận", phone="0912345678"))
    await registry.register(member(full_name="Hà Thị Mận"), area_code="08593")
    answer = await registry.client.get("/people.xlsx")
    assert answer.headers["content-type"] == MEDIA_TYPE
    sheet = load_workbook(io.BytesIO(answer.content))["Danh sách"]
    header, first, *_ = [[cell.value for cell in row] for row in sheet]
    assert dict(zip(header, first, strict=True))["Số điện thoại"] == "0912345678"
    await compare_new_people(registry.database)
    (pair,) = await exported(registry, "/duplicates.csv")
    assert (pair["Họ và tên 1"], pair["Mã xã 2"], pair["Điểm giống nhau"]) == ("Hà Thị Mận", "08593", "80")
    assert pair["Giống nhau ở"] == "họ tên, ngày sinh, giới tính"
    await grant(registry.database, "one", area="08593", communes=["08593"])
    registry.client.headers.update(bearer("one"))
    (pair,) = await exported(registry, "/duplicates.csv")
    assert sorted((pair["Họ và tên 1"], pair["Họ và tên 2"])) == ["", "Hà Thị Mận"]
