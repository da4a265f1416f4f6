"""The names that pages show for codes: of programmes, and what a bank's reason means."""

import re
from typing import cast

from services.benefits.payments.domain.reasons import ReasonClass, ReasonList, reason_class
from shared.pages import Visitor

_CODE = re.compile(r"[A-Z0-9]{4}")


async def programme_names(visitor: Visitor) -> dict[str, str]:
    """Return the names of all programmes by code."""
    return {each["code"]: each["name"][visitor.language] for each in await visitor.get("/benefits/v1/programmes")}


def means(source: str, code: str | None) -> str | None:
    """Return the class of a bank's reason, of the list `status` or `return`; None for what is no known code."""
    if code is None or not _CODE.fullmatch(code):
        return None
    found = reason_class(cast("ReasonList", source), code)
    return None if found is ReasonClass.REVIEW else found.value
