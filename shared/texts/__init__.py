"""Everything that people read, in one catalogue: Vietnamese first, English second.

**To add a text**: put an entry in `shared/texts/<service>.json` (what all services say is in `common.json`)::

    "sms.classified": {
      "vi": "Hộ {name}: {class}. Hỏi UBND xã.",
      "en": "Household {name}: {class}. Ask the commune."
    }

Keys are unique over all files. Both languages have the same placeholders; a placeholder is a plain `{name}`. Amounts
are handed over as text (`shared.text.dong`).

**To read one**: `text("sms.classified", "vi", name=…, **{"class": …})`; a missing key or field is a `KeyError`.

**A problem** (`shared.http.Problem`) of code `household_not_found` has two entries, `problem.household_not_found.title`
(short, no placeholder) and `problem.household_not_found.detail` (what happened and what to do now).

**A refused field**: a validator raises `PydanticCustomError("phone_number", "not a phone number")` and the catalogue
has `validation.phone_number`; the context of the error fills the placeholders. Never put the refused value into one.

`tests/unit/test_texts.py` proves all of this, and that every key that the code names is here.
"""

from shared.texts.catalogue import CATALOGUE, has_text, placeholders, text
from shared.texts.languages import DEFAULT_LANGUAGE, LANGUAGES, Language, preferred_language

__all__ = [
    "CATALOGUE",
    "DEFAULT_LANGUAGE",
    "LANGUAGES",
    "Language",
    "has_text",
    "placeholders",
    "preferred_language",
    "text",
]
