"""The command `python -m deploy.sms`: one simulated SMS gateway on one folder and port."""

import sqlite3
from contextlib import closing

from deploy.counterpart.database import FolderTaken
from deploy.counterpart.server import arguments, give_up, serve
from deploy.sms.app import create_app, open_gateway


def main() -> None:
    """Read the command line, open the gateway and serve until told to stop."""
    parser = arguments("deploy.sms", "A simulated SMS gateway that remembers what each phone got.")
    parser.add_argument("--delivery-delay", type=float, default=0, help="seconds between acceptance and delivery")
    options = parser.parse_args()
    try:
        gateway = open_gateway(options.data, options.delivery_delay)
    except (FolderTaken, OSError, sqlite3.Error) as refused:
        give_up(f"the SMS gateway cannot open its folder {options.data}: {refused}")
    with closing(gateway.database):
        serve(create_app(gateway), options.host, options.port)


if __name__ == "__main__":
    main()
