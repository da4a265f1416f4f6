"""What a change makes of households, in words: what was, what is, a line a difference."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.registry.pages.facts import HOME, PERSON, FactWords
from services.registry.pages.names import area_names
from shared.pages import Visitor
from shared.texts import Language, text
from shared.texts.formats import Formats

State = Mapping[str, Any]
_WRITTEN = ("full_name", "birth_date", "sex", "ethnicity", "joined_on")


@dataclass(frozen=True)
class Line:
    """Something of a household that differs: what it is, what it was and what it becomes, as people read it."""

    what: str
    before: str
    after: str


@dataclass(frozen=True)
class Told:
    """A household that a change touches; without id one that is founded. `name` is that of its head."""

    household_id: str | None
    name: str
    lines: list[Line]


async def told(visitor: Visitor, effects: list[Mapping[str, Any]], *, on: str) -> list[Told]:
    """Return effects of a change from a day on in the visitor's language, with the units of that day."""
    codes = {each[side]["area_code"] for each in effects for side in ("before", "after") if each[side]}
    areas = await area_names(visitor, codes, on)
    groups = (await visitor.get("/registry/v1/ethnic-groups"))["groups"]
    words = _Words(visitor.language, areas, {each["code"]: each["name"] for each in groups})
    return [
        Told(each["household_id"], _head(each["before"]) or _head(each["after"]) or "—", list(words.lines(each)))
        for each in effects
    ]


def _head(state: State | None) -> str | None:
    members = state["members"] if state else ()
    return next((str(each["full_name"]) for each in members if each["relationship"] == "head"), None)


@dataclass(frozen=True)
class _Words:
    language: Language
    areas: Mapping[str, str]
    ethnicities: Mapping[str, str]

    @property
    def facts(self) -> FactWords:
        return FactWords(self.language)

    def lines(self, effect: Mapping[str, Any]) -> Iterator[Line]:
        before, after = effect["before"], effect["after"]
        if before is None and after is not None:
            yield Line(self._t("effect.founded"), "—", self._place(after))
        if before is not None and after is None:
            yield Line(self._t("effect.founded"), self._place(before), "—")
        if before and after and self._place(before) != self._place(after):
            yield Line(self._t("effect.place"), self._place(before), self._place(after))
        yield from self._ending(before, after)
        yield from self._people(before, after)
        if before and after:
            yield from (Line(*each) for each in self.facts.differing(HOME, before["facts"], after["facts"]))

    def _ending(self, before: State | None, after: State | None) -> Iterator[Line]:
        ended = [None if state is None else state["ended"] for state in (before, after)]
        if ended[0] != ended[1]:
            was, now = (
                "—" if each is None else f"{self._t('ending.' + each['reason'])}, {self._day(each['on'])}"
                for each in ended
            )
            yield Line(self._t("effect.ended"), was, now)

    def _people(self, before: State | None, after: State | None) -> Iterator[Line]:
        were, are = (
            {each["person_id"]: each for each in (state["members"] if state else ())} for state in (before, after)
        )
        left = {each["person_id"]: each["reason"] for each in (after["former"] if after else ())}
        for person, member in were.items():
            if person not in are:
                reason = self._t(f"leaving.{left[person]}") if person in left else "—"
                yield Line(member["full_name"], self._relationship(member), reason)
        for person, member in are.items():
            if person not in were:
                yield Line(member["full_name"], "—", self._relationship(member))
                continue
            was = were[person]
            if was["relationship"] != member["relationship"]:
                yield Line(member["full_name"], self._relationship(was), self._relationship(member))
            yield from self._details(was, member)

    def _details(self, was: State, member: State) -> Iterator[Line]:
        for name in _WRITTEN:
            if was[name] != member[name]:
                what = f"{member['full_name']}, {self._t('desk.' + name)}"
                yield Line(what, self._written(name, was[name]), self._written(name, member[name]))
        for what, before, after in self.facts.differing(PERSON, was["facts"], member["facts"]):
            yield Line(f"{member['full_name']}, {what}", before, after)

    def _written(self, name: str, value: str) -> str:
        match name:
            case "birth_date" | "joined_on":
                return self._day(value)
            case "sex":
                return self._t(f"sex.{value}")
            case "ethnicity":
                return self.ethnicities.get(value, value)
        return value

    def _relationship(self, member: State) -> str:
        return self._t(f"relationship.{member['relationship']}")

    def _place(self, state: State) -> str:
        parts = (state["address"], state["village_code"], self.areas[state["area_code"]])
        return ", ".join(part for part in parts if part)

    def _day(self, value: str) -> str:
        return Formats(self.language).day(date.fromisoformat(value))

    def _t(self, key: str) -> str:
        return text(key, self.language)
