"""The file channel: messages put into a folder and taken from one, each with a manifest that says that it is whole."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from services.benefits.payments.bank.folders import Folder, FolderUnavailable, OpenFolder, TooLarge
from services.benefits.payments.bank.keys import KeyRefused
from services.benefits.payments.bank.port import (
    Accepted,
    Found,
    Inbound,
    MessageKind,
    NotFound,
    NotSent,
    QueryAnswer,
    RawStatement,
    Received,
    Rejected,
    SubmitOutcome,
    Unavailable,
    Unknown,
    Unusable,
)
from services.benefits.payments.bank.signing import FILE_AGE, Binding, SignatureRefused, Signing, sign, verify
from services.benefits.payments.domain.payees import Payee
from services.benefits.payments.domain.reasons import ReasonClass, reason_class
from services.benefits.payments.domain.verification import Verdict, Verification
from services.benefits.payments.iso20022.reading import LARGEST_MESSAGE
from shared import clock

_MANIFEST = ".manifest.json"
_OURS, _XML = "PAIN001_", ".xml"
_LARGEST_MANIFEST = 64 * 1024
_INBOUND = re.compile(r"(PAIN002|CAMT029|CAMT053|CAMT054)_([A-Za-z0-9-]{1,40})_(\d{8,18})\.xml")
_KINDS: Mapping[str, MessageKind] = {
    "PAIN002": "pain.002",
    "CAMT029": "camt.029",
    "CAMT053": "camt.053",
    "CAMT054": "camt.054",
}
# Statements after the reports of the same look, so that a debit finds what was reported of it.
_ORDER = ("PAIN002", "CAMT029", "CAMT054", "CAMT053")


@dataclass(frozen=True)
class _Place:
    """Where a file of ours is: in `in`, `in/taken` or `in/refused`, with our bytes or others; triggered or not."""

    folder: str
    same: bool
    triggered: bool


def _inbound_order(name: str) -> tuple[int, int, str]:
    """Return where an inbound file comes in line: by kind, and within a subject by number."""
    parts = _INBOUND.fullmatch(name)
    return (_ORDER.index(parts[1]), int(parts[3]), name) if parts else (len(_ORDER), 0, name)


class FileBank:
    """The adapter of a bank's folder. Without `signing` manifests have no signature and none is asked for."""

    def __init__(self, bank: str, open_folder: OpenFolder, signing: Signing | None = None) -> None:
        self.bank = bank
        self._open = open_folder
        self._signing = signing

    async def submit(self, message_id: str, content: bytes) -> SubmitOutcome:
        """Put a pain.001 into the folder."""
        return await self._put(f"PAIN001_{message_id}.xml", content)

    async def cancel(self, request_id: str, content: bytes) -> SubmitOutcome:
        """Put a camt.055 into the folder."""
        return await self._put(f"CAMT055_{request_id}.xml", content)

    async def query(self, message_id: str) -> QueryAnswer:
        """Look where a file of ours is; reports are left for us."""
        return await self._look(f"PAIN001_{message_id}.xml")

    async def cancellation(self, request_id: str) -> QueryAnswer:
        """Look where a request of ours is; its answer is left for us."""
        return await self._look(f"CAMT055_{request_id}.xml")

    async def next_statement(self, account: str, after: int) -> RawStatement | Unavailable | None:  # noqa: ARG002
        """Return None: statements are left for us."""
        return None

    async def next_advice(self, account: str, after: int) -> RawStatement | Unavailable | None:  # noqa: ARG002
        """Return None: advices are left for us."""
        return None

    async def verify_account(self, payee: Payee) -> Verification | Unavailable:  # noqa: ARG002
        """Say that a folder answers no question."""
        return Verification(Verdict.NOT_CHECKABLE, "not_offered")

    async def received_files(self, account: str, after: int) -> Sequence[Received] | Unavailable | None:  # noqa: ARG002
        """List what the bank has taken or refused; a folder numbers nothing, so all of it, each time."""
        try:
            async with self._open() as folder:
                names = [name for place in ("in/taken", "in/refused") for name in await folder.names(place)]
        except FolderUnavailable as error:
            return Unavailable(str(error))
        ids = sorted(
            {name[len(_OURS) : -len(_XML)] for name in names if name.startswith(_OURS) and name.endswith(_XML)}
        )
        return [Received(0, message_id, None) for message_id in ids]

    async def copy_of(self, message_id: str) -> bytes | Unavailable | None:
        """Read what the bank has taken."""
        try:
            async with self._open() as folder:
                found = await folder.read(f"in/taken/{_OURS}{message_id}{_XML}", LARGEST_MESSAGE)
        except (FolderUnavailable, TooLarge) as error:
            return Unavailable(type(error).__name__)
        return found or Unavailable("not_taken")

    async def next_inbound(self) -> Inbound | Unusable | Unavailable | None:
        """Return the first message in the folder that has its manifest."""
        try:
            async with self._open() as folder:
                names = set(await folder.names("out"))
                whole = [name for name in names if not name.endswith(_MANIFEST) and name + _MANIFEST in names]
                return await self._taken(folder, min(whole, key=_inbound_order)) if whole else None
        except FolderUnavailable as error:
            return Unavailable(str(error))

    async def acknowledge(self, name: str, *, usable: bool) -> None:
        """Move a message and its manifest out of the way."""
        to = "out/read" if usable else "out/refused"
        with suppress(FolderUnavailable):  # what stays is offered again, and stored once
            async with self._open() as folder:
                for each in (name, name + _MANIFEST):
                    if each in await folder.names("out"):
                        await folder.move(f"out/{each}", f"{to}/{each}")

    async def _put(self, name: str, content: bytes) -> SubmitOutcome:
        triggering = False
        try:
            async with self._open() as folder:
                place = await _place(folder, name, content)
                if place is not None and not place.same:
                    return Unknown("conflict")
                if place is not None and (place.triggered or place.folder != "in"):
                    return await _outcome(folder, place, name)
                if place is None:
                    await folder.write(f"in/{name}.part", content)
                    await folder.move(f"in/{name}.part", f"in/{name}")
                manifest = self._manifest(name, content)
                await folder.write(f"in/{name}{_MANIFEST}.part", manifest)
                triggering = True
                await folder.move(f"in/{name}{_MANIFEST}.part", f"in/{name}{_MANIFEST}")
                return Accepted(name)
        except FolderUnavailable as error:
            return Unknown(str(error)) if triggering else NotSent(str(error))
        except KeyRefused as error:
            return NotSent(error.code)

    def _manifest(self, name: str, content: bytes) -> bytes:
        manifest: dict[str, object] = {
            "file": name,
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        if self._signing is not None:
            manifest["signature"] = sign(self._signing.ours, content, Binding("PUT", f"in/{name}"), clock.now()).jws
        return json.dumps(manifest).encode()

    async def _look(self, name: str) -> QueryAnswer:
        try:
            async with self._open() as folder:
                place = await _place(folder, name, None)
                if place is None:
                    return NotFound(final=True)
                if place.folder == "in" and not place.triggered:
                    return NotFound(final=True)  # without its manifest nobody looks at it
                outcome = await _outcome(folder, place, name)
                return outcome if isinstance(outcome, Rejected) else Found(None)
        except FolderUnavailable as error:
            return Unavailable(str(error))

    async def _taken(self, folder: Folder, name: str) -> Inbound | Unusable:
        parts = _INBOUND.fullmatch(name)
        if parts is None:
            return Unusable(name, "unknown_name")
        manifest = await _document(folder, f"out/{name}{_MANIFEST}")
        try:
            content = await folder.read(f"out/{name}", LARGEST_MESSAGE)
        except TooLarge:
            return Unusable(name, "too_large")
        if content is None or manifest.get("file") != name:
            return Unusable(name, "manifest")
        if manifest.get("size") != len(content) or manifest.get("sha256") != hashlib.sha256(content).hexdigest():
            return Unusable(name, "manifest")
        signature = manifest.get("signature")
        jws = signature if isinstance(signature, str) else None
        if self._signing is not None:
            try:
                binding = Binding("PUT", f"out/{name}")
                await verify(self._signing.theirs, jws, content, binding, clock.now(), age=FILE_AGE)
            except SignatureRefused as error:
                return Unusable(name, f"signature_{error.code}")
        kind = _KINDS[parts[1]]
        subject = f"{parts[2]}/{int(parts[3])}" if kind in ("camt.053", "camt.054") else parts[2]
        return Inbound(name, kind, subject, content, jws)


async def _document(folder: Folder, path: str) -> dict[str, object]:
    """Return a small JSON object of the bank, empty when it is none."""
    try:
        document = json.loads(await folder.read(path, _LARGEST_MANIFEST) or b"")
    except (ValueError, RecursionError, TooLarge):
        return {}
    return document if isinstance(document, dict) else {}


async def _place(folder: Folder, name: str, content: bytes | None) -> _Place | None:
    """Return where a file is that the bank may be moving on; without `content` its bytes are not compared."""
    for where in ("in", "in/taken", "in/refused"):
        names = await folder.names(where)
        if name not in names:
            continue
        same = True
        if content is not None:
            try:
                there = await folder.read(f"{where}/{name}", len(content))
            except TooLarge:
                return _Place(where, same=False, triggered=True)
            if there is None:
                continue  # moved on since it was listed
            same = there == content
        return _Place(where, same=same, triggered=name + _MANIFEST in names)
    return None


async def _outcome(folder: Folder, place: _Place, name: str) -> Accepted | Rejected | Unknown:
    """Return what it proves that a file of ours is where it is."""
    if place.folder != "in/refused":
        return Accepted(name)
    refusal = await _document(folder, f"in/refused/{name}.refusal.json")
    code = refusal.get("code")
    if refusal.get("processed") != "no" or not isinstance(code, str):
        return Unknown("refusal_unreadable")
    return Unknown(code) if reason_class("status", code) is ReasonClass.DUPLICATE else Rejected(code)
