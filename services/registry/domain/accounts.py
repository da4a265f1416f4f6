"""Where a person is to be paid: an account or wallet, the person's own or that of whom a document authorises."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.registry.domain.areas import cleaned
from services.registry.domain.banks import banks
from services.registry.domain.identity import FullName, PersonalNumber, mobile_number
from shared.events.benefits import AccountVerdict
from shared.names import search_words

DocumentKind = Literal["power_of_attorney", "guardianship", "court_decision", "other"]
Refused = tuple[str, str]
"""Which field of an account is at fault, and why."""
Verification = Literal["unverified", "verified", "accepted", "doubtful", "failed", "not_checkable"]
"""What is known of whose an account is. `accepted`: the bank's name differs, and two people took it for the payee's."""

_FOUND: Mapping[AccountVerdict, Verification] = {
    "match": "verified",
    "close": "doubtful",
    "no_match": "failed",
    "not_checkable": "not_checkable",
}


def _listed(number: str) -> str:
    if not banks().known(number):
        raise PydanticCustomError("bank_unknown", "not a number of the list of banks and providers of wallets")
    return number


class Authorisation(BaseModel):
    """Who may receive the person's money, by which document, from which day to which, both inclusive (local dates)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    full_name: FullName
    personal_number: PersonalNumber | None = None
    document: DocumentKind
    document_number: Annotated[str, Field(min_length=1, max_length=60), BeforeValidator(cleaned)]
    document_date: date
    valid_from: date
    valid_to: date | None = Field(default=None, description="null where the document names no end")

    @model_validator(mode="after")
    def _has_a_period(self) -> Self:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise PydanticCustomError("authorisation_reversed", "it ends before it begins")
        if self.document_date > self.valid_from:
            raise PydanticCustomError("authorisation_before_document", "it begins before the day of its document")
        return self


class Account(BaseModel):
    """An account at a bank, or a wallet, by the six-digit NAPAS number of bank or provider.

    The number is text: zeros may lead, letters occur. `authorised` is whose it is where it is not the person's own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bank_bin: Annotated[str, Field(pattern=r"^[0-9]{6}$", examples=["970405"]), AfterValidator(_listed)]
    number: str = Field(pattern=r"^[0-9A-Za-z]{6,19}$", examples=["2700205123456"])
    holder_name: FullName
    authorised: Authorisation | None = None


def is_of_another(account: Account | None) -> bool:
    """Return whether an account is that of somebody whom a document authorises."""
    return account is not None and account.authorised is not None


def verification(verdict: AccountVerdict, *, accepted: bool) -> Verification:
    """Return the state of an account after a bank's name check."""
    return "accepted" if accepted else _FOUND[verdict]


def refusals_of(account: Account, full_name: str, day: date) -> Sequence[Refused]:
    """Return what forbids to pay somebody of a name into an account from a day on."""
    holder = refused_holder(account, full_name)
    return [*refusals_on(account, day), *([] if holder is None else [holder])]


def refusals_on(account: Account, day: date) -> Sequence[Refused]:
    """Return what forbids to pay an account from a day on: the bank is closed, the document's time is over."""
    refused: list[Refused] = []
    bank = banks().on(account.bank_bin, day)
    if bank is None:
        refused.append(("bank_bin", "bank_closed"))
    elif bank.kind == "wallet" and not _is_mobile(account.number):
        refused.append(("number", "wallet_number"))
    authorised = account.authorised
    if authorised is not None:
        if authorised.document_date > day:
            refused.append(("authorised/document_date", "not_yet"))
        if authorised.valid_to is not None and authorised.valid_to < day:
            refused.append(("authorised/valid_to", "authorisation_ended"))
    return refused


def refused_holder(account: Account, full_name: str) -> Refused | None:
    """Return what is wrong with the holder's name of somebody's account.

    Banks leave out or shorten the middle of names, so both ends decide.
    """
    if account.authorised is not None:
        same = _same_ends(account.holder_name, account.authorised.full_name)
        return None if same else ("holder_name", "holder_not_authorised")
    return None if _same_ends(account.holder_name, full_name) else ("authorised", "authorisation_missing")


def _is_mobile(number: str) -> bool:
    try:
        return bool(mobile_number(number))
    except PydanticCustomError:
        return False


def _same_ends(one: str, other: str) -> bool:
    mine, theirs = search_words(one), search_words(other)
    return bool(mine and theirs) and (mine[0], mine[-1]) == (theirs[0], theirs[-1])
