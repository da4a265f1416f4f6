"""Lists as files: what every export answers with."""

from collections.abc import AsyncIterator
from typing import Literal

from starlette.responses import StreamingResponse

from shared import csv_text, spreadsheets

Format = Literal["csv", "xlsx"]
_TITLE = "Danh sách"


def answer(pieces: AsyncIterator[str], name: str, form: Format) -> StreamingResponse:
    """Return the answer that gives rows, which come as CSV, as a file of a form."""
    content: AsyncIterator[str] | AsyncIterator[bytes]
    if form == "csv":
        content, media_type = _marked(pieces), f"{csv_text.MEDIA_TYPE}; charset=utf-8"
    else:
        content, media_type = spreadsheets.xlsx_stream(pieces, title=_TITLE), spreadsheets.MEDIA_TYPE
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return StreamingResponse(content, media_type=media_type, headers=headers)


async def _marked(pieces: AsyncIterator[str]) -> AsyncIterator[str]:
    yield csv_text.BYTE_ORDER_MARK
    async for piece in pieces:
        yield piece
