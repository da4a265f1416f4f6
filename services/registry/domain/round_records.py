"""What is recorded of the steps of a review round, as paper has it."""

from collections.abc import Sequence
from datetime import date
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

_Name = Field(min_length=1, max_length=200)


def _each_once(ids: Sequence[UUID]) -> None:
    if len(set(ids)) != len(ids):
        raise PydanticCustomError("household_repeated", "a household stands there twice")


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Screening(_Body):
    """Form A of a household that applied: whether its review ends here, since it is well off at a glance, and why."""

    household_id: UUID
    screened_on: date
    screened_out: bool
    reason: str | None = Field(default=None, max_length=1000, description="told to the household in writing")

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if self.screened_out and not self.reason:
            raise PydanticCustomError("screening_reason", "a refusal has its reasons in writing")
        return self


class Surveyed(_Body):
    """The assessment (forms B1 and B2, or measured income) by which a household is heard in the meeting."""

    household_id: UUID
    assessment_id: UUID


class Surveys(_Body):
    """Up to 500 surveyed households of a round."""

    surveys: list[Surveyed] = Field(min_length=1, max_length=500)

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        _each_once([each.household_id for each in self.surveys])
        return self


class Vote(_Body):
    """How many of those present agreed to what was found about a household."""

    household_id: UUID
    agreeing: int = Field(ge=0, le=10_000)


class Minutes(_Body):
    """The minutes of a village meeting."""

    village: str = _Name
    held_on: date
    chaired_by: str = Field(min_length=1, max_length=200, description="the village head")
    secretary: str = _Name
    present: int = Field(gt=0, le=10_000)
    opinions: str | None = Field(default=None, max_length=4000)
    votes: list[Vote] = Field(min_length=1, max_length=500)

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        _each_once([each.household_id for each in self.votes])
        return self


class MeetingHeld(BaseModel):
    """A meeting on record; who did not find enough agreement is scored and heard again."""

    id: UUID
    agreed: list[UUID]
    not_agreed: list[UUID]


class Posting(_Body):
    """A public posting of results: name, village, class and size of the households, and nothing else."""

    posted_on: date
    places: str = Field(min_length=1, max_length=500, examples=["Nhà văn hoá thôn, trụ sở UBND xã"])
    household_ids: list[UUID] = Field(min_length=1, max_length=1000)

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        _each_once(self.household_ids)
        return self


class Posted(BaseModel):
    """A posting on record."""

    id: UUID
    posted_on: date
    posted_until: date


class Objection(_Body):
    """An objection to what was posted about a household."""

    household_id: UUID
    received_on: date
    made_by: str = _Name
    about: str = Field(min_length=1, max_length=4000)


class ObjectionTaken(BaseModel):
    """An objection on record, with the last day for its re-check."""

    id: UUID
    due_on: date


class Recheck(_Body):
    """What a re-check found. An objection that was right takes the household back to survey, meeting and posting."""

    rechecked_on: date
    found_right: bool
    finding: str = Field(min_length=1, max_length=4000)


class Rechecked(BaseModel):
    """A re-check on record."""

    household_id: UUID
    late: bool


class Issue(_Body):
    """Certificates for the poor and near-poor households of a round, numbered on from a first number."""

    household_ids: list[UUID] = Field(min_length=1, max_length=1000)
    issued_on: date
    signed_by: str = _Name
    first_number: int = Field(ge=1, le=10_000_000)

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        _each_once(self.household_ids)
        return self


class Issued(BaseModel):
    """A certificate that was issued."""

    household_id: UUID
    number: str = Field(examples=["0017/GCN-2026"])
