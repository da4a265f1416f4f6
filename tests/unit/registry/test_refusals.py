"""Every refusal of the registry says in both languages what to do about it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import shared.texts
from services.registry.app import definition
from shared.texts import CATALOGUE

_FILES = ("registry.json", "registry_lists.json")
_TEXTS: dict[str, Any] = {
    key: entry
    for name in _FILES
    for key, entry in json.loads((Path(shared.texts.__file__).parent / name).read_text(encoding="utf-8")).items()
}
_REFUSALS = sorted(
    key for key in _TEXTS if key.startswith("validation.") or (key.startswith("problem.") and key.endswith(".detail"))
)
_REMEDY_VI = re.compile(r"\b(?:[Hh]ãy|[Xx]in)\b")
# What can be asked of somebody; a sentence or a part of one begins with it.
_ASKED = (
    "add", "apply", "ask", "assess", "begin", "change", "check", "choose", "compare", "copy", "correct", "decide",
    "give", "have", "keep", "leave", "load", "look", "make", "meet", "mend", "name", "open", "place", "plan",
    "post", "propose", "re-check", "record", "reload", "save", "score", "see", "send", "split", "state", "survey",
    "take", "tell", "try", "type", "undo", "use", "wait", "write",
)  # fmt: skip
_REMEDY_EN = re.compile(rf"(?:^|[.:;,] |\b(?:and|or|then|instead,?) )(?:{'|'.join(_ASKED)})\b", re.IGNORECASE)


@pytest.mark.parametrize("key", _REFUSALS)
def test_a_refusal_says_what_to_do_about_it_in_both_languages(key: str) -> None:
    assert _REMEDY_VI.search(_TEXTS[key]["vi"]), _TEXTS[key]["vi"]
    assert _REMEDY_EN.search(_TEXTS[key]["en"]), _TEXTS[key]["en"]


@pytest.mark.parametrize("constraint", definition().constraints)
def test_a_refusal_of_the_database_itself_is_told_in_words_and_names_the_field(constraint: str) -> None:
    problem = definition().constraints[constraint]
    assert f"problem.{problem.code}.detail" in CATALOGUE
    assert all(f"validation.{error.code}" in CATALOGUE and error.pointer for error in problem.errors)
