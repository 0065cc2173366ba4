import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.callers.caller import Caller
from shared.callers.claims import caller_of
from shared.roles.user import User

OID = "5f0b4c8e-2d6a-4c5e-9a53-7b1c0e4d9a21"
KIM = User.entra_object(OID)
NAMES = st.sampled_from(["oid", "sub", "scp", "idtyp", "roles", "upn"])
VALUES = (
    st.none() | st.booleans() | st.text(max_size=5) | st.just(OID) | st.lists(st.text() | st.none() | st.integers())
)


def test_a_user_is_known_by_her_object_id() -> None:
    assert caller_of({"oid": OID, "sub": "pairwise", "scp": "access"}) == Caller(KIM)


def test_names_and_addresses_tell_nothing() -> None:
    named = {"preferred_username": "a@b.example", "upn": "a@b.example", "email": "a@b.example", "unique_name": "a"}
    assert caller_of({"oid": OID, "scp": "access", **named}) == Caller(KIM)
    assert caller_of({"scp": "access", **named}) is None


@pytest.mark.parametrize("oid", [None, "", " ", 7, [OID], {"id": OID}, True])
def test_without_an_object_id_it_is_nobody(oid: object) -> None:
    assert caller_of({"oid": oid, "sub": oid, "roles": ["RelationshipManager"]}) is None


def test_an_application_whose_subject_is_its_object_has_app_roles_only() -> None:
    assert caller_of({"oid": OID, "sub": OID, "roles": ["A", "B"]}) == Caller(KIM, frozenset({"A", "B"}))


def test_the_optional_claim_tells_an_application_from_a_user() -> None:
    assert caller_of({"oid": OID, "sub": "x", "idtyp": "app", "roles": ["A"]}) == Caller(KIM, frozenset({"A"}))
    assert caller_of({"oid": OID, "sub": OID, "idtyp": "user", "roles": ["A"]}) == Caller(KIM)


def test_the_roles_of_a_user_are_not_those_of_an_application() -> None:
    assert caller_of({"oid": OID, "sub": "pairwise", "scp": "access", "roles": ["RelationshipManager"]}) == Caller(KIM)


@pytest.mark.parametrize("roles", [None, "RelationshipManager", 7, {"RelationshipManager": 1}, [None, 7, ["A"]]])
def test_roles_that_are_no_list_of_names_are_none(roles: object) -> None:
    assert caller_of({"oid": OID, "sub": OID, "roles": roles}) == Caller(KIM, frozenset())


@given(st.dictionaries(NAMES, VALUES))
def test_any_claims_are_a_caller_by_her_object_id_or_nobody(claims: dict[str, object]) -> None:
    caller = caller_of(claims)
    assert caller is None or caller.user == User.entra_object(str(claims["oid"]))
