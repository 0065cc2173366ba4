import pytest

from shared.arcgis.service_address import InvalidServiceUrl
from shared.arcgis.token_hosts import ForeignServiceHost, TokenHosts
from shared.errors import Misconfigured
from tests.support.cases import holds_for

PATH = "/quayOrg/ArcGIS/rest/services/states/FeatureServer"
HOSTS = TokenHosts("https://portal.example", (".arcgis.com", "gis.example.com:6443", "[::1]:8443", ".lab.example:7443"))


@holds_for(
    "origin",
    [
        "https://services.arcgis.com",
        "https://portal.example",
        "https://portal.example:443",
        "https://gis.example.com:6443",
        "https://SERVICES.ArcGIS.com",
        "https://services.arcgis.com.",
        "https://[::1]:8443",
        "https://a.lab.example:7443",
    ],
)
def test_a_token_may_go_to_the_portal_and_to_known_hosts(origin: str) -> None:
    assert HOSTS.service(origin + PATH).path == "services/states/FeatureServer"


@pytest.mark.parametrize(
    "origin",
    [
        "https://arcgis.com",
        "https://evilarcgis.com",
        "https://services.arcgis.com.evil.example",
        "https://evil.example/services.arcgis.com",
        "https://sub.gis.example.com:6443",
        "https://169.254.169.254",
    ],
)
def test_a_token_goes_to_no_other_host(origin: str) -> None:
    with pytest.raises(ForeignServiceHost):
        HOSTS.service(origin + PATH)


@holds_for(
    "origin",
    [
        "https://portal.example:8443",
        "https://portal.example:80",
        "https://services.arcgis.com:444",
        "https://services.arcgis.com:80",
        "https://gis.example.com",
        "https://gis.example.com:443",
        "https://gis.example.com:64430",
        "https://[::1]",
        "https://a.lab.example",
    ],
)
def test_a_token_goes_to_no_other_port_of_a_known_host(origin: str) -> None:
    with pytest.raises(ForeignServiceHost):
        HOSTS.service(origin + PATH)


@holds_for(
    "origin",
    [
        "",
        "services.arcgis.com",
        "http://services.arcgis.com",
        "ftp://services.arcgis.com",
        "https://services.arcgis.com@evil.example",
        "https://evil.example\\@services.arcgis.com",
        "https://services.arcgis.com#x",
        "https://evil.example?.arcgis.com",
        "https://",
        "https://services.arcgis.com/a/..",
        "https://services.arcgis.com/a/%2e%2e",
        "https://services.arcgis.com/",
    ],
)
def test_an_odd_address_is_sent_no_token(origin: str) -> None:
    with pytest.raises(InvalidServiceUrl):
        HOSTS.service(origin + PATH)


def test_a_portal_at_a_port_of_its_own_has_services_there_and_at_443() -> None:
    hosts = TokenHosts("https://portal.example:7443", ())
    hosts.service("https://portal.example:7443" + PATH)
    hosts.service("https://portal.example" + PATH)
    with pytest.raises(ForeignServiceHost):
        hosts.service("https://portal.example:7444" + PATH)


def test_without_tls_only_where_the_portal_has_none_and_at_a_port_that_is_named() -> None:
    hosts = TokenHosts("http://127.0.0.1:8080", ("127.0.0.1:9090", ".arcgis.com"))
    for allowed in ("http://127.0.0.1:8080", "http://127.0.0.1:9090", "https://services.arcgis.com"):
        hosts.service(allowed + PATH)
    for foreign in ("http://127.0.0.1:9091", "http://127.0.0.1", "http://services.arcgis.com"):
        with pytest.raises(ForeignServiceHost):
            hosts.service(foreign + PATH)


def test_a_portal_without_a_host_is_a_wrong_setting() -> None:
    with pytest.raises(Misconfigured, match="ARCGIS_PORTAL_URL"):
        TokenHosts("portal.example", ())
