import pytest

from shared.arcgis.service_address import ForeignServiceHost, OddServiceUrl, TokenHosts, webhooks_url

SERVICE = "https://services.arcgis.com/myorgId/ArcGIS/rest/services/states/FeatureServer"
HOSTS = TokenHosts("https://portal.example", (".arcgis.com", "gis.example.com"))


@pytest.mark.parametrize(
    "url",
    [
        SERVICE,
        "https://portal.example/server/rest/services/x/FeatureServer",
        "https://gis.example.com:6443/x",
        "https://SERVICES.ArcGIS.com/x",
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
        "https://sub.gis.example.com/x",
        "https://evil.example?.arcgis.com",
        "https://169.254.169.254/x",
    ],
)
def test_a_token_goes_to_no_other_host(url: str) -> None:
    with pytest.raises(ForeignServiceHost):
        HOSTS.judge(url)


@pytest.mark.parametrize(
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
    ],
)
def test_an_odd_address_is_sent_no_token(url: str) -> None:
    with pytest.raises(OddServiceUrl):
        HOSTS.judge(url)


def test_without_tls_only_where_the_portal_has_none() -> None:
    TokenHosts("http://127.0.0.1:8080", ()).judge("http://127.0.0.1:9090/x")


@pytest.mark.parametrize("end", ["", "/", "/0", "/12/"])
def test_the_admin_resource_stands_beside_the_service(end: str) -> None:
    admin = "https://services.arcgis.com/myorgId/ArcGIS/rest/admin/services/states/FeatureServer/WebHooks"
    assert webhooks_url(SERVICE + end) == admin


@pytest.mark.parametrize(
    "url", ["", "https://a.example/x", SERVICE.replace("Feature", "Map"), f"{SERVICE}?x=1", f"{SERVICE}/a/b"]
)
def test_what_is_no_feature_service_has_none(url: str) -> None:
    with pytest.raises(OddServiceUrl):
        webhooks_url(url)
