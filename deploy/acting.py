"""With whose tokens a command speaks to a platform."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.issuer import IssuerMissing, LocalIssuer

Acting = Callable[[str], Mapping[str, str]]
"""Returns the request headers with which somebody acts."""


class NotSignedIn(Exception):
    """There is no token of somebody; the sentence says how to give it."""


def signed_in(home: Path, subject: str) -> Mapping[str, str]:
    """Return the request headers of one person: the token of ANSINH_TOKEN, or the local issuer's of the subject.

    Raises:
        NotSignedIn: there is neither.
    """
    given = os.environ.get("ANSINH_TOKEN")
    if given:
        return {"Authorization": f"Bearer {given}"}
    try:
        return LocalIssuer(home / "issuer").headers(subject)
    except IssuerMissing as error:
        raise NotSignedIn(f"{error} / ANSINH_TOKEN=…") from error


def acting_from(home: Path, tokens: Path | None) -> Acting:
    """Return the tokens of a file (JSON, one by each subject), or of the local issuer of the platform in `home`.

    Raises:
        NotSignedIn: there is neither; the function that is returned raises it for people whom the file lacks.
    """
    if tokens is None:
        try:
            return LocalIssuer(home / "issuer").headers
        except IssuerMissing as error:
            raise NotSignedIn(f"{error} Give them by --tokens FILE.") from error
    try:
        given: Mapping[str, str] = json.loads(tokens.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NotSignedIn(f"Không đọc được {tokens}. / {tokens} cannot be read as JSON.") from error

    def headers(subject: str) -> Mapping[str, str]:
        if subject not in given:
            raise NotSignedIn(f"{tokens} không có mã của {subject}. / {tokens} has no token of {subject}.")
        return {"Authorization": f"Bearer {given[subject]}"}

    return headers
