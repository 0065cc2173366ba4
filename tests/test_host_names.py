import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.host_names import HostEntry, domain_name


@pytest.mark.parametrize(
    ("written", "domain"),
    [
        ("contoso.com", "contoso.com"),
        ("Contoso.COM.", "contoso.com"),
        ("m\u00fcnchen.example", "xn--mnchen-3ya.example"),
        ("localhost", "localhost"),
        ("@contoso.com", None),
        (".contoso.com", None),
        ("contoso..com", None),
        ("contoso_.com", None),
        ("\u2603.", None),
        (".", None),
        ("", None),
    ],
)
def test_a_domain_is_known_in_one_spelling(written: str, domain: str | None) -> None:
    assert domain_name(written) == domain


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("GIS.contoso.com", HostEntry("gis.contoso.com", None)),
        ("gis_1:6443", HostEntry("gis_1", 6443)),
        (".contoso.com", HostEntry(".contoso.com", None)),
        ("10.0.0.7:65535", HostEntry("10.0.0.7", 65_535)),
        ("[::1]:443", HostEntry("::1", 443)),
        ("[2001:DB8:0:0::1]", HostEntry("2001:db8::1", None)),
        ("2001:db8::1", HostEntry("2001:db8::1", None)),
        ("gis.contoso.com:0", None),
        ("gis.contoso.com:65536", None),
        ("gis.contoso.com:", None),
        ("gis.contoso.com.", None),
        ("https://gis.contoso.com", None),
        ("[gis.contoso.com]:443", None),
        ("[::1", None),
        ("1::x", None),
        ("fe80::1%eth0", None),
        (".", None),
        ("", None),
    ],
)
def test_an_entry_names_a_host_and_perhaps_a_port(text: str, entry: HostEntry | None) -> None:
    assert HostEntry.parse(text) == entry


@given(st.text(st.sampled_from("ag1.:[]_-%@\u00fc\u2603 "), max_size=20))
def test_any_text_is_read_or_refused_and_what_is_read_stays_as_it_is(text: str) -> None:
    entry, domain = HostEntry.parse(text), domain_name(text)
    assert domain is None or domain_name(domain) == domain
    assert entry is None or HostEntry.parse(entry.host) == HostEntry(entry.host, None)
