import logging
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import DirectoryDown
from shared.roles.directory import CachedDirectory, Tell
from shared.roles.user import User, UserKind, normal_user_id
from tests.support.lines import lines_in

GUID = "cc03d281-c95c-e911-a979-000d3a1cc8fe"
ROLE, OTHER_ROLE = "Relationship Manager", "Webhook Administrator"
KIM = User.system_user(GUID)
ALEX = User.of_account("alex@hub.example")


class CountingDirectory:
    """Knows who has ROLE, and how often it was asked about whom. `down` is an outage; `wait` holds its answers back."""

    def __init__(self, *members: User) -> None:
        self.members = set(members)
        self.asked: Counter[tuple[User, str]] = Counter()
        self.down = False
        self.wait = threading.Event()
        self.wait.set()

    def has_role(self, user: User, role: str) -> bool:
        self.asked[user, role] += 1
        self.wait.wait(60)
        if self.down:
            raise DirectoryDown("the directory is down")
        return role == ROLE and user in self.members

    def explain(self, user: User, role: str, tell: Tell) -> bool:
        tell(f"asked about {user.id} and {role}")
        return self.has_role(user, role)


@pytest.mark.parametrize("user", [KIM, ALEX])
def test_yes_and_no_are_remembered(user: User) -> None:
    directory = CountingDirectory(KIM)
    cached = CachedDirectory(directory, seconds=300)
    assert [cached.has_role(user, ROLE) for _ in range(3)] == [user == KIM] * 3
    assert directory.asked == {(user, ROLE): 1}


def test_an_answer_about_one_user_is_none_about_another() -> None:
    cached = CachedDirectory(CountingDirectory(KIM), seconds=300)
    assert (cached.has_role(KIM, ROLE), cached.has_role(ALEX, ROLE)) == (True, False)


def test_the_same_id_of_another_kind_is_another_user() -> None:
    cached = CachedDirectory(CountingDirectory(KIM), seconds=300)
    assert (cached.has_role(KIM, ROLE), cached.has_role(User.of_account(GUID), ROLE)) == (True, False)


def test_an_answer_about_one_role_is_none_about_another() -> None:
    directory = CountingDirectory(KIM)
    cached = CachedDirectory(directory, seconds=300)
    asked = [cached.has_role(KIM, role) for role in (ROLE, OTHER_ROLE, ROLE, OTHER_ROLE)]
    assert asked == [True, False, True, False]
    assert directory.asked == {(KIM, ROLE): 1, (KIM, OTHER_ROLE): 1}


def test_an_outage_of_one_role_is_none_of_another() -> None:
    directory = CountingDirectory(KIM)
    cached = CachedDirectory(directory, seconds=300)
    assert cached.has_role(KIM, ROLE)
    directory.down = True
    with pytest.raises(DirectoryDown):
        cached.has_role(KIM, OTHER_ROLE)
    assert cached.has_role(KIM, ROLE)


def test_an_answer_holds_for_its_time_only() -> None:
    directory = CountingDirectory()
    now = 0.0
    cached = CachedDirectory(directory, seconds=1, clock=lambda: now)
    assert not cached.has_role(KIM, ROLE)
    directory.members.add(KIM)
    now = 0.9
    assert not cached.has_role(KIM, ROLE)
    now = 1.1
    assert cached.has_role(KIM, ROLE)
    assert directory.asked == {(KIM, ROLE): 2}


def test_an_outage_is_an_exception_and_is_not_remembered() -> None:
    directory = CountingDirectory(KIM)
    cached = CachedDirectory(directory, seconds=300)
    directory.down = True
    with pytest.raises(DirectoryDown):
        cached.has_role(KIM, ROLE)
    directory.down = False
    assert cached.has_role(KIM, ROLE)


def test_what_was_remembered_outlives_an_outage() -> None:
    directory = CountingDirectory(KIM)
    cached = CachedDirectory(directory, seconds=300)
    cached.has_role(KIM, ROLE)
    directory.down = True
    assert cached.has_role(KIM, ROLE)


def test_twenty_concurrent_misses_ask_once() -> None:
    directory = CountingDirectory(KIM)
    cached = CachedDirectory(directory, seconds=300)
    directory.wait.clear()
    with ThreadPoolExecutor(20) as pool:
        answers = [pool.submit(cached.has_role, KIM, ROLE) for _ in range(20)]
        directory.wait.set()
    assert [answer.result() for answer in answers] == [True] * 20
    assert directory.asked == {(KIM, ROLE): 1}


def test_a_question_about_one_user_does_not_wait_for_another() -> None:
    directory = CountingDirectory(KIM)
    cached = CachedDirectory(directory, seconds=300)
    cached.has_role(KIM, ROLE)
    directory.wait.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(cached.has_role, ALEX, ROLE)
        assert cached.has_role(KIM, ROLE)
        assert not waiting.done()
        directory.wait.set()


def test_all_that_wait_in_an_outage_are_told_of_it() -> None:
    directory = CountingDirectory(KIM)
    directory.down = True
    cached = CachedDirectory(directory, seconds=300)
    with ThreadPoolExecutor(20) as pool:
        answers = [pool.submit(cached.has_role, KIM, ROLE) for _ in range(20)]
    assert all(isinstance(answer.exception(), DirectoryDown) for answer in answers)


def test_zero_seconds_remember_nothing() -> None:
    directory = CountingDirectory(KIM)
    cached = CachedDirectory(directory, seconds=0)
    assert [cached.has_role(KIM, ROLE) for _ in range(3)] == [True] * 3
    assert directory.asked == {(KIM, ROLE): 3}


def test_an_explanation_is_always_fresh() -> None:
    directory = CountingDirectory()
    cached = CachedDirectory(directory, seconds=300)
    cached.has_role(KIM, ROLE)
    directory.members.add(KIM)
    steps: list[str] = []
    assert cached.explain(KIM, ROLE, steps.append)
    assert steps == [f"asked about {GUID} and {ROLE}"]


@pytest.mark.parametrize("text", [GUID, GUID.upper(), f"{{{GUID}}}", f" {{{GUID.upper()}}} "])
def test_a_guid_has_one_spelling(text: str) -> None:
    assert User.system_user(text) == KIM
    assert User.of_account(text) == User(UserKind.ENTRA_OBJECT, GUID)


@pytest.mark.parametrize("text", [" Kim@Contoso.COM ", "kim_contoso.com#EXT#@Fabrikam.onmicrosoft.com"])
def test_a_upn_has_one_spelling(text: str) -> None:
    assert User.of_account(text) == User(UserKind.NAME, text.strip().lower())


@pytest.mark.parametrize(("text", "id_"), [("arcgis:Megan_M", "arcgis:Megan_M"), (" ArcGIS: a@b.c ", "arcgis:a@b.c")])
def test_an_arcgis_name_is_written_after_its_prefix_and_keeps_its_case(text: str, id_: str) -> None:
    assert User.of_account(text) == User(UserKind.ARCGIS, id_) == User.arcgis(id_.removeprefix("arcgis:"))


@pytest.mark.parametrize("kind", [kind for kind in UserKind if kind is not UserKind.ARCGIS])
def test_nobody_else_has_an_id_of_an_arcgis_user(kind: UserKind) -> None:
    with pytest.raises(ValueError, match="not the id of a user"):
        User(kind, "arcgis:megan")
    with pytest.raises(ValueError, match="not the id of a user"):
        User(UserKind.ARCGIS, "megan")


@given(st.text())
def test_no_name_that_arcgis_users_choose_makes_them_somebody_else(name: str) -> None:
    assert User.arcgis(name).kind is UserKind.ARCGIS
    assert User.of_account(name) != User.arcgis(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u017fam@hub.example", "sam@hub.example"),
        ("straße@x", "strasse@x"),
        ("\u212aim@x", "kim@x"),
        ("\u0130@x", "i@x"),
    ],
)
def test_users_whose_names_only_look_alike_are_two(one: str, other: str) -> None:
    assert User.of_account(one) != User.of_account(other)


@given(st.text())
def test_the_spelling_of_an_id_is_final(text: str) -> None:
    assert normal_user_id(normal_user_id(text)) == normal_user_id(text)


@given(st.uuids(), st.sampled_from([str.upper, str.lower, str.title]), st.sampled_from(["{}", "{{{}}}", " {} "]))
def test_any_spelling_of_a_guid_is_the_guid(id_: object, case: object, braces: str) -> None:
    assert callable(case)
    assert normal_user_id(braces.format(case(str(id_)))) == str(id_)


def test_each_question_that_the_directory_is_asked_is_a_line_and_what_is_remembered_is_none(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    directory, times = CountingDirectory(KIM), iter([1.0, 1.25, 2.0, 2.0, 3.0, 3.5])
    cached = CachedDirectory(directory, seconds=300, name="graph", clock=lambda: 0.0)
    cached._clock = lambda: next(times)
    for user in (KIM, KIM, ALEX, ALEX):
        cached.has_role(user, ROLE)
    directory.down = True
    with pytest.raises(DirectoryDown):
        cached.has_role(KIM, OTHER_ROLE)
    assert lines_in(caplog.records) == [
        {"name": "role.answered", "directory": "graph", "outcome": outcome, "milliseconds": milliseconds}
        for outcome, milliseconds in (("yes", 250), ("no", 0), ("down", 500))
    ]
    assert [record.levelname for record in caplog.records] == ["INFO", "INFO", "WARNING"]
