"""What waits for a second person, told in words: which households a merger or an undoing is about, and since when."""

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

from services.registry.pages.names import head_name
from shared.pages import Refused, Visitor
from shared.pages.proposals import Line, Teller
from shared.texts import text
from shared.texts.formats import Formats


async def _household(visitor: Visitor, label: str, household_id: str) -> Line:
    """Return the line of a household; of one in another area it says no more than that."""
    name = text(label, visitor.language)
    try:
        household = await visitor.get(f"/registry/v1/households/{household_id}")
    except Refused:
        return Line(name, text("desk.elsewhere", visitor.language))
    shown = f"{head_name(household)}, {household['address'] or household['area_code']}"
    return Line(name, shown, f"/registry/desk/households/{household_id}")


def _since(visitor: Visitor, content: Mapping[str, Any]) -> Line:
    day = Formats(visitor.language).day(date.fromisoformat(content["effective_on"]))
    return Line(text("change.effective_on", visitor.language), day)


def _grounds(visitor: Visitor, content: Mapping[str, Any]) -> Line:
    return Line(text("desk.grounds", visitor.language), content["note"])


async def _merger(visitor: Visitor, proposal: Mapping[str, Any]) -> Sequence[Line]:
    content = proposal["content"]
    return [
        await _household(visitor, "desk.staying_household", proposal["subject"]),
        await _household(visitor, "desk.absorbed_household", content["absorbed_id"]),
        _since(visitor, content),
        _grounds(visitor, content),
    ]


async def _undoing(visitor: Visitor, proposal: Mapping[str, Any]) -> Sequence[Line]:
    content = proposal["content"]
    kind = text(f"change.kind.{content['kind']}", visitor.language)
    return [
        Line(text("change.undoes", visitor.language), kind, f"/registry/desk/changes/{proposal['subject']}"),
        *[await _household(visitor, "desk.household", each) for each in content["households"]],
        _since(visitor, content),
        _grounds(visitor, content),
    ]


async def _reorganisation(visitor: Visitor, proposal: Mapping[str, Any]) -> Sequence[Line]:
    content = proposal["content"]
    pairs = Formats(visitor.language).number(len(content["successions"]))
    return [
        Line(text("desk.reorganisation", visitor.language), content["title"], _page_of(proposal)),
        Line(text("field.legal_basis", visitor.language), content["legal_basis"]),
        _since(visitor, content),
        Line(text("field.successions", visitor.language), pairs),
    ]


def _page_of(proposal: Mapping[str, Any]) -> str:
    return f"/registry/desk/reorganisations/{proposal['subject']}"


TELLERS: Mapping[str, Teller] = MappingProxyType(
    {
        "household-merge": _merger,
        "household-undo": _undoing,
        "reorganisation": _reorganisation,
        "reorganisation-confirmation": _reorganisation,
    }
)
