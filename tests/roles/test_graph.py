"""Who the graph directory says yes and no to; test_graph_outages.py holds what is neither."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from shared.roles.directory import CachedDirectory
from shared.roles.user import User
from tests.roles.graph_directory import TestClock, graph_directory
from tests.support.tenant import GROUP, GROUP_NAME, LIST, ROLE, SITE, Tenant

ADMINISTRATORS = "Webhook Administrator"
SYSTEM = "a8b0d3ad-3b3c-4b2b-9b8c-3f0f0c1b2d4e"
CHAIN = [
    "GET /api/data/v9.2/systemusers({})",
    f"GET /v1.0/sites/{SITE}/lists/{LIST}/items",
    "GET /v1.0/groups",
    "POST /v1.0/users/{}/checkMemberGroups",
]


@pytest.fixture
def directory(tenant: Tenant) -> CachedDirectory:
    return graph_directory(tenant)


def test_a_member_is_one_by_each_of_her_ids(directory: CachedDirectory, tenant: Tenant) -> None:
    kim = tenant.add_person()
    users = [User.system_user(kim.system_user), User.entra_object(kim.oid), User.of_account(kim.upn.upper())]
    assert [directory.has_role(user, ROLE) for user in users] == [True] * 3


def test_a_member_of_a_group_in_the_group_is_a_member(directory: CachedDirectory, tenant: Tenant) -> None:
    kim = tenant.add_person(is_member=False)
    inner = tenant.graph.add_group("Inner", [kim.oid, GROUP])
    tenant.graph.members[GROUP].add(tenant.graph.add_group("Middle", [inner]))
    assert directory.has_role(User.system_user(kim.system_user), ROLE)


def test_whoever_is_none_is_none(directory: CachedDirectory, tenant: Tenant) -> None:
    other, disabled = tenant.add_person(is_member=False), tenant.add_person(is_disabled=True)
    without_entra_id = tenant.add_person(has_oid=False)
    tenant.dataverse.add_user(SYSTEM, None, "SYSTEM")
    tenant.dataverse.add_user(stranger := str(uuid4()), str(uuid4()), "gone@contoso.example")
    nobodies = [
        *map(User.system_user, (other.system_user, disabled.system_user, without_entra_id.system_user, SYSTEM)),
        *map(User.system_user, (stranger, str(uuid4()))),
        *map(User.entra_object, (other.oid, str(uuid4()), GROUP)),
        *map(User.of_account, (other.upn, "nobody@contoso.example", "x", "..", "me", "a/b?c#d@contoso.example")),
    ]
    assert [user for user in nobodies if directory.has_role(user, ROLE)] == []


def test_somebody_of_a_group_with_a_similar_name_is_none(directory: CachedDirectory, tenant: Tenant) -> None:
    kim = tenant.add_person(is_member=False)
    for name in (f"{GROUP_NAME} Archive", GROUP_NAME[:-1], f"Former {GROUP_NAME}"):
        tenant.graph.add_group(name, [kim.oid])
    assert not directory.has_role(User.system_user(kim.system_user), ROLE)


@pytest.mark.parametrize("role", [ROLE.upper(), f"  {ROLE}\n", ROLE.lower()])
def test_the_role_is_found_in_any_spelling_on_any_page(directory: CachedDirectory, tenant: Tenant, role: str) -> None:
    rows: list[tuple[object, object]] = [("Administrator", "Admins"), (None, None), (7, "x"), (ROLE + "s", "Others")]
    tenant.graph.lists.clear()
    for other_role, group in [*rows * 3, (role, f" {GROUP_NAME} "), *rows * 3]:
        tenant.graph.add_role(SITE, LIST, other_role, group)
    tenant.graph.page_size = 2
    assert directory.has_role(User.system_user(tenant.add_person().system_user), ROLE)
    assert tenant.calls.count(CHAIN[1]) == 13


@pytest.mark.parametrize("name", ["O'Neill's", "''", "R&D + 100% #1?", "a/b\\c", "Kundenbetreuer äöü", "' or '' eq '"])
def test_a_group_may_have_any_name(directory: CachedDirectory, tenant: Tenant, name: str) -> None:
    kim, other = tenant.add_person(is_member=False), tenant.add_person()
    tenant.graph.lists.clear()
    tenant.graph.add_role(SITE, LIST, ROLE, name)
    tenant.graph.add_group(name, [kim.oid])
    assert directory.has_role(User.system_user(kim.system_user), ROLE)
    assert not directory.has_role(User.system_user(other.system_user), ROLE)


def test_of_many_groups_one_is_enough_and_no_check_asks_for_more_than_twenty(
    directory: CachedDirectory, tenant: Tenant
) -> None:
    kim, other = tenant.add_person(is_member=False), tenant.add_person(is_member=False)
    for number in range(45):
        tenant.graph.add_role(SITE, LIST, ROLE, f"Team {number:02}")
        tenant.graph.add_group(f"Team {number:02}", [kim.oid] if number == 44 else [])
    assert directory.has_role(User.system_user(kim.system_user), ROLE)
    assert not directory.has_role(User.system_user(other.system_user), ROLE)
    asked = [json.loads(call.body)["groupIds"] for call in tenant.graph.journal if call.method == "POST"]
    assert [len(ids) for ids in asked[-3:]] == [20, 20, 6]


def test_a_user_once_asked_for_costs_no_call(directory: CachedDirectory, tenant: Tenant) -> None:
    kim, other = tenant.add_person(), tenant.add_person(is_member=False)
    for person in (kim, other):
        directory.has_role(User.system_user(person.system_user), ROLE)
    tenant.graph.journal.clear()
    tenant.dataverse.journal.clear()
    assert directory.has_role(User.system_user(kim.system_user), ROLE)
    assert not directory.has_role(User.system_user(other.system_user), ROLE)
    assert tenant.calls == []


def test_a_second_user_costs_two_calls(directory: CachedDirectory, tenant: Tenant) -> None:
    kim, alex = tenant.add_person(), tenant.add_person()
    directory.has_role(User.system_user(kim.system_user), ROLE)
    directory.has_role(User.system_user(alex.system_user), ROLE)
    expected = [*(call.format(person.system_user) for call in CHAIN[:1] for person in (kim, alex)), CHAIN[1], CHAIN[2]]
    assert sorted(tenant.calls) == sorted([*expected, *(CHAIN[3].format(person.oid) for person in (kim, alex))])


def test_many_questions_about_one_user_at_once_make_one_call_chain(directory: CachedDirectory, tenant: Tenant) -> None:
    kim = tenant.add_person()
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: directory.has_role(User.system_user(kim.system_user), ROLE), range(50)))
    chain = [CHAIN[0].format(kim.system_user), *CHAIN[1:3], CHAIN[3].format(kim.oid)]
    assert sorted(tenant.calls) == sorted(chain)


def test_many_users_at_once_read_list_and_group_once(directory: CachedDirectory, tenant: Tenant) -> None:
    people = [tenant.add_person(is_member=number % 2 == 0) for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda person: directory.has_role(User.system_user(person.system_user), ROLE), people))
    assert answers == [True, False] * 10
    assert (tenant.calls.count(CHAIN[1]), tenant.calls.count(CHAIN[2]), len(tenant.calls)) == (1, 1, 42)


def test_what_changes_counts_when_the_time_is_over(tenant: Tenant) -> None:
    clock = TestClock()
    directory = graph_directory(tenant, seconds=300, clock=clock)
    kim = tenant.add_person()
    assert directory.has_role(User.entra_object(kim.oid), ROLE)
    tenant.graph.members[GROUP].clear()
    clock.seconds = 299
    assert directory.has_role(User.entra_object(kim.oid), ROLE)
    clock.seconds = 301
    assert not directory.has_role(User.entra_object(kim.oid), ROLE)


def test_zero_seconds_ask_each_step_once_for_each_question(tenant: Tenant) -> None:
    directory = graph_directory(tenant, seconds=0)
    kim = tenant.add_person()
    assert [directory.has_role(User.system_user(kim.system_user), ROLE) for _ in range(2)] == [True] * 2
    assert tenant.calls.count(CHAIN[2]) == 2
    assert len(tenant.calls) == 8


def test_each_role_has_its_groups_and_neither_holds_the_other(directory: CachedDirectory, tenant: Tenant) -> None:
    tenant.graph.add_role(SITE, LIST, ADMINISTRATORS, "Admins")
    administrators = tenant.graph.add_group("Admins")
    manager, administrator, both = (tenant.add_person(is_member=is_manager) for is_manager in (True, False, True))
    tenant.graph.members[administrators] |= {administrator.oid, both.oid}
    people = [User.entra_object(person.oid) for person in (manager, administrator, both)]
    assert [directory.has_role(user, ROLE) for user in people] == [True, False, True]
    assert [directory.has_role(user, ADMINISTRATORS) for user in people] == [False, True, True]


def test_a_second_role_of_a_known_user_asks_dataverse_nothing(directory: CachedDirectory, tenant: Tenant) -> None:
    tenant.graph.add_role(SITE, LIST, ADMINISTRATORS, GROUP_NAME)
    kim = tenant.add_person()
    assert [directory.has_role(User.system_user(kim.system_user), role) for role in (ROLE, ADMINISTRATORS)] == [
        True
    ] * 2
    assert tenant.calls.count(CHAIN[0].format(kim.system_user)) == 1


def explained(directory: CachedDirectory, user: User) -> tuple[bool, list[str]]:
    steps: list[str] = []
    return directory.explain(user, ROLE, steps.append), steps


def test_an_explanation_tells_each_step(directory: CachedDirectory, tenant: Tenant) -> None:
    kim = tenant.add_person()
    assert explained(directory, User.system_user(kim.system_user)) == (
        True,
        [
            f"Dataverse: the systemuser {kim.system_user} is {kim.upn}, in Entra {kim.oid}",
            f"role list: {ROLE} is the group {GROUP_NAME}, in Entra {GROUP}",
            f"Entra: the user is in the group {GROUP_NAME}",
        ],
    )


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        ({"is_member": False}, "Entra: the user is in none of these groups"),
        ({"is_disabled": True}, "is disabled"),
        ({"has_oid": False}, "has no Entra id, as SYSTEM has none"),
    ],
)
def test_an_explanation_of_a_no_ends_with_the_reason(
    directory: CachedDirectory, tenant: Tenant, person: dict[str, bool], reason: str
) -> None:
    answer, steps = explained(directory, User.system_user(tenant.add_person(**person).system_user))
    assert (answer, steps[-1].endswith(reason)) == (False, True)


def test_an_explanation_says_who_is_known_to_nobody(directory: CachedDirectory) -> None:
    unknown = str(uuid4())
    assert explained(directory, User.system_user(unknown))[1] == [f"Dataverse: the systemuser {unknown} is not known"]
    assert explained(directory, User.entra_object(unknown))[1][-1] == "Entra: nobody has this id"


def test_the_entra_id_in_a_request_saves_the_look_up_in_dataverse(directory: CachedDirectory, tenant: Tenant) -> None:
    kim, other = tenant.add_person(), tenant.add_person(is_member=False)
    users = [User.system_user(str(uuid4()), entra_id=person.oid) for person in (kim, other)]
    assert [directory.has_role(user, ROLE) for user in users] == [True, False]
    assert not [call for call in tenant.calls if "systemusers" in call]
    assert explained(directory, users[0])[1][0].endswith(f"is in Entra {kim.oid}")
