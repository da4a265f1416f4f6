"""Rates as readers of each language write them."""

from services.indicators.domain.rates import Rate
from shared.texts.formats import Formats as PlainFormats


class Formats(PlainFormats):
    """How the public page in one language writes."""

    def percent(self, rate: Rate) -> str | None:
        """Return a rate with its sign of per cent, None where there is none."""
        if rate.hundredths is None:
            return None
        return (
            f"{self.hundredths(rate.hundredths)}\u00a0%"
            if self.language == "vi"
            else f"{self.hundredths(rate.hundredths)}%"
        )
