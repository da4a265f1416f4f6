"""Changes of where people are paid, as they wait for another person."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.registry.domain.accounts import Account, is_of_another
from services.registry.domain.households import Household, Person
from shared.approvals import Draft, propose_of_new
from shared.db import Transaction

ACCOUNT_CHANGE = "account-change"


def account_draft(person: Person, area_code: str | None, account: Account | None) -> Draft:
    """Return a change of where somebody is paid, None is in cash.

    It holds the account that is replaced too: who approves sees from what to what.
    """
    content = {"replaces": _written(person.account), "account": _written(account)}
    return Draft(ACCOUNT_CHANGE, str(person.id), content, area_code)


def _written(account: Account | None) -> dict[str, Any] | None:
    return None if account is None else account.model_dump(mode="json", exclude_none=True)


async def propose_accounts_of_others(
    session: Transaction, households: Sequence[Household], *, by: str, now: datetime
) -> Sequence[Household]:
    """Propose the accounts of new people that are somebody else's; return the households without them.

    One officer alone does not send money to another than whom it is meant for: `docs/decisions/first-accounts.md`.
    """
    drafts: list[Draft] = []
    left = [_set_aside(each, drafts) for each in households]
    await propose_of_new(session, drafts, actor=by, now=now)
    return left


def _set_aside(household: Household, drafts: list[Draft]) -> Household:
    apart = {each.id: replace(each, account=None) for each in household.members if is_of_another(each.account)}
    if not apart:
        return household
    drafts += [
        account_draft(apart[each.id], household.area_code, each.account)
        for each in household.members
        if each.id in apart
    ]
    return replace(household, members=tuple(apart.get(each.id, each) for each in household.members))
