"""Awards by the thousand, as if each had been applied for and approved: people, awards and their commitment."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID, uuid4

from sqlalchemy import text

from services.benefits.ledger.domain.journal import Purpose
from services.benefits.ledger.store import commit_budget
from shared import clock
from shared.ids import new_id
from tests.integration.benefits.platform import FUND, Benefits, Somebody, household, number_of, person

_AT_ONCE = 1_000
_APPLICATIONS = text(
    "INSERT INTO application SELECT (jsonb_populate_record(a, jsonb_build_object("
    "'id', n.application, 'household_id', n.household, 'person_id', n.person))).* FROM application a,"
    " unnest(CAST(:applications AS uuid[]), CAST(:households AS uuid[]), CAST(:people AS uuid[]))"
    " AS n(application, household, person) WHERE a.id = :sample"
)
_AWARDS = text(
    "INSERT INTO award SELECT (jsonb_populate_record(a, jsonb_build_object('id', n.award, 'application_id',"
    " n.application, 'household_id', n.household, 'person_id', n.person, 'monthly_amount', n.amount,"
    " 'area_code', n.area))).* FROM award a, unnest(CAST(:awards AS uuid[]), CAST(:applications AS uuid[]),"
    " CAST(:households AS uuid[]), CAST(:people AS uuid[]), CAST(:amounts AS bigint[]), CAST(:areas AS text[]))"
    " AS n(award, application, household, person, amount, area) WHERE a.id = :sample"
)


@dataclass(frozen=True)
class Due:
    """What somebody is to be paid each month, VND, in which commune; to which account, or their own by ending."""

    amount: int = 750_000
    number: str = ""
    area: str = "08566"
    ending: str = "12345"


async def award_many(benefits: Benefits, due: Sequence[Due]) -> list[Somebody]:
    """Award each their amount from this month on; return who they are. One more person was awarded before them.

    Raises:
        BudgetExhausted: the fund has less.
    """
    sample = await benefits.award(await benefits.settle_in())
    everybody = [Somebody(new_id(), new_id()) for _ in due]
    rest = iter(zip(everybody, due, strict=True))
    while some := list(islice(rest, _AT_ONCE)):
        people = (person(who, number=one.number or number_of(who, one.ending)) for who, one in some)
        await benefits.hear(*(household(who) for who, _ in some), *people)
        await _award(benefits, sample, [who for who, _ in some], [one for _, one in some])
    return everybody


async def _award(benefits: Benefits, sample: dict[str, str], who: Sequence[Somebody], due: Sequence[Due]) -> None:
    applications = [new_id() for _ in who]
    people = {"households": [one.household_id for one in who], "people": [one.person_id for one in who]}
    months = 13 - int(sample["first_month"][5:])
    purpose = Purpose(FUND, sample["programme"], int(sample["first_month"][:4]))
    total = sum(one.amount for one in due) * months
    async with benefits.database.transaction() as session:
        row = (
            await session.execute(text("SELECT application_id FROM award WHERE id = :id"), {"id": UUID(sample["id"])})
        ).one()
        await session.execute(_APPLICATIONS, {"applications": applications, "sample": row.application_id, **people})
        awards = {
            "awards": [new_id() for _ in who],
            "applications": applications,
            "amounts": [one.amount for one in due],
            "areas": [one.area for one in due],
            "sample": UUID(sample["id"]),
        }
        await session.execute(_AWARDS, awards | people)
        await commit_budget(session, purpose, total, cause=uuid4().hex, actor="test", on=clock.today())
