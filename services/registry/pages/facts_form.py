"""The form by which officers correct facts: filled in with what is known, and only what they change is told.

What is known when the form is first shown travels with it (`was`). So a fact that somebody else changed meanwhile, and
this officer did not touch, stays as the other left it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from services.registry.pages.facts import HOME, PERSON, Fact, Known
from shared.pages import Fields

NONE = "none"  # of what is ticked: it is established that there is none
_NUMBER = re.compile(r"[0-9]+|[0-9]{1,3}([. ][0-9]{3})+")
_YES_NO: Mapping[str, bool] = {"yes": True, "no": False}


def known_facts(household: Mapping[str, Any]) -> str:
    """Return what is known of a household of the API and its members, for the form to carry."""
    members = {each["id"]: each["facts"] for each in household["members"]}
    return json.dumps({"home": household["facts"], "members": members})


def entered_facts(household: Mapping[str, Any]) -> Fields:
    """Return a form filled in with what is known of a household."""
    pairs = _filled("home", HOME, household["facts"])
    for index, member in enumerate(household["members"]):
        pairs += _filled(f"members/{index}", PERSON, member["facts"])
    return Fields(pairs)


def changed_facts(form: Fields) -> dict[str, Any]:
    """Return the facts that a form changes, as the API takes them; what was taken out is null.

    Every member stands in the list, so that a refusal names the place in the form.
    """
    was = _was(form)
    people = []
    index = 0
    while person_id := form.get(f"members/{index}/person_id"):
        known = was.get("members", {}).get(person_id, {})
        people.append({"person_id": person_id} | _changed(form, f"members/{index}", PERSON, known))
        index += 1
    return {"home": _changed(form, "home", HOME, was.get("home", {})), "members": people}


def _was(form: Fields) -> dict[str, Any]:
    try:
        was = json.loads(form.get("was"))
    except ValueError:
        return {}
    return was if isinstance(was, dict) else {}


def _changed(form: Fields, at: str, asked: Sequence[Fact], known: Known) -> dict[str, Any]:
    stated = {each.name: _stated(form, f"{at}/{each.name}", each) for each in asked}
    return {each.name: stated[each.name] for each in asked if not _same(each, known.get(each.name), stated[each.name])}


def _filled(at: str, asked: Sequence[Fact], facts: Known) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for each in asked:
        value, name = facts[each.name], f"{at}/{each.name}"
        if value is None:
            continue
        match each.how:
            case "yes_no":
                pairs.append((name, "yes" if value else "no"))
            case "ticks":
                pairs += [(f"{name}/-", code) for code in value or [NONE]]
            case "yes_no_each":
                pairs += [(f"{name}/{part}", "yes" if value[part] else "no") for part in each.options]
            case "count_each":
                pairs += [(f"{name}/{part}", str(value[part])) for part in each.options]
            case "disabilities":
                pairs += [] if value else [(f"{name}/-", NONE)]
                for index, row in enumerate(value):
                    pairs += [(f"{name}/{index}/{part}", row[part]) for part in ("kind", "degree")]
            case _:
                pairs.append((name, str(value)))
    return pairs


def _stated(form: Fields, name: str, fact: Fact) -> Any:
    """Return the value that a form states of a fact, None where it states none."""
    match fact.how:
        case "yes_no":
            return _YES_NO.get(form.get(name))
        case "ticks":
            ticked = [value for each, value in form.pairs if each == f"{name}/-"]
            return [] if ticked == [NONE] else ticked or None
        case "yes_no_each":
            parts = {part: _YES_NO.get(form.get(f"{name}/{part}")) for part in fact.options}
            return {part: value for part, value in parts.items() if value is not None} or None
        case "count_each":
            counts = {part: _whole(form.get(f"{name}/{part}")) for part in fact.options}
            return None if set(counts.values()) == {""} else {part: value or 0 for part, value in counts.items()}
        case "disabilities":
            return _disabilities(form, name)
        case "amount":
            amount = _whole(form.get(name))
            return None if amount == "" else amount
        case "area":
            return form.get(name).strip().replace(",", ".") or None
        case _:
            return form.get(name) or None


def _whole(entered: str) -> int | str:
    """Return a whole number as entered, also with the dots or spaces of thousands; what is none as it is."""
    found = _NUMBER.fullmatch(entered.strip())
    return int(re.sub(r"\D", "", found[0])) if found else entered.strip()


def _disabilities(form: Fields, name: str) -> list[dict[str, str]] | None:
    rows = []
    index = 0
    while any(each.startswith(f"{name}/{index}/") for each, _ in form.pairs):
        row = {part: form.get(f"{name}/{index}/{part}") for part in ("kind", "degree")}
        if any(row.values()):
            rows.append({part: value for part, value in row.items() if value})
        index += 1
    return rows or ([] if form.has(f"{name}/-", NONE) else None)


def _same(fact: Fact, known: Any, stated: Any) -> bool:
    if known is None or stated is None:
        return known is stated
    match fact.how:
        case "ticks":
            return set(known) == set(stated)
        case "area":
            try:
                return Decimal(str(known)) == Decimal(stated)
            except InvalidOperation:
                return False
    return bool(known == stated)
