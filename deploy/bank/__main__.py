"""The command `python -m deploy.bank`: one simulated bank on one folder and port."""

import argparse
import sqlite3
from contextlib import closing

from deploy.bank.app import create_app, open_bank
from deploy.bank.store import Terms
from deploy.counterpart.database import FolderTaken
from deploy.counterpart.server import arguments, give_up, serve


def main() -> None:
    """Read the command line, open the bank and serve until told to stop."""
    options = _options()
    terms = Terms(
        bin=options.bin,
        bic=options.bic,
        execution_delay=options.execution_delay,
        statement_every=options.statement_every,
        interbank_fee=options.interbank_fee,
        silence=options.silence,
    )
    try:
        bank = open_bank(options.data, terms)
    except (FolderTaken, OSError, sqlite3.Error) as refused:
        give_up(f"the bank cannot open its folder {options.data}: {refused}")
    with closing(bank.database):
        serve(create_app(bank), options.host, options.port)


def _options() -> argparse.Namespace:
    usual = Terms()
    parser = arguments("deploy.bank", "A simulated bank with a book of its own.")
    parser.add_argument("--bin", default=usual.bin, help="its NAPAS member id")
    parser.add_argument("--bic", default=usual.bic, help="its BIC")
    parser.add_argument("--execution-delay", type=float, default=0, help="seconds between acceptance and booking")
    parser.add_argument("--statement-every", type=float, default=0, help="seconds between statements; 0 on demand")
    parser.add_argument("--interbank-fee", type=int, default=0, help="VND for each payment to another bank")
    parser.add_argument("--silence", type=float, default=0, help="seconds before a connection is cut unanswered")
    return parser.parse_args()


if __name__ == "__main__":
    main()
