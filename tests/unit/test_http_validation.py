"""What pydantic refuses, told to people: each kind in both languages, the refused value in none."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_core._pydantic_core import list_all_errors

from shared.http.refusals import validation_problem
from shared.texts import CATALOGUE, DEFAULT_LANGUAGE, placeholders, text

SECRET = "079012345678"


class Colour(StrEnum):
    RED = "red"


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(min_length=2, max_length=5)] = "abc"
    code: Annotated[str, StringConstraints(pattern="^[a-z]+$")] = "a"
    size: Annotated[int, Field(gt=0, le=9)] = 1
    share: float = 0.5
    colour: Colour = Colour.RED
    kind: Literal["a", "b"] = "a"
    born: date = date(2000, 1, 1)
    at: AwareDatetime | None = None
    seen: datetime | None = None
    id: UUID | None = None
    many: Annotated[list[int], Field(min_length=1, max_length=2)] = [1]
    agreed: bool = True
    odd: str = ""

    @field_validator("odd")
    @classmethod
    def refuse(cls, value: str) -> str:
        if value == "custom":
            raise PydanticCustomError("int_type", "never shown: {value}", {"value": value})
        if value:
            raise ValueError(f"never shown: {value}")
        return value


CASES: list[tuple[str, dict[str, Any], str]] = [
    ("name", {"name": 3}, "string_type"),
    ("name", {"name": "a"}, "string_too_short"),
    ("name", {"name": SECRET}, "string_too_long"),
    ("code", {"code": SECRET}, "string_pattern_mismatch"),
    ("size", {"size": f"a{SECRET}"}, "int_parsing"),
    ("size", {"size": 1.5}, "int_from_float"),
    ("size", {"size": [SECRET]}, "int_type"),
    ("size", {"size": 0}, "greater_than"),
    ("size", {"size": 10}, "less_than_equal"),
    ("share", {"share": "a"}, "float_parsing"),
    ("colour", {"colour": SECRET}, "enum"),
    ("kind", {"kind": SECRET}, "literal_error"),
    ("born", {"born": "2026-02-30"}, "date_from_datetime_parsing"),
    ("at", {"at": "2026-01-01T00:00:00"}, "timezone_aware"),
    ("seen", {"seen": SECRET + "x"}, "datetime_from_date_parsing"),
    ("id", {"id": SECRET}, "uuid_parsing"),
    ("many", {"many": []}, "too_short"),
    ("many", {"many": [1, 2, 3]}, "too_long"),
    ("many", {"many": SECRET}, "list_type"),
    ("agreed", {"agreed": SECRET}, "bool_parsing"),
    ("more", {"more": SECRET}, "extra_forbidden"),
    ("odd", {"odd": SECRET}, "other"),
    ("odd", {"odd": "custom"}, "int_type"),
]


@pytest.mark.parametrize(("name", "body", "code"), CASES, ids=[f"{name}-{code}" for name, _, code in CASES])
def test_each_kind_of_refusal_names_the_field_and_the_remedy_and_not_the_value(
    name: str, body: dict[str, Any], code: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Form.model_validate(body)
    errors = [{**error, "loc": ("body", *error["loc"])} for error in refused.value.errors()]
    problem = validation_problem(errors)
    (told,) = problem.errors
    assert (problem.status, told.pointer, told.code) == (422, f"/body/{name}", code)
    for language in ("vi", "en"):
        document = problem.document(language, service="registry", instance="/x")
        assert document["errors"][0]["message"] == text(f"validation.{code}", language, **told.fields)
        assert SECRET not in str(document)


def test_the_texts_of_pydantics_errors_ask_for_nothing_that_pydantic_does_not_tell() -> None:
    told = {error["type"]: frozenset(error["example_context"] or {}) for error in list_all_errors()}
    for kind, fields in told.items():
        entry = CATALOGUE.get(f"validation.{kind}")
        if entry is not None:
            assert placeholders(entry[DEFAULT_LANGUAGE]) <= fields, kind


def test_of_thousands_of_refusals_the_first_hundred_are_told_and_all_are_counted() -> None:
    errors = [{"type": "missing", "loc": ("body", index)} for index in range(3000)]
    problem = validation_problem(errors)
    assert len(problem.errors) == 100
    assert problem.fields["count"] == 3000


def test_a_value_that_was_sent_as_the_name_of_a_field_is_not_told() -> None:
    with pytest.raises(ValidationError) as refused:
        Form.model_validate({SECRET: 1, "Hà Thị Mận": 2, "nickname": 3})
    problem = validation_problem([{**error, "loc": ("body", *error["loc"])} for error in refused.value.errors()])
    assert [error.pointer for error in problem.errors] == ["/body", "/body", "/body/nickname"]
