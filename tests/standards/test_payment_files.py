"""Our payment messages against the official ISO 20022 schemas, which the project does not carry."""

import os
from pathlib import Path

import pytest
from lxml import etree

from services.benefits.payments.iso20022 import camt053, camt055, pain002
from tests.unit.benefits.payment_samples import CAMT_053, PAIN_002, RECALL, written
from tests.unit.benefits.test_recall_mutations import ROWS, Row, mutated


def official(name: str) -> etree.XMLSchema:
    folder = os.environ.get("ANSINH_STANDARDS_DIR")
    if not folder:
        pytest.fail(
            "ANSINH_STANDARDS_DIR must name the folder that holds standards/iso20022/*.xsd: make test-standards DIR=…"
        )
    file = Path(folder) / "standards" / "iso20022" / f"{name}.xsd"
    if not file.is_file():
        pytest.fail(f"the official schema {file} is missing")
    return etree.XMLSchema(etree.parse(file))


def assert_valid(schema: etree.XMLSchema, body: bytes) -> None:
    schema.validate(etree.fromstring(body))
    assert str(schema.error_log) == ""


def test_our_payment_file_is_valid() -> None:
    assert_valid(official("pain.001.001.09"), written())


def test_our_request_to_call_back_is_valid() -> None:
    assert_valid(official("camt.055.001.08"), camt055.write(RECALL))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_the_schema_says_of_each_mutation_of_a_request_is_as_the_table_says(row: Row) -> None:
    assert official("camt.055.001.08").validate(etree.fromstring(mutated(row))) is not row.schema


def test_the_status_report_that_our_reader_is_tested_with_is_valid() -> None:
    assert_valid(official("pain.002.001.10"), PAIN_002.encode())
    assert len(pain002.read(PAIN_002.encode()).transactions) == 2


def test_the_statement_that_our_reader_is_tested_with_is_valid() -> None:
    assert_valid(official("camt.053.001.08"), CAMT_053.encode())
    assert len(list(camt053.read(CAMT_053.encode()).statement.entries)) == 2
