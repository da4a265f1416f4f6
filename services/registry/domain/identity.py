"""What is written about a person: names, phone numbers, the personal identification number."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from services.registry.domain.areas import cleaned
from shared.events.registry import Sex

_SEPARATORS = re.compile(r"[ .\-()]")
_MOBILE = re.compile(r"(?:0|\+84|84)([35789][0-9]{8})")

PersonalNumberDoubt = Literal["personal_number_sex", "personal_number_birth_year"]


def mobile_number(written: str) -> str:
    """Return a Vietnamese mobile number in E.164, `+84912345678`.

    Raises:
        PydanticCustomError: not ten digits that begin with 03, 05, 07, 08 or 09.
    """
    match = _MOBILE.fullmatch(_SEPARATORS.sub("", written))
    if match is None:
        raise PydanticCustomError("mobile_number", "not a Vietnamese mobile number")
    return f"+84{match[1]}"


Mobile = Annotated[str, Field(max_length=30, examples=["0912 345 678"]), AfterValidator(mobile_number)]
FullName = Annotated[str, Field(min_length=2, max_length=100, examples=["Hà Thị Mận"]), BeforeValidator(cleaned)]
PersonalNumber = Annotated[str, Field(pattern=r"^[0-9]{12}$", examples=["025185000123"])]


def initials(full_name: str) -> str:
    """Return a name as a refusal shows it to who may look the person up: `H.T.M.`"""
    return "".join(f"{word[0]}." for word in full_name.split())


def personal_number_doubts(number: str, *, sex: Sex, birth_date: date) -> Sequence[PersonalNumberDoubt]:
    """Return where a twelve-digit personal number disagrees with what is registered.

    Digit 4 tells century and sex (even male, odd female; 0 and 1 the 1900s), digits 5 and 6 the year. The number has no
    check digit and its first three digits name the province of birth registration as it was then: neither they nor a
    disagreement correct anybody's data.
    """
    doubts: list[PersonalNumberDoubt] = []
    century_and_sex = int(number[3])
    if sex != "unknown" and (century_and_sex % 2 == 1) != (sex == "female"):
        doubts.append("personal_number_sex")
    if 1900 + century_and_sex // 2 * 100 + int(number[4:6]) != birth_date.year:
        doubts.append("personal_number_birth_year")
    return doubts


def ending(number: str | None) -> str | None:
    """Return the last three characters, which is all that is shown of an identity or account number."""
    return None if number is None else number[-3:]


def masked(written: str) -> str:
    """Return a number as exports show it, `•••123`; also one that was written with spaces, or wrongly."""
    return f"•••{written[-3:]}" if len(written) > 3 else "•" * len(written)
