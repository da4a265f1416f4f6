"""The file channel: messages taken from `in/` and left in `out/`, each with a signed manifest that is put last."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import structlog

from deploy.bank import cancellations, payments, settings, statements
from deploy.bank.keys import BadSignature, BankKeys, CustomerKeys
from deploy.bank.refusal import KeyConflict, Refused
from deploy.bank.store import Bank

_MANIFEST = ".manifest.json"
_PAYMENTS, _CANCELLATION = "PAIN001_", "CAMT055_"
_log = structlog.get_logger("bank")


class Folder:
    """A folder shared with a customer, of whose messages nothing is lost when the bank dies: what is done twice, the
    bank does once, and a name is never used for other bytes."""

    def __init__(self, root: Path, bank: Bank, keys: BankKeys, customer: CustomerKeys | None) -> None:
        self._root = root
        self._bank = bank
        self._keys = keys
        self._customer = customer
        for name in ("in/taken", "in/refused", "out/read", "out/refused"):
            (root / name).mkdir(parents=True, exist_ok=True)

    def exchange(self) -> int:
        """Take what is there and leave what is new; return how many messages were taken."""
        taken = 0
        for manifest in sorted((self._root / "in").glob(f"*{_MANIFEST}")):
            self._take(manifest)
            taken += 1
        self._leave_reports()
        self._leave_answers()
        self._leave_statements()
        return taken

    def _take(self, manifest: Path) -> None:
        name = manifest.name.removesuffix(_MANIFEST)
        try:
            self._process(name, manifest)
        except Refused as refused:
            self._refuse(name, refused.code, refused.detail)
        except (KeyConflict, BadSignature) as refused:
            self._refuse(name, "DU01" if isinstance(refused, KeyConflict) else "DS02", str(refused))
        else:
            self._move(name, "in", "in/taken")

    def _process(self, name: str, manifest: Path) -> None:
        prefix = next((one for one in (_PAYMENTS, _CANCELLATION) if name.startswith(one)), None)
        try:
            content = (self._root / "in" / name).read_bytes()
            said: dict[str, Any] = json.loads(manifest.read_bytes())
        except (OSError, ValueError) as broken:
            raise Refused("FF01", "the manifest, or the file that it names, cannot be read") from broken
        right = {"file": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        if prefix is None or any(said.get(key) != value for key, value in right.items()):
            raise Refused("FF01", "the file is not what its name or manifest says")
        if self._customer is not None:
            claims = self._customer.verified(said.get("signature"), content)
            if (claims.get("htm"), claims.get("htu")) != ("PUT", f"in/{name}"):
                raise BadSignature("signed for another place")
        key = name.removeprefix(prefix).removesuffix(".xml")
        if prefix == _PAYMENTS:
            replayed = payments.submit(self._bank, key, content).replayed
        else:
            replayed = cancellations.request(self._bank, key, content).replayed
        _log.info("file taken", name=name, replayed=replayed)

    def _refuse(self, name: str, code: str, detail: str) -> None:
        refusal = {"code": code, "detail": detail, "processed": "no"}
        self._write(f"in/refused/{name}.refusal.json", json.dumps(refusal).encode())
        self._move(name, "in", "in/refused")

    def _move(self, name: str, source: str, to: str) -> None:
        for one in (name, name + _MANIFEST):  # the manifest last: without it nobody looks at the file
            path = self._root / source / one
            if path.exists():
                path.replace(self._root / to / one)

    def _leave_reports(self) -> None:
        with self._bank.database.transaction() as db:
            rows = db.execute(
                "SELECT message_id, max(number) AS newest, count(*) AS number FROM status_change"
                " WHERE number > ? GROUP BY message_id ORDER BY newest",
                (int(settings.read(db, "folder:reported") or 0),),
            ).fetchall()
        for row in rows:
            report = payments.status_report(self._bank, row["message_id"])
            if report is None:
                continue
            number = self._number_of_report(row["message_id"])
            self._leave(f"PAIN002_{row['message_id']}_{number:08d}.xml", report)
            with self._bank.database.transaction() as db:
                settings.write(db, f"folder:report:{row['message_id']}", str(number))
                settings.write(db, "folder:reported", str(row["newest"]))

    def _number_of_report(self, message_id: str) -> int:
        with self._bank.database.transaction() as db:
            return int(settings.read(db, f"folder:report:{message_id}") or 0) + 1

    def _leave_answers(self) -> None:
        with self._bank.database.transaction() as db:
            rows = db.execute(
                "SELECT * FROM cancellation WHERE number > ? ORDER BY number",
                (int(settings.read(db, "folder:answered") or 0),),
            ).fetchall()
        for row in rows:
            self._leave(f"CAMT029_{row['id']}_{1:08d}.xml", bytes(row["answer"]))
            self._mark("folder:answered", row["number"])

    def _leave_statements(self) -> None:
        with self._bank.database.transaction() as db:
            accounts = [row["id"] for row in db.execute("SELECT id FROM account WHERE registered").fetchall()]
            marks = {
                (kind, one): int(settings.read(db, f"folder:{kind}:{one}") or 0)
                for one in accounts
                for kind in ("camt.053", "camt.054")
            }
        for account in accounts:
            for closed in statements.closed_after(self._bank, account, marks["camt.053", account]):
                body = statements.statement(self._bank, account, closed.sequence)
                self._leave(f"CAMT053_{account}_{closed.sequence:08d}.xml", body or b"")
                self._mark(f"folder:camt.053:{account}", closed.sequence)
            for one in statements.advices_after(self._bank, account, marks["camt.054", account]):
                body = statements.advice(self._bank, account, one["sequence"])
                self._leave(f"CAMT054_{account}_{one['sequence']:08d}.xml", body or b"")
                self._mark(f"folder:camt.054:{account}", one["sequence"])

    def _mark(self, name: str, value: int) -> None:
        with self._bank.database.transaction() as db:
            settings.write(db, name, str(value))

    def _leave(self, name: str, content: bytes) -> None:
        if any((self._root / place / (name + _MANIFEST)).exists() for place in ("out", "out/read", "out/refused")):
            return  # left before the bank died
        signature = self._keys.sign(content, "PUT", f"out/{name}")
        digest = hashlib.sha256(content).hexdigest()
        manifest = {"file": name, "size": len(content), "sha256": digest, "signature": signature}
        self._write(f"out/{name}", content)
        self._write(f"out/{name}{_MANIFEST}", json.dumps(manifest).encode())

    def _write(self, path: str, content: bytes) -> None:
        part = self._root / f"{path}.part"
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._root / path)
