"""Sealing and opening what `registry.people` does not carry in the clear: telephones and accounts."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from shared.encryption import Keyring
from shared.events.registry import AccountChanged, PaymentAccount, PersonStated


class OpenAccount(NamedTuple):
    """An account in the clear."""

    bank_bin: str
    number: str
    holder_name: str


def sealed_phone(ring: Keyring, person_id: UUID, phone: str | None) -> str | None:
    """Return a telephone number as an event carries it."""
    return ring.seal(phone, "phone", person_id)


def sealed_account(ring: Keyring, person_id: UUID, account: OpenAccount, **told: Any) -> PaymentAccount:
    """Return an account as an event carries it; `told` are its other fields."""
    return PaymentAccount(
        bank_bin=account.bank_bin,
        number=ring.seal(account.number, "account.number", person_id),
        holder_name=ring.seal(account.holder_name, "account.holder_name", person_id),
        **told,
    )


def sealed_contacts(ring: Keyring, person_id: UUID, phones: Iterable[str]) -> tuple[str, ...]:
    """Return the telephones of who is told of a change of account as its event carries them."""
    return tuple(ring.seal(phone, "contact", person_id) for phone in phones)


def contacts_of(ring: Keyring, changed: AccountChanged) -> Sequence[str]:
    """Return the telephones at which a change of account is to be told. Raises CannotOpen."""
    return [ring.open(phone, "contact", changed.person_id) for phone in changed.contacts]


def phone_of(ring: Keyring, person: PersonStated) -> str | None:
    """Return a person's telephone number. Raises CannotOpen."""
    return ring.open(person.phone, "phone", person.person_id)


def account_of(ring: Keyring, person: PersonStated) -> OpenAccount | None:
    """Return a person's account. Raises CannotOpen."""
    account = person.account
    if account is None:
        return None
    number = ring.open(account.number, "account.number", person.person_id)
    return OpenAccount(
        account.bank_bin, number, ring.open(account.holder_name, "account.holder_name", person.person_id)
    )
