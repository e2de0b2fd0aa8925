"""Takes secrets out of what Azure returned before anything is stored, and names out of snapshots that leave the house."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from scanner import ids
from scanner.snapshot import Record, Snapshot, from_records, record

REDACTED = "[redacted]"

# Names that hold secrets wherever they stand. Names of settings about keys are let through by `_HARMLESS`.
_SECRET_NAME = re.compile(
    r"(password|passwd|secret|token|credential|connectionstring|instrumentationkey|accountkey|accesskey|primarykey|secondarykey"
    r"|sharedkey|apikey|signature|privatekey|certificate|keyvalue)",
    re.IGNORECASE,
)
_SAS_NAME = re.compile(r"(^sas|Sas|SAS)(?![a-z])")
_HARMLESS = re.compile(
    r"^(allowsharedkeyaccess.*|credentialstype|credentials|disablelocalauth|keyvault.*|.*authtype|.*authmode|sastokenexpiry.*|defaulttooauthauthentication"
    r"|systemdatastoresauthmode|serviceddataaccessauthidentity|enablesecret.*|softdelete.*|secretpermissions|sasexpirationperiod|saspolicy"
    r"|keypolicy|keyexpirationperiodindays|publicnetworkaccess|tokenizationtype|allowedcopyscope|.*isolationmode|haspassword)$",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    rb"(?i)[?&](sig|sv|code|sharedaccesssignature)=|accountkey=|sharedaccesskey=|instrumentationkey=|password=|pwd="
)
_QUICK = re.compile(
    rb"(?i)password|secret|token|credential|connectionstring|instrumentationkey|[a-z]key\"|key\d?\"|\bsas|signature|certificate|environmentvariables|[?&]sig=|accountkey=|sharedaccess"
)
# Maps whose values are the user's own text and may be anything; names are kept, values are not.
_FREE_MAPS = {"environmentvariables", "credentials", "customkeys", "secrets"}
_KEPT_IN_CREDENTIALS = {"credentialstype", "tenantid", "authorityurl", "resourceurl"}


def redact(body: bytes) -> bytes:
    """The JSON object without secrets. Untouched, byte for byte, when nothing in it looks like one."""
    if not _QUICK.search(body):
        return body
    found = msgspec.json.decode(body)
    return msgspec.json.encode(_clean(found, ""))


def _clean(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        if name.lower() == "permissions":
            return value  # what a vault's policy lets somebody do: `{"secrets": ["get"]}` holds no secret
        if name.lower() in _FREE_MAPS:
            return {
                key: inner if key.lower() in _KEPT_IN_CREDENTIALS else _blank(inner) for key, inner in value.items()
            }
        return {key: _clean(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_clean(item, name) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    if (_SECRET_NAME.search(name) or _SAS_NAME.search(name)) and not _HARMLESS.match(name):
        return REDACTED
    if not _SECRET_VALUE.search(str(value).encode()):
        return value
    address, query, _ = str(value).partition("?")  # where data is stays, the signature in the query goes
    return f"{address}?{REDACTED}" if query and not _SECRET_VALUE.search(address.encode()) else REDACTED


def _blank(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _blank(inner) for key, inner in value.items()}
    return value if value is None or isinstance(value, bool) else REDACTED


_PEOPLE = {"user", "group", "service-principal"}
_NAMES = ("displayName", "userPrincipalName", "mail", "friendlyName", "roleName")


def pseudonymise(snapshot: Snapshot) -> Snapshot:
    """A snapshot whose people and groups have pseudonyms. Object ids and ARM ids stay, so that findings keep their identity.

    The same name has the same pseudonym within a tenant, and nobody can turn it back without the name.
    """
    salt = snapshot.manifest.tenant
    records = [
        _pseudonym(item, salt) if item.kind in _PEOPLE else item
        for kind in snapshot.kinds
        for item in snapshot.records(kind)
    ]
    facts: Mapping[str, Any] = {
        name: getattr(snapshot.manifest, name)
        for name in ("tool", "tenant", "cloud", "identity", "scope", "started", "finished", "partial", "api_versions")
    }
    return from_records(records, snapshot.coverage, redacted=True, **facts)


def _pseudonym(item: Record, salt: str) -> Record:
    body = msgspec.json.decode(item.body)
    for name in _NAMES:
        if isinstance(body.get(name), str):
            digest = hashlib.sha256(f"{salt}|{name}|{body[name].lower()}".encode()).hexdigest()[:12]
            body[name] = f"{item.kind}-{digest}" + ("@redacted.invalid" if "@" in body[name] else "")
    return record(item.kind, body, ids.fold(item.of) if item.of.startswith("/") else item.of)
