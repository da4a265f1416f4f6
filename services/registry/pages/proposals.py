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


async def _same_person(visitor: Visitor, proposal: Mapping[str, Any]) -> Sequence[Line]:
    content = proposal["content"]
    return [
        Line(
            text("desk.duplicates", visitor.language),
            text("desk.side_by_side", visitor.language),
            f"/registry/desk/duplicates/{proposal['subject']}",
        ),
        await _person(visitor, "desk.record_kept", content["kept_id"]),
        _since(visitor, content),
        _grounds(visitor, content),
    ]


async def _person(visitor: Visitor, label: str, person_id: str) -> Line:
    name = text(label, visitor.language)
    try:
        person = await visitor.get(f"/registry/v1/people/{person_id}")
    except Refused:
        return Line(name, text("desk.elsewhere", visitor.language))
    return Line(name, person["full_name"], f"/registry/desk/people/{person_id}")


async def _account(visitor: Visitor, proposal: Mapping[str, Any]) -> Sequence[Line]:
    content = proposal["content"]
    language = visitor.language
    return [
        await _person(visitor, "desk.paid_person", proposal["subject"]),
        *[
            Line(text(label, language), _where(visitor, content[side]))
            for label, side in (("account.replaced", "replaces"), ("account.new", "account"))
        ],
    ]


def _where(visitor: Visitor, account: Mapping[str, Any] | None) -> str:
    """Return an account as people read it: bank, end of the number, holder, and by which document another's."""
    if account is None:
        return text("account.in_cash", visitor.language)
    shown = f"{account['bank'] or account['bank_bin']} …{account['number_ends']}, {account['holder_name']}"
    authorised = account["authorised"]
    if authorised is None:
        return shown
    formats = Formats(visitor.language)
    first, last = (
        "—" if day is None else formats.day(date.fromisoformat(day))
        for day in (authorised["valid_from"], authorised["valid_to"])
    )
    document = text(f"account.document.{authorised['document']}", visitor.language)
    by = text("account.authorised_by", visitor.language, document=document, number=authorised["document_number"])
    return (
        f"{shown}. {authorised['full_name']}, {by}. {text('account.from_to', visitor.language, first=first, last=last)}"
    )


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
        "account-change": _account,
        "household-merge": _merger,
        "household-undo": _undoing,
        "people-merge": _same_person,
        "reorganisation": _reorganisation,
        "reorganisation-confirmation": _reorganisation,
    }
)
