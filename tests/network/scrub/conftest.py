"""The four servers of the payload tests."""

from tests.network.payloads.conftest import founded, home, network

__all__ = ["founded", "home", "network"]
