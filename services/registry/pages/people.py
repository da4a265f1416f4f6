"""A person on a page: where the money is paid, whose the bank says the account is, and proposing another one."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from shared import clock
from shared.pages import Desk, Fields, Refused, Visiting, Visitor, body_of, change, if_allowed

WAYS = ("own", "authorised", "cash")
DOCUMENTS = ("power_of_attorney", "guardianship", "court_decision", "other")


def add_people(router: APIRouter, desk: Desk) -> None:
    """Add a page a person, and those whose authorisation to receive money ends soon."""

    async def show(
        visitor: Visitor,
        person_id: UUID,
        refusal: Refused | None = None,
        *,
        numbers: Mapping[str, str | None] | None = None,
    ) -> Response:
        path = f"/registry/v1/people/{person_id}"
        person = await visitor.get(path)
        groups = (await visitor.get("/registry/v1/ethnic-groups"))["groups"]
        banks = await visitor.get("/registry/v1/banks", on=clock.today().isoformat())
        access = await visitor.get("/registry/v1/access")
        return desk.show(
            visitor,
            "person.html",
            200 if refusal is None else refusal.status,
            refusal=refusal,
            person=person,
            ethnicity=next((each["name"] for each in groups if each["code"] == person["ethnicity"]), "—"),
            accounts=await visitor.get(f"{path}/accounts"),
            banks=[(each["bin"], each["short_name"]) for each in sorted(banks, key=lambda each: each["short_name"])],
            ways=WAYS,
            documents=DOCUMENTS,
            proposed=await _proposed(visitor, str(person_id)),
            numbers=numbers,
            permissions=access["permissions"],
        )

    @router.get("/people/{person_id}")
    async def person_page(visitor: Visiting, person_id: UUID) -> Response:
        return await show(visitor, person_id)

    @router.post("/people/{person_id}/numbers")
    async def numbers_page(visitor: Visiting, person_id: UUID) -> Response:
        """Show numbers in full; the purpose is sent in a body, and stands on record."""
        purpose = visitor.form.get("purpose")
        try:
            numbers = await visitor.get(f"/registry/v1/people/{person_id}/numbers", purpose=purpose)
        except Refused as refusal:
            return await show(visitor, person_id, refusal.at("query"))
        return await show(visitor, person_id, numbers=numbers)

    @router.post("/people/{person_id}/account-change")
    async def account_change_page(visitor: Visiting, person_id: UUID) -> Response:
        async def propose() -> None:
            path = f"/registry/v1/people/{person_id}/account-changes"
            await visitor.send("POST", path, account_change_of(visitor.form))

        then = f"/registry/desk/people/{person_id}"
        return await change(propose, then=then, otherwise=lambda refusal: show(visitor, person_id, refusal))

    @router.get("/ending-authorisations")
    async def ending_authorisations_page(visitor: Visiting, cursor: str | None = None) -> Response:
        page = await visitor.get("/registry/v1/ending-authorisations", cursor=cursor)
        return desk.show(visitor, "ending_authorisations.html", page=page)


def account_change_of(form: Fields) -> dict[str, Any]:
    """Return the change of account that a form stands for: in cash none, of one's own without a document."""
    if form.get("way") == "cash":
        return {"account": None}
    account = body_of(form, without=("way",)).get("account", {})
    if form.get("way") != "authorised":
        account.pop("authorised", None)
    else:
        account.setdefault("authorised", {})
    return {"account": account}


async def _proposed(visitor: Visitor, person_id: str) -> list[Mapping[str, Any]]:
    """Return the changes of this person's account that wait for a second person."""
    page = await if_allowed(visitor, "/registry/v1/proposals", kind="account-change", state="open", limit=500)
    return [each for each in (page["items"] if page else ()) if each["subject"] == person_id]
