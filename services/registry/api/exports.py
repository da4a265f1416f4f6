"""Lists of people, households and pairs as files: everything within one's rights, streamed, in one row of the record.

What is in a file and what its row in the record says are of one instant. Numbers stand there by their last three
characters, but for who may see them in full and says what for.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import StreamingResponse

from services.registry.api import lists
from services.registry.api.duplicates import Reading as ReadingDuplicates
from services.registry.api.lists import Format
from services.registry.api.people import Reading as ReadingPeople
from services.registry.api.people import Searched, standing_wanted
from services.registry.domain.accounts import Authorisation
from services.registry.domain.household_csv import AUTHORISED
from services.registry.domain.households import Household
from services.registry.domain.identity import ending
from services.registry.domain.list_words import heading_of, word_of
from services.registry.store import duplicates, households, people_search
from services.registry.store.duplicates import Pair
from services.registry.store.people_search import Found
from shared import clock, csv_text
from shared.access import PERMISSIONS, Access
from shared.audit import Tally
from shared.db import Database, Transaction
from shared.events.registry import HouseholdClass, Standing
from shared.http import Reads, Router, Tx, needs
from shared.http.access import access_to
from shared.http.actor import Who
from shared.http.purpose import Purpose
from shared.texts import text

router = Router(prefix="/registry/v1", tags=["exports"])

_AT_ONCE = 1_000  # rows
_IDS_AT_ONCE = 20_000
_FULL = PERMISSIONS["numbers.read"]
_OF_PERSON = (
    "Mã người", "Mã hộ", "Mã xã", "Họ và tên", "Giới tính", "Ngày sinh", "Dân tộc", "Quan hệ với chủ hộ",
    "Số điện thoại", "Số định danh cá nhân", "Mã ngân hàng", "Số tài khoản", "Chủ tài khoản",
    *map(heading_of, AUTHORISED), "Kết quả phân loại",
)  # fmt: skip
_OF_SIDE = ("Mã xã", "Mã hộ", "Họ và tên", "Ngày sinh", "Số điện thoại", "Số định danh cá nhân")
_OF_HOUSEHOLD = ("Mã hộ", "Mã xã", "Chủ hộ", "Số nhân khẩu", "Ngày lập sổ", "Kết quả phân loại")


async def _snapshot(request: Request) -> AsyncIterator[Transaction]:
    """Give a transaction that sees one instant until the whole file has gone out."""
    database: Database = request.app.state.database
    async with database.snapshot() as session:
        yield session


# The request's own transaction ends, and with it the row of the record is there, before the first byte goes out.
Snapshot = Annotated[Transaction, Depends(_snapshot, scope="request")]


@router.get("/people.{form}", response_class=StreamingResponse)
async def export_people(
    tx: Tx,
    who: Who,
    snapshot: Snapshot,
    access: ReadingPeople,
    reads: Reads,
    form: Format,
    wanted: Searched,
    purpose: Purpose | None = None,
) -> StreamingResponse:
    """Give everybody whom a search finds as a file, by commune and in the order of given names.

    Numbers are masked, but with a `purpose` for who may see them in full.
    """
    if purpose is not None:
        full = await access_to(tx, who, _FULL)
        access = Access(access.subject, full.permission, _both(access, full))
        reads.for_purpose(purpose)
    tally = Tally(tx)
    async for ids in people_search.ids_found(snapshot, access, wanted, page=_IDS_AT_ONCE):
        tally.add(ids)
    reads.all_of("person", tally, area=wanted.area_code)
    found = people_search.everybody_found(snapshot, access, wanted, page=_AT_ONCE)
    rows = _people_lines(found, full=purpose is not None)
    return lists.answer(rows, f"nguoi-{clock.today()}", form)


def _both(one: Access, other: Access) -> frozenset[str] | None:
    if one.areas is None or other.areas is None:
        return one.areas if other.areas is None else other.areas
    return one.areas & other.areas


async def _people_lines(pages: AsyncIterator[Sequence[Found]], *, full: bool) -> AsyncIterator[str]:
    yield csv_text.csv_lines([_OF_PERSON])
    async for page in pages:
        yield csv_text.csv_lines(_person_row(each, full=full) for each in page)


def _person_row(found: Found, *, full: bool) -> list[str]:
    person, account = found.person, found.person.account
    shown = _whole if full else _masked
    return [
        str(person.id),
        str(person.household_id or ""),
        found.area_code,
        person.full_name,
        word_of("sex", person.sex).capitalize(),
        _day(person.birth_date),
        person.ethnicity,
        word_of("relationship", person.relationship).capitalize(),
        _national(person.phone),
        shown(person.personal_number),
        "" if account is None else account.bank_bin,
        "" if account is None else shown(account.number),
        "" if account is None else account.holder_name,
        *_authorised_cells(None if account is None else account.authorised, shown),
        _classes(found.standings),
    ]


def _authorised_cells(authorised: Authorisation | None, shown: Callable[[str | None], str]) -> list[str]:
    """Return who may receive the money and by which document, in the columns in which lists come in."""
    if authorised is None:
        return [""] * len(AUTHORISED)
    return [
        authorised.full_name,
        shown(authorised.personal_number),
        word_of("authorised_document", authorised.document).capitalize(),
        authorised.document_number,
        _day(authorised.document_date),
        _day(authorised.valid_from),
        "" if authorised.valid_to is None else _day(authorised.valid_to),
    ]


def _whole(number: str | None) -> str:
    return number or ""


def _masked(number: str | None) -> str:
    return "" if number is None else f"***{ending(number)}"


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _national(phone: str | None) -> str:
    """Return a number as people write it; with `+` in front it would be a formula."""
    return "" if phone is None else phone.replace("+84", "0", 1)


def _classes(standings: Iterable[Standing]) -> str:
    return "; ".join(f"{each.standard}: {text(f'class.{each.household_class}', 'vi')}" for each in standings)


@router.get("/households.{form}", response_class=StreamingResponse)
async def export_households(
    tx: Tx,
    snapshot: Snapshot,
    access: Annotated[Access, needs("households.read")],
    reads: Reads,
    form: Format,
    area_code: Annotated[str | None, Query(max_length=12)] = None,
    standard: Annotated[str | None, Query(max_length=40)] = None,
    household_class: Annotated[HouseholdClass | None, Query(description="under `standard`")] = None,
) -> StreamingResponse:
    """Give households as a file, in the order of their registration."""
    standing = standing_wanted(standard, household_class)

    async def after(last: UUID | None) -> list[Household]:
        return await households.find_households(
            snapshot, access, area_code=area_code, standing=standing, after=last, limit=_AT_ONCE
        )

    tally = Tally(tx)
    async for page in _pages(after):
        tally.add(each.id for each in page)
    reads.all_of("household", tally, area=area_code)
    return lists.answer(_household_lines(_pages(after)), f"ho-{clock.today()}", form)


async def _pages(after: Callable[[UUID | None], Awaitable[list[Household]]]) -> AsyncIterator[Sequence[Household]]:
    page = await after(None)
    while page:
        yield page
        page = await after(page[-1].id)


async def _household_lines(pages: AsyncIterator[Sequence[Household]]) -> AsyncIterator[str]:
    yield csv_text.csv_lines([_OF_HOUSEHOLD])
    async for page in pages:
        yield csv_text.csv_lines(_household_row(each) for each in page)


def _household_row(household: Household) -> list[str]:
    return [
        str(household.id),
        household.area_code,
        household.head.full_name,
        str(len(household.members)),
        _day(household.registered_on),
        _classes(household.standings),
    ]


@router.get("/duplicates.{form}", response_class=StreamingResponse)
async def export_duplicates(
    tx: Tx,
    snapshot: Snapshot,
    access: ReadingDuplicates,
    reads: Reads,
    form: Format,
    area_code: Annotated[str | None, Query(max_length=12)] = None,
) -> StreamingResponse:
    """Give the queue of pairs that may be of one person as a file, the most alike first."""
    tally = Tally(tx)
    tally.add(await duplicates.open_ids(snapshot, access, area_code=area_code))
    reads.all_of("duplicate", tally, area=area_code)
    return lists.answer(_duplicate_lines(snapshot, access, area_code), f"nghi-trung-{clock.today()}", form)


async def _duplicate_lines(snapshot: Transaction, access: Access, area_code: str | None) -> AsyncIterator[str]:
    sides = [f"{name} {number}" for number in (1, 2) for name in _OF_SIDE]
    yield csv_text.csv_lines([("Mã cặp", "Điểm giống nhau", "Giống nhau ở", *sides)])
    after: tuple[int, UUID] | None = None
    while page := await duplicates.pairs(
        snapshot, access, state="open", area_code=area_code, after=after, limit=_AT_ONCE
    ):
        yield csv_text.csv_lines(_duplicate_row(each, access) for each in page)
        after = (page[-1].score, page[-1].id)


def _duplicate_row(pair: Pair, access: Access) -> list[str]:
    same = [text(f"aspect.{each.aspect}", "vi") for each in pair.agreements if each.degree != "different"]
    sides = [cell for each in pair.people for cell in _side(each, shown=access.covers(each.area_code))]
    return [str(pair.id), str(pair.score), ", ".join(same), *sides]


def _side(found: Found, *, shown: bool) -> list[str]:
    person = found.person
    if not shown:
        return [found.area_code, *[""] * (len(_OF_SIDE) - 1)]
    return [
        found.area_code,
        str(person.household_id or ""),
        person.full_name,
        _day(person.birth_date),
        _national(person.phone),
        _masked(person.personal_number),
    ]
