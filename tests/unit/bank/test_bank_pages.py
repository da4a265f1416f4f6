"""What `docs/bank` says to a bank is what the code does: samples, codes, and a test or a reason for each failure."""

import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from deploy.apps import SETTINGS, build
from deploy.bank import pain001
from deploy.bank.refusal import Refused
from deploy.bank_pages import FOLDER, pages
from deploy.bank_samples import MUTATIONS, Mutation, payment_file, samples
from services.benefits.payments.iso20022 import camt053, pain002
from services.benefits.payments.iso20022.profile import findings
from shared.settings import EventLogSettings
from tests.support.keys import FOLDER as KEYS

ROOT = FOLDER.parents[1]


def test_the_pages_are_as_they_are_generated() -> None:
    for file, content in pages().items():
        assert file.read_bytes() == content, f"{file}: run python -m deploy.bank_pages"
    kept = set((FOLDER / "samples").rglob("*.xml"))
    assert kept == {each for each in pages() if each.suffix == ".xml"}


def test_the_samples_are_read_by_the_side_that_they_are_for() -> None:
    found = samples()
    assert findings(found["pain001.xml"]) == []
    assert pain001.read(found["pain001.xml"]).message_id == payment_file().message_id
    assert pain002.read(found["pain002.xml"]).group_status == "PART"
    assert camt053.read(found["camt053.xml"]).statement.closing == 3_500_000


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.name)
def test_a_mutated_sample_is_refused_by_both_sides(mutation: Mutation) -> None:
    body = samples()[f"mutated/{mutation.name}.{mutation.code}.xml"]
    with pytest.raises(Refused) as refused:
        pain001.read(body)
    assert refused.value.code == mutation.code
    assert findings(body)


def test_each_of_the_78_failures_has_a_test_that_exists_or_says_why_not() -> None:
    rows = re.findall(r"^\| (F\d\d) \|(.*)\|$", (FOLDER / "failures.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [case for case, _ in rows] == [f"F{number:02d}" for number in range(1, 79)]
    for case, row in rows:
        what, state, seen, shown = (cell.strip() for cell in row.rsplit("|", 3))
        assert all((what, state, seen)), case
        tests = re.findall(r"`([\w/]+\.py)::(\w+)`", shown)
        assert tests or shown.startswith("cannot arise: "), case
        assert shown.startswith("cannot arise: ") or shown.count("::") == len(tests) == shown.count("`") // 2, case
        for file, name in tests:
            source = Path(ROOT / "tests" / file)
            assert source.is_file(), f"{case}: {file}"
            assert name.startswith("test_"), f"{case}: {name}"
            defined = re.compile(rf"^(async )?def {name}\(", re.MULTILINE)
            assert defined.search(source.read_text(encoding="utf-8")), f"{case}: {name}"


def test_every_call_that_the_runbook_names_is_there() -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    given = {"service": "benefits", "database_url": url, "event_log": EventLogSettings(eventlog_url=url), "keys": KEYS}
    routers = build(SETTINGS["benefits"].model_validate(given)).state.routers
    routes = {
        re.sub(r"\{\w+\}", "{}", route.path)
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute) and "POST" in (route.methods or ())
    }
    named = re.findall(r"`POST (/[^ `]+)", (FOLDER / "payment-month.md").read_text(encoding="utf-8"))
    assert len(named) > 5
    for path in named:
        assert "/benefits/v1" + re.sub(r"\{\w+\}", "{}", path) in routes, path
