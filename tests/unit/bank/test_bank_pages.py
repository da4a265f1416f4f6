"""What `docs/bank` says to a bank is what the code does: samples, codes, and a test or a reason for each failure."""

import re
from pathlib import Path

import pytest

from deploy.bank import pain001
from deploy.bank.refusal import Refused
from deploy.bank_pages import FOLDER, pages
from deploy.bank_samples import MUTATIONS, Mutation, payment_file, samples
from services.benefits.payments.iso20022 import camt053, pain002
from services.benefits.payments.iso20022.profile import findings

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
        assert tests or shown.startswith(("cannot arise: ", "open: ")), case
        for file, name in tests:
            source = Path(ROOT / "tests" / file)
            assert source.is_file(), f"{case}: {file}"
            assert re.search(rf"def {name}\(", source.read_text(encoding="utf-8")), f"{case}: {name}"
