"""What for: whoever is shown whole numbers says why, and it stands on record with the reading."""

import re
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from shared.text import clean

_NUMBER = re.compile(r"(?:\d[ .\-]?){6,}")


def _stated(written: str) -> str:
    """Return a purpose in words. Raises PydanticCustomError: it holds a number, which would stand in the record."""
    if _NUMBER.search(written):
        raise PydanticCustomError("purpose_holds_number", "a purpose holds no number")
    return clean(written)


Purpose = Annotated[
    str,
    Query(
        min_length=10,
        max_length=200,
        description="what numbers in full are for; it stands on record, so no number in it",
        examples=["Đối chiếu với thẻ căn cước tại buổi chi trả"],
    ),
    AfterValidator(_stated),
]
