from contextlib import suppress
from string import ascii_lowercase, printable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.outbound.target import TargetRefused, parse_target
from tests.support.cases import holds_for

REFUSED = [
    # Characters that two parsers read differently.
    ("", "scheme"),
    ("http://h\\@evil.example/", "syntax"),
    ("https://a.example\\b.example/", "syntax"),
    ("https://a.example/b\\c", "syntax"),
    ("https:\\\\a.example/", "syntax"),
    ("https://a.ex\tample/", "syntax"),
    ("https://a.example/\r\nHost: evil", "syntax"),
    ("https://a.example/\n", "syntax"),
    (" https://a.example/", "syntax"),
    ("https://a.example/ b", "syntax"),
    ("https://a.example/\x00", "syntax"),
    ("https://a.example\x7f/", "syntax"),
    ("https://a.example\u3000/", "syntax"),
    ("https://a.exam\u200bple/", "syntax"),
    ("https://a.example/\ud800", "syntax"),
    ("https://a.example/\u2028", "syntax"),
    ("https://a.example/" + "a" * 4_000, "syntax"),
    ("https:/a.example/", "syntax"),
    ("https:a.example", "syntax"),
    ("ftp://a.example/", "scheme"),
    ("file:///etc/passwd", "scheme"),
    ("gopher://a.example/", "scheme"),
    ("javascript:alert(1)", "scheme"),
    ("a.example/hook", "scheme"),
    ("//a.example/hook", "scheme"),
    ("://a.example", "scheme"),
    ("http\u017f://a.example/", "scheme"),
    ("https://user@a.example/", "userinfo"),
    ("https://user:secret@a.example/", "userinfo"),
    ("https://@a.example/", "userinfo"),
    ("https://a.example@127.0.0.1/", "userinfo"),
    ("https://a.example:443@127.0.0.1/", "userinfo"),
    ("https://a@b@c.example/", "userinfo"),
    ("https://a.example/#part", "fragment"),
    ("https://a.example#", "fragment"),
    ("https://a.example#@127.0.0.1/", "fragment"),
    ("https://", "host"),
    ("https:///hook", "host"),
    ("https://?a=1", "host"),
    ("https://:443/", "host"),
    ("https://./", "host"),
    ("https://a..example/", "host"),
    ("https://.a.example/", "host"),
    ("https://a.example../", "host"),
    ("https://-a.example/", "host"),
    ("https://a%2eexample/", "host"),
    ("https://127.0.0.1%00.example/", "host"),
    ("https://a.example%40b.example/", "host"),
    ("https://a,b.example/", "host"),
    ("https://a*.example/", "host"),
    ("https://(a).example/", "host"),
    ("https://" + "a" * 64 + ".example/", "host"),
    ("https://" + "a." * 130 + "example/", "host"),
    ("https://a℀b.example/", "host"),
    ("https://a\uff0fb.example/", "host"),
    ("https://a\uff20b.example/", "host"),
    ("https://a\uff1a80.example/", "host"),
    ("https://①②⑦.0.0.1\uff1a80/", "host"),
    ("https://ü-.example/", "host"),
    ("https://[fe80::1%25eth0]/", "host"),
    ("https://[fe80::1%eth0]/", "host"),
    ("https://[::1/", "host"),
    ("https://[::1]a/", "host"),
    ("https://[::1].example/", "host"),
    ("https://[127.0.0.1]/", "host"),
    ("https://[v1.a]/", "host"),
    ("https://[]/", "host"),
    ("https://[::g]/", "host"),
    ("https://[\uff11::]/", "host"),
    ("https://::1/", "host"),
    ("https://a.example:0/", "port"),
    ("https://a.example:00/", "port"),
    ("https://a.example:65536/", "port"),
    ("https://a.example:4294967739/", "port"),
    ("https://a.example:/", "port"),
    ("https://a.example:-1/", "port"),
    ("https://a.example:+80/", "port"),
    ("https://a.example:8_0/", "port"),
    ("https://a.example:\uff18\uff10/", "port"),
    ("https://a.example:80:90/", "port"),
    ("https://a.example:http/", "port"),
    ("https://fe80::1/", "port"),
    ("https://[::1]:0/", "port"),
    ("https://[::1]:/", "port"),
    ("https://[::1]:80]/", "port"),
]
TAKEN = [
    ("https://a.example", "a.example", 443, "/"),
    ("HTTPS://A.Example/Hook?Q=1", "a.example", 443, "/Hook?Q=1"),
    ("https://a.example:8443/x", "a.example", 8443, "/x"),
    ("https://a.example:00443/", "a.example", 443, "/"),
    ("http://a.example/", "a.example", 80, "/"),
    ("http://a.example:443/", "a.example", 443, "/"),
    ("https://a.example?x=1", "a.example", 443, "/?x=1"),
    ("https://a.example./x", "a.example", 443, "/x"),
    ("https://a.example.:8443/x", "a.example", 8443, "/x"),
    ("https://my_host.a-b.example/", "my_host.a-b.example", 443, "/"),
    ("https://intranet/", "intranet", 443, "/"),
    ("https://a.example/a/../b/./c//d", "a.example", 443, "/a/../b/./c//d"),
    ("https://a.example/%zz%2F?q=a@b:c|{d}", "a.example", 443, "/%zz%2F?q=a@b:c%7C%7Bd%7D"),
    ('https://a.example/^<b>?c="`&d=%7B%7d', "a.example", 443, "/%5E%3Cb%3E?c=%22%60&d=%7B%7d"),
    ("https://a.example/a[0]?b[]=c'(d)*!$~;,=+&/%20", "a.example", 443, "/a[0]?b[]=c'(d)*!$~;,=+&/%20"),
    ("https://a.example//b.example/", "a.example", 443, "//b.example/"),
    ("https://a.example/?u=https://127.0.0.1/", "a.example", 443, "/?u=https://127.0.0.1/"),
    ("https://a.example/ü?ß", "a.example", 443, "/%C3%BC?%C3%9F"),
    ("https://bücher.example/", "xn--bcher-kva.example", 443, "/"),
    ("https://BÜCHER.example/", "xn--bcher-kva.example", 443, "/"),
    ("https://straße.example/", "xn--strae-oqa.example", 443, "/"),
    ("https://例え。テスト/", "xn--r8jz45g.xn--zckzah", 443, "/"),
    ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/"),
    ("https://\uff41.example/", "a.example", 443, "/"),
    ("https://127。0。0。1/", "127.0.0.1", 443, "/"),
    ("https://①②⑦.0.0.1/", "127.0.0.1", 443, "/"),
    ("https://[2001:DB8:0:0::1]:8443/x", "2001:db8::1", 8443, "/x"),
    ("https://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1", 443, "/"),
]


@holds_for(("url", "rule"), REFUSED)
def test_a_url_with_a_trick_is_refused_by_the_rule_it_breaks(url: str, rule: str) -> None:
    with pytest.raises(TargetRefused) as refusal:
        parse_target(url)
    assert refusal.value.rule == rule


@holds_for(("url", "host", "port", "path_and_query"), TAKEN)
def test_a_good_url_is_taken_apart(url: str, host: str, port: int, path_and_query: str) -> None:
    target = parse_target(url)
    assert (target.host, target.port, target.path_and_query, target.url) == (host, port, path_and_query, url)


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://a.example:443/", "a.example"),
        ("https://a.example:80/", "a.example:80"),
        ("http://a.example:80/", "a.example"),
        ("https://[2001:db8::1]/", "[2001:db8::1]"),
        ("https://[2001:db8::1]:8443/", "[2001:db8::1]:8443"),
    ],
)
def test_the_host_header_names_the_port_where_it_is_not_the_usual_one(url: str, authority: str) -> None:
    assert parse_target(url).authority == authority


@holds_for(
    "url",
    [
        "https://user:hunter2@a.example/",
        "https://user:hunter2/@a.example/",
        "https://user:hunter2#@a.example/",
        "https://user:hunter2?@a.example/",
        "https://hunter2 @a.example/",
        "https://a.example:hunter2/",
        "hunter2://a.example/",
        "https://[hunter2]/",
        "https://hunter2!/",
    ],
)
def test_a_refusal_repeats_no_password(url: str) -> None:
    with pytest.raises(TargetRefused) as refusal:
        parse_target(url)
    assert "hunter2" not in str(refusal.value)


@given(st.text() | st.text(printable) | st.builds("https://{}{}".format, st.text(), st.text(printable)))
def test_a_url_is_parsed_or_refused_and_what_is_parsed_can_be_sent(url: str) -> None:
    with suppress(TargetRefused):
        target = parse_target(url)
        assert (target.host + target.path_and_query).isascii()
        assert not set(target.host) & set("@/\\%#? \t\r\n[]")
        assert not set(target.path_and_query) & set('# \t\r\n"<>\\^`{|}')


@given(st.text(printable.replace("#", "").replace("\\", "").strip()))
def test_what_was_encoded_once_is_not_encoded_again(path: str) -> None:
    once = parse_target(f"https://a.example/{path}").path_and_query
    assert parse_target(f"https://a.example{once}").path_and_query == once


@given(st.lists(st.text(ascii_lowercase, min_size=1, max_size=63), min_size=1, max_size=3), st.integers(1, 65_535))
def test_what_is_parsed_and_written_again_is_the_same_target(labels: list[str], port: int) -> None:
    target = parse_target(f"https://{'.'.join(labels)}:{port}/hook?a=1")
    again = parse_target(f"{target.scheme}://{target.authority}{target.path_and_query}")
    assert (again.host, again.port, again.path_and_query) == (target.host, target.port, target.path_and_query)


LONGEST_HOST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])


def test_a_host_of_253_characters_and_the_last_port_are_taken() -> None:
    target = parse_target(f"https://{LONGEST_HOST}:65535/")
    assert (len(target.host), target.port) == (253, 65_535)


def test_a_host_of_254_characters_is_refused() -> None:
    with pytest.raises(TargetRefused, match=r"^host: "):
        parse_target(f"https://{LONGEST_HOST}d/")


def test_a_name_in_ascii_is_taken_as_it_is_though_idna_has_no_such_label() -> None:
    assert parse_target("https://r3---sn-4g5e6nze.example/").host == "r3---sn-4g5e6nze.example"


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("https://a..example/", "neither a name nor an address"),
        ("https://[::g]/", "not an IPv6 address"),
        ("https://a.example:0/", "from 1 to 65535"),
        ("https://a℀b.example/", "IDNA"),
        ("https://[::1/", "not closed"),
        ("https://a.example/ b", "white space"),
        ("https://a.example/" + "a" * 4_000, "longer than 4000"),
        ("https:/a.example/", "two slashes"),
        ("https://a.example/#part", "fragment"),
    ],
)
def test_a_refusal_says_what_is_wrong(url: str, word: str) -> None:
    with pytest.raises(TargetRefused) as refusal:
        parse_target(url)
    assert word in refusal.value.detail


def test_a_url_of_4000_characters_is_taken() -> None:
    url = "https://a.example/".ljust(4_000, "a")
    assert parse_target(url).url == url


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("HTTPS://Receiver.Example:443/a?b", "https://receiver.example"),
        ("http://receiver.example:8080", "http://receiver.example:8080"),
        ("https://[::1]:443/", "https://[::1]"),
        ("http://receiver.example:443/", "http://receiver.example:443"),
    ],
)
def test_an_origin_leaves_out_the_default_port_of_its_scheme_alone(url: str, origin: str) -> None:
    assert parse_target(url).origin == origin
