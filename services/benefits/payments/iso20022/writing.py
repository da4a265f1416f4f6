"""What the messages that we write have in common."""

from typing import Any


def write_text(xml: Any, path: str, value: object) -> None:
    """Write nested elements, `A/B/C`, the innermost holding the value."""
    name, _, rest = path.partition("/")
    with xml.element(name):
        if rest:
            write_text(xml, rest, value)
        else:
            xml.write(str(value))
