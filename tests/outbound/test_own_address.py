"""Targets that lead back to the hub: refused in every spelling on save, on test and on each attempt; others are not."""

from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.callers.caller import Caller
from shared.delivery.record import DeliveryState
from shared.errors import BadRequest
from shared.hub.hub import Hub
from shared.outbound.addresses import Address
from shared.outbound.target import TargetRefused
from shared.outbound.target_policy import OwnAddress, TargetPolicy, own_addresses
from shared.roles.user import User
from shared.settings import Settings
from shared.webhooks.registration import Registration
from shared.webhooks.webhook import WEBHOOK_TYPES, parse_webhook
from tests.fakes.receiver import Receiver
from tests.support.cases import holds_for
from tests.support.delivering import attempt, delivering_hub, register, save

LOCAL = (IPv4Network("127.0.0.0/8"), IPv4Network("0.0.0.0/8"), IPv6Network("::1/128"), IPv6Network("::/128"))
PUBLIC = ip_address("93.184.216.34")
CALLER = Caller(User.of_account("kim@hub.example"))


def refusal(public_url: str, target: str, *addresses: Address) -> str | None:
    """The rule by which a target is refused that resolves to these addresses (one of the internet, if none)."""
    policy = TargetPolicy(require_https=False, allowed_networks=LOCAL, own=own_addresses([public_url]))
    try:
        policy.judge_addresses(policy.parse(target), addresses or (PUBLIC,))
    except TargetRefused as error:
        return error.rule
    return None


@holds_for(
    ("public_url", "target"),
    [
        ("https://hub.example", "https://hub.example/api/v1/Webhook/loop.x/1"),
        ("https://hub.example", "https://HUB.Example:443"),
        ("https://hub.example", "https://hub.example./x"),
        ("https://hub.example:443", "https://hub.example"),
        ("https://HUB.example", "https://hub.example"),
        # The platform answers to both ports.
        ("https://hub.example", "http://hub.example/"),
        ("https://hub.example", "http://hub.example:443/"),
        ("http://hub.example:80", "https://hub.example/"),
        ("https://hub.example:8443", "https://hub.example:8443?a"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example", "https://BÜCHER.example"),
        ("https://hub.example", "https://\uff48\uff55\uff42.example"),
        ("http://localhost:7071", "http://LOCALHOST:7071/"),
        ("http://localhost:7071", "http://localhost.:7071/"),
        ("http://localhost:7071", "http://api.localhost:7071/"),
        ("http://127.0.0.1:7071", "http://localhost:7071/"),
    ],
)
def test_a_target_that_names_the_hub_is_refused(public_url: str, target: str) -> None:
    assert refusal(public_url, target) == "hub"


@holds_for(
    ("public_url", "target"),
    [
        ("https://hub.example", "https://hub.example:8443/"),
        ("https://hub.example:8443", "https://hub.example/"),
        ("https://hub.example", "https://hub.example.com/"),
        ("https://hub.example", "https://a.hub.example/"),
        ("https://hub.example", "https://example/"),
        # Of a host with a name only the name tells: many live at the platform's addresses.
        ("https://hub.example", "https://other.example/"),
        ("http://localhost:7071", "http://localhost:8000/"),
        ("http://localhost:7071", "http://localhost/"),
        ("http://127.0.0.1:7071", "http://localhost:7072/"),
        ("http://localhost:7071", "http://hub.example:7071/"),
        ("http://93.184.216.35", "http://93.184.216.34/"),
    ],
)
def test_a_target_elsewhere_is_not(public_url: str, target: str) -> None:
    assert refusal(public_url, target) is None


@holds_for("public_url", ["http://localhost:7071", "http://127.0.0.1:7071", "http://[::1]:7071"])
@holds_for(
    ("target", "address"),
    [
        ("http://127.0.0.1:7071/", "127.0.0.1"),
        ("http://127.1:7071/", "127.0.0.1"),
        ("http://0x7f000001:7071/", "127.0.0.1"),
        ("http://127.9.8.7:7071/", "127.9.8.7"),
        ("http://[::1]:7071/", "::1"),
        ("http://[0:0:0:0:0:0:0:1]:7071/", "::1"),
        ("http://[::ffff:127.0.0.1]:7071/", "::ffff:127.0.0.1"),
        ("http://0.0.0.0:7071/", "0.0.0.0"),  # noqa: S104 - nobody binds to it
        ("http://0:7071/", "0.0.0.0"),  # noqa: S104
        ("http://[::]:7071/", "::"),
        # A stranger's name for this machine.
        ("http://loops.example:7071/", "127.0.0.1"),
    ],
)
def test_a_hub_on_this_machine_is_found_behind_every_name_of_it(public_url: str, target: str, address: str) -> None:
    assert refusal(public_url, target, ip_address(address)) == "hub"
    assert refusal(public_url, target.replace("7071", "7072"), ip_address(address)) is None


@holds_for("spelling", ["93.184.216.34", "93.184.55330", "0x5db8d822", "[::ffff:93.184.216.34]"])
@holds_for("target", ["https://93.184.216.34/", "https://0135.0270.216.34/", "https://a.example/"])
def test_a_hub_that_is_known_by_its_address_is_found_behind_every_name_of_it(spelling: str, target: str) -> None:
    assert refusal(f"https://{spelling}", target, PUBLIC) == "hub"
    assert refusal(f"https://{spelling}", target, ip_address("2606:4700::1111"), PUBLIC) == "hub"
    assert refusal(f"https://{spelling}", "https://a.example/", ip_address("93.184.216.35")) is None


labels = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True).filter(lambda label: "--" not in label)


@given(st.lists(labels, min_size=2, max_size=4), st.sampled_from([80, 443, 7071, 8443]), st.data())
def test_no_change_of_case_port_or_dot_makes_another_host(names: list[str], port: int, data: st.DataObject) -> None:
    def spelled() -> str:
        host = ".".join(names)
        cases: list[Callable[[str], str]] = [str.lower, str.upper, str.title]
        written = data.draw(st.sampled_from(cases))(host) + data.draw(st.sampled_from(["", "."]))
        scheme = data.draw(st.sampled_from(["http", "https", "HTTPS"]))
        is_default = port == {"http": 80, "https": 443}[scheme.lower()]
        return f"{scheme}://{written}" + ("" if is_default and data.draw(st.booleans()) else f":{port}")

    assert refusal(spelled(), spelled()) == "hub"


def test_the_name_that_the_platform_gave_the_app_is_its_own_too() -> None:
    settings = Settings.read(
        {"PUBLIC_URL": "https://hooks.contoso.com", "WEBSITE_HOSTNAME": "contoso.azurewebsites.net"}
    )
    policy = TargetPolicy(require_https=True, own=own_addresses(settings.own_urls))
    for url in ("https://contoso.azurewebsites.net/api", "https://hooks.contoso.com/api"):
        with pytest.raises(TargetRefused) as caught:
            policy.parse(url)
        assert caught.value.rule == "hub"
    policy.parse("https://fabrikam.azurewebsites.net/api")


def hub_at(connection_string: str, receiver: Receiver) -> Hub:
    """A hub whose address is the receiver's."""
    return delivering_hub(connection_string, PUBLIC_URL=receiver.url)


@pytest.mark.parametrize("state", ["Active", "Stopped"])
@pytest.mark.parametrize("type_", ["webhook", "cloudevents", "cloudevents-binary"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1"])
def test_a_save_is_refused_and_calls_nobody(
    connection_string: str, receiver: Receiver, state: str, type_: str, host: str
) -> None:
    hub = hub_at(connection_string, receiver)
    with pytest.raises(BadRequest) as caught:
        register(hub, f"http://{host}:{receiver.port}/api", Type=type_, State=state)
    (error,) = caught.value.errors
    assert (error.pointer, "(rule: hub)" in error.detail) == ("#/TargetUrl", True)
    assert receiver.connections == 0


def test_a_test_without_a_save_is_refused_and_calls_nobody(connection_string: str, receiver: Receiver) -> None:
    hub = hub_at(connection_string, receiver)
    webhook = parse_webhook({"Name": "n", "Events": ["a.b"], "TargetUrl": receiver.url}, types=WEBHOOK_TYPES)
    with pytest.raises(BadRequest, match=r"rule: hub"):
        hub.receivers.saving.test(webhook, None, CALLER)
    assert receiver.connections == 0


@pytest.fixture
def stored_before(connection_string: str, receiver: Receiver) -> Registration:
    """A webhook of the previous version, which points at what is the hub now."""
    stored = register(delivering_hub(connection_string), receiver.url)
    receiver.reset()
    return stored


def test_an_attempt_for_a_webhook_of_the_previous_version_is_blocked(
    connection_string: str, receiver: Receiver, stored_before: Registration
) -> None:
    hub = hub_at(connection_string, receiver)
    event = attempt(hub, stored_before)
    record = hub.receivers.deliveries.get(stored_before.id, event)
    assert record is not None
    assert (record.state, record.log[0].error_class) == (DeliveryState.PENDING, "blocked")
    assert receiver.connections == 0


def test_a_webhook_of_the_previous_version_can_be_renamed_stopped_and_moved(
    connection_string: str, receiver: Receiver, stored_before: Registration
) -> None:
    hub = hub_at(connection_string, receiver)
    assert save(hub, stored_before.id, Name="Other").webhook.name == "Other"
    assert save(hub, stored_before.id, State="Stopped").webhook.state.value == "Stopped"
    with Receiver() as elsewhere:
        assert save(hub, stored_before.id, TargetUrl=elsewhere.url).webhook.target_url == elsewhere.url
    assert receiver.connections == 0


@pytest.mark.parametrize("url", ["", "hub.example", "https://-hub.example", "https://a b.example"])
def test_an_address_that_no_target_can_have_is_not_looked_for(url: str) -> None:
    assert OwnAddress.of_url(url) is None
    assert own_addresses([url]) == ()
