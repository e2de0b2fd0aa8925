"""Writes the sample tenants from their descriptions: `python -m tests.tenants.write`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.tenants import contoso, two_regions
from tests.tenants.samples import SAMPLES

FIXTURES = Path(__file__).parent.parent.parent / "fixtures" / "tenants"


def documents() -> dict[Path, dict[str, Any]]:
    """Every generated document by where it is kept."""
    return {
        FIXTURES / "contoso" / "tenant.json": contoso.document(),
        **{FIXTURES / name / "tenant.json": sample().tenant.document for name, sample in SAMPLES.items()},
        FIXTURES / "two-regions" / "tenant.json": two_regions.compliant(),
        FIXTURES / "two-regions" / "broken.json": two_regions.broken(),
    }


def text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    for path, document in documents().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(document), encoding="utf-8")
        print(f"{path.relative_to(FIXTURES)}: {len(document['resources'])} resources")
