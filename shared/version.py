"""The version of the app, as Health says it and as CHANGELOG.md explains it."""

__version__ = "0.1.0"
