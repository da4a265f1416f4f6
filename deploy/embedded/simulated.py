"""`python -m deploy.embedded.simulated`: the bank and the SMS gateway of a platform on one machine, in one process.

Each has its port, its store and its book, as where it is a program of its own; one interpreter less saves 40 MB.
"""

import argparse
from contextlib import closing
from pathlib import Path

from deploy.bank import app as bank
from deploy.bank.store import Terms
from deploy.counterpart.server import opened, serve
from deploy.embedded.counterparts import BANK, SMS
from deploy.sms import app as sms

_STATEMENT_EVERY = 1.0  # seconds


def main() -> None:
    """Read the command line, open both and serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m deploy.embedded.simulated", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that has a folder of each")
    parser.add_argument("--bank-port", type=int, required=True)
    parser.add_argument("--sms-port", type=int, required=True)
    options = parser.parse_args()
    folders: dict[str, Path] = {name: options.data / name for name in (BANK, SMS)}
    terms = Terms(statement_every=_STATEMENT_EVERY)
    book = opened("the bank", folders[BANK], lambda: bank.open_bank(folders[BANK], terms))
    gateway = opened("the SMS gateway", folders[SMS], lambda: sms.open_gateway(folders[SMS], 0))
    with closing(book.database), closing(gateway.database):
        apps = {options.bank_port: bank.create_app(book), options.sms_port: sms.create_app(gateway)}
        serve("127.0.0.1", apps)


if __name__ == "__main__":
    main()
