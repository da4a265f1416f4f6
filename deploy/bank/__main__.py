"""The command `python -m deploy.bank`: one simulated bank on one folder and port."""

import argparse
from contextlib import closing
from pathlib import Path

from deploy.bank.app import create_app, open_bank
from deploy.bank.gate import Gate
from deploy.bank.keys import CustomerKeys
from deploy.bank.store import Terms
from deploy.counterpart.server import arguments, give_up, opened, serve


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
        day=options.day,
    )
    customer = CustomerKeys(options.customer_keys) if options.customer_keys else None
    bank = opened("the bank", options.data, lambda: open_bank(options.data, terms))
    with closing(bank.database):
        app = create_app(bank, customer=customer, folder=options.folder, gate=_gate(options))
        serve(options.host, {options.port: app})


def _gate(options: argparse.Namespace) -> Gate | None:
    if options.sftp_port is None:
        return None
    if options.folder is None or options.sftp_keys is None:
        give_up("--sftp-port takes a --folder to serve and --sftp-keys of who may come in")
    return Gate(options.host, options.sftp_port, options.sftp_keys, options.data / "sftp_host_key")


def _options() -> argparse.Namespace:
    usual = Terms()
    parser = arguments("deploy.bank", "A simulated bank with a book of its own.")
    parser.add_argument("--bin", default=usual.bin, help="its NAPAS member id")
    parser.add_argument("--bic", default=usual.bic, help="its BIC")
    parser.add_argument("--execution-delay", type=float, default=0, help="seconds between acceptance and booking")
    parser.add_argument("--statement-every", type=float, default=0, help="seconds between statements; 0 on demand")
    parser.add_argument("--interbank-fee", type=int, default=0, help="VND for each payment to another bank")
    parser.add_argument("--day", type=float, default=0, help="seconds of its clock that count as a day; 0: no delays")
    parser.add_argument("--customer-keys", help="file or URL of the customer's JWKS; with it every request is signed")
    parser.add_argument("--folder", type=Path, help="folder in which messages are exchanged as files")
    parser.add_argument("--sftp-port", type=int, help="port that serves the folder by SFTP")
    parser.add_argument("--sftp-keys", type=Path, help="public keys of who may come in by SFTP, as OpenSSH has them")
    parser.add_argument("--silence", type=float, default=0, help="seconds before a connection is cut unanswered")
    return parser.parse_args()


if __name__ == "__main__":
    main()
