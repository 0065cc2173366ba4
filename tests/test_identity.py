import json
import logging
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.deadline import deadline
from shared.errors import IdentityDown
from shared.identity import AppIdentity
from tests.fakes.identity import FakeIdentityEndpoint
from tests.fakes.server import Reply

RESOURCE = "https://contoso.crm.dynamics.com"


@pytest.fixture
def endpoint() -> Iterator[FakeIdentityEndpoint]:
    """A managed identity, and nothing else that azure-identity could ask."""
    with FakeIdentityEndpoint() as running:
        os.environ.update(running.environment)
        yield running


def test_a_managed_identity_gives_a_token_for_the_resource(endpoint: FakeIdentityEndpoint) -> None:
    assert AppIdentity().token(RESOURCE) == f"token for {RESOURCE}"
    assert [request.query["resource"] for request in endpoint.journal] == [RESOURCE]


def test_a_token_is_kept_until_it_expires(endpoint: FakeIdentityEndpoint) -> None:
    identity = AppIdentity()
    assert [identity.token(RESOURCE) for _ in range(3)] == [f"token for {RESOURCE}"] * 3
    assert len(endpoint.journal) == 1


def test_fifty_that_need_a_token_at_once_ask_once(endpoint: FakeIdentityEndpoint) -> None:
    identity = AppIdentity()
    with ThreadPoolExecutor(50) as pool:
        tokens = list(pool.map(lambda _: identity.token(RESOURCE), range(50)))
    assert (set(tokens), len(endpoint.journal)) == ({f"token for {RESOURCE}"}, 1)


def test_an_expired_token_is_not_used_again(endpoint: FakeIdentityEndpoint) -> None:
    endpoint.seconds = 0
    identity = AppIdentity()
    identity.token(RESOURCE)
    identity.token(RESOURCE)
    assert len(endpoint.journal) == 2


@pytest.mark.parametrize("reply", [Reply(400, b"s3cret"), Reply(403, b"s3cret"), Reply(200, b"s3cret"), Reply(200)])
def test_an_answer_without_a_token_is_an_outage_that_repeats_nothing_of_it(
    endpoint: FakeIdentityEndpoint, reply: Reply
) -> None:
    endpoint.answer_always(reply)
    with pytest.raises(IdentityDown) as caught:
        AppIdentity().token(RESOURCE)
    assert "s3cret" not in f"{caught.value!r}{caught.value.__cause__!r}"


@pytest.mark.parametrize("reply", [Reply(400, b"no"), Reply(200, b"no")])
def test_an_identity_that_fails_after_it_gave_a_token_is_an_outage_too(
    endpoint: FakeIdentityEndpoint, reply: Reply
) -> None:
    endpoint.seconds = 0
    identity = AppIdentity()
    identity.token(RESOURCE)
    endpoint.answer_always(reply)
    with pytest.raises(IdentityDown):
        identity.token(RESOURCE)


@pytest.mark.parametrize("gave_one_before", [False, True])
def test_an_identity_that_cannot_be_reached_is_an_outage_within_the_deadline(
    endpoint: FakeIdentityEndpoint, *, gave_one_before: bool
) -> None:
    endpoint.seconds = 0
    identity = AppIdentity()
    if gave_one_before:
        identity.token(RESOURCE)
    endpoint.close()
    began_at = time.monotonic()
    with deadline(0.5), pytest.raises(IdentityDown):
        identity.token(RESOURCE)
    assert time.monotonic() - began_at < 3


def test_an_identity_that_answers_nothing_is_an_outage_within_the_deadline(endpoint: FakeIdentityEndpoint) -> None:
    endpoint.hang()
    began_at = time.monotonic()
    with deadline(0.5), pytest.raises(IdentityDown):
        AppIdentity().token(RESOURCE)
    assert time.monotonic() - began_at < 3


def test_without_any_identity_no_token_is_to_be_had_and_the_resource_is_named() -> None:
    for name in [name for name in os.environ if name.startswith(("AZURE_", "IDENTITY_", "MSI_"))]:
        del os.environ[name]
    os.environ["AZURE_TOKEN_CREDENTIALS"] = "EnvironmentCredential"
    began_at = time.monotonic()
    with pytest.raises(IdentityDown, match=RESOURCE):
        AppIdentity().token(RESOURCE)
    assert time.monotonic() - began_at < 5


def test_nothing_is_asked_before_a_token_is_needed(endpoint: FakeIdentityEndpoint) -> None:
    AppIdentity()
    assert endpoint.journal == []


@pytest.mark.parametrize("reply", [Reply(500), Reply(429, headers={"Retry-After": "60"}), Reply(503)])
def test_an_identity_that_is_too_busy_is_an_outage_within_the_deadline(
    endpoint: FakeIdentityEndpoint, reply: Reply
) -> None:
    endpoint.answer_always(reply)
    began_at = time.monotonic()
    with deadline(1), pytest.raises(IdentityDown):
        AppIdentity().token(RESOURCE)
    assert time.monotonic() - began_at < 2


def test_a_virtual_machines_identity_that_answers_nothing_is_an_outage_within_the_deadline(
    endpoint: FakeIdentityEndpoint,
) -> None:
    endpoint.hang()
    del os.environ["IDENTITY_ENDPOINT"]
    os.environ["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = endpoint.url
    began_at = time.monotonic()
    with deadline(0.5), pytest.raises(IdentityDown):
        AppIdentity().token(RESOURCE)
    assert (len(endpoint.journal), time.monotonic() - began_at < 2) == (1, True)


def test_each_resource_has_a_token_of_its_own(endpoint: FakeIdentityEndpoint) -> None:
    identity = AppIdentity()
    resources = [RESOURCE, "https://graph.microsoft.com", RESOURCE]
    assert [identity.token(resource) for resource in resources] == [f"token for {resource}" for resource in resources]
    assert len(endpoint.journal) == 2


@pytest.fixture
def az(tmp_path: Path) -> Path:
    """A developer's `az`, and no other identity; it notes each start in a file."""
    starts, command = tmp_path / "starts", tmp_path / "az"
    answer = {"accessToken": "token of az", "expires_on": int(time.time()) + 3600}
    command.write_text(f"#!/bin/sh\necho \"$@\" >> '{starts}'\necho '{json.dumps(answer)}'\n")
    command.chmod(0o700)
    os.environ.update(PATH=f"{tmp_path}:{os.environ['PATH']}", AZURE_TOKEN_CREDENTIALS="AzureCliCredential")
    return starts


def test_a_developers_token_is_kept_so_that_az_is_started_once(az: Path) -> None:
    identity = AppIdentity()
    assert [identity.token(RESOURCE) for _ in range(3)] == ["token of az"] * 3
    [start] = az.read_text().splitlines()
    assert start.endswith(f"--resource {RESOURCE}")


def test_no_token_is_logged(endpoint: FakeIdentityEndpoint, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    token = AppIdentity().token(RESOURCE)
    assert token not in caplog.text
    assert endpoint.environment["IDENTITY_HEADER"] not in caplog.text
