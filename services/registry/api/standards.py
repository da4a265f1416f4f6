"""The poverty standards."""

from collections.abc import Sequence

from services.registry.domain.form_b1 import FormB1
from services.registry.domain.standards import Standard, UnknownStandard, standards
from services.registry.store.forms import known_forms, load_form
from shared import clock
from shared.http import IDEMPOTENT, About, Actor, FieldProblem, Problem, Router, Tx, needs

router = Router(prefix="/registry/v1", tags=["standards"])

READING = needs("reference.read")


@router.get("/standards", dependencies=[READING])
async def list_standards() -> list[Standard]:
    """List the poverty standards, in the order of time, with lines, indicators and what is not confirmed about them."""
    return list(standards().standards)


@router.get("/standards/{code}", dependencies=[READING])
async def get_standard(code: str) -> Standard:
    """Show a poverty standard."""
    try:
        return standards().named(code)
    except UnknownStandard:
        raise Problem(404, "standard_not_found") from None


@router.get("/standards/{code}/forms", dependencies=[READING])
async def list_forms(tx: Tx, code: str) -> list[FormB1]:
    """List the versions of form B1 of a standard with their point tables; a sample says that it is one."""
    return [form for form in (await known_forms(tx)).forms if form.standard == code]


@router.post("/standards/{code}/forms", status_code=201, dependencies=[needs("forms.load"), IDEMPOTENT])
async def load_official_form(tx: Tx, actor: Actor, about: About, code: str, form: FormB1) -> Sequence[FormB1]:
    """Load an official point table of form B1 as a new version; the answer lists every version of the standard."""
    if form.standard != code:
        raise Problem(422, "form_refused", errors=[FieldProblem("/body/standard", "standard_unknown")], count=1)
    loaded = await load_form(tx, form, by=actor, now=clock.now())
    about.note(version=form.version, standard=code)
    return loaded
