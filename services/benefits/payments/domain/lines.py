"""One line of a bank's message that could not be used, while the others were."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LineFault:
    """A line by its number in the message, the payment that it names if it names one, and what is wrong with it."""

    ordinal: int
    end_to_end_id: str | None
    reason: str
