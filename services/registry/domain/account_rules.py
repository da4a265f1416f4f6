"""Days that guard where people are paid, as dated data."""

from datetime import date
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from services.registry.domain.review_rules import Sourced

_FILE = Path(__file__).parent.parent / "data" / "account_rules.json"


class AccountRules(Sourced):
    """`old_contact_days`: so long a telephone that was replaced is told of a change of account.

    `ending_soon_days`: so long ahead an authorisation that ends is shown to whoever works on it.
    """

    valid_from: date = Field(strict=False)
    valid_to: date | None = Field(strict=False)
    old_contact_days: int = Field(ge=1, le=3_650)
    ending_soon_days: int = Field(ge=1, le=365)


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[AccountRules, ...]


def account_rules_on(day: date) -> AccountRules:
    """Return the rules of a day.

    Raises:
        LookupError: none hold on it.
    """
    for each in _rules().rules:
        if each.valid_from <= day <= (each.valid_to or date.max):
            return each
    raise LookupError(f"no rules of accounts hold on {day}")


@cache
def _rules() -> _Rules:
    return _Rules.model_validate_json(_FILE.read_bytes())
