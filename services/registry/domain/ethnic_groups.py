"""The list of ethnic groups as data: 54 groups of Viet Nam, foreigners, and what is not known."""

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_FILE = Path(__file__).parent.parent / "data" / "ethnic_groups.json"


class EthnicGroup(BaseModel):
    """A group by its two-digit code; the name is written as the list writes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(pattern=r"^[0-9]{2}$", examples=["06"])
    name: str = Field(min_length=1, examples=["Mường"])
    kind: Literal["majority", "minority", "foreign", "unknown"]


class EthnicGroups(BaseModel):
    """The list with its source; a list that no source confirmed says so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    confirmed: bool
    note: str
    groups: tuple[EthnicGroup, ...]

    def kind_of(self, code: str) -> str:
        """Return the kind of the group of a code, `unknown` for one that the list does not have."""
        return _kinds().get(code, "unknown")

    def __contains__(self, code: object) -> bool:
        return code in _kinds()


@cache
def ethnic_groups() -> EthnicGroups:
    """Return the list in force."""
    return EthnicGroups.model_validate_json(_FILE.read_bytes())


@cache
def _kinds() -> dict[str, str]:
    return {each.code: each.kind for each in ethnic_groups().groups}
