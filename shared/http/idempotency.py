"""Sent twice, done once: `Idempotency-Key` on requests that create or move money.

``@router.post("/awards", dependencies=[IDEMPOTENT])`` is all that an endpoint of a `Router` needs. The answer is stored
in the transaction of the effect, so there is never one without the other, and a request that fails stores nothing.

A key belongs to an actor and a route. The same key with the same request is answered from the store, byte for byte,
with `Idempotent-Replayed: true`; while the first still runs, 409 `idempotency_running`; with another path, query or
body, 422 `idempotency_mismatch`. Answers name people, so they are sealed; of a request a keyed digest is kept.
"""

import hashlib
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header
from sqlalchemy import func, insert, select
from starlette.requests import Request
from starlette.responses import Response

from shared.db import Transaction
from shared.encryption import SealedTable
from shared.http.actor import Actor
from shared.http.problems import Answered, Problem
from shared.http.tables import idempotency_keys
from shared.http.transactions import Tx
from shared.keys import Keys, keys_of

SEALED = SealedTable(idempotency_keys, ("body",), row_id=("actor", "route", "key"))


@dataclass(frozen=True)
class Claim:
    """The right to do what a key stands for; held until the transaction ends."""

    transaction: Transaction
    actor: str
    route: str
    key: str
    request_hash: bytes

    @property
    def lock(self) -> int:
        """The advisory lock of the key: two keys that share one by accident wait for each other, no more."""
        name = "\n".join(("idempotency", self.actor, self.route, self.key))
        return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)

    @property
    def keys(self) -> Keys:
        """The keys of the service that is asked."""
        return keys_of(self.transaction)

    @property
    def place(self) -> tuple[str, ...]:
        """What the stored answer is sealed for."""
        return ("idempotency_keys.body", self.actor, self.route, self.key)


async def _request_hash(request: Request, keys: Keys) -> bytes:
    target = f"{request.url.path}?{request.url.query}\n"
    return bytes.fromhex(keys.digests.whole(target.encode() + await request.body()))


async def _stored_answer(claim: Claim) -> Response | None:
    table = idempotency_keys
    query = select(table.c.request_hash, table.c.status, table.c.headers, table.c.body).where(
        table.c.actor == claim.actor, table.c.route == claim.route, table.c.key == claim.key
    )
    stored = (await (await claim.transaction.connection()).execute(query)).one_or_none()
    if stored is None:
        return None
    if stored.request_hash != claim.request_hash:
        raise Problem(422, "idempotency_mismatch")
    body = claim.keys.data.open_bytes(stored.body, *claim.place)
    response = Response(body, stored.status)
    response.raw_headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in stored.headers]
    response.headers["Content-Length"] = str(len(body))
    response.headers["Idempotent-Replayed"] = "true"
    return response


async def claim_key(
    request: Request,
    transaction: Tx,
    actor: Actor,
    key: Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            pattern=r"^[\x21-\x7e]{1,255}$",
            description="one key an operation; the same key when it is sent again",
            examples=["018f3c2a-0000-7000-8000-000000000000"],
        ),
    ],
) -> None:
    """Claim the request's key until its transaction ends.

    Raises:
        Answered: it was done before.
        Problem: 409 it is being done, 422 the key was used for another request.
    """
    route = f"{request.method} {request.scope['route'].path}"
    claim = Claim(transaction, actor, route, key, await _request_hash(request, keys_of(transaction)))
    connection = await transaction.connection()
    if not (await connection.execute(select(func.pg_try_advisory_xact_lock(claim.lock)))).scalar_one():
        raise Problem(409, "idempotency_running", headers={"Retry-After": "1"})
    stored = await _stored_answer(claim)
    if stored is not None:
        raise Answered(stored)
    request.state.idempotency_claim = claim


IDEMPOTENT = Depends(claim_key, scope="function")


async def keep_answer(request: Request, response: Response) -> None:
    """Store the answer of a request that holds a claim, in the claim's transaction; do nothing for others."""
    claim: Claim | None = getattr(request.state, "idempotency_claim", None)
    if claim is None:
        return
    headers = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in response.raw_headers
        if name != b"content-length"
    ]
    row = {
        "actor": claim.actor,
        "route": claim.route,
        "key": claim.key,
        "request_hash": claim.request_hash,
        "status": response.status_code,
        "headers": headers,
        "body": claim.keys.data.seal_bytes(bytes(response.body), *claim.place),
    }
    await (await claim.transaction.connection()).execute(insert(idempotency_keys), [row])
