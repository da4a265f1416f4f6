"""Problem documents: every refusal and failure in one shape (RFC 9457), in the reader's language.

Raise `Problem(404, "household_not_found", household=…)`: the transaction is rolled back and the client reads
`problem.household_not_found.title` and `.detail` of the catalogue (`shared.texts`). `code` is stable and is what
programs compare; texts may change. A problem never repeats what the client sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import orjson
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shared.texts import Language, preferred_language, text
from shared.tracing import current_request_id

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class FieldProblem:
    """What is wrong with one part of a request.

    `pointer` is an RFC 6901 pointer that begins with the part: `/body/members/0/name`, `/query/limit`, `/path/id`,
    `/header/If-Match`. `code` names the text `validation.<code>`, which `fields` fill in.
    """

    pointer: str
    code: str
    fields: Mapping[str, Any] = field(default_factory=dict)


class FieldProblemBody(BaseModel):
    """One refused field of a problem document."""

    pointer: str = Field(examples=["/body/birth_date"])
    code: str = Field(examples=["date_parsing"])
    message: str = Field(examples=["Phải là ngày có thật, viết YYYY-MM-DD."])


class ProblemBody(BaseModel):
    """A problem document (RFC 9457) with a stable `code`; `title` and `detail` are in the language asked for."""

    type: str = Field(description="where this kind of problem is explained", examples=["/registry/problems/not_found"])
    title: str = Field(examples=["Không tìm thấy"])
    status: int = Field(ge=400, le=599, examples=[404])
    detail: str = Field(examples=["Không có gì ở địa chỉ này. Hãy kiểm tra đường dẫn."])
    instance: str = Field(description="path of the request", examples=["/registry/v1/households/0"])
    code: str = Field(examples=["not_found"])
    request_id: str | None = Field(examples=["018f3c2a-0000-7000-8000-000000000000"])
    errors: list[FieldProblemBody] = Field(default_factory=list)


@dataclass(frozen=True)
class Phrases:
    """A field of a problem that is itself made of texts: keys of the catalogue, listed in the reader's language."""

    keys: tuple[str, ...]


def _in_language(fields: Mapping[str, Any], language: Language) -> dict[str, Any]:
    return {
        name: ", ".join(text(key, language) for key in value.keys) if isinstance(value, Phrases) else value
        for name, value in fields.items()
    }


class Problem(Exception):
    """A refusal that the client reads as a problem document; raising it rolls the transaction back.

    `status` is 400 to 599, `code` is lower_snake_case with its two texts in the catalogue, `errors` name the fields at
    fault, `headers` are added to the answer, `fields` fill in the texts. `names` are ids of people whom the texts show
    to who may see them: that is a reading of personal data, and leaves its row before the answer.
    """

    def __init__(
        self,
        status: int,
        code: str,
        /,
        *,
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] = MappingProxyType({}),
        names: Sequence[object] = (),
        **fields: Any,
    ) -> None:
        super().__init__(code)
        self.names = tuple(names)
        self.status = status
        self.code = code
        self.errors = tuple(errors)
        self.headers = headers
        self.fields = fields

    def document(self, language: Language, *, service: str, instance: str) -> dict[str, Any]:
        """Return the problem document in a language; `instance` is the path of what went wrong.

        Raises:
            KeyError: the catalogue lacks a text of this code, or a text wants a field that was not given.
        """
        fields = _in_language(self.fields, language)
        return {
            "type": f"/{service}/problems/{self.code}",
            "title": text(f"problem.{self.code}.title", language, **fields),
            "status": self.status,
            "detail": text(f"problem.{self.code}.detail", language, **fields),
            "instance": instance,
            "code": self.code,
            "request_id": current_request_id(),
            "errors": [
                {
                    "pointer": error.pointer,
                    "code": error.code,
                    "message": text(f"validation.{error.code}", language, **error.fields),
                }
                for error in self.errors
            ],
        }


class BodyTooLarge(HTTPException):
    """More bytes came than a request may have: an `HTTPException`, since the framework hides any other as it reads."""

    def __init__(self, limit: int) -> None:
        super().__init__(413)
        self.problem = Problem(413, "body_too_large", limit=limit)


class Answered(Exception):
    """The request has its answer before the endpoint ran: `response` is sent as it is and nothing is written."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def pointer(location: Sequence[str | int]) -> str:
    """Return the RFC 6901 pointer of a place in a request: `("body", "members", 0)` is `/body/members/0`."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in location)


def request_language(request: Request) -> Language:
    """Return the language that the client of a request prefers; Vietnamese unless it says otherwise."""
    return preferred_language(request.headers.get("accept-language"))


def answer(request: Request, problem: Problem) -> Response:
    """Return the problem document as the answer to a request."""
    language = request_language(request)
    document = problem.document(language, service=request.app.state.service, instance=request.url.path)
    headers = {"Content-Language": language, "Vary": "Accept-Language", **problem.headers}
    return Response(orjson.dumps(document), problem.status, headers, media_type=MEDIA_TYPE)
