"""The official schemas, where an operator has a folder of them: what we write must be valid by them too.

They may not be given on with the platform, so `ANSINH_ISO20022_SCHEMAS` names a folder of `<message>.xsd`.
"""

from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from lxml import etree
from pydantic import Field

from shared.settings import BadSetting, Settings

WRITTEN = ("pain.001.001.09", "camt.055.001.08")
_validating = Lock()  # a compiled schema keeps the errors of its last document


class SchemaSettings(Settings):
    """Where the schemas are."""

    iso20022_schemas: Path | None = Field(default=None, description="folder of ISO 20022 schemas, `<message>.xsd`")


@lru_cache(maxsize=8)
def _schema(path: Path) -> etree.XMLSchema:
    try:
        return etree.XMLSchema(etree.parse(path, etree.XMLParser(resolve_entities=False, no_network=True)))
    except (OSError, etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
        raise BadSetting(f"ANSINH_ISO20022_SCHEMAS: {path} is no schema that can be read.") from error


def check_schemas() -> None:
    """See that the schemas of what we write are there, where a folder is named.

    Raises:
        BadSetting: one is missing or cannot be read.
    """
    folder = SchemaSettings().iso20022_schemas
    for message in WRITTEN if folder is not None else ():
        _schema(Path(str(folder)) / f"{message}.xsd")


def schema_findings(message: str, raw: bytes) -> list[str]:
    """Return what the official schema says against a message of ours, by line and kind; it quotes no value.

    Without a folder of schemas there is nothing to say. Takes long for large messages: not for the event loop.
    """
    folder = SchemaSettings().iso20022_schemas
    if folder is None:
        return []
    try:
        document = etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except etree.XMLSyntaxError:
        return ["not well-formed XML"]
    schema = _schema(folder / f"{message}.xsd")
    with _validating:
        schema.validate(document)
        errors: Any = schema.error_log
        return [f"line {error.line}: {error.type_name}" for error in errors]
