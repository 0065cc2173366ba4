"""No answer is ever yes unless Graph said so for exactly that group and user within the time that answers hold.

People join and leave, groups are renamed and doubled, rows are taken out of the list, neighbours fail and time goes by
in any order; a model keeps account of what was true when.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from shared.errors import Unavailable
from shared.roles.user import User
from tests.fakes.server import Reply
from tests.roles.graph_directory import NO_ANSWERS, TestClock, graph_directory
from tests.support.tenant import LIST, ROLE, SITE, Person, Tenant

SECONDS = 300
NAMES = ["First", "Second"]
GROUPS = ["11f1f3a2-6a3c-4d7e-8f0b-5d1c2e3f4a51", "11f1f3a2-6a3c-4d7e-8f0b-5d1c2e3f4a52"]
IMPOSTOR = "11f1f3a2-6a3c-4d7e-8f0b-5d1c2e3f4a53"
STEPS = ["systemusers", "/items", "/groups", "checkMemberGroups"]
FAILURES = {name: reply for name, reply in NO_ANSWERS.items() if name != "cut"}

people = st.integers(0, 2)
pauses = st.sampled_from([0, 0, 100, SECONDS - 1, SECONDS + 1])
groups = st.sampled_from([*GROUPS, IMPOSTOR])
"""The third one is a group of another name, until it is renamed."""


class Company(RuleBasedStateMachine):
    """A tenant that changes, a directory that is asked, and what the model knows of both."""

    tenant: Tenant

    @initialize()
    def begin(self) -> None:
        """Two groups with the role and a third one without; three people in none."""
        self.tenant.reset()
        self.tenant.graph.members = {group: set() for group in [*GROUPS, IMPOSTOR]}
        self.people = [self.tenant.add_person(is_member=False) for _ in range(3)]
        self.clock = TestClock()
        self.directory = graph_directory(self.tenant, seconds=SECONDS, clock=self.clock)
        self.is_well = True
        self.confirmed_at: dict[tuple[str, str], float] = {}
        self.names: list[tuple[float, list[str]]] = []
        self.history: list[tuple[float, frozenset[str]]] = []
        self.set_up()

    @rule()
    def set_up(self) -> None:
        self.tenant.graph.group_names = dict(zip([*GROUPS, IMPOSTOR], [*NAMES, "Third"], strict=True))
        self.edit_list(NAMES)

    @rule(person=people, group=groups)
    def join(self, person: int, group: str) -> None:
        self.tenant.graph.members[group].add(self.people[person].oid)

    @rule(person=people, group=groups)
    def leave(self, person: int, group: str) -> None:
        self.tenant.graph.members[group].discard(self.people[person].oid)

    @rule(person=people, is_disabled=st.booleans())
    def disable(self, person: int, is_disabled: bool) -> None:
        self.tenant.dataverse.rows["systemusers"][self.people[person].system_user]["isdisabled"] = is_disabled

    @rule(group=groups, name=st.sampled_from([*NAMES, "Third", "Fourth"]))
    def rename(self, group: str, name: str) -> None:
        self.tenant.graph.group_names[group] = name
        self._note()

    @rule(named=st.lists(st.sampled_from(NAMES), max_size=3))
    def edit_list(self, named: list[str]) -> None:
        self.tenant.graph.lists[SITE, LIST] = [{"Role": "Administrator", "AdGroupName": "Third"}]
        for name in named:
            self.tenant.graph.add_role(SITE, LIST, ROLE, name)
        self._note()

    @precondition(lambda self: self.is_well)
    @rule(step=st.sampled_from(STEPS), reply=st.sampled_from(list(FAILURES.values())))
    def fail(self, step: str, reply: Reply) -> None:
        neighbour = self.tenant.dataverse if step == STEPS[0] else self.tenant.graph
        neighbour.answer_where(step, reply)
        self.is_well = False

    @precondition(lambda self: not self.is_well)
    @rule()
    def mend(self) -> None:
        self.tenant.dataverse.be_well()
        self.tenant.graph.be_well()
        self.is_well = True

    @rule(asked=st.lists(st.tuples(people, st.booleans(), pauses), min_size=1, max_size=6))
    def ask(self, asked: list[tuple[int, bool, int]]) -> None:
        for person, by_oid, seconds in asked:
            self._ask(self.people[person], by_oid=by_oid)
            self.clock.seconds += seconds

    @rule(person=people)
    def ask_when_all_is_forgotten(self, person: int) -> None:
        """The directory is no miser with its yes either."""
        self.clock.seconds += 3 * SECONDS
        answer = self._ask(self.people[person], by_oid=False)
        if self.is_well and self._is_set_up():
            assert answer is self._truth(self.people[person])

    def _ask(self, person: Person, *, by_oid: bool) -> bool | None:
        user = User.entra_object(person.oid) if by_oid else User.system_user(person.system_user)
        with self._confirmations():
            try:
                answer = self.directory.has_role(user, ROLE)
            except Unavailable:
                return None
        if answer:
            assert any(self._was_said(person.oid, group) for group in [*GROUPS, IMPOSTOR])
        return answer

    @contextmanager
    def _confirmations(self) -> Iterator[None]:
        before = Counter(self.tenant.graph.confirmed)
        yield
        for pair in self.tenant.graph.confirmed - before:
            self.confirmed_at[pair] = self.clock.seconds

    def _was_said(self, oid: str, group: str) -> bool:
        """Whether Graph said so in time, of a group that had the role when it was looked up, in time as well."""
        said_at = self.confirmed_at.get((oid, group))
        if said_at is None or self.clock.seconds - said_at > SECONDS:
            return False
        began = [moment for moment, _ in self.history if moment <= said_at - SECONDS]
        first = max(began, default=0.0)
        return any(group in with_role for moment, with_role in self.history if first <= moment <= said_at)

    def _note(self) -> None:
        """Keep which groups have a name that the list holds now or held in time: the two steps are remembered apart."""
        now = self.clock.seconds
        self.names.append((now, self._listed()))
        ends = [*(began for began, _ in self.names[1:]), now]
        held = {
            name for (_, names), end in zip(self.names, ends, strict=True) if now - end <= SECONDS for name in names
        }
        with_role = frozenset(id_ for name in held for id_ in self._only_one_with(name))
        self.history.append((now, with_role))

    def _only_one_with(self, name: str) -> list[str]:
        ids = [id_ for id_, given in self.tenant.graph.group_names.items() if given == name]
        return ids if len(ids) == 1 else []

    def _listed(self) -> list[str]:
        rows = self.tenant.graph.lists[SITE, LIST]
        return [str(row["AdGroupName"]) for row in rows if row["Role"] == ROLE]

    def _is_set_up(self) -> bool:
        return bool(self._listed()) and all(map(self._only_one_with, self._listed()))

    def _truth(self, person: Person) -> bool:
        if self.tenant.dataverse.rows["systemusers"][person.system_user]["isdisabled"]:
            return False
        with_role = [id_ for name in self._listed() for id_ in self._only_one_with(name)]
        return any(person.oid in self.tenant.graph.members[id_] for id_ in with_role)


def test_no_answer_is_yes_unless_graph_said_so(tenant: Tenant) -> None:
    Company.tenant = tenant
    run_state_machine_as_test(
        Company,
        settings=settings(
            max_examples=50, stateful_step_count=40, suppress_health_check=list(HealthCheck), deadline=None
        ),
    )
