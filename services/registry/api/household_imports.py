"""Households by lists: a file comes in, a job tries or registers what is in it, what is refused can be corrected."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse

from services.registry.api import lists
from services.registry.domain.household_csv import OPTIONAL, REPORT, REQUIRED, HouseholdFileRefused, Row
from services.registry.domain.identity import masked
from services.registry.domain.list_words import heading_of
from services.registry.store import household_imports as store
from services.registry.store import household_uploads as uploads
from services.registry.store.household_imports import Fault, HouseholdImport
from services.registry.store.household_uploads import Upload
from shared import clock, csv_text, spreadsheets
from shared.access import PERMISSIONS, Access
from shared.db import Database
from shared.http import IDEMPOTENT, Actor, Page, Paging, Problem, Router, Tx
from shared.http.access import access_to, needs
from shared.http.actor import Who
from shared.http.audit import About, Reads
from shared.http.purpose import Purpose
from shared.http.refusals import validation_problem
from shared.ids import new_id
from shared.jobs import JobOut, Jobs
from shared.texts import CATALOGUE, LANGUAGES, Language, text

router = Router(prefix="/registry/v1", tags=["household imports"])

HOUSEHOLD_IMPORT = "household_import"
LARGEST_LIST = 1 << 30  # bytes; a million households with their members are about half of it
_XLSX = spreadsheets.MEDIA_TYPE
_CSV = csv_text.MEDIA_TYPE
_MASKED = frozenset({"personal_number", "account_number", "authorised_number"})
Reading = Annotated[Access, needs("imports.read")]
Source = Annotated[str, Query(pattern=r"^[A-Za-z0-9._-]{1,40}$", description="whose references they are")]


class Texts(BaseModel):
    """A sentence that says what is wrong and how to mend it."""

    vi: str
    en: str


class ImportFault(BaseModel):
    """What is wrong in a row of a list: its `line` in the file, and the `column` (null: the row or its household).

    `mend` says what to write there instead.
    """

    line: int = Field(examples=[17])
    household: str = Field(description="the reference of the household", examples=["HN-0042"])
    column: str | None = Field(examples=["birth_date"])
    code: str = Field(examples=["date_parsing"])
    message: Texts
    mend: Texts


class FaultCount(BaseModel):
    """How often a code stands in an import."""

    code: str
    count: int


class ImportOut(BaseModel):
    """An import. The counts are of households, but `people`; `rows_done` of `rows` rows have been looked at.

    Of a `trial` they say what would be; it is registered by POST to `registration_url`.
    """

    id: UUID
    source: str
    trial: bool
    sha256: str
    bytes: int
    rows: int
    rows_done: int
    created: int
    people: int
    unchanged: int
    refused: int
    faults: list[FaultCount]
    created_at: datetime
    job_url: str
    errors_url: str
    errors_csv_url: str
    errors_xlsx_url: str
    registration_url: str | None


@router.post(
    "/household-imports",
    status_code=202,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                _CSV: {"schema": {"type": "string"}},
                _XLSX: {"schema": {"type": "string", "contentMediaType": _XLSX}},
            },
        }
    },
    description=f"""Register the households of a CSV or XLSX file; the answer is a job to follow.

A row is a member; the rows of a household have the same reference in the column `household`, and one of them is its
`head`. Columns, in any order: {", ".join(REQUIRED)}; where there is something to say {", ".join(OPTIONAL)}; or their
Vietnamese headings ({", ".join(heading_of(each) for each in REQUIRED)}, …). CSV in UTF-8, separated by commas,
semicolons or tabs; dates as 1985-03-12 or 12/3/1985; sex and relationship by code or Vietnamese word. A household with
anything wrong in it is refused whole, the others are registered. A reference is registered once a source: sent again,
its household stays as it is, and is refused where the list says otherwise. The same file again, by the same person, has
the job it had, unless something of it was refused. The id of the job is the id of the import.

With `trial` nothing is registered: the import says what would be. It can be registered within 30 days, by POST to its
`registration_url`, without sending the file again.""",
)
async def import_households(
    request: Request,
    tx: Tx,
    actor: Actor,
    jobs: Jobs,
    about: About,
    access: Annotated[Access, needs("households.register", beforehand=True)],  # noqa: ARG001 - each area is judged in the job
    source: Source = "list",
    trial: Annotated[bool, Query(description="say what would be, and register nothing")] = False,
) -> JobOut:
    """Register the households of a CSV or XLSX file."""
    database: Database = request.app.state.database
    try:
        async with _as_csv(request) as pieces:
            upload = await uploads.take_in(database, pieces, source=source, trial=trial, by=actor, now=clock.now())
    except HouseholdFileRefused as refusal:
        raise _unreadable(refusal.line, refusal.code, **refusal.fields) from None
    except spreadsheets.NotASpreadsheet:
        raise _unreadable(1, "not_a_spreadsheet") from None
    except ClientDisconnect:
        raise Problem(400, "malformed_request") from None
    known = None if trial else await _known(tx, jobs, upload)
    if known is not None:
        await uploads.discard(tx, [upload.import_id])
        return known
    about.one(HOUSEHOLD_IMPORT, upload.import_id)
    return await jobs.start(HOUSEHOLD_IMPORT, {}, job_id=upload.import_id)


def _unreadable(line: int, code: str, **fields: object) -> Problem:
    return validation_problem([{"loc": ("body", "lines", line), "type": code, "ctx": fields}])


@asynccontextmanager
async def _as_csv(request: Request) -> AsyncIterator[AsyncIterator[bytes]]:
    """Give the rows of the body as they come in; of a workbook once it is there whole.

    Raises:
        Problem: 415 `unsupported_media_type`.
    """
    match request.headers.get("content-type", "").partition(";")[0].strip().lower():
        case csv_text.MEDIA_TYPE:
            yield request.stream()
        case spreadsheets.MEDIA_TYPE:
            with tempfile.NamedTemporaryFile(prefix="ansinh-", suffix=".xlsx") as file:
                async for piece in request.stream():
                    await asyncio.to_thread(file.write, piece)
                file.flush()
                yield spreadsheets.csv_of_xlsx(Path(file.name))
        case _:
            raise Problem(415, "unsupported_media_type", expected=f"{_CSV}, {_XLSX}")


@router.post("/household-imports/{import_id}/registration", status_code=202, dependencies=[IDEMPOTENT])
async def register_household_import(
    tx: Tx, jobs: Jobs, about: About, access: Annotated[Access, needs("imports.register")], import_id: UUID
) -> JobOut:
    """Register what a trial of yours found to be right; the answer is a job to follow."""
    found = await _own(tx, access, import_id)
    job_id = new_id()
    await uploads.begin_registration(tx, found.id, job_id)
    about.one(HOUSEHOLD_IMPORT, found.id)
    return await jobs.start(HOUSEHOLD_IMPORT, {"import_id": str(found.id)}, job_id=job_id)


async def _known(tx: Tx, jobs: Jobs, upload: Upload) -> JobOut | None:
    """Return the job that the same file had, where sending it again can bring nothing new."""
    earlier = await uploads.same_list(tx, upload)
    if earlier is None:
        return None
    import_id, refused = earlier
    job = await jobs.known(import_id)
    if job is None or job.state == "failed" or (job.state == "done" and refused):
        return None
    return job


@router.get("/household-imports/{import_id}")
async def get_household_import(tx: Tx, access: Reading, import_id: UUID) -> ImportOut:
    """Show how far an import of yours came, and what was wrong how often."""
    found = await _own(tx, access, import_id)
    counts = await store.fault_counts(tx, import_id)
    at = f"/registry/v1/household-imports/{import_id}"
    return ImportOut(
        id=found.id,
        source=found.source,
        trial=found.trial,
        sha256=found.sha256.hex(),
        bytes=found.bytes,
        rows=found.rows,
        rows_done=found.handled,
        created=found.created,
        people=found.people,
        unchanged=found.unchanged,
        refused=found.refused,
        faults=[FaultCount(code=code, count=count) for code, count in counts.items()],
        created_at=found.created_at,
        job_url=f"/registry/v1/jobs/{found.registration_job or import_id}",
        errors_url=f"{at}/errors",
        errors_csv_url=f"{at}/errors.csv",
        errors_xlsx_url=f"{at}/errors.xlsx",
        registration_url=f"{at}/registration" if found.trial else None,
    )


@router.get("/household-imports/{import_id}/errors")
async def list_household_import_errors(
    tx: Tx, access: Reading, paging: Paging, reads: Reads, import_id: UUID
) -> Page[ImportFault]:
    """List everything that is wrong in an import of yours, by line."""
    await _own(tx, access, import_id)
    reads.one("household_import", import_id)
    found = await store.faults(tx, import_id, after=paging.after(int, int), limit=paging.limit + 1)
    page = paging.page(found, key=lambda fault: (fault.line, fault.number))
    return Page(items=[_shown(fault) for fault in page.items], next=page.next)


async def _own(tx: Tx, access: Access, import_id: UUID) -> HouseholdImport:
    """Return an import of one's own. Raises 404 `import_not_found`."""
    found = await store.household_import(tx, import_id)
    access.admit_own(found.created_by, Problem(404, "import_not_found"))
    return found


async def _whole(tx: Tx, who: Who, reads: Reads, purpose: str | None) -> bool:
    """Say whether numbers are given whole, which takes a purpose and the right to see them. Raises 403."""
    if purpose is None:
        return False
    await access_to(tx, who, PERMISSIONS["numbers.read"])
    reads.for_purpose(purpose)
    return True


def _shown(fault: Fault) -> ImportFault:
    return ImportFault(
        line=fault.line,
        household=fault.reference,
        column=fault.column,
        code=fault.code,
        message=Texts(**{language: _sentence(fault, language) for language in LANGUAGES}),
        mend=Texts(**{language: _mend(fault, language) for language in LANGUAGES}),
    )


@router.get("/household-imports/{import_id}/errors.csv", response_class=StreamingResponse)
async def get_household_import_errors_csv(
    request: Request,
    tx: Tx,
    access: Reading,
    reads: Reads,
    who: Who,
    import_id: UUID,
    purpose: Purpose | None = None,
) -> StreamingResponse:
    """Give the refused households as a CSV file, with what is wrong. With a purpose it is as it was sent, to be
    corrected and sent again; without one, identity and account numbers are masked.
    """
    found = await _own(tx, access, import_id)
    reads.one("household_import", import_id)
    whole = await _whole(tx, who, reads, purpose)
    lines = _csv_lines(request.app.state.database, found, found.delimiter, whole=whole)
    return lists.answer(lines, f"refused-{import_id}", "csv")


@router.get("/household-imports/{import_id}/errors.xlsx", response_class=StreamingResponse)
async def get_household_import_errors_xlsx(
    request: Request,
    tx: Tx,
    access: Reading,
    reads: Reads,
    who: Who,
    import_id: UUID,
    purpose: Purpose | None = None,
) -> StreamingResponse:
    """Give the refused households as an XLSX file, with what is wrong; numbers as in the CSV file."""
    found = await _own(tx, access, import_id)
    reads.one("household_import", import_id)
    whole = await _whole(tx, who, reads, purpose)
    lines = _csv_lines(request.app.state.database, found, ",", whole=whole)
    return lists.answer(lines, f"refused-{import_id}", "xlsx")


class HouseholdReference(BaseModel):
    """Under which reference a household came in by a list, and its id."""

    reference: str = Field(examples=["HN-0042"])
    household_id: UUID


@router.get("/household-references")
async def list_household_references(
    tx: Tx,
    access: Annotated[Access, needs("households.read")],
    reads: Reads,
    paging: Paging,
    source: Source = "list",
) -> Page[HouseholdReference]:
    """List which households have come in by the lists of a source, in the order of their references."""
    after = paging.after(str)
    found = await store.references(tx, access, source=source, after=after[0] if after else None, limit=paging.limit + 1)
    listed = [HouseholdReference(reference=reference, household_id=each) for reference, each in found]
    page = paging.page(listed, key=lambda each: (each.reference,))
    reads.many("household", [each.household_id for each in page.items])
    return page


async def _csv_lines(database: Database, found: HouseholdImport, delimiter: str, *, whole: bool) -> AsyncIterator[str]:
    """Give the refused rows in the columns in which they came, under the Vietnamese headings."""
    sent = [index for index, name in enumerate(found.columns) if name not in REPORT]
    hidden = set() if whole else {index for index in sent if found.columns[index] in _MASKED}
    header = [heading_of(name) for name in (*(found.columns[index] for index in sent), *REPORT)]
    yield csv_text.csv_lines([header], delimiter)
    async for page in store.refused_rows(database, found):
        yield csv_text.csv_lines((_reported(row, faults, sent, hidden) for row, faults in page), delimiter)


def _reported(row: Row, faults: Sequence[Fault], sent: Sequence[int], hidden: Collection[int]) -> list[str]:
    cells = [row.cells[index] if index < len(row.cells) else "" for index in sent]
    cells = [masked(cell) if index in hidden else cell for index, cell in zip(sent, cells, strict=True)]
    told = [
        " ".join(_placed(fault, language, of(fault, language)) for fault in faults)
        for language in LANGUAGES
        for of in (_sentence, _mend)
    ]
    return [*cells, str(row.line), *told]


def _placed(fault: Fault, language: Language, said: str) -> str:
    if fault.column is None:
        return said
    return f"{heading_of(fault.column) if language == 'vi' else fault.column}: {said}"


def _sentence(fault: Fault, language: Language) -> str:
    return text(f"validation.{fault.code}", language, **fault.context)


def _mend(fault: Fault, language: Language) -> str:
    """Return what to do about a fault: what the code asks for, else what belongs into the column."""
    for key in (f"mend.{fault.code}", f"mend.column.{fault.column}"):
        if key in CATALOGUE:
            return text(key, language)
    return text("mend.other", language)
