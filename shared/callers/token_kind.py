"""Whose a token is, told by its form alone: a JWT, an API key of the hub, or neither. Pure."""

import re

API_KEY_PREFIX = "hub_"

_JWT_DOTS = 2
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


def is_jwt(token: str) -> bool:
    """Whether this can be a signed JWT: three parts of base64url with dots between them."""
    return _JWT.fullmatch(token) is not None


def is_meant_as_jwt(token: str) -> bool:
    """Whether its sender means it as a JWT, well-formed or not: three parts with dots between them."""
    return token.count(".") == _JWT_DOTS


def is_api_key(token: str) -> bool:
    """Whether this is meant to be an API key of the hub, valid or not."""
    return token.startswith(API_KEY_PREFIX)
