"""The forms by which changes of households are told: what each kind asks for, and the change that a form stands for."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from services.registry.pages.facts_form import changed_facts
from shared.pages import Fields, body_of

# Kinds of change that have a form, in the order of the household's page; the first is the most frequent.
KINDS = ("birth", "death", "move", "join", "arrival", "leave", "head", "split", "merge", "facts", "details", "end")
RELATIONSHIPS = ("head", "spouse", "child", "parent", "grandparent", "grandchild", "other")
REASONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "arrival": ("marriage", "adopted", "returned", "transferred", "other"),
        "join": ("transferred", "marriage", "adopted", "returned", "other"),
        "leave": ("marriage", "work_elsewhere", "moved_out_of_province", "prison", "other"),
        "end": ("dissolved", "moved_out_of_province", "registered_in_error"),
    }
)
# Kinds that name somebody found by name or number, by the field that takes the one chosen.
CHOSEN_BY: Mapping[str, str] = MappingProxyType({"join": "person_id", "merge": "absorbed_id"})
# Kinds after which everybody's relationship to the head is stated.
RELATED = frozenset({"leave", "death", "head", "merge"})
_OF_PAGE = ("do", "seen", "find/name", "find/number")
_RELATED_TO = "related/"


def related(form: Fields, *, without: frozenset[str] = frozenset()) -> list[dict[str, str]]:
    """Return the relationships that a form states, but of some people."""
    stated = {name.removeprefix(_RELATED_TO): value for name, value in form.pairs if name.startswith(_RELATED_TO)}
    return [
        {"person_id": person, "relationship": value}
        for person, value in stated.items()
        if value and person not in without
    ]


def change_of(kind: str, form: Fields) -> dict[str, Any]:
    """Return the change that a form stands for, as the API takes it; of a merger without its kind."""
    body = body_of(form, without=_OF_PAGE)
    body.pop("related", None)
    going = frozenset(value for name, value in form.pairs if name == "going")
    body.pop("going", None)
    make = _MADE.get(kind)
    made = body if make is None else make(body, form, going)
    return made if kind == "merge" else {"kind": kind} | made


def _birth(body: dict[str, Any], _form: Fields, _going: frozenset[str]) -> dict[str, Any]:
    """A birth holds from the day of birth, which is asked for once."""
    born = {"birth_date": body["effective_on"]} if "effective_on" in body else {}
    return body | {"member": body.get("member", {}) | born}


def _without_who_goes(body: dict[str, Any], form: Fields, _going: frozenset[str]) -> dict[str, Any]:
    return body | {"relationships": related(form, without=frozenset({body.get("person_id", "")}))}


def _with_everybody(body: dict[str, Any], form: Fields, _going: frozenset[str]) -> dict[str, Any]:
    return body | {"relationships": related(form)}


def _split(body: dict[str, Any], form: Fields, going: frozenset[str]) -> dict[str, Any]:
    stated = related(form)
    return body | {
        "members": [each for each in stated if each["person_id"] in going],
        "remaining": [each for each in stated if each["person_id"] not in going],
    }


def _facts(body: dict[str, Any], form: Fields, _going: frozenset[str]) -> dict[str, Any]:
    return {name: body[name] for name in ("effective_on", "note") if name in body} | changed_facts(form)


_MADE: Mapping[str, Callable[[dict[str, Any], Fields, frozenset[str]], dict[str, Any]]] = MappingProxyType(
    {
        "birth": _birth,
        "leave": _without_who_goes,
        "death": _without_who_goes,
        "facts": _facts,
        "head": _with_everybody,
        "merge": _with_everybody,
        "split": _split,
    }
)
