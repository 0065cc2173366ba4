import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.callers.signing_keys import COOLDOWN_SECONDS, LIFESPAN_SECONDS, PAUSE_SECONDS, SigningKeys
from shared.deadline import deadline
from shared.errors import IdentityDown, Throttled, Unavailable
from shared.web_api import WebApi
from tests.fakes.entra import TENANT, FakeEntra, SigningKey
from tests.fakes.server import Reply, json_reply
from tests.support.tenant import Tenant

NO_SETS: list[dict[str, object]] = [
    {},
    {"keys": None},
    {"keys": {}},
    {"keys": "x"},
    {"keys": []},
    {"keys": [None]},
    {"keys": [[]]},
    {"keys": [{}]},
    {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": None}]},
    {"keys": [{"kty": "RSA", "kid": "a", "n": 7, "e": "AQAB"}]},
    {"keys": [{"kty": "RSA", "kid": "a", "n": "!", "e": "AQAB"}]},
    {"keys": [{**SigningKey().jwk, "use": "enc"}]},
    {"keys": [{**SigningKey().jwk, "kid": 7}]},
    {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "a"}]},
]
NO_KEYS = [
    Reply(500),
    Reply(404),
    Reply(302, headers={"Location": "/elsewhere"}),
    Reply(429, headers={"Retry-After": "60"}),
    Reply(200),
    Reply(200, b"<html>Sign in</html>", {"Content-Type": "text/html"}),
    Reply(200, b'{"keys": ['),
    Reply(200, b"[]"),
    Reply(200, b'{"keys": [{"kty": "RSA", "kid": "a"}]}', cut=True),
    *(json_reply(content) for content in NO_SETS),
]


class Clock:
    """A clock that only a test moves, in seconds."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def entra(tenant: Tenant) -> FakeEntra:
    return tenant.entra


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(entra: FakeEntra, clock: Clock) -> SigningKeys:
    return SigningKeys(WebApi("Entra", entra.url, None, IdentityDown), f"/{TENANT}/discovery/v2.0/keys", clock=clock)


def kid(entra: FakeEntra) -> str:
    """The id of the key that the tenant signs with now."""
    return entra.keys[-1].kid


def has(keys: SigningKeys, kid: object) -> bool:
    return keys.find(kid) is not None


def test_keys_are_read_once_and_without_a_token(keys: SigningKeys, entra: FakeEntra) -> None:
    assert [has(keys, kid(entra)) for _ in range(5)] == [True] * 5
    assert [(request.path, request.bearer) for request in entra.journal] == [(f"/{TENANT}/discovery/v2.0/keys", None)]


def test_keys_are_not_read_before_one_is_needed(keys: SigningKeys, entra: FakeEntra) -> None:
    no_ids: list[object] = [None, 7, ["a"], {}]
    assert [has(keys, no_id) for no_id in no_ids] == [False] * 4
    assert entra.journal == []


def test_a_new_key_is_found_after_the_cooldown(keys: SigningKeys, entra: FakeEntra, clock: Clock) -> None:
    old = kid(entra)
    assert has(keys, old)
    entra.rotate()
    clock.seconds += COOLDOWN_SECONDS + 1
    assert (has(keys, kid(entra)), has(keys, old)) == (True, True)
    assert len(entra.journal) == 2


def test_unknown_ids_read_the_keys_no_more_often_than_the_cooldown(
    keys: SigningKeys, entra: FakeEntra, clock: Clock
) -> None:
    for second in range(3 * COOLDOWN_SECONDS):
        assert not has(keys, f"unknown {second}")
        clock.seconds += 1
    assert len(entra.journal) == 3


def test_old_keys_are_read_again_and_a_withdrawn_one_is_gone(keys: SigningKeys, entra: FakeEntra, clock: Clock) -> None:
    withdrawn = kid(entra)
    assert has(keys, withdrawn)
    entra.keys = [SigningKey()]
    clock.seconds += LIFESPAN_SECONDS - 1
    assert has(keys, withdrawn)
    clock.seconds += 2
    assert (has(keys, withdrawn), has(keys, kid(entra))) == (False, True)


@pytest.mark.parametrize("reply", NO_KEYS, ids=lambda reply: f"{reply.status}-{reply.body[:30]!r}")
def test_what_is_no_set_of_keys_is_an_outage(keys: SigningKeys, entra: FakeEntra, reply: Reply) -> None:
    entra.answer_always(reply)
    with deadline(2), pytest.raises(Throttled if reply.status == 429 else IdentityDown):
        keys.find(kid(entra))


def test_one_key_that_is_none_does_not_spoil_the_others(keys: SigningKeys, entra: FakeEntra) -> None:
    strange: list[dict[str, object]] = [{"kty": "new", "kid": "a"}, {"kty": "RSA", "kid": "b", "n": "!", "e": "!"}]
    entra.answer_always(json_reply({"keys": [*strange, entra.keys[0].jwk]}))
    assert (has(keys, kid(entra)), has(keys, "a"), has(keys, "b")) == (True, False, False)


@pytest.mark.parametrize("failure", [Reply(500), Reply(429, headers={"Retry-After": "60"})], ids=["500", "429"])
def test_after_a_failure_nobody_is_asked_for_a_while(
    keys: SigningKeys, entra: FakeEntra, clock: Clock, failure: Reply
) -> None:
    entra.answer_next(failure)
    for _ in range(PAUSE_SECONDS):
        with pytest.raises(Unavailable):
            keys.find(kid(entra))
        clock.seconds += 1
    assert len(entra.journal) == 1
    assert has(keys, kid(entra))


def test_an_outage_does_not_take_away_keys_that_are_fresh(keys: SigningKeys, entra: FakeEntra, clock: Clock) -> None:
    assert has(keys, kid(entra))
    entra.answer_always(Reply(500))
    clock.seconds += COOLDOWN_SECONDS + 1
    with pytest.raises(IdentityDown):
        keys.find("unknown")
    assert has(keys, kid(entra))


def test_an_outage_makes_old_keys_an_outage(keys: SigningKeys, entra: FakeEntra, clock: Clock) -> None:
    assert has(keys, kid(entra))
    entra.answer_always(Reply(500))
    clock.seconds += LIFESPAN_SECONDS + 1
    with pytest.raises(IdentityDown):
        keys.find(kid(entra))


def test_many_at_once_read_the_keys_once(keys: SigningKeys, entra: FakeEntra) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: has(keys, kid(entra)), range(50)))
    assert len(entra.journal) == 1


def test_an_entra_that_hangs_is_an_outage_within_the_deadline_for_all(keys: SigningKeys, entra: FakeEntra) -> None:
    entra.hang()
    outages = []

    def ask() -> None:
        with deadline(0.5):
            try:
                keys.find(kid(entra))
            except IdentityDown as outage:
                outages.append(outage)

    began_at = time.monotonic()
    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (len(outages), time.monotonic() - began_at < 4) == (10, True)
