"""Whom to trust: the system's authorities, or those of a private cloud from a file."""

from __future__ import annotations

import ssl
from pathlib import Path

from scanner.errors import UserError


def context(ca_bundle: Path | None) -> ssl.SSLContext:
    """A TLS context. Raises UserError for a bundle that is missing or holds no authority."""
    if ca_bundle is None:
        return ssl.create_default_context()
    help_ = "`--ca-bundle` takes a PEM file with the certificates of authorities"
    try:
        return ssl.create_default_context(cafile=str(ca_bundle))
    except ssl.SSLError as error:
        raise UserError(f"`{ca_bundle}` holds no authority to trust", help=help_) from error
    except OSError as error:
        raise UserError(f"cannot read `{ca_bundle}`: {(error.strerror or '').lower()}", help=help_) from error
