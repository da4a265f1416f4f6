"""One transaction a request, committed at the edge."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from shared.db import Transaction


async def request_transaction(request: Request) -> AsyncIterator[Transaction]:
    """Give the request's transaction.

    It takes a connection at its first query, is committed after the endpoint has returned and before a byte of the
    answer is sent, and is rolled back when anything raises. A commit that fails is what the client is told.
    """
    begin: Callable[[], AbstractAsyncContextManager[Transaction]] = request.app.state.request_transaction
    async with begin() as session:
        yield session


# `function` scope ends a dependency between the endpoint and its answer; the default would commit after the answer.
Tx = Annotated[Transaction, Depends(request_transaction, scope="function")]
