"""Keeping accounts sealed, and opening them where money is to go there."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from services.benefits.accounts.tables import Account
from services.benefits.metadata import core
from shared.db import Transaction, insert_new
from shared.encryption import CannotOpen, SealedTable
from shared.events.people import OpenAccount
from shared.keys import Keys

account_table = core(Account)
SEALED = SealedTable(account_table, ("number", "holder_name"))


def account_id(account: OpenAccount, keys: Keys) -> UUID:
    """Return the id of an account: the same for the same bank, number and holder, and nothing to guess them by."""
    return UUID(hex=keys.index.of("account", "\x1f".join(account)))


def number_index(bank_bin: str, number: str, keys: Keys) -> str:
    """Return the blind index of an account's bank and number."""
    return keys.index.of("account.number", f"{bank_bin}\x1f{number}")


def account_row(account: OpenAccount, keys: Keys) -> dict[str, Any]:
    """Return the row of an account."""
    known_as = account_id(account, keys)
    return {
        "id": known_as,
        "bank_bin": account.bank_bin,
        "number": keys.data.seal(account.number, "account.number", known_as),
        "number_index": number_index(account.bank_bin, account.number, keys),
        "holder_name": keys.data.seal(account.holder_name, "account.holder_name", known_as),
    }


async def keep_accounts(session: Transaction, rows: Iterable[dict[str, Any]]) -> None:
    """Add the accounts that are not there yet."""
    await insert_new(session, account_table, list({row["id"]: row for row in rows}.values()))


def opened(row: Any, keys: Keys) -> OpenAccount | None:
    """Return the account of a row that has `account_id` and the account's columns, None where it has none.

    Raises:
        CannotOpen: what stands there is not the account that the id means.
    """
    if row.account_id is None:
        return None
    account = OpenAccount(
        row.bank_bin,
        keys.data.open(row.number, "account.number", row.account_id),
        keys.data.open(row.holder_name, "account.holder_name", row.account_id),
    )
    if account_id(account, keys) != row.account_id:
        raise CannotOpen(f"account {row.account_id}: the bank is another than when the account was kept")
    return account


COLUMNS = (account_table.c.bank_bin, account_table.c.number, account_table.c.holder_name)
