"""Dataverse: its Web API, and its platform that calls webhooks when a connection is created.

Source: docs/sources/dynamics.md.
"""

from tests.fakes.dataverse.server import API_PATH, FakeDataverse

__all__ = ["API_PATH", "FakeDataverse"]
