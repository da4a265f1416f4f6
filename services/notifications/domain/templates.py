"""The wording of messages: dated templates in two forms, with marks and without, checked when they are loaded."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from services.notifications.domain.notices import PURPOSES, Purpose
from services.notifications.domain.sms import size, takes_one_unit
from shared.text import clean, without_marks
from shared.texts import placeholders

LARGEST_PARTS = 2
# The most characters that a value takes in a message; what is longer is cut between words, or where it must be.
LONGEST: Mapping[str, int] = {
    "name": 32,
    "household_class": 22,
    "standard": 9,
    "decision": 20,
    "date": 10,
    "period": 7,
    "amount": 15,
    "account": 12,
}
_FILE = Path(__file__).parent.parent / "data" / "templates.json"
_WITH_MARKS, _WITHOUT_MARKS = "ữ", "u"  # the checker's filling: outside GSM-7, inside it


class BadTemplate(ValueError):
    """A template that must not be used; the text says which and why."""


class Template(BaseModel):
    """A wording of one purpose, in force from `valid_from` on until a later one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    purpose: Purpose
    language: Literal["vi", "en"]
    valid_from: date
    with_marks: str
    without_marks: str

    @property
    def version(self) -> str:
        """The name by which a message says how it was worded."""
        return f"{self.purpose}/{self.language}/{self.valid_from.isoformat()}"


def check(template: Template) -> None:
    """Pass a template that may be used.

    Raises:
        BadTemplate: the forms differ in placeholders, a placeholder is unknown, the plain form is not plain, or a form
            filled with the longest values takes more than two parts.
    """
    names = placeholders(template.with_marks)
    if names != placeholders(template.without_marks):
        raise BadTemplate(f"{template.version}: the two forms have other placeholders")
    if not names <= set(LONGEST):
        raise BadTemplate(f"{template.version}: unknown placeholders {sorted(names - set(LONGEST))}")
    if template.without_marks != without_marks(template.without_marks):
        raise BadTemplate(f"{template.version}: the form without marks has marks")
    for form, filling in ((template.with_marks, _WITH_MARKS), (template.without_marks, _WITHOUT_MARKS)):
        longest = form.format_map({name: filling * LONGEST[name] for name in names})
        needed = size(longest)
        if needed.parts > LARGEST_PARTS:
            raise BadTemplate(f"{template.version}: {needed.parts} parts ({needed.units} units) at its longest")


def load_templates() -> tuple[Template, ...]:
    """Return the templates of all times, in the order of their dates.

    Raises:
        BadTemplate: one must not be used, a purpose has none, or two share a version.
    """
    templates = TypeAdapter(tuple[Template, ...]).validate_json(_FILE.read_bytes())
    for template in templates:
        check(template)
    if len({template.version for template in templates}) != len(templates):
        raise BadTemplate("two templates of one purpose and language are valid from the same day")
    missing = set(PURPOSES) - {template.purpose for template in templates}
    if missing:
        raise BadTemplate(f"no template for {sorted(missing)}")
    return tuple(sorted(templates, key=lambda template: template.valid_from))


def choose(templates: Sequence[Template], purpose: str, on: date) -> Template:
    """Return the Vietnamese template of a purpose in force on a day.

    Raises:
        LookupError: none is in force.
    """
    for template in reversed(templates):
        if (template.purpose, template.language) == (purpose, "vi") and template.valid_from <= on:
            return template
    raise LookupError(f"no template for {purpose} on {on.isoformat()}")


def render(template: Template, values: Mapping[str, str], *, marks: bool) -> str:
    """Return the text to send, NFC, of two parts at most.

    Raises:
        KeyError: a placeholder has no value.
    """
    form, spell = (template.with_marks, clean) if marks else (template.without_marks, _plain)
    shortened = {name: _shorten(spell(value), LONGEST[name]) for name, value in values.items() if name in LONGEST}
    return clean(form.format_map(shortened))


def _plain(value: str) -> str:
    """Return a value in letters of the plain alphabet, so that one stray character does not double the price."""
    return clean("".join(letter if takes_one_unit(letter) else "?" for letter in without_marks(value)))


def _shorten(value: str, longest: int) -> str:
    if len(value) <= longest:
        return value
    return value[: longest + 1].rpartition(" ")[0] or value[:longest]
