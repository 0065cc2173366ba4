import base64
import json
import logging

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.callers.caller import Caller
from shared.callers.principal import parse_principal
from shared.errors import Unauthenticated
from shared.roles.user import User
from tests.fakes.entra import TENANT
from tests.support.cases import holds_for

OID = "5f0b4c8e-2d6a-4c5e-9a53-7b1c0e4d9a21"
SCHEMA = "http://schemas.microsoft.com/identity/claims"
SUBJECT = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"
ROLE = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
MAPPED = [(f"{SCHEMA}/objectidentifier", OID), (f"{SCHEMA}/tenantid", TENANT), (SUBJECT, "x"), (f"{SCHEMA}/scope", "a")]
PLAIN = [("oid", OID), ("tid", TENANT), ("sub", "x"), ("scp", "access")]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["auth_typ", "claims", "typ", "val"]), inner),
)


def encode(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def header(said: list[tuple[str, str]], **changes: object) -> str:
    listed = [{"typ": type_, "val": value} for type_, value in said]
    return encode({"auth_typ": "aad", "claims": listed, "name_typ": "name", "role_typ": ROLE, **changes})


@pytest.mark.parametrize("claims", [MAPPED, PLAIN])
def test_a_user_is_known_by_her_object_id_under_either_name(claims: list[tuple[str, str]]) -> None:
    assert parse_principal(header(claims), TENANT) == Caller(User.entra_object(OID))


@pytest.mark.parametrize("type_", ["roles", ROLE])
def test_an_application_has_the_app_roles_of_either_name(type_: str) -> None:
    claims = [("oid", OID), ("tid", TENANT), ("sub", OID), (type_, "A"), (type_, "B")]
    assert parse_principal(header(claims), TENANT) == Caller(User.entra_object(OID), frozenset({"A", "B"}))


@pytest.mark.parametrize("spaces", ["", " ", "\t"])
def test_missing_padding_is_forgiven(spaces: str) -> None:
    for size in range(3):
        told = header([*PLAIN, ("x", "x" * size)]).rstrip("=")
        assert parse_principal(spaces + told + spaces, TENANT).user == User.entra_object(OID)


@holds_for(
    "told",
    [
        "",
        "!!!",
        "a",
        "é",
        header(PLAIN)[:-9],
        base64.b64encode(b"\xff\xfe").decode(),
        base64.b64encode(b"[" * 40_000).decode(),
        encode([]),
        encode("text"),
        encode(None),
        encode({}),
        header(PLAIN, claims=None),
        header(PLAIN, claims={"oid": OID}),
        header(PLAIN, claims=[["oid", OID]]),
        header(PLAIN, claims=[{"typ": "oid", "val": 7}]),
        header([*PLAIN, ("x", "x" * 65_536)]),
        header([]),
        header(PLAIN[1:]),
        header([("oid", " "), *PLAIN[1:]]),
        header(PLAIN, auth_typ="google"),
        header(PLAIN, auth_typ=None),
        header([PLAIN[0], *PLAIN[2:]]),
        header([PLAIN[0], ("tid", "another"), *PLAIN[2:]]),
    ],
)
def test_what_names_nobody_of_this_tenant_is_nobody_and_is_not_logged(
    told: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Unauthenticated) as caught:
        parse_principal(told, TENANT)
    assert caplog.text == ""
    assert (caught.value.detail, caught.value.__cause__) == ("the access token is not valid here", None)


def test_a_principal_of_no_tenant_is_nobody_where_no_tenant_is_set() -> None:
    for of_no_tenant in ([PLAIN[0], *PLAIN[2:]], [PLAIN[0], ("tid", ""), *PLAIN[2:]]):
        with pytest.raises(Unauthenticated):
            parse_principal(header(of_no_tenant), "")


@given(st.text() | JSON.map(encode) | st.binary().map(lambda data: base64.b64encode(data).decode()))
@example(encode({"auth_typ": "aad", "claims": [], "role_typ": "oid"}))
def test_any_header_is_a_caller_of_this_tenant_or_nobody(told: str) -> None:
    with pytest.raises(Unauthenticated):
        parse_principal(told, TENANT)


def test_no_object_id_passes_for_an_arcgis_user() -> None:
    with pytest.raises(Unauthenticated):
        parse_principal(header([("oid", "ArcGIS:megan"), ("tid", TENANT)]), TENANT)
