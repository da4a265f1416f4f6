"""What a bank's reason for refusing or returning a payment means for the order.

Refusals and returns are two lists: the same code means different things in them. A code that nobody knows is for a
person to look at.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

ReasonList = Literal["status", "return"]


class ReasonClass(StrEnum):
    """Whose turn it is. DATA and NAME wait for corrected data; OURS, FUNDS and DATE may be tried again as they are."""

    DATA = "DATA"
    NAME = "NAME"
    LIFE = "LIFE"
    COMPLIANCE = "COMPLIANCE"
    ROUTE = "ROUTE"
    FUNDS = "FUNDS"
    LIMIT = "LIMIT"
    DATE = "DATE"
    DUPLICATE = "DUPLICATE"
    OURS = "OURS"
    REVIEW = "REVIEW"

    @property
    def reopens(self) -> bool:
        """Whether the same order may go into the next run as it is."""
        return self in (ReasonClass.OURS, ReasonClass.FUNDS, ReasonClass.DATE)


_STATUS: Mapping[ReasonClass, str] = {
    ReasonClass.DATA: "AC01 AC03 AC04 AC06 AC07 AC14 AG01 AG03",
    ReasonClass.NAME: "BE01 BE06 BE17 BE21 BE22 RR03",
    ReasonClass.LIFE: "MD07",
    ReasonClass.COMPLIANCE: "RR04 AM07 NOCM FR01 FRAD",
    ReasonClass.ROUTE: "RC01 RC02 RC03 RC04 RC05 RC06 RC07 RC08 RC09 RC10 CNOR AGNT",
    ReasonClass.FUNDS: "AM04",
    ReasonClass.LIMIT: "AM02 AM13 AM14 AM21 AM23 SL15 SL16",
    # CNPC: cash that nobody collected; it is carried to the next payment as it is (Decree 20/2021 article 34).
    ReasonClass.DATE: "CH03 CH04 DT01 DT02 DT03 DT04 DT05 DT06 TM01 EDNA CNPC",
    ReasonClass.DUPLICATE: "AM05 DUPL DU01 DU02 DU03 DU04 DU05",
    ReasonClass.OURS: (
        "AC02 AC05 AC13 AG07 AM01 AM03 AM09 AM10 AM11 AM12 AM16 AM17 AM18 AM19 AM20 CURR RR10 CH16 CH17 CH20 CH21"
        " FF01 FF02 FF03 FF04 FF05 FF06 FF07 FF08"
    ),
}
_RETURN: Mapping[ReasonClass, str] = {
    ReasonClass.DATA: "AC01 AC03 AC04 AC06 AC07 AC16 AC17 AG01",
    ReasonClass.NAME: "BE01 BE04 BE05 BE06 BE07 RR01 RR02 RR03",
    ReasonClass.LIFE: "MD07",
    ReasonClass.COMPLIANCE: "RR04 FR01 NOCM",
    ReasonClass.ROUTE: "RC01",
}


def _by_code(classes: Mapping[ReasonClass, str]) -> Mapping[str, ReasonClass]:
    return MappingProxyType({code: reason for reason, codes in classes.items() for code in codes.split()})


REASONS: Mapping[ReasonList, Mapping[str, ReasonClass]] = MappingProxyType(
    {"status": _by_code(_STATUS), "return": _by_code(_RETURN)}
)


def reason_class(source: ReasonList, code: str | None) -> ReasonClass:
    """Return the class of a code in its list; REVIEW for what nobody knows, or where the bank gave none."""
    return REASONS[source].get(code or "", ReasonClass.REVIEW)
