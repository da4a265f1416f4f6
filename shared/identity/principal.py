"""Who makes a request."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Principal:
    """A person or a machine, by the name (`subject`) that the issuer vouches for; `scopes` are the token's.

    A person's subject is the user name, which is what officials know each other by and grants are written with; a
    machine's is `machine.` and its client id, which no person's may begin with.
    """

    subject: str
    machine: bool = False
    scopes: frozenset[str] = frozenset()
