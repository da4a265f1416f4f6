"""Form B1: points that stand in for income, read from a table by form version, region and setting.

The official tables are loaded through the API in this file's shape; what a release carries is a sample that says so,
and no decision can rest on a sample.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.registry.domain.standards import Bilingual, standards
from shared.events.registry import Setting

_FILE = Path(__file__).parent.parent / "data" / "forms_b1.json"


class FormAnswersRefused(ValueError):
    """Answers do not fit the form: `code` says why, `item` where."""

    def __init__(self, code: str, item: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.item = item


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Points(_Part):
    """The points of an answer in a region, by setting; they may be negative."""

    rural: int = Field(ge=-500, le=500)
    urban: int = Field(ge=-500, le=500)


class Answer(_Part):
    """An answer that an item of the form offers."""

    code: str = Field(pattern=r"^[a-z0-9_]+$")
    name: Bilingual
    points: dict[str, Points] = Field(min_length=1, description="by region")


class Item(_Part):
    """A question of the form; exactly one of its answers is given."""

    code: str = Field(pattern=r"^[a-z0-9_]+$")
    name: Bilingual
    answers: tuple[Answer, ...] = Field(min_length=2, strict=False)


class FormB1(_Part):
    """A version of form B1 for a standard. `sample` forms serve tests and training alone."""

    version: str = Field(pattern=r"^[a-z0-9-]+$")
    standard: str
    name: Bilingual
    sample: bool
    legal_basis: str = Field(min_length=1)
    regions: tuple[str, ...] = Field(min_length=1, strict=False)
    items: tuple[Item, ...] = Field(min_length=1, strict=False)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        codes = [item.code for item in self.items]
        if len(set(codes)) != len(codes) or len(set(self.regions)) != len(self.regions):
            raise ValueError("an item or a region stands there twice")
        for item in self.items:
            answers = [answer.code for answer in item.answers]
            if len(set(answers)) != len(answers):
                raise ValueError(f"{item.code}: an answer stands there twice")
            if any(set(answer.points) != set(self.regions) for answer in item.answers):
                raise ValueError(f"{item.code}: each answer has points for each region")
        if self.sample and not ("MẪU" in self.name.vi and "SAMPLE" in self.name.en):
            raise ValueError("a sample says so in its name")
        return self

    def points(self, setting: Setting, region: str, answers: Mapping[str, str]) -> int:
        """Return the sum of the points of the answers, never below 0.

        Raises:
            FormAnswersRefused: the region, an item or an answer is not the form's, or an item has no answer.
        """
        if region not in self.regions:
            raise FormAnswersRefused("form_region_unknown")
        unknown = set(answers) - {item.code for item in self.items}
        if unknown:
            raise FormAnswersRefused("form_item_unknown", min(unknown))
        total = 0
        for item in self.items:
            if item.code not in answers:
                raise FormAnswersRefused("form_item_missing", item.code)
            given = next((each for each in item.answers if each.code == answers[item.code]), None)
            if given is None:
                raise FormAnswersRefused("form_answer_unknown", item.code)
            points = given.points[region]
            total += points.urban if setting == "urban" else points.rural
        return max(total, 0)


class FormsB1(_Part):
    """The forms of a release, by version."""

    forms: tuple[FormB1, ...] = Field(strict=False)

    @model_validator(mode="after")
    def _fit_the_standards(self) -> Self:
        versions = [form.version for form in self.forms]
        if len(set(versions)) != len(versions):
            raise ValueError("two forms have the same version")
        for form in self.forms:
            if standards().named(form.standard).score_cutoffs is None:
                raise ValueError(f"{form.version}: the standard has no cut-offs")
        return self

    def named(self, version: str, standard: str) -> FormB1:
        """Return a version of a standard's form.

        Raises:
            FormAnswersRefused: there is none.
        """
        for form in self.forms:
            if (form.version, form.standard) == (version, standard):
                return form
        raise FormAnswersRefused("form_unknown")


def read_forms(content: str) -> FormsB1:
    """Return the forms of a JSON text.

    Raises:
        pydantic.ValidationError: something is unknown, absent or twice.
        services.registry.domain.standards.UnknownStandard: a form is of no standard.
    """
    return FormsB1.model_validate_json(content)


@cache
def forms_b1() -> FormsB1:
    """Return the forms that this release carries."""
    return read_forms(_FILE.read_text(encoding="utf-8"))
