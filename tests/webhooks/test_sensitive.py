"""Which values are secrets, and that taking them out and putting them back is the same webhook."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.validation import pointer_to
from shared.webhooks.sensitive import (
    is_mask,
    join_webhook,
    looks_masked,
    masked_webhook,
    name_is_secret,
    secrets_in,
    split_webhook,
)
from shared.webhooks.webhook import WebhookInput
from tests.api.superoffice.samples import ANY_JSON, TEXTS
from tests.support.cases import holds_for
from tests.webhooks.registered import webhook

MASK = "********"
NAMES = TEXTS | st.sampled_from(["token", "apiKey", "Authorization", "nested", "list", "X-Tenant"])
VALUES = st.recursive(
    ANY_JSON, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=10
)


@st.composite
def webhooks(draw: st.DrawFn) -> WebhookInput:
    """A webhook with headers and properties of any kind, some of them named in SealedHeaders."""
    headers = draw(st.none() | st.dictionaries(NAMES, TEXTS, max_size=4))
    properties = draw(st.none() | st.dictionaries(NAMES, VALUES, max_size=4))
    asked = draw(st.lists(st.sampled_from(sorted({*(headers or ()), *(properties or ())}) or ["x"]), max_size=2))
    made = webhook("a.b").model_copy(update={"headers": headers, "properties": properties})
    return made.model_copy(update={"sealed_headers": tuple(asked) or None})


@holds_for(
    "name",
    [
        *("Authorization", "authorization", "Proxy-Authorization", "X-Forwarded-Authorization"),
        *("Cookie", "Set-Cookie", "x-api-key", "ApiKey", "APIKEY", "x-functions-key", "Ocp-Apim-Subscription-Key"),
        *("token", "X-Auth-Token", "accessToken", "client_secret", "clientSecret", "PASSWORD", "db.passwd", "pwd"),
        *("passphrase", "credentials", "\u017fecret", "to\u212aen", "\uff54\uff4f\uff4b\uff45\uff4e"),
    ],
)
def test_a_name_says_that_its_value_is_a_secret(name: str) -> None:
    assert name_is_secret(name, ())


@pytest.mark.parametrize("name", ["X-Tenant", "Accept", "tenant", "", "User", "X-Request-Id", "to-ken"])
def test_other_names_say_nothing_unless_the_owner_does(name: str) -> None:
    assert not name_is_secret(name, ())
    assert name_is_secret(name, {name.casefold()})


def test_secrets_of_every_type_and_depth_are_masked_and_nothing_else() -> None:
    properties = {
        "tenant": 7,
        "apiKey": "k",
        "pin": 4711,
        "servers": [{"url": "u", "token": "A"}, {"url": "v", "token": 5.5}],
        "secrets": {"a": "x", "list": ["y", {"z": 1}], "empty": {}, "none": None, "on": True, "blank": " "},
        "cookies": ["c", "d"],
    }
    given = webhook("a.b", Headers={"X-Tenant": "7", "authorization": "Bearer t"}, Properties=properties)
    shown = masked_webhook(given.model_copy(update={"sealed_headers": ("PIN",)}))
    assert shown.headers == {"X-Tenant": "7", "authorization": MASK}
    assert shown.properties == {
        "tenant": 7,
        "apiKey": MASK,
        "pin": MASK,
        "servers": [{"url": "u", "token": MASK}, {"url": "v", "token": MASK}],
        "secrets": {"a": MASK, "list": [MASK, {"z": MASK}], "empty": {}, "none": None, "on": True, "blank": " "},
        "cookies": [MASK, MASK],
    }


@given(webhooks())
def test_what_is_taken_apart_is_put_together_again_also_after_it_was_stored(given: WebhookInput) -> None:
    masked, secrets = split_webhook(given)
    assert join_webhook(masked, json.loads(json.dumps(secrets))) == given
    assert masked_webhook(masked) == masked
    assert {value for _, value in secrets_in(masked)} <= {MASK}


@given(webhooks())
def test_the_places_of_secrets_are_those_of_the_masks(given: WebhookInput) -> None:
    places = [place for place, _ in secrets_in(given)]
    assert len(places) == len(set(places))
    assert places == [place for place, _ in secrets_in(masked_webhook(given))]


@pytest.mark.parametrize("text", [MASK, f"{MASK} ", f" {MASK}\t", f"\u00a0{MASK}"])
def test_blanks_around_the_mask_come_from_copying_it(text: str) -> None:
    assert is_mask(text)


@holds_for("text", ["*", "*******", "*********", "** **", "\u2022" * 8, "\u25cf\u25cf", " ", f"Bearer {MASK}"])
def test_what_looks_like_a_mask_is_told_from_a_secret(text: str) -> None:
    assert (is_mask(text), looks_masked(text)) == (False, True)


@pytest.mark.parametrize("text", ["hunter2", "*.example.com", "a*b", "Bearer x", "whsec_YQ=="])
def test_a_secret_does_not_look_like_a_mask(text: str) -> None:
    assert not looks_masked(text)


def test_a_place_is_a_json_pointer() -> None:
    assert pointer_to(("Properties", "a/b~c", "0")) == "#/Properties/a~1b~0c/0"
