"""Which of our two languages a person asked for."""

from typing import Literal

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")
DEFAULT_LANGUAGE: Language = "vi"


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def preferred_language(accept_language: str | None) -> Language:
    """Return the language that an `Accept-Language` header prefers (RFC 9110, 12.5.4); Vietnamese when it has none.

    `en-GB` counts as English. Of two equal weights the first named wins; `*` stands for Vietnamese.
    """
    best: Language = DEFAULT_LANGUAGE
    best_weight = 0.0
    for choice in (accept_language or "").split(","):
        tag, *parameters = choice.split(";")
        primary = tag.strip().lower().partition("-")[0]
        named = next((language for language in LANGUAGES if primary == language), None)
        if primary == "*":
            named = DEFAULT_LANGUAGE
        weight = _weight(parameters)
        if named is not None and weight > best_weight:
            best, best_weight = named, weight
    return best
