"""The command `python -m deploy.sms`: one simulated SMS gateway on one folder and port."""

from contextlib import closing

from deploy.counterpart.server import arguments, opened, serve
from deploy.sms.app import create_app, open_gateway


def main() -> None:
    """Read the command line, open the gateway and serve until told to stop."""
    parser = arguments("deploy.sms", "A simulated SMS gateway that remembers what each phone got.")
    parser.add_argument("--delivery-delay", type=float, default=0, help="seconds between acceptance and delivery")
    options = parser.parse_args()
    gateway = opened("the SMS gateway", options.data, lambda: open_gateway(options.data, options.delivery_delay))
    with closing(gateway.database):
        serve(options.host, {options.port: create_app(gateway)})


if __name__ == "__main__":
    main()
