"""A small service on the kit: things with a name, a size and a version, which belong to a box."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import FastAPI, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, MetaData, Table, Text, Uuid, insert, select, update

from shared.db import Database
from shared.http import IDEMPOTENT, Check, IfMatch, IfNoneMatch, Metrics, Page, Paging, Problem, Router, Tx, create_app
from shared.identity import TokenVerifier
from shared.ids import new_id
from shared.jobs import JobOut, Jobs, job_router
from shared.settings import IdentitySettings
from shared.signin.provider import Provider
from shared.signin.routes import sign_in_router
from shared.tracing import current_request_id, current_traceparent
from tests.support.tokens import ISSUER

tables = MetaData()
boxes = Table("boxes", tables, Column("id", Integer, primary_key=True))
things = Table(
    "things",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("size", Integer, CheckConstraint("size <> 13", name="things_size"), nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("box", ForeignKey("boxes.id", name="things_box", deferrable=True, initially="DEFERRED")),
)


class NewThing(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=20)
    size: int = Field(ge=0, le=100)
    box: int | None = None


class Thing(BaseModel):
    """What a client reads."""

    id: UUID
    name: str
    size: int
    version: int


CONSTRAINTS = {
    "things_name_key": Problem(409, "refused", status=409),
    "things_box": Problem(409, "refused", status=409),
}


def _writing(router: Router) -> None:
    @router.post("/things", status_code=201, dependencies=[IDEMPOTENT])
    async def make_thing(new: NewThing, response: Response, tx: Tx) -> Thing:
        """Make a thing."""
        row = {"id": new_id(), **new.model_dump()}
        await (await tx.connection()).execute(insert(things), [row])
        if new.name == "refused":
            raise Problem(409, "refused", status=409)
        if new.name == "broken":
            raise RuntimeError(f"what they entered: {new.name}")
        response.headers["Location"] = f"/registry/v1/things/{row['id']}"
        return Thing.model_validate({**row, "version": 1})

    @router.put("/things/{thing_id}")
    async def change_thing(thing_id: UUID, new: NewThing, tx: Tx, expected: IfMatch, response: Response) -> Thing:
        """Change a thing."""
        connection = await tx.connection()
        row = (await connection.execute(select(things).where(things.c.id == thing_id).with_for_update())).one()
        expected.check(row.version)
        values = {"name": new.name, "size": new.size, "version": row.version + 1}
        await connection.execute(update(things).where(things.c.id == thing_id).values(values))
        response.headers["ETag"] = f'"{row.version + 1}"'
        return Thing.model_validate({"id": thing_id, **values})

    @router.post("/imports", status_code=202, dependencies=[IDEMPOTENT])
    async def start_import(new: NewThing, jobs: Jobs) -> JobOut:
        """Import things."""
        return await jobs.start(new.name, {"size": new.size})


def _reading(router: Router) -> None:
    @router.get("/things")
    async def list_things(
        tx: Tx, paging: Paging, size: Annotated[list[int] | None, Query(description="only of these sizes")] = None
    ) -> Page[Thing]:
        """List things by name."""
        query = select(things).order_by(things.c.name, things.c.id).limit(paging.limit + 1)
        if size:
            query = query.where(things.c.size.in_(size))
        after = paging.after(str, UUID)
        if after is not None:
            query = query.where(things.c.name > after[0])
        rows = (await (await tx.connection()).execute(query)).all()
        found = [Thing.model_validate(row, from_attributes=True) for row in rows]
        return paging.page(found, key=lambda thing: (thing.name, thing.id))

    @router.get("/things/{thing_id}")
    async def read_thing(thing_id: UUID, tx: Tx, known: IfNoneMatch, response: Response) -> Thing:
        """Read a thing."""
        row = (await (await tx.connection()).execute(select(things).where(things.c.id == thing_id))).one_or_none()
        if row is None:
            raise Problem(404, "not_found")
        response.headers["ETag"] = known.check(row.version)
        return Thing.model_validate(row, from_attributes=True)

    @router.get("/trace")
    async def read_trace() -> dict[str, str | None]:
        """Tell which request and trace this is."""
        return {"request_id": current_request_id(), "traceparent": current_traceparent()}


def sample_app(
    database: Database,
    *,
    checks: Sequence[Check] = (),
    metrics: Metrics | None = None,
    body_limit: int = 10_000,
    identity: IdentitySettings = ISSUER.settings,
) -> FastAPI:
    """Return the sample service's app."""
    router = Router(prefix="/registry/v1", tags=["things"])
    _writing(router)
    _reading(router)
    verifier = TokenVerifier(identity)
    return create_app(
        service="registry",
        title="Mẫu",
        database=database,
        metrics=metrics or Metrics(),
        identity=verifier,
        provider=Provider(identity, verifier),
        routers=[router, job_router("registry")],
        pages=[sign_in_router("registry")],
        checks=checks,
        constraints=CONSTRAINTS,
        body_limit=body_limit,
    )
