"""Azure on loopback: ARM, Resource Graph, Microsoft Graph and sign-in over HTTPS, answered from one tenant document.

The demo and the tests use it. It answers made-up tenants; nothing it says was recorded from Azure.
"""

from __future__ import annotations

from scanner.simulator.faults import Fault
from scanner.simulator.server import Request, Simulator
from scanner.simulator.tenant import load_tenant

__all__ = ["Fault", "Request", "Simulator", "load_tenant"]
