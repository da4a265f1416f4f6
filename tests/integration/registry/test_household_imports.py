"""Households by lists: what is right is registered once, what is wrong is refused whole, told, and can be mended."""

import random
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from openpyxl import load_workbook
from starlette.requests import ClientDisconnect

from services.registry.api.household_imports import HOUSEHOLD_IMPORT
from services.registry.domain.list_words import heading_of
from services.registry.jobs import import_households
from services.registry.store import household_chunks
from shared.events.registry import HouseholdStated, PersonStated
from shared.jobs import JobRunner
from shared.spreadsheets import MEDIA_TYPE as XLSX
from shared.spreadsheets import xlsx_stream
from tests.integration.registry.conftest import Registry, member
from tests.support.access import grant
from tests.support.household_lists import COLUMNS, households, read, rows_of_household, written
from tests.support.tokens import bearer
from tests.support.waiting import until

PATH = "/household-imports"
CSV = "text/csv; charset=utf-8"


async def send(
    registry: Registry, content: bytes, *, status: int = 202, by: str = "officer", kind: str = CSV, **query: str
) -> Any:
    """Send a list and return what is answered."""
    headers = {"Content-Type": kind} | bearer(by)
    answer = await registry.client.post(PATH, content=content, headers=headers, params=query)
    assert answer.status_code == status, answer.text
    return answer.json()


async def done(registry: Registry, *jobs: Any, by: str = "officer") -> list[Any]:
    """Let jobs be done and return their results."""

    async def ended() -> list[Any] | None:
        headers = bearer(by)
        found = [(await registry.client.get(f"/jobs/{job['id']}", headers=headers)).json() for job in jobs]
        return found if all(each["state"] in ("done", "failed") for each in found) else None

    async with JobRunner(registry.database, {HOUSEHOLD_IMPORT: import_households}, poll=0.01).running():
        found = await until(ended, within=60, describe="the imports end")
    assert [each["problem"] for each in found or []] == [None] * len(jobs)
    return [each["result"] for each in found or []]


async def imported(registry: Registry, content: bytes, source: str = "list") -> Any:
    """Send a list, let it be done, and return how often what happened."""
    job = await send(registry, content, source=source)
    (result,) = await done(registry, job)
    counts = {name: result[name] for name in ("created", "people", "unchanged", "refused")}
    return counts | {"id": job["id"]}


async def faults(registry: Registry, import_id: str) -> list[tuple[int, str | None, str]]:
    """Return where an import found what."""
    page = await registry.get(f"{PATH}/{import_id}/errors", limit="500")
    return [(each["line"], each["column"], each["code"]) for each in page["items"]]


async def test_a_list_is_registered_and_told_as_if_every_household_had_been_sent(registry: Registry) -> None:
    result = await imported(registry, written(households(range(40))))
    assert (result["created"], result["people"], result["refused"]) == (40, 120, 0)
    stated = [event for event in await registry.events(HouseholdStated) if isinstance(event, HouseholdStated)]
    people = [event for event in await registry.events(PersonStated) if isinstance(event, PersonStated)]
    assert (len(stated), len(people)) == (40, 120)
    listed = await registry.get("/households", area_code="08566", limit="100")
    assert {each["id"] for each in listed["items"]} == {str(event.household_id) for event in stated}
    shown = await registry.get(f"/households/{stated[0].household_id}")
    assert [each["full_name"] for each in shown["members"]] == [
        event.full_name for event in people if event.household_id == stated[0].household_id
    ]
    assert shown["members"][0]["phone"].startswith("+849")
    told = await registry.get(f"{PATH}/{result['id']}")
    assert (told["rows"], told["rows_done"], told["people"], told["faults"]) == (120, 120, 120, [])


@pytest.mark.parametrize("page", [3, 7, 61], ids="pages of {}".format)
async def test_rows_of_a_household_may_stand_anywhere_and_fall_on_any_page(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(household_chunks, "_PAGE", page)
    rows = households(range(50), members=2)
    rest = [row for row in rows if row["relationship"] != "head"]
    random.Random(7).shuffle(rest)
    mixed = [row for row in rows if row["relationship"] == "head"] + rest
    result = await imported(registry, written(mixed))
    assert (result["created"], result["people"], result["refused"]) == (50, 100, 0)


async def test_rows_without_end_under_one_reference_are_refused_as_one_household(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(household_chunks, "_PAGE", 3)
    rows = [*rows_of_household(1), *rows_of_household(2, 10), *rows_of_household(3, 2)]
    result = await imported(registry, written(rows))
    assert (result["created"], result["refused"]) == (1, 2)  # a page cannot tell that the first one ends with it
    assert await faults(registry, result["id"]) == [(line, "household", "household_too_large") for line in (2, 5)]
    returned = read((await registry.client.get(f"{PATH}/{result['id']}/errors.csv?purpose=Gui+lai+danh+sach")).content)
    assert [row["Dòng"] for row in returned] == [str(line) for line in range(2, 15)]


async def test_what_was_refused_is_given_back_with_its_numbers_only_for_a_purpose(registry: Registry) -> None:
    account = {
        "bank_bin": "970405", "account_number": "2700205123456", "account_holder": "HA THI MAN",
        "authorised_number": "025085000123",
    }  # fmt: skip
    rows = list(rows_of_household(1, 1, personal_number="999 170 000 010", **account))
    result = await imported(registry, written(rows, list(rows[0])))
    assert result["refused"] == 1
    path = f"{PATH}/{result['id']}/errors.csv"
    (masked,) = read((await registry.client.get(path)).content)
    assert (masked["Số định danh cá nhân"], masked["Số tài khoản"]) == ("•••010", "•••456")
    assert masked["Số định danh người được ủy quyền"] == "•••123"
    (whole,) = read((await registry.client.get(f"{path}?purpose=Gui+lai+danh+sach")).content)
    assert (whole["Số định danh cá nhân"], whole["Số tài khoản"]) == ("999 170 000 010", "2700205123456")


async def test_a_household_with_a_fault_is_refused_whole_and_the_others_are_registered(registry: Registry) -> None:
    rows = households(range(6), members=2)
    rows[3]["birth_date"] = "31/2/2010"
    rows[3]["ethnicity"] = "99"
    rows[4]["area_code"] = "99999"
    rows[6]["relationship"] = "child"
    rows[8]["household"] = ""
    rows[9]["household"] = " "
    result = await imported(registry, written(rows))
    assert (result["created"], result["refused"]) == (2, 5)
    assert await faults(registry, result["id"]) == [
        (5, "birth_date", "date_from_datetime_parsing"),
        (5, "ethnicity", "ethnicity"),
        (6, "area_code", "not_a_commune_then"),
        (8, "relationship", "one_head"),
        (10, "household", "missing"),
        (11, "household", "missing"),
    ]
    (first, *_) = (await registry.get(f"{PATH}/{result['id']}/errors", limit="1"))["items"]
    assert (first["household"], set(first["message"])) == ("HN-0000001", {"vi", "en"})
    assert first["mend"]["vi"] == "Ghi ngày có thật dạng ngày/tháng/năm, ví dụ 12/03/1985."
    counts = (await registry.get(f"{PATH}/{result['id']}"))["faults"]
    assert counts[0] == {"code": "missing", "count": 2}


@pytest.mark.parametrize("delimiter", [",", ";"], ids=["comma", "semicolon"])
async def test_what_was_refused_comes_back_as_sent_and_goes_in_once_it_is_mended(
    registry: Registry, delimiter: str
) -> None:
    rows = households(range(5))
    rows[4]["phone"] = "113"
    rows[9] |= {"sex": "x", "full_name": 'Hà "Mận", con'}
    first = await imported(registry, b"\xef\xbb\xbf" + written(rows, delimiter=delimiter))
    assert (first["created"], first["refused"]) == (3, 2)
    answer = await registry.client.get(f"{PATH}/{first['id']}/errors.csv?purpose=Gui+lai+danh+sach")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    returned = read(answer.content, delimiter)
    assert [[row[heading_of(name)] for name in COLUMNS] for row in returned] == [
        list(row.values()) for row in rows[3:6] + rows[9:12]
    ]
    assert [row["Dòng"] for row in returned if row["Lỗi"]] == ["6", "11"]
    assert returned[1]["Lỗi"].startswith("Số điện thoại: ")
    assert "10 chữ số" in returned[1]["Cách sửa"]
    assert returned[1]["Error"].startswith("phone: ")
    returned[1]["Số điện thoại"] = ""
    returned[3]["Giới tính"] = "Nữ"
    second = await imported(registry, written(returned, list(returned[0]), delimiter))
    assert (second["created"], second["refused"]) == (2, 0)
    nothing = await registry.client.get(f"{PATH}/{second['id']}/errors.csv")
    assert nothing.text.count("\n") == 1


async def _workbook(*pieces: str) -> bytes:
    async def given() -> AsyncIterator[str]:
        for piece in pieces:
            yield piece

    return b"".join([piece async for piece in xlsx_stream(given(), title="Danh sách")])


async def test_a_workbook_is_registered_and_comes_back_as_one_to_be_mended(registry: Registry, tmp_path: Path) -> None:
    rows = households(range(3))
    rows[0] |= {"sex": "Nữ", "relationship": "Chủ hộ", "area_code": "8566", "ethnicity": "6"}
    rows[4] |= {"birth_date": "31/2/2010"}
    headed = [{heading_of(name): value for name, value in row.items()} for row in rows]
    content = await _workbook(written(headed, [heading_of(name) for name in COLUMNS]).decode())
    job = await send(registry, content, kind=XLSX)
    (result,) = await done(registry, job)
    assert (result["created"], result["refused"]) == (2, 1)
    assert await faults(registry, job["id"]) == [(6, "birth_date", "date_from_datetime_parsing")]
    answer = await registry.client.get(f"{PATH}/{job['id']}/errors.xlsx?purpose=Gui+lai+danh+sach")
    assert answer.headers["content-type"] == XLSX
    path = tmp_path / "refused.xlsx"
    path.write_bytes(answer.content)
    book = load_workbook(path)
    sheet = book["Danh sách"]
    header = [cell.value for cell in sheet[1]]
    assert [sheet.cell(3, header.index(name) + 1).value for name in ("Dòng", "Ngày sinh")] == ["6", "31/2/2010"]
    sheet.cell(3, header.index("Ngày sinh") + 1).value = datetime(2010, 2, 28)  # noqa: DTZ001 - as Excel has it
    book.save(path)
    (mended,) = await done(registry, await send(registry, path.read_bytes(), kind=XLSX))
    assert (mended["created"], mended["refused"]) == (1, 0)


async def test_a_trial_says_what_would_be_and_writes_nothing_until_it_is_registered(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(household_chunks, "_PAGE", 4)
    await imported(registry, written(households(range(2))))
    rows = households(range(8))
    rows[9]["phone"] = "113"
    rows[15]["personal_number"] = rows[21]["personal_number"]  # pages apart
    content = written(rows)
    trial = await send(registry, content, trial="true")
    (would,) = await done(registry, trial)
    assert [would[name] for name in ("trial", "created", "unchanged", "refused")] == [True, 4, 2, 2]
    assert len(await registry.events(HouseholdStated)) == 2
    told = await registry.get(f"{PATH}/{trial['id']}")
    returned = read((await registry.client.get(told["errors_csv_url"].removeprefix("/registry/v1"))).content)
    assert {row["Mã hộ"] for row in returned} == {"HN-0000003", "HN-0000007"}
    path = told["registration_url"].removeprefix("/registry/v1")
    job = await registry.post(path, None, status=202)
    (did,) = await done(registry, job)
    assert [did[name] for name in ("trial", "created", "unchanged", "refused")] == [False, 4, 2, 2]
    assert len(await registry.events(HouseholdStated)) == 6
    again = await registry.client.post(path, headers={"Idempotency-Key": uuid4().hex})
    assert (again.status_code, again.json()["code"]) == (409, "import_not_tried")
    assert (await registry.get(f"{PATH}/{trial['id']}"))["job_url"] == f"/registry/v1/jobs/{job['id']}"


async def test_the_same_file_again_brings_nothing_new(registry: Registry) -> None:
    content = written(households(range(5)))
    job = await send(registry, content)
    assert (await send(registry, content))["id"] == job["id"]  # while it waits
    await done(registry, job)
    assert (await send(registry, content))["id"] == job["id"]
    other = await imported(registry, content, source="another")
    assert (other["created"], other["refused"]) == (0, 5)  # these people are there already
    again = await imported(registry, content, source="another")
    assert (again["id"] != other["id"], again["created"]) == (True, 0)
    assert len(await registry.events(HouseholdStated)) == 5


async def test_a_reference_sent_again_stays_as_it_is_and_other_content_is_reported(registry: Registry) -> None:
    rows = households(range(4), members=2)
    await imported(registry, written(rows))
    rows[2]["full_name"] = "Hà Thị Khác"
    rows[5]["birth_date"] = "2001-01-01"
    result = await imported(registry, written([*rows, *rows_of_household(7), rows[7]]))
    assert (result["created"], result["unchanged"], result["refused"]) == (1, 1, 3)
    assert await faults(registry, result["id"]) == [
        (4, "full_name", "household_registered_otherwise"),
        (7, "birth_date", "household_registered_otherwise"),
        (8, None, "household_registered_otherwise"),
    ]
    assert len(await registry.events(HouseholdStated)) == 5


async def test_a_person_is_registered_once_however_often_lists_name_them(registry: Registry) -> None:
    await registry.register(member(personal_number="999170000010"))
    rows = [
        *rows_of_household(1, 1, personal_number="999170000010"),
        *rows_of_household(2, 1, personal_number="999170000028"),
        *rows_of_household(3, 1, personal_number="999170000028"),
        *rows_of_household(4, 2, personal_number="999170000036"),
    ]
    result = await imported(registry, written(rows))
    assert (result["created"], result["refused"]) == (1, 3)
    assert await faults(registry, result["id"]) == [
        (2, "personal_number", "personal_number_of_household"),
        *((line, "personal_number", "personal_number_taken") for line in (4, 5, 6)),
    ]


async def test_a_list_names_the_household_of_somebody_known_or_the_commune_to_ask(registry: Registry) -> None:
    known = await registry.register(member(personal_number="999170000010"), area_code="08593")
    await grant(registry.database, "xa", area="08566", communes=["08566"])
    told = {}
    for sender in ("officer", "xa"):
        content = written(rows_of_household(1, 1, personal_number="999170000010"))
        job = await send(registry, content, by=sender, source=sender)
        await done(registry, job, by=sender)
        answer = await registry.client.get(f"{PATH}/{job['id']}/errors", headers=bearer(sender))
        (fault,) = answer.json()["items"]
        told[sender] = (fault["code"], known["id"] in answer.text, "08593" in answer.text)
    assert told == {
        "officer": ("personal_number_of_household", True, True),
        "xa": ("personal_number_elsewhere", False, True),
    }


async def test_a_source_learns_what_its_households_are_called(registry: Registry) -> None:
    await imported(registry, written(households(range(5))), source="commune")
    await imported(registry, written(households(range(5, 7))), source="other")
    first = await registry.get("/household-references", source="commune", limit="3")
    rest = await registry.get("/household-references", source="commune", limit="3", cursor=first["next"])
    assert rest["next"] is None
    listed = {each["reference"]: each["household_id"] for each in (*first["items"], *rest["items"])}
    assert list(listed) == [f"HN-{number:07}" for number in range(5)]
    household = await registry.get(f"/households/{listed['HN-0000003']}")
    assert "Hà Thị Mận 3" in {each["full_name"] for each in household["members"]}


async def test_two_lists_at_once_register_each_household_once(registry: Registry) -> None:
    rows = households(range(1_500), members=2)
    first = await send(registry, written(rows))
    second = await send(registry, written(reversed(rows)))
    results = await done(registry, first, second)
    assert sum(result["created"] for result in results) == 1_500
    assert sum(result["created"] + result["unchanged"] + result["refused"] for result in results) == 3_000
    assert len(await registry.events(HouseholdStated)) == 1_500


async def test_households_outside_the_senders_areas_are_refused(registry: Registry) -> None:
    await grant(registry.database, "phuong", area="08593", communes=["08593"])
    rows = [*rows_of_household(1), *rows_of_household(2, area_code="08593")]
    job = await send(registry, written(rows), by="phuong")
    (result,) = await done(registry, job, by="phuong")
    assert (result["created"], result["refused"]) == (1, 1)
    answer = await registry.client.get(f"{PATH}/{job['id']}/errors", headers=bearer("phuong"))
    assert [(each["line"], each["code"]) for each in answer.json()["items"]] == [(2, "area_not_granted")]


async def test_who_registers_no_households_sends_no_lists(registry: Registry) -> None:
    problem = await send(registry, written(households(range(2))), status=403, by="nobody")
    assert problem["code"] == "permission_missing"


@pytest.mark.parametrize(
    ("content", "pointer", "code"),
    [
        pytest.param(b"", "/body/lines/1", "household_header_missing", id="empty"),
        pytest.param(b"household,full_name\r\n", "/body/lines/1", "household_header_missing", id="columns missing"),
        pytest.param(
            written([], [*COLUMNS, "shoe_size"]), "/body/lines/1", "household_header_unknown", id="unknown column"
        ),
        pytest.param(written([]), "/body/lines/2", "too_short", id="no rows"),
        pytest.param(
            written(households([1]), COLUMNS) + "H,08566,Mận".encode("utf-16"), "/body/lines/5", "not_utf8", id="utf-16"
        ),
        pytest.param(written(households([1])) + b'"x', "/body/lines/5", "csv_syntax", id="open quotation"),
        pytest.param(b"PK\x03\x04 cut off", "/body/lines/1", "not_a_spreadsheet", id="no workbook"),
    ],
)
async def test_a_file_that_is_no_list_is_refused_and_leaves_nothing(
    used_registry: Registry, content: bytes, pointer: str, code: str
) -> None:
    kind = XLSX if content.startswith(b"PK") else CSV
    problem = await send(used_registry, content, status=422, kind=kind)
    assert [(each["pointer"], each["code"]) for each in problem["errors"]] == [(pointer, code)]
    async with used_registry.database.engine.connect() as connection:
        for table in ("household_imports", "household_import_rows"):
            assert (await connection.exec_driver_sql(f"SELECT count(*) FROM {table}")).scalar_one() == 0


async def test_a_file_must_be_said_to_be_csv(used_registry: Registry) -> None:
    answer = await used_registry.client.post(PATH, json=[])
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_an_import_is_shown_to_who_sent_it_alone(registry: Registry) -> None:
    result = await imported(registry, written(households(range(1))))
    for path in ("", "/errors", "/errors.csv"):
        answer = await registry.client.get(f"{PATH}/{result['id']}{path}", headers=bearer("chair"))
        assert (answer.status_code, answer.json()["code"]) == (404, "import_not_found")


async def test_an_upload_that_breaks_off_leaves_nothing(registry: Registry) -> None:
    content = written(households(range(3_000)))

    async def breaking() -> Any:
        for start in range(0, len(content) // 2, 50_000):
            yield content[start : start + 50_000]
        raise ClientDisconnect

    answer = await registry.client.post(PATH, content=breaking(), headers={"Content-Type": "text/csv"})
    assert answer.status_code == 400
    async with registry.database.engine.connect() as connection:
        for table in ("household_imports", "household_import_rows"):
            assert (await connection.exec_driver_sql(f"SELECT count(*) FROM {table}")).scalar_one() == 0
