"""Who may be told that a webhook was disabled, at a save and when the mail is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import BadRequest
from shared.hub.hub import Hub
from shared.webhooks.recipients import MAX_RECIPIENTS, Recipients
from shared.webhooks.webhook import WebhookInput
from tests.fakes.receiver import Receiver
from tests.support.cases import holds_for
from tests.support.delivering import delivering_hub, register, save
from tests.webhooks.registered import webhook

ANY = Recipients.of("", ())
CONTOSO = Recipients.of("hub@contoso.example", ())
BAD = [
    "a@b.c, d@e.f",
    "a@b.c;d@e.f",
    "a@b.c d@e.f",
    "a@b.c,",
    "Kim <a@b.c>",
    "<a@b.c>",
    '"a,d@e.f"@b.c',
    "a@b@c",
    "a(d@e.f)@b.c",
    "a@[127.0.0.1]",
    "mailto:a@b.c",
    "a@b.c?cc=d@e.f",
    "a@",
    "@b.c",
    "a",
    "a@b..c",
    "a@.b.c",
    "a@-b.c",
    "a@b_c",
    "a\\@b.c",
    "a\uff0cd\uff20e.f@b.c",
    "a@b.c\uff0cd@e.f",
    "b%victim.example@contoso.example",
    "victim.example!b@contoso.example",
    "=?utf-8?q?x?=@contoso.example",
    "a=?b@contoso.example",
    "b\uff05victim.example@contoso.example",
    "victim.example\uff01b@contoso.example",
    "\uff1d\uff1fx@contoso.example",
]
GOOD = [
    "a@b.c",
    "first.last+tag@sub.contoso.example",
    "o'neill@contoso.example",
    "née@bücher.example",
    "a@CONTOSO.Example.",
    "what?=a#b$c&d*e/f^g`h{i|j}k~l@contoso.example",
]


def pointers(rule: Recipients, given_: WebhookInput, before: WebhookInput | None = None) -> list[str]:
    return [error.pointer for error in rule.refusals(given_, before)]


@holds_for("address", BAD)
def test_what_is_not_exactly_one_address_is_refused_by_its_place(address: str) -> None:
    assert pointers(ANY, webhook("a.b", ErrorsEmail=address)) == ["#/ErrorsEmail"]
    assert pointers(ANY, webhook("a.b", ErrorEmails=["x@y.z", address])) == ["#/ErrorEmails/1"]
    assert ANY.of_webhook(webhook("a.b", ErrorsEmail=address, ErrorEmails=["x@y.z", address])) == ("x@y.z",)


@pytest.mark.parametrize("address", GOOD)
def test_an_address_is_taken_where_no_domain_can_be_judged(address: str) -> None:
    given_ = webhook("a.b", ErrorsEmail=address)
    assert (pointers(ANY, given_), ANY.of_webhook(given_)) == ([], (address,))


@holds_for(
    ("mailbox", "domains", "address", "is_allowed"),
    [
        ("hub@contoso.example", (), "a@contoso.example", True),
        ("hub@CONTOSO.example", (), "a@Contoso.Example.", True),
        ("hub@contoso.example", (), "a@sub.contoso.example", False),
        ("hub@contoso.example", (), "a@notcontoso.example", False),
        ("hub@contoso.example", (), "a@contoso.example.evil", False),
        ("hub@contoso.example", ("fabrikam.example", "@Contoso.com"), "a@fabrikam.example", True),
        ("hub@contoso.example", ("fabrikam.example", "@Contoso.com"), "a@contoso.com", True),
        ("hub@contoso.example", ("fabrikam.example",), "a@contoso.example", False),
        ("hub@bücher.example", (), "a@xn--bcher-kva.example", True),
        ("", ("contoso.example",), "a@fabrikam.example", False),
        # A mailbox by its id has no domain: nobody is told until the domains are set.
        ("5f0b4c8e-2d6a-4c5e-9a53-7b1c0e4d9a21", (), "a@contoso.example", False),
        ("5f0b4c8e-2d6a-4c5e-9a53-7b1c0e4d9a21", ("contoso.example",), "a@contoso.example", True),
        ("hub@contoso.example", ("*",), "a@contoso.example", False),
    ],
)
def test_domains_are_those_of_the_settings_or_the_mailboxs(
    mailbox: str,
    domains: tuple[str, ...],
    address: str,
    is_allowed: bool,
) -> None:
    rule, given_ = Recipients.of(mailbox, domains), webhook("a.b", ErrorEmails=[address])
    assert (pointers(rule, given_) == [], rule.of_webhook(given_) == (address,)) == (is_allowed, is_allowed)


def test_a_refusal_repeats_no_address() -> None:
    refusals = CONTOSO.refusals(webhook("a.b", ErrorsEmail="a@b.c", ErrorEmails=["d@e.f, g@h.i"]), None)
    assert len(refusals) == 2
    assert not any("@b.c" in error.detail or "@e.f" in error.detail for error in refusals)


def people(count: int, domain: str = "contoso.example") -> list[str]:
    return [f"person{number}@{domain}" for number in range(count)]


def test_twenty_recipients_are_taken_and_each_counts_once() -> None:
    twenty = people(MAX_RECIPIENTS)
    assert pointers(CONTOSO, webhook("a.b", ErrorsEmail=twenty[0], ErrorEmails=[*twenty, twenty[3]])) == []
    assert pointers(CONTOSO, webhook("a.b", ErrorsEmail="one@contoso.example", ErrorEmails=twenty)) == ["#/ErrorEmails"]
    assert pointers(CONTOSO, webhook("a.b", ErrorEmails=people(1000))) == ["#/ErrorEmails"]


def test_only_what_a_save_adds_is_judged() -> None:
    before = webhook("a.b", ErrorsEmail="a@b.c, d@e.f", ErrorEmails=people(30, "victim.example"))
    assert pointers(CONTOSO, before, before) == []
    assert pointers(CONTOSO, webhook("a.b", ErrorEmails=people(25, "victim.example")), before) == []
    more = webhook("a.b", ErrorEmails=[*people(25, "victim.example"), "one@contoso.example"])
    assert pointers(CONTOSO, more, before) == ["#/ErrorEmails"]
    fewer = webhook("a.b", ErrorEmails=[*people(19, "victim.example"), "one@contoso.example"])
    assert pointers(CONTOSO, fewer, before) == []


addresses = st.lists(st.sampled_from([*BAD, *GOOD, *people(30)]), max_size=40, unique=True)


@given(addresses, addresses, st.sampled_from([ANY, CONTOSO]))
def test_what_was_taken_is_told_and_what_is_told_could_be_saved(
    first: list[str], second: list[str], rule: Recipients
) -> None:
    before, after = webhook("a.b", ErrorEmails=first), webhook("a.b", ErrorEmails=second)
    told = rule.of_webhook(after)
    assert rule.refusals(webhook("a.b", ErrorEmails=list(told)), None) == []
    if not rule.refusals(after, None):
        assert sorted(told) == sorted(after.error_emails)
    if set(second) <= set(first):
        assert rule.refusals(after, before) == []


@pytest.fixture
def hub(connection_string: str) -> Hub:
    return delivering_hub(connection_string, NOTICE_MAILBOX="hub@contoso.example")


def test_a_save_is_refused_before_its_test_event_goes_out(hub: Hub, receiver: Receiver) -> None:
    with pytest.raises(BadRequest) as caught:
        register(hub, receiver.url, ErrorEmails=["a@contoso.example", "b@victim.example"])
    assert [error.pointer for error in caught.value.errors] == ["#/ErrorEmails/1"]
    assert receiver.connections == 0
    assert hub.receivers.webhooks.get(1) is None


def test_recipients_of_the_previous_version_stay_and_can_be_taken_away(
    hub: Hub, connection_string: str, receiver: Receiver
) -> None:
    stored = register(delivering_hub(connection_string), receiver.url, ErrorEmails=people(3, "victim.example"))
    assert save(hub, stored.id, Name="Other").webhook.error_emails == stored.webhook.error_emails
    with pytest.raises(BadRequest):
        save(hub, stored.id, ErrorEmails=people(4, "victim.example"))
    assert save(hub, stored.id, ErrorEmails=people(2, "victim.example")).webhook.error_emails == (
        *people(2, "victim.example"),
    )


@pytest.mark.parametrize("domain", ["ü-.example", "\u2660.example", "xn--ü.example"])
def test_a_domain_that_idna_does_not_allow_is_none(domain: str) -> None:
    assert pointers(ANY, webhook("a.b", ErrorsEmail=f"a@{domain}")) == ["#/ErrorsEmail"]
