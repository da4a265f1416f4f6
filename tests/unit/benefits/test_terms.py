"""Programme data that cannot be evaluated is refused when it is read."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.benefits.programmes.domain.terms import PROGRAMMES, Programme

CODE = "monthly-assistance-poor-elderly"


def data() -> Any:
    return PROGRAMMES[CODE].model_dump(mode="json")


def _overlap(raw: Any) -> None:
    raw["terms"][0]["valid_to"] = "2024-07-01"


def _open_end_first(raw: Any) -> None:
    raw["terms"][0]["valid_to"] = None


def _fraction(raw: Any) -> None:
    raw["terms"][0]["coefficients"][0]["coefficient"] = "1.0000001"


def _bands_overlap(raw: Any) -> None:
    raw["terms"][0]["coefficients"][0]["to_age"] = 80


def _no_basis(raw: Any) -> None:
    raw["terms"][0]["legal_basis"] = ""


def _unknown_class(raw: Any) -> None:
    raw["terms"][0]["household_classes"] = ["rich"]


def _unknown_field(raw: Any) -> None:
    raw["terms"][0]["income_below"] = 5


def _personal_narrative(raw: Any) -> None:
    raw["narrative"] = "Trợ cấp của bà Lan"


@pytest.mark.parametrize(
    "spoil",
    [
        _overlap,
        _open_end_first,
        _fraction,
        _bands_overlap,
        _no_basis,
        _unknown_class,
        _unknown_field,
        _personal_narrative,
    ],
)
def test_terms_that_cannot_be_evaluated_are_refused(spoil: Any) -> None:
    raw = data()
    spoil(raw)
    with pytest.raises(ValidationError):
        Programme.model_validate(raw)


def test_what_was_not_compared_with_the_law_says_so() -> None:
    for terms in PROGRAMMES[CODE].terms:
        assert terms.confirmed or terms.note
