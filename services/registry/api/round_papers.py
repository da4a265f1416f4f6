"""Papers of a review: lists, postings, minutes, decisions and certificates as PDF, lists as XLSX too."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response

from services.registry.store import decisions, round_papers, rounds
from services.registry.store.round_papers import Written
from shared.access import Access
from shared.documents import pdf_of, xlsx_of
from shared.http import Problem, Reads, Router, Tx, needs

router = Router(prefix="/registry/v1", tags=["papers"])

Reading = Annotated[Access, needs("rounds.read")]
ReadingDecisions = Annotated[Access, needs("decisions.read")]
Format = Annotated[Literal["pdf", "xlsx"], Query(alias="format")]

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/pdf": {}, _XLSX: {}},
        "description": "the paper, with the national heading",
    }
}


async def _answer(reads: Reads, written: Written, area: str, name: str, as_: Literal["pdf", "xlsx"]) -> Response:
    reads.many("household", written.households, area=area)
    reads.note(paper=name, format=as_)
    content, media = (
        (await pdf_of(written.paper), "application/pdf") if as_ == "pdf" else (await xlsx_of(written.paper), _XLSX)
    )
    headers = {"Content-Disposition": f'attachment; filename="{name}.{as_}"'}
    return Response(content, media_type=media, headers=headers)


@router.get("/rounds/{round_id}/list", response_class=Response, responses=_FILES)
async def get_round_list(tx: Tx, access: Reading, reads: Reads, round_id: UUID, as_: Format = "pdf") -> Response:
    """Give the list of all households of a round."""
    found = await rounds.round_by_id(tx, round_id, access)
    written = await round_papers.list_paper(tx, found)
    return await _answer(reads, written, found.area_code, f"list-{found.area_code}-{found.period.name}", as_)


@router.get("/rounds/{round_id}/postings/{posting_id}", response_class=Response, responses=_FILES)
async def get_posting(
    tx: Tx, access: Reading, reads: Reads, round_id: UUID, posting_id: UUID, as_: Format = "pdf"
) -> Response:
    """Give what was posted: name, village, class and size."""
    found = await rounds.round_by_id(tx, round_id, access)
    written = await round_papers.posting_paper(tx, found, posting_id)
    return await _answer(reads, written, found.area_code, f"posting-{posting_id}", as_)


@router.get("/rounds/{round_id}/meetings/{meeting_id}", response_class=Response, responses=_FILES)
async def get_minutes(tx: Tx, access: Reading, reads: Reads, round_id: UUID, meeting_id: UUID) -> Response:
    """Give the minutes of a village meeting, to be signed."""
    found = await rounds.round_by_id(tx, round_id, access)
    written = await round_papers.minutes_paper(tx, found, meeting_id)
    return await _answer(reads, written, found.area_code, f"minutes-{meeting_id}", "pdf")


@router.get("/rounds/{round_id}/certificates/{household_id}", response_class=Response, responses=_FILES)
async def get_certificate(tx: Tx, access: Reading, reads: Reads, round_id: UUID, household_id: UUID) -> Response:
    """Give the certificate of a poor or near-poor household."""
    found = await rounds.round_by_id(tx, round_id, access)
    written = await round_papers.certificate_paper(tx, found, household_id)
    return await _answer(reads, written, found.area_code, f"certificate-{household_id}", "pdf")


@router.get("/decisions/{decision_id}/paper", response_class=Response, responses=_FILES)
async def get_decision_paper(
    tx: Tx, access: ReadingDecisions, reads: Reads, decision_id: UUID, as_: Format = "pdf"
) -> Response:
    """Give a decision with its lists: poor, near-poor, escaped from either."""
    found = await decisions.decision_by_id(tx, decision_id)
    access.admit(found.area_code, Problem(404, "decision_not_found"))
    written = await round_papers.decision_paper(tx, found)
    return await _answer(reads, written, found.area_code, f"decision-{decision_id}", as_)
