"""Requests as the worker hands them to a trigger."""

import azure.functions as func


def post(body: bytes, **headers: str) -> func.HttpRequest:
    """A POST; underscores in the names of headers stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return func.HttpRequest("POST", "http://localhost:7071/api/x", headers=named, body=body)
