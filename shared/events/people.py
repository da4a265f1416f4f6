"""Sealing and opening what `registry.people` does not carry in the clear: telephones and accounts."""

from typing import NamedTuple
from uuid import UUID

from shared.encryption import Keyring
from shared.events.registry import PaymentAccount, PersonStated


class OpenAccount(NamedTuple):
    """An account in the clear."""

    bank_bin: str
    number: str
    holder_name: str


def sealed_phone(ring: Keyring, person_id: UUID, phone: str | None) -> str | None:
    """Return a telephone number as an event carries it."""
    return ring.seal(phone, "phone", person_id)


def sealed_account(ring: Keyring, person_id: UUID, bank_bin: str, number: str, holder_name: str) -> PaymentAccount:
    """Return an account as an event carries it."""
    return PaymentAccount(
        bank_bin=bank_bin,
        number=ring.seal(number, "account.number", person_id),
        holder_name=ring.seal(holder_name, "account.holder_name", person_id),
    )


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
