"""Point tables of form B1: those of the release, and the official ones that were loaded."""

from datetime import datetime

from sqlalchemy import insert, select

from services.registry.domain.form_b1 import FormB1, FormsB1, forms_b1
from services.registry.domain.standards import UnknownStandard, standards
from services.registry.tables import FORMS_B1
from shared.db import Transaction
from shared.http import FieldProblem, Problem


async def known_forms(session: Transaction) -> FormsB1:
    """Return every form: a handful of rows, read when a form is filled in or shown."""
    loaded = (await session.execute(select(FORMS_B1.c.form).order_by(FORMS_B1.c.loaded_at))).scalars()
    return FormsB1(forms=(*forms_b1().forms, *map(FormB1.model_validate, loaded)))


async def refuse_form(session: Transaction, form: FormB1) -> None:
    """Pass for a form that may be loaded.

    Raises:
        Problem: 422 `form_refused`, it is a sample, of no standard with cut-offs, or its version is taken.
    """
    errors = []
    if form.sample:
        errors.append(FieldProblem("/body/sample", "form_is_sample"))
    if form.version in {each.version for each in (await known_forms(session)).forms}:
        errors.append(FieldProblem("/body/version", "form_version_taken"))
    try:
        if standards().named(form.standard).score_cutoffs is None:
            errors.append(FieldProblem("/body/standard", "score_route_unknown"))
    except UnknownStandard:
        errors.append(FieldProblem("/body/standard", "standard_unknown"))
    if errors:
        raise Problem(422, "form_refused", errors=errors, count=len(errors))


async def load_form(session: Transaction, form: FormB1, *, by: str, approved_by: str, now: datetime) -> None:
    """Load an official point table; a version that is known stays as it is for good. Raises as `refuse_form`."""
    await refuse_form(session, form)
    row = {
        "version": form.version,
        "standard": form.standard,
        "form": form.model_dump(mode="json"),
        "loaded_by": by,
        "approved_by": approved_by,
        "loaded_at": now,
    }
    await session.execute(insert(FORMS_B1).values(row))
