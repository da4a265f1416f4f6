"""Make `.env` and the folder of secrets for docker-compose.yml; needs nothing but Python 3.11.

    python3 deploy/make_env.py --domain ansinh.example.vn --sms-url https://sms.example.vn/api
    python3 deploy/make_env.py --demo            for this machine, with the simulated bank and SMS gateway
    python3 deploy/make_env.py --add             after an upgrade: add what is new, change nothing that is there
    python3 deploy/make_env.py --new-key registry    a new generation of the key that encrypts: docs/privacy.md

Every secret is made by the system's generator and written to a file of its own, which Compose mounts into the
containers that need it. The folder is for its owner alone (0700); the files inside may be read by whoever gets that
far (0444), because the programs in the containers run as other users than the owner.
"""

import argparse
import base64
import os
import secrets
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"
HTTPS = 443
KEYCLOAK, REALM = "http://keycloak:8080", "identity/realms/ansinh"

# Where each is used: docker-compose.yml.
SECRETS = (
    "postgres",
    "database_registry",
    "database_benefits",
    "database_indicators",
    "database_notifications",
    "database_keycloak",
    "kafka_admin",
    "kafka_registry",
    "kafka_benefits",
    "kafka_indicators",
    "kafka_notifications",
    "keycloak_first",
    "keycloak_admin",
    "oidc_client",
)

# A folder of keys a service, mounted as it is, so that a key that comes later is seen at once: shared/keys.py.
KEY_FOLDERS = {
    f"keys_{service}": (f"audit_{service}", f"data_{service}.1", f"index_{service}")
    for service in ("registry", "benefits", "indicators", "notifications")
}
PEOPLE = "people"  # seals fields on the topic of that name; those that may read it share one key
_READ_PEOPLE = ("keys_registry", "keys_benefits", "keys_notifications")


class Refused(Exception):
    """One sentence for the person at the keyboard."""


def settings(options: argparse.Namespace) -> dict[str, str]:
    """Return the variables of `.env`, in their order."""
    domain, simulated = options.domain, options.demo
    site = f"https://{domain}" + (f":{options.https_port}" if options.https_port != HTTPS else "")
    own_issuer = not options.issuer
    return {
        "COMPOSE_PROFILES": "demo" if simulated else "",
        "ANSINH_VERSION": VERSION,
        "ANSINH_DOMAIN": domain,
        "ANSINH_SITE": site,
        "ANSINH_TLS": options.tls,
        "ANSINH_HTTP_PORT": str(options.http_port),
        "ANSINH_HTTPS_PORT": str(options.https_port),
        "ANSINH_MONITORING_PORT": "9090",
        "ANSINH_SECRETS": "./secrets",
        "KAFKA_CLUSTER_ID": base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="),
        "ANSINH_BANK_URL": "http://bank:8000" if simulated else options.bank_url,
        "ANSINH_BANK_SIMULATED": "true" if simulated else "false",
        "ANSINH_SMS_URL": "http://sms:8000" if simulated else options.sms_url,
        "ANSINH_QUIET_HOURS": "false" if simulated else "true",
        "ANSINH_OIDC_ISSUER": options.issuer or f"{site}/{REALM}",
        "ANSINH_OIDC_AUDIENCE": "ansinh",
        # Inside, Keycloak is asked under its own name.
        "ANSINH_OIDC_JWKS_URL": f"{KEYCLOAK}/{REALM}/protocol/openid-connect/certs" if own_issuer else options.jwks_url,
        "ANSINH_OIDC_DISCOVERY_URL": f"{KEYCLOAK}/{REALM}/.well-known/openid-configuration" if own_issuer else "",
        "ANSINH_OIDC_CLIENT_ID": "ansinh-web",
        "ANSINH_LOG_LEVEL": "INFO",
    }


def make(folder: Path, values: Mapping[str, str]) -> None:
    """Write a new `.env` and new secrets into `folder`.

    Raises:
        Refused: either is there already; nothing is changed.
    """
    for there in (folder / ".env", folder / "secrets"):
        if there.exists():
            raise Refused(
                f"{there} đã có, không ghi đè. / {there} is there already and is never overwritten; after an upgrade: "
                "python3 deploy/make_env.py --add"
            )
    (folder / "secrets").mkdir(mode=0o700)
    for name in SECRETS:
        _write_secret(folder / "secrets" / name)
    _add_keys(folder / "secrets")
    _write(folder / ".env", "".join(f"{name}={value}\n" for name, value in values.items()), 0o600)


def add(folder: Path, values: Mapping[str, str]) -> list[str]:
    """Add the variables and secrets that are missing; return their names.

    Raises:
        Refused: there is no `.env` to add to.
    """
    env, store = folder / ".env", folder / "secrets"
    if not env.exists() or not store.is_dir():
        raise Refused(f"Chưa có {env}. / There is no {env} and secrets yet; run this without --add.")
    text = env.read_text(encoding="utf-8")
    there = {line.partition("=")[0].strip() for line in text.splitlines()}
    variables = [name for name in values if name not in there]
    files = [name for name in SECRETS if not (store / name).exists()]
    for name in files:
        _write_secret(store / name)
    files += _add_keys(store)
    if variables:
        with env.open("a", encoding="utf-8") as file:
            file.write("" if text.endswith("\n") or not text else "\n")
            file.writelines(f"{name}={values[name]}\n" for name in variables)
    return variables + [f"secrets/{name}" for name in files]


def known_domain(folder: Path) -> str:
    """Return the name under which the platform of a `.env` is reached, empty where it does not say."""
    env = folder / ".env"
    lines = env.read_text(encoding="utf-8").splitlines() if env.exists() else []
    site = next((line.partition("=")[2] for line in lines if line.startswith("ANSINH_SITE=")), "")
    return urlsplit(site).hostname or ""


def add_generation(folder: Path, key: str) -> list[str]:
    """Make the next generation of a key (`registry` or another service's, or `people`); return the files' names.

    Raises:
        Refused: there is no such key.
    """
    store = folder / "secrets"
    ring = PEOPLE if key == PEOPLE else f"data_{key}"
    holders = [each for each in KEY_FOLDERS if _generations(store / each, ring)]
    if not holders:
        raise Refused(f"Không có khoá {key}. / There is no key {key}: {PEOPLE} or the name of a service.")
    generation, text = 1 + max(_generations(store / holders[0], ring)), secrets.token_urlsafe(32)
    for holder in holders:
        _write(store / holder / f"{ring}.{generation}", text, 0o444)
    return [f"secrets/{holder}/{ring}.{generation}" for holder in holders]


def _generations(folder: Path, ring: str) -> list[int]:
    names = [path.name.rpartition(".") for path in folder.glob(f"{ring}.*")]
    return [int(number) for name, _, number in names if name == ring and number.isdecimal()]


def _add_keys(store: Path) -> list[str]:
    """Write the keys that are missing; return their names."""
    added = []
    for folder, names in KEY_FOLDERS.items():
        (store / folder).mkdir(mode=0o755, exist_ok=True)
        for name in names:
            ring, _, generation = name.partition(".")
            there = _generations(store / folder, ring) if generation else (store / folder / name).exists()
            if not there:
                _write_secret(store / folder / name)
                added.append(f"{folder}/{name}")
    return added + _add_people(store)


def _add_people(store: Path) -> list[str]:
    """Give the services that share a key the same one."""
    if any(_generations(store / folder, PEOPLE) for folder in _READ_PEOPLE):
        return []
    text = secrets.token_urlsafe(32)
    for folder in _READ_PEOPLE:
        _write(store / folder / f"{PEOPLE}.1", text, 0o444)
    return [f"{folder}/{PEOPLE}.1" for folder in _READ_PEOPLE]


def _write_secret(path: Path) -> None:
    # No line break at the end: some programs take the file as it is.
    _write(path, secrets.token_urlsafe(32), 0o444)


def _write(path: Path, text: str, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, mode)
        file.write(text)


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and do it; 1 and a sentence where it is refused."""
    parser = argparse.ArgumentParser(description="Make .env and the secrets for docker-compose.yml.")
    parser.add_argument("--domain", default="localhost", help="the name under which users reach the platform")
    parser.add_argument("--tls", default="internal", help="e-mail address for a public certificate; else our own CA")
    parser.add_argument("--http-port", type=int, default=80)
    parser.add_argument("--https-port", type=int, default=HTTPS)
    parser.add_argument("--bank-url", default="", help="the bank's HTTP channel")
    parser.add_argument("--sms-url", default="", help="the SMS gateway")
    parser.add_argument("--issuer", default="", help="another OpenID Connect issuer than Keycloak")
    parser.add_argument("--jwks-url", default="", help="the issuer's keys, if not where it says itself")
    parser.add_argument("--demo", action="store_true", help="with the simulated bank and SMS gateway")
    parser.add_argument("--add", action="store_true", help="add what a new version needs; change nothing")
    parser.add_argument("--new-key", metavar="KEY", help="add a generation of a service's key, or of `people`")
    parser.add_argument("--folder", type=Path, default=ROOT, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        if options.new_key:
            print("\n".join(add_generation(options.folder, options.new_key)))  # noqa: T201
            return 0
        if options.add:
            options.domain = known_domain(options.folder) or options.domain
            added = add(options.folder, settings(options))
            print("\n".join(added) or "Không thiếu gì. / Nothing was missing.")  # noqa: T201 - this is a command
            return 0
        make(options.folder, settings(options))
    except (Refused, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    made = len(SECRETS) + len(KEY_FOLDERS)
    print(f"Đã tạo .env và {made} khóa trong secrets/. / Made .env and {made} secrets.")  # noqa: T201 - a command
    if not options.demo and not options.sms_url:
        print("Còn thiếu ANSINH_SMS_URL trong .env. / ANSINH_SMS_URL in .env is still to be filled in.")  # noqa: T201
    print("Tiếp theo / next: docker compose up --build --wait")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
