"""Hours in which no telephone rings for us. Dated, in the time of Asia/Ho_Chi_Minh."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, TypeAdapter, model_validator

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_FILE = Path(__file__).parent.parent / "data" / "quiet_hours.json"


class QuietHours(BaseModel):
    """Quiet from `start` in the evening until, but not at, `end` in the morning; in force from `valid_from` on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    valid_from: date
    start: time
    end: time
    basis: str

    @model_validator(mode="after")
    def _over_midnight(self) -> "QuietHours":
        if not self.end < self.start:
            raise ValueError("quiet hours begin in the evening and end in the morning")
        return self


def load_quiet_hours() -> tuple[QuietHours, ...]:
    """Return the quiet hours of all times, in the order of their dates."""
    rules = TypeAdapter(tuple[QuietHours, ...]).validate_json(_FILE.read_bytes())
    return tuple(sorted(rules, key=lambda rule: rule.valid_from))


def allowed_from(instant: datetime, rules: Sequence[QuietHours]) -> datetime:
    """Return the first instant, at or after the one given, at which a message may be sent.

    A night belongs to the rule of its evening. Without a rule in force every hour is allowed.
    """
    local = instant.astimezone(VIETNAM)
    for evening in (local.date() - timedelta(days=1), local.date()):
        rule = next((rule for rule in reversed(rules) if rule.valid_from <= evening), None)
        if rule is None:
            continue
        start = datetime.combine(evening, rule.start, VIETNAM)
        end = datetime.combine(evening + timedelta(days=1), rule.end, VIETNAM)
        if start <= local < end:
            return end.astimezone(instant.tzinfo)
    return instant
