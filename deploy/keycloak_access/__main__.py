"""The command `python -m deploy.keycloak_access`.

set-up                            the first password changed, the realm's client and scopes; before the gateway opens
person NAME                       let somebody sign in; prints a password that works once
machine CLIENT --scope …          let another system act for itself; prints its secret once
"""

import argparse
import sys
from pathlib import Path

import httpx

from deploy.keycloak_access.admin import Admin, KeycloakRefused
from deploy.keycloak_access.steps import (
    ADMIN,
    change_first_password,
    guard_administration,
    invite,
    make_machine,
    make_scopes,
    set_web_secret,
)


def main() -> None:
    """Read the command line and do it; 1 and a sentence where it is refused."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.keycloak_access",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--server", default="http://127.0.0.1:8080/identity", help="where Keycloak answers")
    parser.add_argument("--secrets", type=Path, default=Path("/run/secrets"), help="folder of keycloak_…")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("set-up")
    commands.add_parser("person").add_argument("name", help="user name, as grants are written with")
    machine = commands.add_parser("machine")
    machine.add_argument("client", help="its id; grants name it machine.<id>")
    machine.add_argument("--scope", action="append", default=[], help="a permission that its tokens carry")
    options = parser.parse_args()
    try:
        _run(options)
    except (KeycloakRefused, OSError, httpx.HTTPError) as error:
        sys.exit(str(error) or type(error).__name__)


def _run(options: argparse.Namespace) -> None:
    def secret(name: str) -> str:
        return str((options.secrets / name).read_text(encoding="utf-8").strip())

    def sign_in(password: str) -> Admin:
        return Admin(options.server, ADMIN, password)

    if options.command == "set-up":
        changed = change_first_password(sign_in, secret("keycloak_first"), secret("keycloak_admin"))
        _say("Mật khẩu đầu tiên: đã đổi. / First password: changed" + (" now." if changed else " before."))
    with sign_in(secret("keycloak_admin")) as admin:
        if options.command == "set-up":
            guard_administration(admin)
            set_web_secret(admin, secret("oidc_client"))
            _say(f"Phạm vi mới: {len(make_scopes(admin))}. / New scopes.")
        elif options.command == "person":
            _say(invite(admin, options.name))
        else:
            _say(make_machine(admin, options.client, options.scope))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
