"""What of an address is shown, what is sent, and which addresses are one."""

import re

from hypothesis import assume, example, given
from hypothesis import strategies as st

from shared.dynamics.registration.address import address, query_names, sent_url, shown_url, url_secrets
from shared.outbound.target import TargetRefused, parse_target
from shared.secret_mask import SECRET_MASK
from tests.dynamics.registration.samples import PUBLIC_URL, RECEIVER
from tests.support.cases import holds_for

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
SECRET = st.text(st.sampled_from("s3cretSECRET:%+/=.~-_"), min_size=4, max_size=20).map("top-s3cret-".__add__)
LOGIC_APP = (
    "https://prod-10.westeurope.logic.azure.com/workflows/0/triggers/manual/paths/invoke"
    "?api-version=2016-10-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=SECRET"
)


@holds_for(
    ("url", "shown"),
    [
        (RECEIVER, RECEIVER),
        (f"{RECEIVER}?code=SECRET", f"{RECEIVER}?code={SECRET_MASK}"),
        (f"{RECEIVER}?Code=SECRET&x=y", f"{RECEIVER}?Code={SECRET_MASK}&x={SECRET_MASK}"),
        (
            LOGIC_APP,
            f"{LOGIC_APP.partition('?')[0]}?api-version={SECRET_MASK}&sp={SECRET_MASK}&sv={SECRET_MASK}&sig={SECRET_MASK}",
        ),
        ("https://h.example/x?anything=SECRET", f"https://h.example/x?anything={SECRET_MASK}"),
        ("https://h.example/x?a%20b=SECRET", f"https://h.example/x?a%20b={SECRET_MASK}"),
        ("https://h.example/x?SECRET", f"https://h.example/x?{SECRET_MASK}"),
        ("https://h.example/x?SECRET==", f"https://h.example/x?{SECRET_MASK}"),
        ("https://h.example/x?a=S&amp;sig=T", f"https://h.example/x?a={SECRET_MASK}&{SECRET_MASK}"),
        ("https://h.example/x?a=SEC?RET=x;b=c", f"https://h.example/x?a={SECRET_MASK}"),
        ("https://h.example/x?a=1#SECRET", f"https://h.example/x?a={SECRET_MASK}#{SECRET_MASK}"),
        ("https://h.example/x#?code=SECRET", f"https://h.example/x#{SECRET_MASK}"),
        ("https://user:SECRET@h.example/x", f"https://{SECRET_MASK}@h.example/x"),
        ("https://SECRET@h.example:443/x", f"https://{SECRET_MASK}@h.example:443/x"),
        ("https://user:SEC@RET@h.example/x", f"https://{SECRET_MASK}@h.example/x"),
        ("https://user:SECRET", f"https://{SECRET_MASK}"),
        ("user:SECRET@h.example/x?code=S", f"{SECRET_MASK}@h.example/x?code={SECRET_MASK}"),
        ("https:\\\\user:SECRET@h.example", f"https:\\\\{SECRET_MASK}@h.example"),
        ("https://user:SEC/RE?T#x@h.example/x", f"https://{SECRET_MASK}@h.example/x"),
        ("https://h.example/@scope/x?y=a@b", f"https://h.example/@scope/x?y={SECRET_MASK}"),
        ("//user:SECRET@h.example/x", f"//{SECRET_MASK}@h.example/x"),
        ("https://h.example/x&code=SECRET", f"https://h.example/x&code={SECRET_MASK}"),
        ("https://h.example/x%3Fcode=SECRET/y", f"https://h.example/x%3Fcode={SECRET_MASK}/y"),
        ("https://h.example/x;sig=SECRET?y", f"https://h.example/x;sig={SECRET_MASK}?{SECRET_MASK}"),
        (" https://h.example/x?code=SECRET ", f"https://h.example/x?code={SECRET_MASK}"),
        ("https://[2001:db8::1]:443/x", "https://[2001:db8::1]:443/x"),
        ("SECRET?", "SECRET?"),
        ("", ""),
    ],
)
def test_values_are_masked_wherever_they_stand(url: str, shown: str) -> None:
    assert shown_url(url) == shown
    assert shown_url(shown) == shown


@given(url=TEXT | st.text(st.sampled_from("ab:/?#@&;=[]%\\ *"), max_size=40))
def test_any_text_is_shown_and_what_is_shown_is_shown_as_it_is(url: str) -> None:
    assert shown_url(shown_url(url)) == shown_url(url)


@given(
    secret=SECRET,
    place=st.sampled_from(
        [
            "https://h.example/x?code={}",
            "https://h.example?a=b&anything={}&c=d",
            "https://h.example/x?{}",
            "https://h.example/x?a={}#f",
            "https://h.example/x#{}",
            "http://user:{}@h.example/x?y=z",
            "no address at all?a={}",
        ]
    ),
)
def test_no_part_of_a_secret_is_shown(secret: str, place: str) -> None:
    # What stands before an equals sign is a name.
    assume("=" not in secret.rstrip("=") or not place.endswith("?{}"))
    assert "s3cret" not in shown_url(place.format(secret))
    assert any("s3cret" in one for one in url_secrets(place.format(secret)))


def test_secrets_are_known_in_the_spellings_that_a_message_may_have() -> None:
    found = url_secrets("https://user:pass%2Fword@h.example/x?sig=a%2Bb%3Dc&v=1#fragment")
    assert set(found) == {"user", "user:pass%2Fword", "pass%2Fword", "user:pass/word", "pass/word"} | {
        "a%2Bb%3Dc",
        "a+b=c",
        "fragment",
    }
    assert url_secrets(f"https://h.example/x?sig={SECRET_MASK}") == ()


@holds_for(
    ("url", "sent"),
    [
        (RECEIVER, RECEIVER),
        (f"{RECEIVER}/", RECEIVER),
        (f"{RECEIVER}///", RECEIVER),
        (f"{RECEIVER}/?", RECEIVER),
        ("https://HUB.example:443/", "https://HUB.example:443"),
        ("https://h.example/a/?b=c", "https://h.example/a/?b=c"),
        ("https://h.example/a?sig=b//", "https://h.example/a?sig=b%2F%2F"),
        ("https://h.example/\u00e9/?a=\u00fc", "https://h.example/%C3%A9/?a=%C3%BC"),
        ("https://b\u00fccher.example/", "https://xn--bcher-kva.example"),
        ("http://b\u00fccher.example:443/a", "http://xn--bcher-kva.example:443/a"),
    ],
)
def test_an_address_is_registered_as_dataverse_sends_it(url: str, sent: str) -> None:
    assert sent_url(url) == sent


@given(path=TEXT)
@example(path="a/?b=/")
@example(path="?/")
def test_what_is_registered_is_what_dataverse_sends(path: str) -> None:
    try:
        sent = sent_url(f"https://h.example/{path}")
    except TargetRefused:
        return
    assert sent.isascii()
    assert sent.strip().rstrip("/") == sent
    assert sent_url(sent) == sent
    assert parse_target(sent).host == "h.example"


SAME = [
    RECEIVER,
    f"{RECEIVER}/",
    f"{RECEIVER}//",
    f" {RECEIVER} ",
    f"{RECEIVER}\n",
    f"{RECEIVER}?code=SECRET",
    f"{RECEIVER}?CODE=SECRET",
    f"{RECEIVER}/?code=SECRET",
    f"{RECEIVER}?code=a&clientId=default",
    f"{RECEIVER}?x=y",
    f"{RECEIVER}#part",
    RECEIVER.replace("connection", "Connection"),
    RECEIVER.replace("/api/webhooks", "/API/WebHooks"),
    RECEIVER.replace("/api/", "/%61pi/"),
    RECEIVER.replace("hub.example", "HUB.Example"),
    RECEIVER.replace("hub.example", "hub.example."),
    RECEIVER.replace("hub.example", "hub.example:443"),
    RECEIVER.replace("https", "http"),
    RECEIVER.replace("https", "HTTPS"),
    RECEIVER.replace("https", "http").replace("hub.example", "hub.example:80"),
    RECEIVER.replace("//", "//user:pw@"),
]
OTHER = [
    f"{RECEIVER}/x",
    f"{RECEIVER}s",
    RECEIVER.replace("connection", "dynamics"),
    RECEIVER.replace("hub.example", "hub2.example"),
    RECEIVER.replace("hub.example", "hub.example:8080"),
    RECEIVER.replace("/api/", "/api//"),
    f"https://gateway.example/?to={RECEIVER}",
    PUBLIC_URL,
    "hub.example",
    "",
]


@holds_for("url", SAME)
def test_addresses_that_reach_the_same_function_are_one(url: str) -> None:
    # The ids that `ensure` makes follow from this text, so it must not change.
    assert address(url) == "https://hub.example/api/webhooks/incoming/dynamicscrm/connection"


@holds_for("url", SAME)
def test_the_function_of_any_event_has_one_address_too(url: str) -> None:
    written = re.sub("/connection", "", url, flags=re.IGNORECASE)
    assert address(written) == "https://hub.example/api/webhooks/incoming/dynamicscrm"


@holds_for("url", OTHER)
def test_addresses_that_do_not_are_others(url: str) -> None:
    assert address(url) != address(RECEIVER)


def test_elsewhere_a_query_may_choose_the_receiver() -> None:
    one, other = "https://gateway.example/x?to=a&Code=1", "https://gateway.example/X/?code=2&to=a"
    assert address(one) == address(other) == "https://gateway.example/x?to=a"
    assert address(one) != address("https://gateway.example/x?to=b")


@given(url=TEXT)
def test_any_text_has_an_address(url: str) -> None:
    assert address(url) == address(url)
    assert isinstance(query_names(url), list)
