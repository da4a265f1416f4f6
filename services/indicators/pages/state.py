"""What a reader of the page chose. All of it stands in the address, so that a link shows what its sender saw."""

from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Literal, get_args
from urllib.parse import urlencode

from shared.texts import Language

View = Literal["map", "tiles"]
Sort = Literal["code", "name", "poor", "near_poor", "together", "poor_rate", "near_poor_rate", "together_rate", "base"]
SORTS: tuple[Sort, ...] = get_args(Sort)


@dataclass(frozen=True)
class PageState:
    """The choice: language, unit, standard, day, order of the table; the day of the map where it is another's."""

    lang: Language
    area: str
    standard: str
    on: date
    sort: Sort
    down: bool
    view: View
    today: date
    map_on: date | None = None

    @property
    def units_of(self) -> date:
        """The day whose units are shown."""
        return self.map_on or self.on

    def url(self, fragment: str = "", **changes: object) -> str:
        """Return the address of the page with some of the choice changed. Today's day is left out: it moves on."""
        chosen = replace(self, **changes)  # type: ignore[arg-type]
        fields = {name: value for name, value in asdict(chosen).items() if name not in ("down", "today")}
        if chosen.on == chosen.today:
            del fields["on"]
        if chosen.map_on is None:
            del fields["map_on"]
        fields["order"] = "down" if chosen.down else "up"
        return f"/?{urlencode(fields)}" + (f"#{fragment}" if fragment else "")

    def sorted_by(self, sort: Sort) -> str:
        """Return the address that sorts the table by a column; by the same one again, the other way round."""
        down = not self.down if sort == self.sort else sort not in ("code", "name")
        return self.url("communes", sort=sort, down=down)

    def api(self, path: str, **fields: object) -> str:
        """Return the address of a figure of the API."""
        on_map = {} if self.map_on is None else {"map_on": self.map_on.isoformat()}
        return f"/indicators/v1/{path}?{urlencode(fields | on_map)}"
