"""Point tables of form B1: what the loader refuses, and what answers add up to."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from services.registry.domain.form_b1 import FormAnswersRefused, FormB1, forms_b1, read_forms
from services.registry.domain.standards import UnknownStandard

SAMPLE = forms_b1().named("sample-b1-2022", "vn-2022-2025")
ANSWERS = {
    "household_size": "two_to_four",
    "electricity": "from_25_to_99",
    "wage_earners": "one",
    "motorbike": "yes",
    "large_livestock": "yes",
}


def test_what_this_release_carries_is_labelled_a_sample() -> None:
    assert all(form.sample and "MẪU" in form.name.vi and "SAMPLE" in form.name.en for form in forms_b1().forms)


def test_points_are_those_of_region_and_setting() -> None:
    assert SAMPLE.points("rural", "midlands_mountains", ANSWERS) == 35 + 30 + 30 + 25 + 20
    assert SAMPLE.points("urban", "midlands_mountains", ANSWERS) == 40 + 35 + 40 + 30 + 5


@pytest.mark.parametrize(
    ("region", "changes", "code", "item"),
    [
        pytest.param("moon", {}, "form_region_unknown", None, id="region"),
        pytest.param("midlands_mountains", {"yacht": "yes"}, "form_item_unknown", "yacht", id="item"),
        pytest.param("midlands_mountains", {"motorbike": "two"}, "form_answer_unknown", "motorbike", id="answer"),
        pytest.param("midlands_mountains", {"motorbike": None}, "form_item_missing", "motorbike", id="no answer"),
    ],
)
def test_answers_that_do_not_fit_are_refused(
    region: str, changes: dict[str, str | None], code: str, item: str | None
) -> None:
    answers = {name: value for name, value in (ANSWERS | changes).items() if value is not None}
    with pytest.raises(FormAnswersRefused) as refused:
        SAMPLE.points("rural", region, answers)
    assert (refused.value.code, refused.value.item) == (code, item)


def _broken(**changes: Any) -> dict[str, Any]:
    form: dict[str, Any] = SAMPLE.model_dump(mode="json")
    return form | changes


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(_broken(name={"vi": "Phiếu B1", "en": "Form B1"}), id="a sample that does not say so"),
        pytest.param(_broken(regions=["midlands_mountains", "delta"]), id="a region without points"),
        pytest.param(_broken(items=[*_broken()["items"], _broken()["items"][0]]), id="an item twice"),
        pytest.param(_broken(legal_basis=""), id="no legal basis"),
        pytest.param(_broken(items=[]), id="no item"),
        pytest.param(_broken(surprise=1), id="an unknown field"),
    ],
)
def test_a_table_that_is_not_whole_is_refused(form: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FormB1.model_validate(form)


def test_a_form_of_no_standard_is_refused() -> None:
    with pytest.raises(UnknownStandard):
        read_forms(json.dumps({"forms": [_broken(standard="vn-1999")]}))
    with pytest.raises(ValidationError, match="no cut-offs"):
        read_forms(json.dumps({"forms": [_broken(standard="vn-2026-2030")]}))
