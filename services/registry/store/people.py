"""Rows of people, sealed and opened, and finding people by a number that is stored sealed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, select

from services.registry.domain.accounts import Account, Authorisation
from services.registry.domain.facts import PersonFacts
from services.registry.domain.households import Person
from services.registry.tables import PEOPLE
from shared.db import Transaction, among
from shared.keys import Keys, keys_of
from shared.names import name_key, search_words

Number = Literal["personal_number", "account_number", "phone"]
_NO_FACTS = PersonFacts()


def person_row(person: Person, keys: Keys) -> dict[str, Any]:
    """Return the row of a person: numbers and the account's holder sealed, numbers indexed."""
    account = person.account
    authorised = None if account is None else account.authorised

    def sealed(column: str, value: str | None) -> str | None:
        return keys.data.seal(value, f"people.{column}", person.id)

    return {
        "id": person.id,
        "household_id": person.household_id,
        "full_name": person.full_name,
        "name_words": " ".join(search_words(person.full_name)),
        "name_key": name_key(person.full_name),
        "sex": person.sex,
        "birth_date": person.birth_date,
        "ethnicity": person.ethnicity,
        "relationship": person.relationship,
        "joined_on": person.joined_on,
        "facts": person.facts.model_dump(mode="json", exclude_none=True),
        "other_phones": sealed("other_phones", " ".join(person.other_phones) or None),
        "phone": sealed("phone", person.phone),
        "phone_index": index_of(keys, "phone", person.phone),
        "personal_number": sealed("personal_number", person.personal_number),
        "personal_number_index": index_of(keys, "personal_number", person.personal_number),
        **account_columns(account, "people", (person.id,), keys),
        "account_number_index": index_of(keys, "account_number", None if account is None else account.number),
        "account_authorised_until": authorised and authorised.valid_to,
        "version": person.version,
    }


def account_columns(account: Account | None, table: str, row_id: Sequence[object], keys: Keys) -> dict[str, str | None]:
    """Return the columns of an account, sealed for a row of a person or of their history; of none, all are null."""
    if account is None:
        return dict.fromkeys(("bank_bin", "account_number", "account_holder", "account_authorised"))

    def sealed(column: str, value: str | None) -> str | None:
        return keys.data.seal(value, f"{table}.{column}", *row_id)

    authorised = account.authorised
    return {
        "bank_bin": account.bank_bin,
        "account_number": sealed("account_number", account.number),
        "account_holder": sealed("account_holder", account.holder_name),
        "account_authorised": sealed(
            "account_authorised", None if authorised is None else authorised.model_dump_json()
        ),
    }


def person_of(row: Mapping[Any, Any], keys: Keys) -> Person:
    """Return the person of a row; of who is a member nowhere, with the household that was left. Raises CannotOpen."""
    person_id = row["id"]

    def opened(column: str) -> Any:
        return keys.data.open(row[column], f"people.{column}", person_id)

    return Person(
        id=person_id,
        household_id=row["household_id"] or row["left_household_id"],
        full_name=row["full_name"],
        sex=row["sex"],
        birth_date=row["birth_date"],
        ethnicity=row["ethnicity"],
        relationship=row["relationship"],
        joined_on=row["joined_on"],
        facts=facts_in(row["facts"]),
        other_phones=tuple((opened("other_phones") or "").split()),
        phone=opened("phone"),
        personal_number=opened("personal_number"),
        account=account_of(row, "people", (person_id,), keys),
        version=row["version"],
    )


def account_of(row: Mapping[Any, Any], table: str, row_id: Sequence[object], keys: Keys) -> Account | None:
    """Return the account of a row of a person or of their history, None where it is in cash. Raises CannotOpen."""
    if row["account_number"] is None:
        return None

    def opened(column: str) -> Any:
        return keys.data.open(row[column], f"{table}.{column}", *row_id)

    authorised = opened("account_authorised")
    return Account.model_construct(
        bank_bin=row["bank_bin"],
        number=opened("account_number"),
        holder_name=opened("account_holder"),
        authorised=None if authorised is None else Authorisation.model_validate_json(authorised),
    )


def facts_in(stored: Mapping[str, Any]) -> PersonFacts:
    """Return the facts of a person as they are stored; of most people nothing is."""
    return PersonFacts.model_validate(stored) if stored else _NO_FACTS


def people_in(rows: Iterable[Mapping[Any, Any]], keys: Keys) -> list[Person]:
    """Return the people of rows, in their order. Raises CannotOpen."""
    return [person_of(row, keys) for row in rows]


def index_of(keys: Keys, number: Number, value: str | None) -> str | None:
    """Return the blind index by which a number is found."""
    return None if value is None else keys.index.of(f"people.{number}", value)


@dataclass(frozen=True)
class Known:
    """Somebody in the registry: the household, or the one that was left last, and its commune."""

    person_id: UUID
    full_name: str
    household_id: UUID
    area_code: str


async def known_numbers(session: Transaction, numbers: Collection[str]) -> dict[str, Known]:
    """Return, of some personal numbers, whose they are in the registry."""
    keys, c = keys_of(session), PEOPLE.c
    by_index = {keys.index.of("people.personal_number", number): number for number in numbers}
    if not by_index:
        return {}
    home = func.coalesce(c.household_id, c.left_household_id).label("home")
    query = select(c.personal_number_index, c.id, c.full_name, home, c.area_code)
    rows = await session.execute(query.where(among(c.personal_number_index, by_index)))
    return {by_index[row.personal_number_index]: Known(row.id, row.full_name, row.home, row.area_code) for row in rows}
