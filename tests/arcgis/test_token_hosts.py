import pytest

from shared.arcgis.service_address import OddServiceUrl
from shared.arcgis.token_hosts import ForeignServiceHost, TokenHosts
from shared.errors import Misconfigured
from tests.support.cases import holds_for

SERVICE = "https://services.arcgis.com/quayOrg/ArcGIS/rest/services/states/FeatureServer"
HOSTS = TokenHosts("https://portal.example", (".arcgis.com", "gis.example.com:6443", "[::1]:8443", ".lab.example:7443"))


@holds_for(
    "url",
    [
        SERVICE,
        "https://portal.example/server/rest/services/x/FeatureServer",
        "https://portal.example:443/x",
        "https://gis.example.com:6443/x",
        "https://SERVICES.ArcGIS.com/x",
        "https://services.arcgis.com./x",
        "https://[::1]:8443/x",
        "https://a.lab.example:7443/x",
    ],
)
def test_a_token_may_go_to_the_portal_and_to_known_hosts(url: str) -> None:
    HOSTS.judge(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://arcgis.com/x",
        "https://evilarcgis.com/x",
        "https://services.arcgis.com.evil.example/x",
        "https://evil.example/services.arcgis.com",
        "https://sub.gis.example.com:6443/x",
        "https://evil.example?.arcgis.com",
        "https://169.254.169.254/x",
    ],
)
def test_a_token_goes_to_no_other_host(url: str) -> None:
    with pytest.raises(ForeignServiceHost):
        HOSTS.judge(url)


@holds_for(
    "url",
    [
        "https://portal.example:8443/x",
        "https://portal.example:80/x",
        "https://services.arcgis.com:444/x",
        "https://services.arcgis.com:80/x",
        "https://gis.example.com/x",
        "https://gis.example.com:443/x",
        "https://gis.example.com:64430/x",
        "https://[::1]/x",
        "https://a.lab.example/x",
    ],
)
def test_a_token_goes_to_no_other_port_of_a_known_host(url: str) -> None:
    with pytest.raises(ForeignServiceHost):
        HOSTS.judge(url)


@holds_for(
    "url",
    [
        "",
        "services.arcgis.com/x",
        "http://services.arcgis.com/x",
        "ftp://services.arcgis.com/x",
        "https://services.arcgis.com@evil.example/x",
        "https://evil.example\\@services.arcgis.com/x",
        "https://services.arcgis.com#x",
        "https://",
        "https://services.arcgis.com/a/../x",
        "https://services.arcgis.com/a/%2e%2e/x",
        "https://services.arcgis.com//x",
    ],
)
def test_an_odd_address_is_sent_no_token(url: str) -> None:
    with pytest.raises(OddServiceUrl):
        HOSTS.judge(url)


def test_a_portal_at_a_port_of_its_own_has_services_there_and_at_443() -> None:
    hosts = TokenHosts("https://portal.example:7443", ())
    hosts.judge("https://portal.example:7443/x")
    hosts.judge("https://portal.example/x")
    with pytest.raises(ForeignServiceHost):
        hosts.judge("https://portal.example:7444/x")


def test_without_tls_only_where_the_portal_has_none_and_at_a_port_that_is_named() -> None:
    hosts = TokenHosts("http://127.0.0.1:8080", ("127.0.0.1:9090", ".arcgis.com"))
    for allowed in ("http://127.0.0.1:8080/x", "http://127.0.0.1:9090/x", "https://services.arcgis.com/x"):
        hosts.judge(allowed)
    for foreign in ("http://127.0.0.1:9091/x", "http://127.0.0.1/x", "http://services.arcgis.com/x"):
        with pytest.raises(ForeignServiceHost):
            hosts.judge(foreign)


def test_a_portal_without_a_host_is_a_wrong_setting() -> None:
    with pytest.raises(Misconfigured, match="ARCGIS_PORTAL_URL"):
        TokenHosts("portal.example", ())
