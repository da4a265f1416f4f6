"""The poverty standards."""

from datetime import datetime

from services.registry.domain.form_b1 import FormB1
from services.registry.domain.standards import Standard, UnknownStandard, standards
from services.registry.store.forms import known_forms, load_form, refuse_form
from shared import clock
from shared.approvals import Draft, Proposal, propose
from shared.approvals.api import Operation, ProposalOut, proposal_out
from shared.db import Transaction
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


async def _load(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:
    form = FormB1.model_validate_json(proposal.draft.encoded)
    await load_form(session, form, by=proposal.prepared_by, approved_by=actor, now=now)


OFFICIAL_FORM = Operation("official-form", "forms.read", "forms.approve", apply=_load)


@router.post("/standards/{code}/forms", status_code=201, dependencies=[needs("forms.load"), IDEMPOTENT])
async def propose_official_form(tx: Tx, actor: Actor, about: About, code: str, form: FormB1) -> ProposalOut:
    """Propose an official point table of form B1 as a new version; it is loaded once another person approved it.

    Classes of thousands of households are counted by it, and no version is ever changed.
    """
    if form.standard != code:
        raise Problem(422, "form_refused", errors=[FieldProblem("/body/standard", "standard_unknown")], count=1)
    await refuse_form(tx, form)
    about.note(version=form.version, standard=code)
    draft = Draft(OFFICIAL_FORM.kind, form.version, form.model_dump(mode="json"))
    return proposal_out("registry", OFFICIAL_FORM, await propose(tx, draft, actor=actor, now=clock.now()))
