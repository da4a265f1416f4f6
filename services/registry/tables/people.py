"""People, with what is sealed of them."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Index,
    Text,
    text,
)
from sqlmodel import Field

from services.registry.tables.base import Table, document, metadata
from shared.encryption import SEALED

SEALED_OF_PEOPLE = (
    "phone", "other_phones", "personal_number", "account_number", "account_holder", "account_authorised",
)  # fmt: skip


# What searches ask of people while they walk through the order of names: it stands in the indexes of that order.
_ASKED = ("relationship", "sex", "ethnicity", "birth_date")


class People(Table, table=True):
    """Everybody who is or was a member of a household, in the order in which they were named.

    Who is a member nowhere has no `household_id`, but the household that was left.

    Phone, identity number, account number and holder are sealed (`shared/encryption.py`), each for its column and the
    row's id; the database refuses them in the clear. They are found by the blind indexes beside them. `area_code` is
    the household's: the database keeps it so. `name_words` and `name_key` are of the name as `shared.names` has them.
    """

    __table_args__ = (
        Index(
            "ix_people_name_words",
            text("array_to_tsvector(string_to_array(name_words, ' '))"),
            postgresql_using="gin",
        ),
        Index(
            "ix_people_name_key",
            "name_key",
            "id",
            postgresql_include=["area_code", "household_id", "name_words", *_ASKED],
        ),
        Index(
            "ix_people_area_name",
            "area_code",
            "name_key",
            "id",
            postgresql_include=["household_id", "name_words", *_ASKED],
        ),
        Index(
            "ix_people_known",
            "name_key",
            "id",
            postgresql_include=["area_code", "household_id", "name_words", *_ASKED, "facts"],
            postgresql_where=text("facts <> '{}'::jsonb"),
        ),
        Index(
            "ix_people_area_known",
            "area_code",
            "name_key",
            "id",
            postgresql_include=["household_id", "name_words", *_ASKED, "facts"],
            postgresql_where=text("facts <> '{}'::jsonb"),
        ),
        Index("ix_people_facts", "facts", postgresql_using="gin", postgresql_where=text("facts <> '{}'::jsonb")),
        Index("ix_people_heads", "birth_date", postgresql_where=text("relationship = 'head'")),
        *(CheckConstraint(f"{name} ~ '{SEALED}'", name=f"{name}_sealed") for name in SEALED_OF_PEOPLE),
        Index(
            "ix_people_authorised_until",
            "account_authorised_until",
            "id",
            postgresql_where="account_authorised_until IS NOT NULL",
        ),
        Index("ix_people_birth_given", "birth_date", text("split_part(name_words, ' ', '-1'::integer)"), "area_code"),
        Index("ix_people_area_given", "area_code", text("split_part(name_words, ' ', '-1'::integer)"), "birth_date"),
    )

    id: UUID = Field(primary_key=True)
    household_id: UUID | None = Field(foreign_key="households.id", index=True)
    left_household_id: UUID | None = Field(foreign_key="households.id", index=True)
    area_code: str = Field(sa_type=Text)
    joined_on: date
    position: int
    full_name: str = Field(sa_type=Text)
    name_words: str = Field(sa_type=Text)
    name_key: str = Field(sa_type=Text)
    sex: str = Field(sa_type=Text)
    birth_date: date
    ethnicity: str = Field(sa_type=Text)
    relationship: str = Field(sa_type=Text)
    phone: str | None = Field(sa_type=Text)
    phone_index: str | None = Field(sa_type=Text, index=True)
    other_phones: str | None = Field(sa_type=Text)
    facts: dict[str, Any] = document()
    personal_number: str | None = Field(sa_type=Text)
    personal_number_index: str | None = Field(sa_type=Text, unique=True)
    bank_bin: str | None = Field(sa_type=Text)
    account_number: str | None = Field(sa_type=Text)
    account_number_index: str | None = Field(sa_type=Text, index=True)
    account_holder: str | None = Field(sa_type=Text)
    account_authorised: str | None = Field(sa_type=Text)
    account_authorised_until: date | None
    version: int


PEOPLE = metadata.tables["people"]
