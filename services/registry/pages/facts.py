"""The facts of households and people on pages: which there are, how each is asked for, and how people read it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from services.registry.domain import facts as domain
from shared.texts import Language, text
from shared.texts.formats import Formats

How = Literal["yes_no", "choice", "ticks", "amount", "area", "day", "yes_no_each", "count_each", "disabilities"]


@dataclass(frozen=True)
class Fact:
    """A fact by its name in the API; `options` are the codes to choose from, or its parts."""

    name: str
    how: How
    options: tuple[str, ...] = ()


HOME = (
    Fact("dwelling", "choice", get_args(domain.Ownership)),
    Fact("durable", "yes_no_each", tuple(domain.Structures.model_fields)),
    Fact("floor_area_m2", "area"),
    Fact("water_source", "choice", get_args(domain.WaterSource)),
    Fact("latrine", "choice", get_args(domain.Latrine)),
    Fact("internet_use", "yes_no"),
    Fact("information_means", "ticks", get_args(domain.Device)),
    Fact("income_per_person_month", "amount"),
    Fact("livelihood", "choice", get_args(domain.Livelihood)),
    Fact("production_land_m2", "area"),
    Fact("livestock", "count_each", tuple(domain.Livestock.model_fields)),
    Fact("poverty_causes", "ticks", get_args(domain.Cause)),
)
PERSON = (
    Fact("work", "choice", get_args(domain.Work)),
    Fact("able_to_work", "yes_no"),
    Fact("education", "ticks", get_args(domain.Education)),
    Fact("health_insurance", "yes_no"),
    Fact("nutrition", "choice", get_args(domain.Nutrition)),
    Fact("monthly_allowance", "yes_no"),
    Fact("merit", "ticks", get_args(domain.Merit)),
    Fact("disabilities", "disabilities"),
    Fact("pregnancy_due_on", "day"),
)
DISABILITY_KINDS, DISABILITY_DEGREES = get_args(domain.DisabilityKind), get_args(domain.DisabilityDegree)
Known = Mapping[str, Any]


@dataclass(frozen=True)
class FactWords:
    """Facts as people of a language read them."""

    language: Language

    def name(self, name: str) -> str:
        """Return what a fact, or a part of one, is called at the beginning of a line."""
        called = text(f"field.{name}", self.language)
        return called[:1].upper() + called[1:]

    def known(self, asked: Sequence[Fact], facts: Known) -> list[tuple[str, str]]:
        """Return the facts that are established, with their values."""
        return [
            (self.name(each.name), self.value(each, facts[each.name])) for each in asked if facts[each.name] is not None
        ]

    def differing(self, asked: Sequence[Fact], before: Known, after: Known) -> Iterator[tuple[str, str, str]]:
        """Yield the facts that differ, as they were and as they are."""
        for each in asked:
            was, now = before[each.name], after[each.name]
            if was != now:
                yield self.name(each.name), self.value(each, was), self.value(each, now)

    def value(self, fact: Fact, value: Any) -> str:
        """Return a value of a fact as the API shows it in words."""
        if value is None:
            return self._t("fact.unknown")
        formats = Formats(self.language)
        match fact.how:
            case "yes_no":
                return self._yes_no(value)
            case "choice":
                return self.word(fact.name, value)
            case "ticks":
                return ", ".join(self.word(fact.name, each) for each in value) or self._t("fact.none")
            case "amount":
                return formats.money(value)
            case "area":
                whole, _, rest = str(value).partition(".")
                point = "," if self.language == "vi" else "."
                rest = rest.rstrip("0")
                return formats.number(int(whole)) + (f"{point}{rest}" if rest else "")
            case "day":
                return formats.day(date.fromisoformat(value))
            case "yes_no_each":
                return ", ".join(f"{self._part(each)}: {self._yes_no(value[each])}" for each in fact.options)
            case "count_each":
                return ", ".join(f"{self._part(each)}: {formats.number(value[each])}" for each in fact.options)
            case "disabilities":
                kinds = (f"{self.word('kind', each['kind'])} ({self.word('degree', each['degree'])})" for each in value)
                return ", ".join(kinds) or self._t("fact.none")

    def word(self, name: str, code: str) -> str:
        """Return the word for a code that a fact may have."""
        return self._t(f"fact.{name}.{code}")

    def words(self, name: str, codes: Sequence[str]) -> list[tuple[str, str]]:
        """Return codes with their words, as a choice offers them."""
        return [(code, self.word(name, code)) for code in codes]

    def _part(self, name: str) -> str:
        return self._t(f"field.{name}")

    def _yes_no(self, value: bool) -> str:
        return self._t("fact.yes" if value else "fact.no")

    def _t(self, key: str) -> str:
        return text(key, self.language)
