"""The papers of a review: what stands on each, read from its records."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import RowMapping, func, select

from services.registry.domain.rounds import Round
from services.registry.domain.standards import standards
from services.registry.store.areas import communes
from services.registry.store.decisions import ClassDecided, Decision
from services.registry.store.rounds import CaseView, cases_of
from services.registry.tables import (
    CERTIFICATES,
    DECISIONS,
    PEOPLE,
    REVIEW_CASES,
    REVIEW_MEETINGS,
    REVIEW_POSTINGS,
    REVIEW_VOTES,
)
from shared.db import Transaction, among
from shared.documents import Paper, Signature, Table
from shared.events.registry import HouseholdClass
from shared.http import Problem

_CLASSES: Mapping[HouseholdClass, str] = {
    "poor": "Hộ nghèo",
    "near_poor": "Hộ cận nghèo",
    "not_poor": "Không nghèo, không cận nghèo",
}
_LISTED_FOR = {"on_list": "Trong danh sách", "applied": "Đề nghị"}
_RELATIONSHIPS = {
    "head": "Chủ hộ", "spouse": "Vợ/chồng", "child": "Con", "parent": "Bố/mẹ", "grandparent": "Ông/bà",
    "grandchild": "Cháu", "other": "Khác",
}  # fmt: skip


@dataclass(frozen=True)
class Written:
    """A paper, and the households of which it tells."""

    paper: Paper
    households: Sequence[UUID]


@dataclass(frozen=True)
class _Head:
    name: str
    people: int


async def list_paper(session: Transaction, round_: Round) -> Written:
    """Return the list of all households of a round."""
    cases = await cases_of(session, round_.id, stage=None, after=None, limit=None)
    heads = await _heads(session, [each.household_id for each in cases])
    commune = await _commune(session, round_.area_code, round_.period.starts_on)
    rows = [
        (number, heads[each.household_id].name, each.village or "", heads[each.household_id].people,
         _LISTED_FOR[each.listed_for], _result(each))
        for number, each in enumerate(cases, start=1)
    ]  # fmt: skip
    columns = ("STT", "Họ và tên chủ hộ", "Thôn", "Số nhân khẩu", "Lý do rà soát", "Kết quả rà soát")
    return Written(
        Paper(
            authority=f"UBND {commune}",
            place=_place(commune),
            on=round_.period.starts_on,
            title="Danh sách hộ gia đình cần rà soát",
            subtitle=f"{_round_name(round_)}, theo {_standard_name(round_.standard)}",
            tables=[Table(columns, (0, 4, 3, 0, 2, 3), rows)],
            closing=[f"Tổng cộng: {len(rows)} hộ."],
            signatures=[Signature("Người lập biểu"), Signature("Trưởng ban chỉ đạo rà soát")],
        ),
        [each.household_id for each in cases],
    )


async def posting_paper(session: Transaction, round_: Round, posting_id: UUID) -> Written:
    """Return what was posted: name, village, class and size, and nothing else.

    Raises:
        Problem: 404 `document_not_found`.
    """
    table = REVIEW_POSTINGS.c
    query = select(REVIEW_POSTINGS).where(table.id == posting_id, table.round_id == round_.id)
    posting = _one((await session.execute(query)).mappings().one_or_none())
    cases = [
        each for each in await cases_of(session, round_.id, stage=None, after=None, limit=None)
        if each.posting_id == posting_id
    ]  # fmt: skip
    heads = await _heads(session, [each.household_id for each in cases])
    commune = await _commune(session, round_.area_code, posting["posted_on"])
    ordered = sorted(cases, key=lambda each: (each.village or "", heads[each.household_id].name))
    rows = [
        (number, heads[each.household_id].name, each.village or "", _result(each), heads[each.household_id].people)
        for number, each in enumerate(ordered, start=1)
    ]
    columns = ("STT", "Họ và tên chủ hộ", "Thôn", "Kết quả rà soát", "Số nhân khẩu")
    until = f"{posting['posted_until']:%d/%m/%Y}"
    return Written(
        Paper(
            authority=f"UBND {commune}",
            place=_place(commune),
            on=posting["posted_on"],
            title="Niêm yết công khai kết quả rà soát hộ nghèo, hộ cận nghèo",
            subtitle=_round_name(round_),
            facts=[("Nơi niêm yết", posting["places"]), ("Nhận ý kiến đến hết ngày", until)],
            tables=[Table(columns, (0, 4, 3, 3, 0), rows)],
            signatures=[Signature("Người lập biểu"), Signature("Chủ tịch")],
        ),
        [each.household_id for each in cases],
    )


async def minutes_paper(session: Transaction, round_: Round, meeting_id: UUID) -> Written:
    """Return the minutes of a village meeting, to be signed in two copies.

    Raises:
        Problem: 404 `document_not_found`.
    """
    table = REVIEW_MEETINGS.c
    query = select(REVIEW_MEETINGS).where(table.id == meeting_id, table.round_id == round_.id)
    meeting = _one((await session.execute(query)).mappings().one_or_none())
    votes_query = select(REVIEW_VOTES).where(REVIEW_VOTES.c.meeting_id == meeting_id)
    votes = list((await session.execute(votes_query.order_by(REVIEW_VOTES.c.household_id))).mappings())
    heads = await _heads(session, [vote["household_id"] for vote in votes])
    commune = await _commune(session, round_.area_code, meeting["held_on"])
    rows = [
        (number, heads[vote["household_id"]].name, vote["agreeing"], _share(vote["agreeing"], meeting["present"]),
         "Thống nhất" if vote["agreed"] else "Chấm lại, họp lại")
        for number, vote in enumerate(votes, start=1)
    ]  # fmt: skip
    columns = ("STT", "Họ và tên chủ hộ", "Số người đồng ý", "Tỷ lệ", "Kết luận")
    return Written(
        Paper(
            authority=f"UBND {commune}\n{meeting['village']}",
            place=meeting["village"],
            on=meeting["held_on"],
            title="Biên bản họp dân",
            subtitle=f"Bình xét kết quả rà soát hộ nghèo, hộ cận nghèo, {_round_name(round_).lower()}",
            facts=[
                ("Chủ trì", meeting["chaired_by"]),
                ("Thư ký", meeting["secretary"]),
                ("Số người dự họp", str(meeting["present"])),
            ],
            tables=[Table(columns, (0, 4, 2, 2, 3), rows)],
            closing=[f"Ý kiến tại cuộc họp: {meeting['opinions'] or 'không có'}.", "Biên bản lập thành 02 bản."],
            signatures=[
                Signature("Thư ký", meeting["secretary"]),
                Signature("Đại diện hộ dân"),
                Signature("Chủ trì", meeting["chaired_by"]),
            ],
        ),
        [vote["household_id"] for vote in votes],
    )


async def decision_paper(session: Transaction, decision: Decision) -> Written:
    """Return a decision with its four lists: poor, near-poor, escaped from poverty, escaped from near-poverty."""
    heads = await _heads(session, [each.household_id for each in decision.classes])
    villages = await _villages(session, decision.round_id, [each.household_id for each in decision.classes])
    commune = await _commune(session, decision.area_code, decision.decided_on)
    tables = []
    for title, chosen in _lists(decision.classes):
        people = sum(each.people for each in chosen)
        rows = [
            (number, heads[each.household_id].name, villages.get(each.household_id) or "", each.people)
            for number, each in enumerate(chosen, start=1)
        ]
        columns = ("STT", "Họ và tên chủ hộ", "Thôn", "Số nhân khẩu")
        tables.append(Table(columns, (0, 5, 4, 0), rows, f"{title}: {len(chosen)} hộ, {people} nhân khẩu"))
    name = _standard_name(decision.standard)
    return Written(
        Paper(
            authority=f"UBND {commune}",
            number=decision.number,
            place=_place(commune),
            on=decision.decided_on,
            title="Quyết định",
            subtitle="Công nhận hộ nghèo, hộ cận nghèo, hộ thoát nghèo, hộ thoát cận nghèo",
            opening=[
                f"Căn cứ {_legal_basis(decision.standard)};",
                "Căn cứ Quyết định 24/2021/QĐ-TTg về quy trình rà soát hộ nghèo, hộ cận nghèo hằng năm;",
                f"Công nhận các hộ sau đây theo {name}, kể từ ngày {decision.classes[0].decided_on:%d/%m/%Y}:",
            ],
            tables=tables,
            signatures=[Signature("Chủ tịch", decision.signed_by)],
        ),
        [each.household_id for each in decision.classes],
    )


async def certificate_paper(session: Transaction, round_: Round, household_id: UUID) -> Written:
    """Return the certificate of a poor or near-poor household with its members.

    Raises:
        Problem: 404 `document_not_found`.
    """
    query = (
        select(CERTIFICATES, DECISIONS.c.number.label("decision_number"), DECISIONS.c.decided_on)
        .join(DECISIONS, DECISIONS.c.id == CERTIFICATES.c.decision_id)
        .where(CERTIFICATES.c.round_id == round_.id, CERTIFICATES.c.household_id == household_id)
    )
    issued = _one((await session.execute(query)).mappings().one_or_none())
    (case,) = [
        each for each in await cases_of(session, round_.id, stage="certified", after=None, limit=None)
        if each.household_id == household_id
    ]  # fmt: skip
    people = select(PEOPLE.c.full_name, PEOPLE.c.birth_date, PEOPLE.c.relationship)
    members = await session.execute(people.where(PEOPLE.c.household_id == household_id).order_by(PEOPLE.c.position))
    rows = [
        (number, each.full_name, f"{each.birth_date:%d/%m/%Y}", _RELATIONSHIPS[each.relationship])
        for number, each in enumerate(members, start=1)
    ]
    commune = await _commune(session, round_.area_code, issued["issued_on"])
    kind = _result(case)
    decided = f"số {issued['decision_number']}, {issued['decided_on']:%d/%m/%Y}"
    return Written(
        Paper(
            authority=f"UBND {commune}",
            number=issued["number"],
            place=_place(commune),
            on=issued["issued_on"],
            title=f"Giấy chứng nhận {kind.lower()}",
            opening=[f"Chủ tịch UBND {commune} chứng nhận hộ gia đình sau đây là {kind.lower()}:"],
            facts=[
                ("Chủ hộ", rows[0][1]),
                ("Nơi ở", f"{case.village}, {commune}"),
                ("Theo", _standard_name(round_.standard)),
                ("Quyết định", decided),
            ],
            tables=[
                Table(("STT", "Họ và tên", "Ngày sinh", "Quan hệ với chủ hộ"), (0, 4, 2, 2), rows, "Thành viên của hộ")
            ],
            signatures=[Signature("Chủ tịch", issued["signed_by"])],
        ),
        [household_id],
    )


def _one(row: RowMapping | None) -> RowMapping:
    if row is None:
        raise Problem(404, "document_not_found")
    return row


def _lists(classes: Sequence[ClassDecided]) -> list[tuple[str, list[ClassDecided]]]:
    """Return the lists of a decision that have any household, with their titles."""
    escaped = [each for each in classes if each.household_class == "not_poor"]
    named = [
        ("Hộ nghèo", [each for each in classes if each.household_class == "poor"]),
        ("Hộ cận nghèo", [each for each in classes if each.household_class == "near_poor"]),
        ("Hộ thoát nghèo", [each for each in escaped if each.previous_class == "poor"]),
        ("Hộ thoát cận nghèo", [each for each in escaped if each.previous_class == "near_poor"]),
        ("Hộ không thuộc hộ nghèo, hộ cận nghèo", [each for each in escaped if each.transition is None]),
    ]
    return [(title, chosen) for title, chosen in named if chosen]


async def _heads(session: Transaction, ids: Collection[UUID]) -> dict[UUID, _Head]:
    """Return the head and the size of households."""
    size = func.count().over(partition_by=PEOPLE.c.household_id)
    counted = (
        select(PEOPLE.c.household_id, PEOPLE.c.full_name, PEOPLE.c.relationship, size.label("size"))
        .where(among(PEOPLE.c.household_id, ids))
        .subquery()
    )
    rows = await session.execute(select(counted).where(counted.c.relationship == "head"))
    return {row.household_id: _Head(row.full_name, row.size) for row in rows}


async def _villages(session: Transaction, round_id: UUID | None, ids: Collection[UUID]) -> dict[UUID, str | None]:
    query = select(REVIEW_CASES.c.household_id, REVIEW_CASES.c.village).where(
        REVIEW_CASES.c.round_id == round_id, among(REVIEW_CASES.c.household_id, ids)
    )
    return {row.household_id: row.village for row in await session.execute(query)}


async def _commune(session: Transaction, code: str, day: date) -> str:
    area = (await communes(session, [code])).on(code, day)
    return code if area is None else area.name


def _place(commune: str) -> str:
    """Return the name by which a paper calls its place: that of the commune without its kind."""
    return commune.removeprefix("Xã ").removeprefix("Phường ").removeprefix("Thị trấn ")


def _result(case: CaseView) -> str:
    return "" if case.proposed_class is None else _CLASSES[case.proposed_class]


def _share(part: int, whole: int) -> str:
    hundredths = (10_000 * part) // whole
    return f"{hundredths // 100},{hundredths % 100:02}%"


def _round_name(round_: Round) -> str:
    year, _, month = round_.period.name.partition("-")
    return f"Đợt rà soát thường xuyên tháng {month}/{year}" if month else f"Đợt rà soát định kỳ năm {year}"


def _standard_name(code: str) -> str:
    name = standards().named(code).name.vi
    return name[0].lower() + name[1:]


def _legal_basis(code: str) -> str:
    return standards().named(code).legal_basis
