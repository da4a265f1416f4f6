"""Sealed values: opened where they were sealed and nowhere else, by any generation that is there, never empty."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.encryption import CannotOpen, Keyring, KeysMissing
from shared.keys import Keys, add_generation, data_ring, load_keys, make_keys
from shared.settings import SERVICES

PLACE = ("people.account_number", "0192f0c4-7a10-7c3e-9b55-2d6a1f0e4b01")
NUMBER = "2700205123456"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The keys of all services."""
    made = tmp_path_factory.mktemp("keys")
    make_keys(made)
    return made


@pytest.fixture(scope="module")
def keys(folder: Path) -> Keys:
    """The registry's."""
    return load_keys(folder, "registry")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.text(), st.binary())
def test_what_is_sealed_opens_again_and_shows_nothing(keys: Keys, text: str, content: bytes) -> None:
    sealed, sealed_bytes = keys.data.seal(text, *PLACE), keys.data.seal_bytes(content, *PLACE)
    assert (keys.data.open(sealed, *PLACE), keys.data.open_bytes(sealed_bytes, *PLACE)) == (text, content)
    assert sealed.startswith("k1.")
    assert sealed_bytes.startswith(b"k1.")
    assert len(text) < 4 or text not in sealed
    assert len(content) < 8 or content not in sealed_bytes


def test_the_same_value_is_never_sealed_alike(keys: Keys) -> None:
    assert len({keys.data.seal(NUMBER, *PLACE) for _ in range(100)}) == 100


def test_nothing_stays_nothing(keys: Keys) -> None:
    assert keys.data.seal(None, *PLACE) is None
    assert keys.data.open(None, *PLACE) is None


@pytest.mark.parametrize(
    "elsewhere",
    [
        ("people.account_number", "0192f0c4-7a10-7c3e-9b55-2d6a1f0e4b02"),
        ("people.personal_number", PLACE[1]),
        (*PLACE, "1"),
        (PLACE[0],),
    ],
    ids=["another row", "another column", "a longer place", "a shorter one"],
)
def test_a_value_that_was_moved_is_refused(keys: Keys, elsewhere: tuple[str, ...]) -> None:
    with pytest.raises(CannotOpen, match="another place"):
        keys.data.open(keys.data.seal(NUMBER, *PLACE), *elsewhere)


def test_a_value_that_was_changed_is_refused(keys: Keys) -> None:
    sealed = keys.data.seal_bytes(NUMBER.encode(), *PLACE)
    for at in range(3, len(sealed)):
        changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(CannotOpen):
            keys.data.open_bytes(changed, *PLACE)
    for end in range(len(sealed)):
        with pytest.raises(CannotOpen):
            keys.data.open_bytes(sealed[:end], *PLACE)


@pytest.mark.parametrize("clear", ["", NUMBER, "k1", "k1.", "k.abcd", "k1.!", "K1.abcd"])
def test_a_value_in_the_clear_is_refused_and_not_shown(keys: Keys, clear: str) -> None:
    with pytest.raises(CannotOpen) as refused:
        keys.data.open(clear, *PLACE)
    assert NUMBER not in str(refused.value)


def test_one_service_does_not_open_what_another_sealed(folder: Path, keys: Keys) -> None:
    sealed = keys.data.seal(NUMBER, *PLACE)
    for service in set(SERVICES) - {"registry"}:
        with pytest.raises(CannotOpen):
            load_keys(folder, service).data.open(sealed, *PLACE)


def test_the_topics_key_is_shared_and_is_not_the_one_at_rest(folder: Path, keys: Keys) -> None:
    sealed = keys.people.seal(NUMBER, *PLACE)
    assert load_keys(folder, "benefits").people.open(sealed, *PLACE) == NUMBER
    with pytest.raises(CannotOpen):
        keys.data.open(sealed, *PLACE)


def test_a_new_generation_seals_and_the_old_one_still_opens(tmp_path: Path) -> None:
    make_keys(tmp_path)
    ring = Keyring(tmp_path, data_ring("registry"))
    old = ring.seal(NUMBER, *PLACE)
    assert add_generation(tmp_path, ring.name) == 2
    make_keys(tmp_path)  # finds what is there
    later = Keyring(tmp_path, ring.name)
    new = later.seal(NUMBER, *PLACE)
    assert new.startswith("k2.")
    # A process that has not looked yet opens what another one sealed by now.
    assert (ring.open(new, *PLACE), later.open(old, *PLACE)) == (NUMBER, NUMBER)
    assert ring.seal(NUMBER, *PLACE).startswith("k2.")
    (tmp_path / "data_registry.1").rename(tmp_path / "data_registry.1.retired")
    with pytest.raises(CannotOpen, match=r"data_registry\.1 is not in"):
        Keyring(tmp_path, ring.name).open(old, *PLACE)


def test_keys_are_readable_by_their_owner_alone(folder: Path) -> None:
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("lost", ["data_benefits.1", "index_benefits", "people.1", "audit_benefits"])
def test_a_service_without_a_key_does_not_start(tmp_path: Path, lost: str) -> None:
    make_keys(tmp_path)
    (tmp_path / lost).unlink()
    with pytest.raises(KeysMissing, match=lost.partition(".")[0]):
        load_keys(tmp_path, "benefits")


def test_indicators_need_no_key_of_people(tmp_path: Path) -> None:
    make_keys(tmp_path)
    os.unlink(tmp_path / "people.1")
    indicators = load_keys(tmp_path, "indicators")
    with pytest.raises(KeysMissing):
        indicators.people.seal(NUMBER, *PLACE)


def test_a_blind_index_finds_the_same_number_in_its_column_only(folder: Path, keys: Keys) -> None:
    index = keys.index.of("people.phone", "+84912345678")
    assert index == load_keys(folder, "registry").index.of("people.phone", "+84912345678")
    others = (
        keys.index.of("people.phone", "+84912345679"),
        keys.index.of("people.account_number", "+84912345678"),
        load_keys(folder, "benefits").index.of("people.phone", "+84912345678"),
        keys.digests.of("people.phone\x1f+84912345678"),
    )
    assert index not in others
    assert "84912345678" not in index
