"""Members of households, one by one."""

from uuid import UUID

from fastapi import Response

from services.registry.api.views import PersonView
from services.registry.domain.households import PersonChange
from services.registry.store import households
from shared.http import Actor, IfMatch, IfNoneMatch, Router, Tx, etag

router = Router(prefix="/registry/v1", tags=["people"])


@router.get("/people/{person_id}")
async def get_person(tx: Tx, response: Response, known: IfNoneMatch, person_id: UUID) -> PersonView:
    """Show a person."""
    found = await households.person(tx, person_id)
    response.headers["ETag"] = known.check(found.version)
    return PersonView.of(found)


@router.patch("/people/{person_id}")
async def change_person(
    tx: Tx,
    actor: Actor,  # noqa: ARG001 - nobody changes people unnamed
    response: Response,
    expected: IfMatch,
    person_id: UUID,
    change: PersonChange,
) -> PersonView:
    """Change a person's name, phone or account; what is absent stays, a phone or account of null is removed."""
    person = await households.person(tx, person_id, lock=True)
    expected.check(person.version)
    changed = change.applied_to(person)
    if changed is not person:
        await households.save_person(tx, changed)
    response.headers["ETag"] = etag(changed.version)
    return PersonView.of(changed)
