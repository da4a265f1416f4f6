"""Pages for people who work with a service: drawn on the server, readable without scripts, on the same public API.

A page asks the service's own API in the visitor's name, so that rights, refusals, audit and idempotency are those of
every other client: what one may not do by API, no page shows or does.
"""

from shared.pages.desk import Desk, Nav, change
from shared.pages.fields import Fields, body_of
from shared.pages.visitor import Refused, Visiting, Visitor, if_allowed

__all__ = ["Desk", "Fields", "Nav", "Refused", "Visiting", "Visitor", "body_of", "change", "if_allowed"]
