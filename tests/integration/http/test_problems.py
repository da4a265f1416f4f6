"""Every refusal has one shape, in two languages, and says how to mend it."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from shared.http.openapi import document
from shared.http.problems import ProblemBody

URL = "/registry/v1/things"
ONE = f"{URL}/018f3c2a-0000-7000-8000-000000000000"
JSON = {"Content-Type": "application/json", "Idempotency-Key": "k"}

CASES = [
    pytest.param("GET", "/nowhere", {}, 404, "not_found", id="no such address"),
    pytest.param("GET", ONE, {}, 404, "not_found", id="no such thing"),
    pytest.param("DELETE", URL, {}, 405, "method_not_allowed", id="no such method"),
    pytest.param("POST", URL, {"content": b"x" * 20_000}, 413, "body_too_large", id="announced too large"),
    pytest.param("POST", URL, {"content": "chunks"}, 413, "body_too_large", id="sent too large"),
    pytest.param("POST", URL, {"content": b"a=1"}, 415, "unsupported_media_type", id="no content type"),
    pytest.param("POST", URL, {"data": {"a": "1"}}, 415, "unsupported_media_type", id="a form"),
    pytest.param("POST", URL, {"content": b"{", "headers": JSON}, 400, "malformed_json", id="half JSON"),
    pytest.param("POST", URL, {"content": b"\xff", "headers": JSON}, 400, "malformed_request", id="no UTF-8"),
    pytest.param("POST", URL, {"content": b"[]", "headers": JSON}, 422, "validation_failed", id="a list"),
    pytest.param("POST", URL, {"content": b"", "headers": JSON}, 422, "validation_failed", id="nothing"),
    pytest.param(
        "POST",
        URL,
        {"json": {"name": "a\0b", "size": 1}, "headers": {"Idempotency-Key": "k"}},
        422,
        "value_not_storable",
        id="a NUL",
    ),
    pytest.param(
        "POST",
        URL,
        {"json": {"name": "a", "size": 1, "box": 10**30}, "headers": {"Idempotency-Key": "k"}},
        422,
        "value_not_storable",
        id="a number too large",
    ),
    pytest.param("GET", f"{URL}?offset=3", {}, 400, "unknown_parameter", id="unknown parameter"),
    pytest.param("GET", f"{URL}?limit=501", {}, 422, "validation_failed", id="limit too high"),
    pytest.param("GET", f"{URL}?cursor=abc", {}, 400, "cursor_invalid", id="damaged cursor"),
    pytest.param("GET", f"{URL}/7", {}, 422, "validation_failed", id="no UUID"),
    pytest.param("PUT", ONE, {"json": {"name": "a", "size": 1}}, 428, "precondition_required", id="no If-Match"),
    pytest.param(
        "POST",
        URL,
        {"json": {"name": "broken", "size": 1}, "headers": {"Idempotency-Key": "k"}},
        500,
        "internal_error",
        id="a fault of ours",
    ),
]


async def _send(client: httpx.AsyncClient, method: str, url: str, rest: dict[str, Any]) -> httpx.Response:
    async def chunks() -> Any:
        for _ in range(20):
            yield b"x" * 1000

    if rest.get("content") == "chunks":
        rest = {"content": chunks(), "headers": JSON}
    return await client.request(method, url, **rest)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(("method", "url", "rest", "status", "code"), CASES)
async def test_every_refusal_is_a_problem_document_in_the_language_asked_for(
    client: httpx.AsyncClient, method: str, url: str, rest: dict[str, Any], status: int, code: str, language: str
) -> None:
    client.headers["Accept-Language"] = language
    response = await _send(client, method, url, rest)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["content-language"] == language
    problem = ProblemBody.model_validate_json(response.content, strict=True)
    assert (response.status_code, problem.status, problem.code) == (status, status, code)
    assert problem.instance == url.partition("?")[0]
    assert problem.request_id == response.headers["x-request-id"]
    explained = await client.get(problem.type)
    assert explained.status_code == 200
    assert problem.title in explained.text


async def test_vietnamese_is_the_language_of_who_names_none(client: httpx.AsyncClient) -> None:
    client.headers["Accept-Language"] = "fr"
    assert (await client.get("/nowhere")).json()["title"] == "Không tìm thấy"


async def test_a_refused_body_says_each_field_and_how_to_mend_it(client: httpx.AsyncClient) -> None:
    body = {"size": 200, "colour": "079012345678", "box": "số 079012345678"}
    response = await client.post(URL, json=body, headers={"Idempotency-Key": "k", "Accept-Language": "en"})
    errors = {error["pointer"]: (error["code"], error["message"]) for error in response.json()["errors"]}
    assert errors == {
        "/body/name": ("missing", "This field is required. Add it."),
        "/body/size": ("less_than_equal", "Must be 100 or less."),
        "/body/colour": ("extra_forbidden", "There is no field of this name. Remove it or mend its name."),
        "/body/box": ("int_parsing", "Must be a whole number, written in digits only."),
    }
    assert "079012345678" not in response.text


async def test_a_method_that_is_not_taken_is_told_those_that_are(client: httpx.AsyncClient) -> None:
    assert (await client.delete(URL)).headers["allow"] == "GET, POST"


async def test_an_unexpected_fault_says_nothing_of_the_inside(client: httpx.AsyncClient) -> None:
    body = {"name": "broken", "size": 1}
    response = await client.post(URL, json=body, headers={"Idempotency-Key": "k"})
    assert "broken" not in response.text
    assert "RuntimeError" not in response.text


async def test_an_unknown_parameter_is_named_beside_those_that_are_known(client: httpx.AsyncClient) -> None:
    response = await client.get(f"{URL}?offset=3&size=1", headers={"Accept-Language": "en"})
    problem = response.json()
    assert "cursor, limit, size" in problem["detail"]
    assert [error["pointer"] for error in problem["errors"]] == ["/query/offset"]


async def test_the_api_document_has_short_ids_and_the_problem_on_every_operation(app: FastAPI) -> None:
    operations = [operation for path in document(app)["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert {"make_thing", "list_things", "read_thing", "read_job"} <= set(ids)
    assert len(ids) == len(set(ids))
    for operation in operations:
        assert operation["tags"]
        for status in ("4XX", "5XX"):
            schema = operation["responses"][status]["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}
        assert "422" not in operation["responses"]
    assert "HTTPValidationError" not in document(app)["components"]["schemas"]


async def test_the_api_is_explained_without_any_other_host(client: httpx.AsyncClient) -> None:
    page = await client.get("/registry/docs")
    assert page.status_code == 200
    assert "make_thing" in page.text
    assert "//" not in page.text.replace("<!doctype html>", "")
    assert (await client.get("/registry/openapi.json")).json()["openapi"].startswith("3.1")


@pytest.mark.parametrize("url", ["/registry/healthz", "/nowhere", "/registry/docs", URL])
async def test_every_answer_has_the_headers_of_a_careful_server(client: httpx.AsyncClient, url: str) -> None:
    headers = (await client.get(url)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert "private" in headers["cache-control"]
