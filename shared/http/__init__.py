"""HTTP manners: what every service's API does the same way.

`create_app` makes the app. Endpoints stand on a `Router` and ask for what they need by its type: `Tx` (the request's
transaction), `Actor`, `needs(permission)`, `Reads` (where personal data are shown), `About` (what a change is about),
`Paging`, `IfNoneMatch`, `IfMatch`, `IDEMPOTENT`. They refuse by raising `Problem`.
"""

from shared.http.access import needs
from shared.http.actor import Actor
from shared.http.app import create_app
from shared.http.audit import About, Reads
from shared.http.etags import IfMatch, IfNoneMatch, etag
from shared.http.health import Check, NotReady
from shared.http.idempotency import IDEMPOTENT
from shared.http.metrics import Metrics
from shared.http.pages import Page, Paging
from shared.http.problems import FieldProblem, Problem, request_language
from shared.http.router import Router
from shared.http.transactions import Tx

__all__ = [
    "IDEMPOTENT",
    "About",
    "Actor",
    "Check",
    "FieldProblem",
    "IfMatch",
    "IfNoneMatch",
    "Metrics",
    "NotReady",
    "Page",
    "Paging",
    "Problem",
    "Reads",
    "Router",
    "Tx",
    "create_app",
    "etag",
    "needs",
    "request_language",
]
