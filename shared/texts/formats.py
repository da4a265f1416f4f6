"""Numbers and days as readers of each language write them."""

from dataclasses import dataclass
from datetime import date, datetime

from shared import clock
from shared.texts.catalogue import text
from shared.texts.languages import Language

_MINUS = "−"


@dataclass(frozen=True)
class Formats:
    """How a page in one language writes."""

    language: Language

    def number(self, value: int) -> str:
        """Return a whole number: 1.234.567 or 1,234,567."""
        grouped = f"{abs(value):,}"
        sign = _MINUS if value < 0 else ""
        return sign + (grouped.replace(",", ".") if self.language == "vi" else grouped)

    def hundredths(self, value: int) -> str:
        """Return hundredths with two decimals, without sign: 3,16 or 3.16."""
        point = "," if self.language == "vi" else "."
        return f"{self.number(abs(value) // 100)}{point}{abs(value) % 100:02}"

    def money(self, amount: int) -> str:
        """Return an amount of VND with its unit."""
        return text("format.amount", self.language, amount=self.number(amount))

    def day(self, day: date) -> str:
        """Return a day: 24/11/2026, or 24 November 2026."""
        return f"{day:%d/%m/%Y}" if self.language == "vi" else f"{day.day} {day:%B %Y}"

    def month(self, day: date) -> str:
        """Return a day's month, short, for an axis: 11/26, or Nov 26."""
        return f"{day:%m/%y}" if self.language == "vi" else f"{day:%b %y}"

    def instant(self, instant: datetime) -> str:
        """Return an instant in Viet Nam's time, to the second."""
        local = instant.astimezone(clock.VIETNAM)
        return f"{local:%H:%M:%S}, {self.day(local.date())}"

    def age(self, seconds: int) -> str:
        """Return how long ago, in the largest unit that fits."""
        for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
            if seconds >= 2 * length:
                return text(f"format.age.{unit}", self.language, count=self.number(seconds // length))
        return text("format.age.seconds", self.language, count=self.number(max(seconds, 0)))
