"""Lists of households as officers send them."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from random import Random

from deploy.demo.names import family_name, full_name

COLUMNS = (
    "household", "area_code", "full_name", "sex", "birth_date", "ethnicity", "relationship", "phone", "personal_number",
)  # fmt: skip


_GROUPS = ("01",) * 7 + ("06", "06", "09")


def rows_of_household(number: int, members: int = 3, **changes: str) -> Iterator[dict[str, str]]:
    """Give the rows of a household with a head and children; `changes` are of every row. Nobody has their numbers."""
    for index in range(members):
        head = index == 0
        born = 1970 + number % 20 if head else 2005 + index
        yield {
            "household": f"HN-{number:07}",
            "area_code": "08566" if head else "",
            "full_name": f"Hà Thị Mận {number}" if head else f"Hà Văn Nam {index}",
            "sex": "female" if head else "male",
            "birth_date": f"12/3/{born}" if number % 2 else f"{born}-03-12",
            "ethnicity": "06",
            "relationship": "head" if head else "child",
            "phone": f"09{number:08}" if head else "",
            "personal_number": f"999{1 if head else 2}{born % 100:02}{number % 100_000:05}{index}",
            **changes,
        }


def rows_of_family(number: int, communes: Sequence[str], members: int = 3) -> Iterator[dict[str, str]]:
    """Give the rows of a household with names and days of birth as they are borne; the same for the same number."""
    chance = Random(number)
    group = chance.choice(_GROUPS)
    family = family_name(chance, group)
    for index in range(members):
        head = index == 0
        sex = chance.choice(("male", "female"))
        born = date(1945 if head else 1985, 1, 1) + timedelta(days=chance.randrange(14_000))
        yield {
            "household": f"HN-{number:08}",
            "area_code": communes[number % len(communes)] if head else "",
            "full_name": full_name(chance, group, family, sex, born.year),
            "sex": sex,
            "birth_date": born.isoformat(),
            "ethnicity": group,
            "relationship": "head" if head else "child",
            "phone": f"09{number:08}" if head else "",
            "personal_number": f"999{number:08}{index}",
        }


def households(numbers: Iterable[int], members: int = 3) -> list[dict[str, str]]:
    """Return the rows of many households."""
    return [row for number in numbers for row in rows_of_household(number, members)]


def written(rows: Iterable[Mapping[str, str]], columns: Sequence[str] = COLUMNS, delimiter: str = ",") -> bytes:
    """Return rows as a file."""
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, delimiter=delimiter, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def read(content: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    """Return the rows of a file."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=delimiter))
