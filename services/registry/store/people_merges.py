"""Merging two records of one person, in the book of households: dated, by two people, undone as any change is."""

from datetime import datetime
from uuid import UUID

from services.registry.domain.household_changes import ChangeRefused, SamePerson
from services.registry.domain.timeline import BeforeRegistration, Revision, revised
from services.registry.store.duplicates import Pair, decide
from services.registry.store.household_book import only_version, refusal
from services.registry.store.household_changes import Book, Entry, opened, write_changes
from services.registry.store.people_search import Found
from shared.clock import legal_date
from shared.db import Transaction
from shared.events.registry import PeopleMerged
from shared.ids import new_id
from shared.messaging.outbox import publish


def sides(pair: Pair, kept_id: UUID) -> tuple[Found, Found]:
    """Return who is kept of a pair, and the other.

    Raises:
        Problem: 422 `change_refused`: the pair is of others, the number stands with the other record alone, or one of
            them is a member nowhere.
    """
    first, second = pair.people
    if kept_id not in (first.person.id, second.person.id):
        raise refusal(ChangeRefused("kept_id", "not_of_the_pair"))
    kept, absorbed = (first, second) if first.person.id == kept_id else (second, first)
    if kept.person.personal_number is None and absorbed.person.personal_number is not None:
        raise refusal(ChangeRefused("kept_id", "number_with_the_other"))
    if kept.person.household_id is None or absorbed.person.household_id is None:
        raise refusal(ChangeRefused("kept_id", "not_a_member"))
    return kept, absorbed


async def merge(
    session: Transaction, pair: Pair, same: SamePerson, *, prepared_by: str, confirmed_by: str | None, now: datetime
) -> None:
    """Merge the people of a locked pair, their households locked; without `confirmed_by` find out whether it can be.

    Raises:
        Problem: 422 `change_refused`, 409 `change_conflict`, 409 `duplicate_decided`.
    """
    kept, absorbed = sides(pair, same.kept_id)
    homes = {kept.person.household_id, absorbed.person.household_id}
    book = await opened(session, sorted(homes), now)
    change_id = new_id()
    try:
        if same.effective_on > legal_date(now):
            raise ChangeRefused("effective_on", "not_yet")
        revision = _revision(book, same, kept, absorbed, change_id)
    except BeforeRegistration:
        raise refusal(ChangeRefused("effective_on", "before_registration")) from None
    except ChangeRefused as refused:
        raise refusal(refused) from None
    if confirmed_by is None:
        return
    entry = Entry(
        kind="same_person",
        effective_on=same.effective_on,
        revisions={absorbed.person.household_id: revision},
        prepared_by=prepared_by,
        confirmed_by=confirmed_by,
        area_code=absorbed.area_code,
        note=same.note,
        id=change_id,
    )
    await write_changes(session, book, [entry])
    await publish(session, "registry", [_told(kept, absorbed, entry)])
    await decide(session, pair, "merged", note=same.note, by=confirmed_by, now=now)


def _revision(book: Book, same: SamePerson, kept: Found, absorbed: Found, change_id: UUID) -> Revision:
    versions = book.timelines[absorbed.person.household_id]
    only_version(versions, same.effective_on)
    only_version(book.timelines[kept.person.household_id], same.effective_on)
    return revised(
        versions,
        same.effective_on,
        lambda state: same.without(state, absorbed.person.id, kept.person.household_id),
        change_id,
    )


def _told(kept: Found, absorbed: Found, entry: Entry) -> PeopleMerged:
    return PeopleMerged(
        household_id=absorbed.person.household_id,
        change_id=entry.id,
        person_id=absorbed.person.id,
        kept_person_id=kept.person.id,
        kept_household_id=kept.person.household_id,
        area_code=absorbed.area_code,
        merged_on=entry.effective_on,
    )
