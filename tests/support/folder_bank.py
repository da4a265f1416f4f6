"""The bank's end of the folder channel, carried on to the simulated bank: written from the interface alone."""

import hashlib
import json
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt

from tests.support.bank_keys import signed_by_hand

_PATHS = {"PAIN001": "/v1/payment-files", "CAMT055": "/v1/cancellations"}


class FolderBank:
    """Takes what lies in `in`, and leaves reports and statements in `out`, signed where it has keys."""

    def __init__(
        self,
        root: Path,
        bank: httpx.AsyncClient,
        *,
        own: dict[str, Any] | None = None,
        theirs: dict[str, Any] | None = None,
    ) -> None:
        self.root = root
        self._bank = bank
        self._own = own
        self._theirs = theirs
        self._reports: dict[str, list[bytes]] = {}
        self._statements: dict[str, int] = {}
        for name in ("in/taken", "in/refused", "out"):
            (root / name).mkdir(parents=True, exist_ok=True)

    async def take(self) -> None:
        """Take or refuse each file whose manifest is there."""
        for manifest in sorted((self.root / "in").glob("*.manifest.json")):
            name = manifest.name.removesuffix(".manifest.json")
            path = self.root / "in" / name
            content = path.read_bytes()
            self._check(json.loads(manifest.read_bytes()), name, content)
            kind, _, key = name.removesuffix(".xml").partition("_")
            answer = await self._bank.post(_PATHS[kind], content=content, headers={"Idempotency-Key": key})
            to = "taken"
            if answer.status_code in (400, 422):
                to = "refused"
                (self.root / "in/refused" / f"{name}.refusal.json").write_bytes(answer.content)
            else:
                assert answer.status_code == httpx.codes.ACCEPTED, answer.text
                self._reports.setdefault(key, [])
            for each in (path, manifest):
                each.rename(self.root / "in" / to / each.name)

    def _check(self, manifest: dict[str, Any], name: str, content: bytes) -> None:
        digest = hashlib.sha256(content).hexdigest()
        assert (manifest["file"], manifest["size"], manifest["sha256"]) == (name, len(content), digest)
        if self._theirs is None:
            return
        protected, _, signature = manifest["signature"].split(".")
        header = json.loads(_decoded(protected))
        assert (header["htm"], header["htu"], header["sha256"]) == ("PUT", f"in/{name}", digest)
        key = jwt.PyJWK(self._theirs, algorithm=self._theirs["alg"])
        assert key.Algorithm.verify(protected.encode() + b"." + content, key.key, _decoded(signature))

    async def report(self) -> None:
        """Leave what is new of every file that was taken."""
        for message_id, sent in self._reports.items():
            answer = await self._bank.get(f"/v1/payment-files/{message_id}/status")
            if answer.status_code == httpx.codes.OK and answer.content not in sent:
                sent.append(answer.content)
                self.put(f"PAIN002_{message_id}_{len(sent):08d}.xml", answer.content)

    async def state(self, accounts: Sequence[str]) -> None:
        """Leave the closed statements of accounts, newest first: the number decides, not when one comes."""
        for account in accounts:
            after = self._statements.get(account, 0)
            listed = (await self._bank.get(f"/v1/accounts/{account}/statements", params={"after": after})).json()
            for one in sorted(listed, key=lambda one: -int(one["sequence"])):
                body = await self._bank.get(f"/v1/accounts/{account}/statements/{one['sequence']}")
                self.put(f"CAMT053_{account}_{one['sequence']:08d}.xml", body.content)
                self._statements[account] = max(self._statements.get(account, 0), one["sequence"])

    def put(self, name: str, content: bytes, **manifest: object) -> None:
        """Leave a file; `manifest` says otherwise than the truth."""
        said: dict[str, object] = {
            "file": name,
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        if self._own is not None:
            said["signature"] = self._signature(name, content)
        out = self.root / "out"
        for each, written in ((name, content), (f"{name}.manifest.json", json.dumps(said | manifest).encode())):
            (out / f"{each}.part").write_bytes(written)
            (out / f"{each}.part").rename(out / each)

    def _signature(self, name: str, content: bytes) -> str:
        assert self._own is not None
        claims = {
            "iat": int(datetime.now(UTC).timestamp()),
            "jti": uuid4().hex,
            "htm": "PUT",
            "htu": f"out/{name}",
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        header = {"alg": self._own["alg"], "kid": self._own["kid"], "b64": False, "crit": ["b64", *claims], **claims}
        return signed_by_hand(self._own, header, content)


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
