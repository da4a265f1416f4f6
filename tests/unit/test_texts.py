"""The catalogue: two languages, the same placeholders, and everything that the code names."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import shared
from shared.texts import CATALOGUE, DEFAULT_LANGUAGE, LANGUAGES, placeholders, preferred_language, text
from shared.texts.catalogue import load

ROOT = Path(shared.__file__).parent.parent
CODE = sorted(path for top in ("services", "shared", "deploy") for path in (ROOT / top).rglob("*.py"))


@dataclass(frozen=True)
class Use:
    """A place in the code that names texts: the keys, and the fields it gives (None when it cannot be told)."""

    place: str
    keys: tuple[str, ...]
    fields: frozenset[str] | None


# Refusals of rules that know no HTTP, by which of their arguments is the code.
_REFUSING = {"ChangeRefused": 1, "FormAnswersRefused": 0, "RowFault": 2, "HouseholdFileRefused": 1}


def _called(call: ast.Call) -> str:
    function = call.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _literal(arguments: list[ast.expr], position: int) -> str | None:
    if len(arguments) <= position:
        return None
    argument = arguments[position]
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None


def _named(call: ast.Call) -> tuple[str, ...]:
    """Return the keys that a call names: `text(key, …)`, `Problem(status, code)`, `FieldProblem(pointer, code)`."""
    called = _called(call)
    if called == "Problem" and (code := _literal(call.args, 1)):
        return (f"problem.{code}.title", f"problem.{code}.detail")
    if called == "FieldProblem" and (code := _literal(call.args, 1)):
        return (f"validation.{code}",)
    if called == "PydanticCustomError" and (code := _literal(call.args, 0)):
        return (f"validation.{code}",)
    if called in _REFUSING and (code := _literal(call.args, _REFUSING[called])):
        return (f"validation.{code}",)
    if called == "text" and len(call.args) >= 2 and (key := _literal(call.args, 0)):
        return (key,)
    return ()


def _uses() -> Iterator[Use]:
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not (keys := _named(node)):
                continue
            told = [keyword.arg for keyword in node.keywords]
            exact = _called(node) in ("Problem", "text") and None not in told
            fields = frozenset(name for name in told if name is not None) if exact else None
            yield Use(f"{path.relative_to(ROOT)}:{node.lineno}", keys, fields)


USES = list(_uses())


@pytest.mark.parametrize("key", CATALOGUE)
def test_every_text_stands_in_both_languages_with_the_same_placeholders(key: str) -> None:
    entry = CATALOGUE[key]
    assert set(entry) == set(LANGUAGES)
    assert len({placeholders(entry[language]) for language in LANGUAGES}) == 1


@pytest.mark.parametrize("use", USES, ids=lambda use: use.place)
def test_every_text_that_the_code_names_exists_and_gets_its_fields(use: Use) -> None:
    for key in use.keys:
        assert key in CATALOGUE, f"{use.place} names {key}, which no file in shared/texts has"
        if use.fields is not None:
            assert placeholders(CATALOGUE[key][DEFAULT_LANGUAGE]) <= use.fields


def test_every_problem_has_a_title_without_fields_and_a_detail() -> None:
    problems = {key.removeprefix("problem.").rpartition(".")[0] for key in CATALOGUE if key.startswith("problem.")}
    assert problems
    for code in problems:
        assert not placeholders(CATALOGUE[f"problem.{code}.title"]["vi"])
        assert CATALOGUE[f"problem.{code}.detail"]["vi"]


def test_fields_fill_in_the_placeholders() -> None:
    assert text("validation.greater_than", "vi", gt=3) == "Phải lớn hơn 3."
    with pytest.raises(KeyError):
        text("validation.greater_than", "vi")
    with pytest.raises(KeyError):
        text("no.such.text", "vi")


@pytest.mark.parametrize(
    ("files", "why"),
    [
        pytest.param({"a": {"k": {"vi": "x"}}}, "needs exactly", id="a language is missing"),
        pytest.param({"a": {"k": {"vi": "x", "en": ""}}}, "needs exactly", id="a language is empty"),
        pytest.param({"a": {"k": {"vi": "{a}", "en": "{b}"}}}, "other placeholders", id="other placeholders"),
        pytest.param({"a": {"k": {"vi": "{a.b}", "en": "{a.b}"}}}, "plain name", id="more than a name"),
        pytest.param(
            {"a": {"k": {"vi": "x", "en": "x"}}, "b": {"k": {"vi": "y", "en": "y"}}}, "another file", id="twice"
        ),
    ],
)
def test_a_catalogue_with_a_fault_is_not_read(
    tmp_path: Path, files: dict[str, dict[str, dict[str, str]]], why: str
) -> None:
    for name, entries in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(entries), encoding="utf-8")
    with pytest.raises(ValueError, match=why):
        load(tmp_path)


def test_a_key_named_twice_in_one_file_is_not_read(tmp_path: Path) -> None:
    entry = '{"vi": "x", "en": "x"}'
    (tmp_path / "a.json").write_text(f'{{"k": {entry}, "k": {entry}}}', encoding="utf-8")
    with pytest.raises(ValueError, match="named twice"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "vi"),
        ("", "vi"),
        ("vi", "vi"),
        ("en", "en"),
        ("EN-gb", "en"),
        ("fr", "vi"),
        ("fr, en;q=0.1", "en"),
        ("en;q=0.5, vi;q=0.6", "vi"),
        ("en, vi", "en"),
        ("*", "vi"),
        ("en;q=0", "vi"),
        ("en;q=x", "vi"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "vi"),
    ],
)
def test_the_language_is_the_one_a_reader_prefers(header: str | None, language: str) -> None:
    assert preferred_language(header) == language


@given(st.text())
def test_any_header_gives_one_of_our_languages(header: str) -> None:
    assert preferred_language(header) in LANGUAGES


TEMPLATES = sorted(path for top in ("services", "shared") for path in (ROOT / top).rglob("templates/*.html"))
_TEXT_OF_A_PAGE = re.compile(r"""\bt\(\s*"([\w.-]+)"\s*[,)]""")


@pytest.mark.parametrize("page", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_text_that_a_page_names_is_in_the_catalogue(page: Path) -> None:
    named = set(_TEXT_OF_A_PAGE.findall(page.read_text(encoding="utf-8")))
    short = {key for key in named if f"indicators.{key}" in CATALOGUE}  # as the public page names them
    assert sorted(named - set(CATALOGUE) - short) == []
