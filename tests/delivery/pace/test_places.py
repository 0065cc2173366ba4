"""Places: how many attempts a process has under way, and who waits for a place; half of all for those that answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shared.delivery.pace.places import PLACES, Places, Verdict
from shared.delivery.pace.receiver import FIRST_PLACES, MAX_PLACES

A, B = 1, 2


class Process:
    """Places with a clock of their own, and names for attempts."""

    def __init__(self, *, proven: tuple[int, ...] = ()) -> None:
        self.places = Places()
        self.now = 100.0
        self._number = 0
        for webhook in proven:
            self.note(webhook, is_proven=True)

    def note(self, webhook: int, *, is_proven: bool = False, mark: int = 0) -> None:
        self.places.note(webhook, is_proven=is_proven, mark=mark)

    def judge(self, webhook: int, *, waited: float = 0.0, lag: float = 0.0, is_probe: bool = False) -> Verdict:
        return self.places.judge(webhook, "new", waited, self.now, lag, is_probe=is_probe)

    def begin(self, webhook: int, count: int = 1) -> list[str]:
        """Begin as many attempts, each of which must find a place."""
        begun = []
        for _ in range(count):
            self._number += 1
            name = f"e{self._number}"
            assert self.places.judge(webhook, name, 0.0, self.now) is Verdict.ENTER
            self.places.enter(webhook, name, self.now)
            begun.append(name)
        return begun

    def fill(self, webhook: int) -> int:
        """Begin attempts until there is no place; returns how many."""
        count = 0
        while self.judge(webhook) is Verdict.ENTER:
            self.begin(webhook)
            count += 1
        return count

    def end(self, webhook: int, name: str, *, succeeded: bool | None = True, seconds: float | None = 0.02) -> None:
        self.places.leave(webhook, name, self.now, succeeded=succeeded, head_seconds=seconds)

    def answer(self, webhook: int, times: int = 1, *, at_once: int = 1, seconds: float = 0.02) -> None:
        """So many rounds of attempts that are answered after so many seconds."""
        for _ in range(times):
            names = self.begin(webhook, at_once)
            self.now += seconds
            for name in names:
                self.places.head(webhook, name)
                self.end(webhook, name, seconds=seconds)


# How many places a webhook has


def test_an_unproven_webhook_has_one_place_until_its_first_answer_and_then_four() -> None:
    process = Process()
    process.note(A)
    assert process.fill(A) == 1
    process.end(A, "e1")
    assert process.fill(A) == FIRST_PLACES == 4


def test_one_that_another_process_proved_has_four() -> None:
    assert Process(proven=(A,)).fill(A) == 4


def test_one_that_is_proven_elsewhere_meanwhile_has_four_too() -> None:
    process = Process()
    process.note(A)
    process.note(A, is_proven=True)
    assert process.fill(A) == 4


def test_quick_answers_earn_more_up_to_32() -> None:
    process = Process(proven=(A,))
    process.answer(A, 40, at_once=4)
    assert process.fill(A) < MAX_PLACES
    process = Process(proven=(A,))
    for at_once in range(4, 33):
        process.answer(A, at_once=at_once)
    assert process.fill(A) == MAX_PLACES == 32


def test_places_that_nobody_used_are_not_earned() -> None:
    process = Process(proven=(A,))
    process.answer(A, 100)
    assert process.fill(A) == 4


def test_answers_that_take_ever_longer_cost_places_one_by_one() -> None:
    process = Process(proven=(A,))
    for at_once in range(4, 20):
        process.answer(A, at_once=at_once)
    process.answer(A, 3, seconds=0.6)
    assert process.fill(A) == MAX_PLACES - 3


def test_a_slow_success_halves_them_and_leaves_four() -> None:
    process = Process(proven=(A,))
    for at_once in range(4, 33):
        process.answer(A, at_once=at_once)
    process.answer(A, seconds=1.5)
    assert process.fill(A) == 16
    process = Process(proven=(A,))
    process.answer(A, 5, seconds=1.5)
    assert process.fill(A) == 4


def test_failures_leave_one() -> None:
    process = Process(proven=(A,))
    for _ in range(3):
        [name] = process.begin(A)
        process.end(A, name, succeeded=False, seconds=None)
    assert process.fill(A) == 1


def test_an_attempt_that_was_not_made_teaches_nothing() -> None:
    process = Process()
    process.note(A)
    [name] = process.begin(A)
    process.end(A, name, succeeded=None, seconds=None)
    assert process.fill(A) == 1


def test_while_several_attempts_are_slow_the_places_that_it_earned_count_for_nothing() -> None:
    process = Process(proven=(A,))
    for at_once in range(4, 33):
        process.answer(A, at_once=at_once)
    process.begin(A, 6)
    process.now += 1.1
    assert process.judge(A) is not Verdict.ENTER


# Attempts that began before the circuit turned, or a pause was asked for


def test_whoever_reads_that_the_circuit_turned_begins_again_with_one_place() -> None:
    process = Process(proven=(A,))
    process.answer(A, 8, at_once=4)
    process.note(A, is_proven=True, mark=1)
    assert process.fill(A) == 1


def test_attempts_that_hang_since_before_neither_take_its_places_nor_make_it_slow_or_silent() -> None:
    process = Process(proven=(A,))
    process.begin(A, 4)
    process.now += 6
    assert process.places.is_silent(A, process.now)
    process.note(A, is_proven=True, mark=1)
    assert not process.places.is_silent(A, process.now)
    assert process.places.is_answering(A, process.now)
    assert process.fill(A) == 1


def test_their_deadlines_teach_nothing() -> None:
    process = Process(proven=(A,))
    names = process.begin(A, 4)
    process.note(A, is_proven=True, mark=1)
    process.answer(A)
    for name in names:
        process.end(A, name, succeeded=False, seconds=None)
    assert process.places.is_answering(A, process.now)
    assert process.fill(A) == 4


def test_they_are_no_longer_lent_places_of_those_that_answer() -> None:
    process = Process(proven=tuple(range(1, 9)))
    for webhook in range(1, 9):
        process.begin(webhook, 4)
        process.note(webhook, is_proven=True, mark=1)
    process.note(100)
    assert process.judge(100) is Verdict.PARK


def test_a_probe_begins_beside_attempts_that_fill_the_places() -> None:
    process = Process()
    process.note(A)
    process.begin(A)
    assert process.judge(A) is not Verdict.ENTER
    assert process.judge(A, is_probe=True) is Verdict.ENTER


def test_a_delivery_that_is_under_way_here_already_is_not_begun_again() -> None:
    process = Process(proven=(A,))
    [name] = process.begin(A)
    assert process.places.judge(A, name, 0.0, process.now) is Verdict.UNDER_WAY


# Half of all places


def test_those_that_do_not_answer_share_half_and_one_that_answers_finds_room() -> None:
    process = Process(proven=(A,))
    for webhook in range(10, 200):
        process.note(webhook)
        process.fill(webhook)
    hanging = sum(process.places.under_way(webhook) for webhook in range(10, 200))
    assert hanging == PLACES // 2
    assert process.fill(A) == 4


def test_what_they_leave_is_lent_to_those_that_answer() -> None:
    process = Process(proven=tuple(range(1, 20)))
    assert sum(process.fill(webhook) for webhook in range(1, 20)) == PLACES


def test_a_second_without_an_answer_counts_as_slow_while_it_lasts() -> None:
    process = Process(proven=(A,))
    [name] = process.begin(A)
    process.now += 1.1
    assert not process.places.is_answering(A, process.now)
    process.places.head(A, name)
    assert process.places.is_answering(A, process.now)


def test_one_whose_answers_begin_at_once_and_do_not_end_is_not_lent_places_of_those_that_answer() -> None:
    process = Process(proven=tuple(range(1, 21)))
    for webhook in range(1, 21):
        process.answer(webhook)
    for _ in range(3):
        for webhook in range(1, 21):
            if process.judge(webhook) is Verdict.ENTER:
                [name] = process.begin(webhook)
                process.places.head(webhook, name)
        process.now += 2.4
    assert sum(process.places.under_way(webhook) for webhook in range(1, 21)) == PLACES // 2


def test_one_whose_answers_take_long_to_end_shares_the_half_of_the_slow_ones() -> None:
    process = Process(proven=(A,))
    [name] = process.begin(A)
    process.places.head(A, name)
    process.now += 14
    process.end(A, name)
    for webhook in range(10, 50):
        process.note(webhook)
        process.fill(webhook)
    assert process.judge(A) is not Verdict.ENTER


def test_the_process_takes_its_own_lag_off() -> None:
    process = Process(proven=(A,))
    process.begin(A, 4)
    process.now += 5.5
    assert process.places.is_answering(A, process.now, lag=4.6)
    assert not process.places.is_silent(A, process.now, lag=0.6)
    assert process.places.is_silent(A, process.now)


def test_a_webhook_is_silent_only_once_all_its_places_are() -> None:
    process = Process(proven=(A,))
    process.begin(A, 3)
    process.now += 6
    assert not process.places.is_silent(A, process.now)
    process.begin(A)
    process.now += 4.9
    assert not process.places.is_silent(A, process.now)
    process.now += 0.2
    assert process.places.is_silent(A, process.now)


def test_it_is_silent_too_where_those_that_do_not_answer_have_used_up_their_half() -> None:
    process = Process(proven=(A,))
    process.begin(A, 2)
    for webhook in range(10, 40):
        process.note(webhook)
        process.begin(webhook)
    process.now += 5.1
    assert process.judge(A) is Verdict.PARK
    assert process.places.is_silent(A, process.now)


def test_one_that_takes_longer_than_it_usually_does_is_not_lent_more_places_of_those_that_answer() -> None:
    process = Process(proven=tuple(range(1, 21)))
    for webhook in range(1, 21):
        process.answer(webhook)
    for _ in range(2):
        for webhook in range(1, 21):
            if process.judge(webhook) is Verdict.ENTER:
                process.begin(webhook)
        process.now += 0.4
    assert sum(process.places.under_way(webhook) for webhook in range(1, 21)) == PLACES // 2


# Who waits


def test_those_of_an_unproven_webhook_wait_until_its_first_attempt_is_three_tenths_of_a_second_old() -> None:
    process = Process()
    process.note(A)
    process.begin(A)
    process.now += 0.29
    assert process.judge(A) is Verdict.WAIT
    process.now += 0.02
    assert process.judge(A) is Verdict.PARK
    assert process.judge(A, lag=0.1) is Verdict.WAIT


def test_those_of_one_that_answers_wait_two_seconds_at_most() -> None:
    process = Process(proven=(A,))
    process.begin(A, 4)
    assert process.judge(A, waited=1.9) is Verdict.WAIT
    assert process.judge(A, waited=2.0) is Verdict.PARK


def test_where_the_wait_to_be_expected_is_long_only_32_wait_in_a_process() -> None:
    process = Process(proven=(A,))
    process.answer(A, seconds=0.7)
    process.begin(A, 4)
    for _ in range(32):
        process.places.begin_waiting(A)
    assert process.judge(A) is Verdict.WAIT
    process.places.begin_waiting(A)
    assert process.judge(A) is Verdict.PARK
    process.places.end_waiting(A)
    assert process.judge(A) is Verdict.WAIT


def test_places_that_double_with_each_round_of_answers_make_the_wait_short() -> None:
    process = Process(proven=(A, B))
    for webhook in (A, B):
        process.answer(webhook, seconds=0.1)
    for at_once in range(4, 33):
        process.answer(B, at_once=at_once, seconds=0.1)
    for webhook in (A, B):
        process.fill(webhook)
        for _ in range(60):
            process.places.begin_waiting(webhook)
    assert process.judge(A) is Verdict.WAIT
    for _ in range(120):
        process.places.begin_waiting(B)
    assert process.judge(B) is Verdict.PARK


def test_where_the_wait_to_be_expected_is_short_more_wait() -> None:
    process = Process(proven=(A,))
    process.answer(A, seconds=0.02)
    process.begin(A, 4)
    for _ in range(60):
        process.places.begin_waiting(A)
    assert process.judge(A) is Verdict.WAIT


def test_those_of_one_that_failed_are_parked_at_once() -> None:
    process = Process(proven=(A,))
    [name] = process.begin(A)
    process.end(A, name, succeeded=False, seconds=None)
    process.fill(A)
    assert process.judge(A) is Verdict.PARK


def test_of_one_that_answers_slowly_as_many_wait_as_have_a_place_within_half_a_second() -> None:
    process = Process()
    process.note(A)
    process.answer(A, seconds=1.5)
    process.fill(A)
    process.places.begin_waiting(A)
    assert process.judge(A) is Verdict.WAIT
    process.places.begin_waiting(A)
    assert process.judge(A) is Verdict.PARK


def test_an_attempt_that_takes_longer_than_others_did_says_what_is_to_be_expected() -> None:
    process = Process()
    process.note(A)
    process.answer(A, seconds=1.5)
    process.fill(A)
    process.now += 2.5
    process.places.begin_waiting(A)
    assert process.judge(A) is Verdict.PARK


def test_the_time_of_failed_attempts_is_not_expected_of_answers() -> None:
    process = Process(proven=(A,))
    process.answer(A, seconds=0.5)
    [name] = process.begin(A)
    process.now += 15
    process.end(A, name, succeeded=False, seconds=None)
    process.answer(A, seconds=0.5)
    assert process.places.a_second(A) == pytest.approx(8)


def test_how_many_it_answers_in_a_second_is_its_places_over_its_time() -> None:
    process = Process(proven=(A,))
    assert process.places.a_second(A) is None
    process.answer(A, seconds=0.5)
    assert process.places.a_second(A) == pytest.approx(8)
    assert process.places.a_second(B) is None


def test_what_is_known_of_its_pace_is_out_of_date_once_others_have_answered_for_ten_seconds() -> None:
    process = Process(proven=(A, B))
    process.answer(A)
    process.now += 9
    process.answer(B)
    assert process.places.a_second(A) is not None
    process.now += 2
    process.answer(B)
    assert process.places.a_second(A) is None


def test_what_is_known_of_its_pace_is_out_of_date_once_the_circuit_turned() -> None:
    process = Process(proven=(A,))
    process.answer(A)
    process.note(A, is_proven=True, mark=1)
    assert process.places.a_second(A) is None


# Whatever happens


class AnyProcess(RuleBasedStateMachine):
    """Receivers that answer, fail and hang in any order; webhook 0 always answers at once, and one of it at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.places = Places()
        self.now = 0.0
        self.under_way: dict[int, list[tuple[str, int]]] = {}
        self.marks: dict[int, int] = {}
        self.number = 0

    def total(self) -> int:
        return sum(map(len, self.under_way.values()))

    @rule(webhook=st.integers(1, 60), is_proven=st.booleans(), count=st.integers(1, 40), is_probe=st.booleans())
    def begin(self, webhook: int, is_proven: bool, count: int, is_probe: bool) -> None:
        self.places.note(webhook, is_proven=is_proven, mark=self.marks.get(webhook, 0))
        for _ in range(count):
            self.number += 1
            name = f"e{self.number}"
            if self.places.judge(webhook, name, 0.0, self.now, is_probe=is_probe) is not Verdict.ENTER:
                return
            mark = self.marks.get(webhook, 0)
            assert is_probe or [began for _, began in self.under_way.get(webhook, [])].count(mark) < MAX_PLACES
            answers = self.places.is_answering(webhook, self.now)
            others = self.of_those_that_do_not_answer()
            assert answers or others < PLACES // 2
            self.places.enter(webhook, name, self.now)
            self.under_way.setdefault(webhook, []).append((name, self.marks.get(webhook, 0)))

    def of_those_that_do_not_answer(self) -> int:
        return sum(len(names) for id_, names in self.under_way.items() if not self.places.is_answering(id_, self.now))

    @rule(webhook=st.integers(1, 60), succeeded=st.sampled_from([True, False, None]), took=st.floats(0.01, 3))
    def end(self, webhook: int, succeeded: bool | None, took: float) -> None:
        if self.under_way.get(webhook):
            name, _ = self.under_way[webhook].pop(0)
            self.places.head(webhook, name)
            self.places.leave(webhook, name, self.now, succeeded=succeeded, head_seconds=took if succeeded else None)

    @rule(webhook=st.integers(1, 60))
    def turn(self, webhook: int) -> None:
        self.marks[webhook] = self.marks.get(webhook, 0) + 1

    @rule(seconds=st.floats(0.01, 6))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def never_more_than_all_places(self) -> None:
        assert self.total() <= PLACES

    @invariant()
    def it_counts_what_is_under_way(self) -> None:
        assert all(self.places.under_way(webhook) == len(names) for webhook, names in self.under_way.items())

    @invariant()
    def one_that_answers_finds_a_place_unless_those_that_answer_have_them_all(self) -> None:
        self.places.note(0, is_proven=True, mark=0)
        if self.total() < PLACES:
            assert self.places.judge(0, "new", 0.0, self.now) is Verdict.ENTER
        else:
            assert self.places.judge(0, "new", 0.0, self.now) is Verdict.WAIT


TestAnyProcess = AnyProcess.TestCase
TestAnyProcess.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


@given(st.lists(st.tuples(st.integers(1, 200), st.floats(0.3, 2)), max_size=300))
def test_half_is_always_free_for_those_that_answer_beside_any_number_that_never_did(
    arrivals: list[tuple[int, float]],
) -> None:
    process = Process(proven=(0,))
    began: dict[str, tuple[int, float]] = {}
    for webhook, gap in arrivals:
        process.now += gap / 10
        for name in [name for name, (_, at) in began.items() if process.now - at > 15]:
            process.end(began.pop(name)[0], name, succeeded=False, seconds=None)
        process.note(webhook)
        if process.judge(webhook) is Verdict.ENTER:
            [name] = process.begin(webhook)
            began[name] = webhook, process.now
        assert len(began) <= PLACES // 2
        assert process.judge(0) is Verdict.ENTER
