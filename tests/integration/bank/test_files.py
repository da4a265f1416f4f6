"""The file channel, in a folder and by SFTP: whole files with manifests, nothing lost, nothing twice."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest

from deploy.bank.folder import Folder
from deploy.bank.keys import BankKeys
from tests.integration.bank.desk import Desk, open_desk
from tests.support.payment_files import PAYER, Pay, message_id, payment_file
from tests.support.programs import free_port, running
from tests.support.simulated_bank import client, read_statement, read_statuses
from tests.support.waiting import until


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path / "bank") as desk:
        yield desk


@pytest.fixture
def folder(desk: Desk, tmp_path: Path) -> Folder:
    return Folder(tmp_path / "files", desk.bank, BankKeys(desk.bank.database), None)


def put(root: Path, name: str, content: bytes, **wrong: object) -> None:
    """Put a file and then its manifest, as a customer does."""
    manifest = {"file": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()} | wrong
    (root / "in" / name).write_bytes(content)
    (root / "in" / f"{name}.manifest.json").write_text(json.dumps(manifest))


def names(root: Path, place: str) -> list[str]:
    return sorted(each.name for each in (root / place).iterdir() if each.is_file())


async def test_a_file_is_taken_with_its_manifest_and_answered_by_files(
    desk: Desk, folder: Folder, tmp_path: Path
) -> None:
    root, message, pay = tmp_path / "files", message_id(), Pay()
    name, content = f"PAIN001_{message}.xml", payment_file(message, [pay])
    (root / "in" / name).write_bytes(content)
    assert folder.exchange() == 0  # no manifest yet
    put(root, name, content)
    assert folder.exchange() == 1
    assert names(root, "in") == []
    assert names(root, "in/taken") == [name, f"{name}.manifest.json"]
    desk.work()
    await desk.close()
    folder.exchange()
    out = [one for one in names(root, "out") if not one.endswith(".json")]
    assert out == [
        f"CAMT053_{PAYER}_00000001.xml",
        f"PAIN002_{message}_00000001.xml",
        f"PAIN002_{message}_00000002.xml",
    ]
    newest = (root / "out" / out[-1]).read_bytes()
    assert read_statuses(newest)[pay.end_to_end_id].status == "ACSC"
    assert read_statement((root / "out" / out[0]).read_bytes()).entries[0].end_to_end_id == pay.end_to_end_id
    manifest = json.loads((root / "out" / f"{out[-1]}.manifest.json").read_bytes())
    assert (manifest["sha256"], manifest["size"]) == (hashlib.sha256(newest).hexdigest(), len(newest))


async def test_what_was_left_is_not_left_again_though_the_bank_forgot_that_it_did(
    desk: Desk, folder: Folder, tmp_path: Path
) -> None:
    root, message = tmp_path / "files", message_id()
    put(root, f"PAIN001_{message}.xml", payment_file(message, [Pay()]))
    folder.exchange()
    desk.work()
    folder.exchange()
    before = names(root, "out")
    for name in before:
        (root / "out" / name).rename(root / "out/read" / name)
    with desk.bank.database.transaction() as db:
        db.execute("DELETE FROM setting WHERE name LIKE 'folder:%'")
    folder.exchange()
    assert not [one for one in names(root, "out") if one in before]


async def test_the_same_file_put_twice_is_taken_once(desk: Desk, folder: Folder, tmp_path: Path) -> None:
    root, message, pay = tmp_path / "files", message_id(), Pay()
    for _ in range(2):
        put(root, f"PAIN001_{message}.xml", payment_file(message, [pay]))
        folder.exchange()
        desk.work()
    assert names(root, "in/refused") == []
    assert (await desk.truth())[pay.end_to_end_id]["debited"] == pay.amount


@pytest.mark.parametrize(
    ("name", "old", "new", "wrong", "code"),
    [
        pytest.param("PAIN001_{}.xml", "", "", {"sha256": "0" * 64}, "FF01", id="not what the manifest says"),
        pytest.param("PAIN001_{}.xml", "", "", {"size": 1}, "FF01", id="cut off"),
        pytest.param("OTHER_{}.xml", "", "", {}, "FF01", id="a name that says nothing"),
        pytest.param("PAIN001_{}.xml", "<CtrlSum>500000", "<CtrlSum>400000", {}, "AM10", id="a wrong control sum"),
        pytest.param("PAIN001_ANOTHER.xml", "", "", {}, "CH16", id="the name of another file"),
    ],
)
async def test_a_file_that_is_not_right_is_refused_with_its_reason_beside_it(
    desk: Desk, folder: Folder, tmp_path: Path, name: str, old: str, new: str, wrong: dict[str, object], code: str
) -> None:
    root, message = tmp_path / "files", message_id()
    content = payment_file(message, [Pay()]).decode().replace(old, new).encode() if old else None
    called = name.format(message)
    put(root, called, content or payment_file(message, [Pay()]), **wrong)
    folder.exchange()
    refusal = json.loads((root / "in/refused" / f"{called}.refusal.json").read_bytes())
    assert (refusal["code"], refusal["processed"]) == (code, "no")
    assert called in names(root, "in/refused")
    assert await desk.truth() == {}


async def test_other_bytes_under_a_taken_name_are_refused(desk: Desk, folder: Folder, tmp_path: Path) -> None:
    root, message = tmp_path / "files", message_id()
    for _ in range(2):  # other ids inside each time
        put(root, f"PAIN001_{message}.xml", payment_file(message, [Pay()]))
        folder.exchange()
    refusal = json.loads((root / "in/refused" / f"PAIN001_{message}.xml.refusal.json").read_bytes())
    assert refusal["code"] == "DU01"
    assert len(await desk.truth()) == 1


async def test_the_folder_is_open_by_sftp_to_the_customer_alone(tmp_path: Path) -> None:
    key, stranger = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    keys, files, port = tmp_path / "keys", tmp_path / "files", free_port()
    keys.write_bytes(key.export_public_key())
    options = ("--folder", files, "--sftp-port", str(port), "--sftp-keys", keys)
    async with running("deploy.bank", "--data", tmp_path / "bank", *options) as program, client(program) as bank:
        await bank.register(balance=10_000_000)
        message, pay = message_id(), Pay()
        content, name = payment_file(message, [pay]), f"PAIN001_{message}.xml"

        async def connect(with_key: asyncssh.SSHKey) -> asyncssh.SSHClientConnection:
            host_key = asyncssh.read_public_key(tmp_path / "bank/sftp_host_key.pub")
            known: tuple[list[asyncssh.SSHKey], list[asyncssh.SSHKey], list[asyncssh.SSHKey]] = ([host_key], [], [])
            return await asyncssh.connect(
                "127.0.0.1", port, username="tinh", client_keys=[with_key], known_hosts=known, config=None
            )

        with pytest.raises(asyncssh.PermissionDenied):
            await connect(stranger)
        async with await connect(key) as connection, connection.start_sftp_client() as sftp:
            manifest = {"file": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for path, body in ((name, content), (f"{name}.manifest.json", json.dumps(manifest).encode())):
                async with sftp.open(f"/in/{path}.part", "wb") as file:
                    await file.write(body)
                await sftp.rename(f"/in/{path}.part", f"/in/{path}")

            async def reported() -> bool:
                found = [one for one in await sftp.listdir("/out") if str(one).startswith(f"PAIN002_{message}")]
                if not any(str(one).endswith("manifest.json") for one in found):
                    return False
                return (await bank.statuses(message))[pay.end_to_end_id].status == "ACSC"

            await until(reported, within=30, describe="the bank's report lies in the folder")
            assert not await sftp.exists("/../keys")
