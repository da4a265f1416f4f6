"""docs/operations.md says nothing that is not there."""

import re

from tests.support.compose_file import ROOT, read

PAGE = (ROOT / "docs" / "operations.md").read_text()
ROWS = re.findall(r"^\| (\d+) [^|]*\| ([●◐○]) \|[^|]*\|([^|]*)\|$", PAGE, re.MULTILINE)


def test_each_of_the_thirty_rows_has_its_answer() -> None:
    assert [int(number) for number, _, _ in ROWS] == list(range(1, 31))
    assert not [number for number, mark, proof in ROWS if (mark == "○") != (not proof.strip())]


def test_the_tests_that_are_named_are_there() -> None:
    names = set(re.findall(r"\b(test_\w+)\.py", PAGE))
    assert not [name for name in names if not list(ROOT.glob(f"tests/**/{name}.py"))]
    sources = "\n".join(file.read_text() for file in ROOT.glob("tests/**/test_*.py"))
    for test in re.findall(r"::(test_\w+)", PAGE):
        assert f"def {test}" in sources, test


def test_the_services_scripts_and_secrets_that_are_named_are_there() -> None:
    services = read(None)["services"]
    for name in re.findall(r"docker compose (?:run --rm(?: --no-deps -T --entrypoint tar)?|exec) ([a-z-]+)", PAGE):
        assert name in services, name
    for path in re.findall(r"\b(?:deploy|tests)/[\w/]+\.py\b", PAGE):
        assert (ROOT / path).exists(), path
