from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.arcgis.service_address import InvalidServiceUrl, ServiceAddress
from tests.support.cases import holds_for

URL = "https://services.arcgis.com/quayOrg/ArcGIS/rest/services/states/FeatureServer"
SERVICE = ServiceAddress.of_item(URL)
DOCUMENTED = "?serverGens=[40310512,40310530]&async=true&returnDeletes=false&returnAttachments=false"
# What stands in a path and leads, or may lead somewhere, to another path than it looks like.
ODD_PARTS = [
    "..",
    ".",
    "...",
    "a.",
    "%2e%2e",
    "%2E.",
    "%2f",
    "%5c",
    "%252e",
    "x%00",
    "a;b",
    ";",
    "",
    "\\",
    "\uff0e\uff0e",
]


@pytest.mark.parametrize("end", ["", "/", "/0", "/12/"])
def test_the_admin_resource_stands_beside_the_service(end: str) -> None:
    admin = "https://services.arcgis.com/quayOrg/ArcGIS/rest/admin/services/states/FeatureServer/WebHooks"
    address = ServiceAddress.of_item(URL + end)
    assert (address.url, address.webhooks_url) == (URL, admin)


@pytest.mark.parametrize("name", ["states", "My_Service-1.2", "東京", "Zürich", "Folder/states", "a_(old)"])
def test_a_service_may_have_any_plain_name(name: str) -> None:
    url = URL.replace("states", name)
    assert ServiceAddress.of_item(url).url == url


@pytest.mark.parametrize("url", ["", "https://a.example/x", URL.replace("Feature", "Map"), f"{URL}?x=1", f"{URL}/a/b"])
def test_what_is_no_feature_service_has_none(url: str) -> None:
    with pytest.raises(InvalidServiceUrl):
        ServiceAddress.of_item(url)


@holds_for("part", ODD_PARTS)
@holds_for("before", ["quayOrg", "services", "states"])
def test_an_item_whose_path_is_not_plain_has_none(part: str, before: str) -> None:
    with pytest.raises(InvalidServiceUrl):
        ServiceAddress.of_item(URL.replace(before, f"{before}/{part}"))
    with pytest.raises(InvalidServiceUrl):
        ServiceAddress.of_item(URL.replace(before, f"{part}/{before}"))


@pytest.mark.parametrize(
    "url",
    [
        URL + "/extractChanges" + DOCUMENTED,
        URL.replace("ArcGIS", "arcgis") + "/extractChanges" + DOCUMENTED,
        URL.replace("https://services.arcgis.com", "HTTPS://Services.ArcGIS.com:443") + "/extractchanges" + DOCUMENTED,
        URL + "/extractChanges?serverGens=%5B40310512%2C40310530%5D&async=true&returnDeletes=false"
        "&returnAttachments=false&f=html",
    ],
)
def test_the_changes_are_asked_for_at_the_items_own_address(url: str) -> None:
    asked = SERVICE.changes_url(url)
    assert asked.partition("?")[0] == f"{URL}/extractChanges"
    assert dict(parse_qsl(urlsplit(asked).query)) == dict(parse_qsl(DOCUMENTED[1:]))


@pytest.mark.parametrize("query", ["", "?layers=[0]&serverGens=[0,9]", "?returnIdsOnly=true"])
def test_an_extraction_is_asynchronous_where_nothing_else_is_said(query: str) -> None:
    asked = dict(parse_qsl(urlsplit(SERVICE.changes_url(f"{URL}/extractChanges{query}")).query))
    assert asked == {**dict(parse_qsl(query[1:])), "async": "true"}
    assert "async=false" in SERVICE.changes_url(f"{URL}/extractChanges?async=false")


@holds_for(
    "url",
    [
        "https://services.arcgis.com/quayOrg/ArcGIS/rest/services/PAYROLL/FeatureServer/extractChanges?serverGens=[0,9]",
        "https://services.arcgis.com/otherOrg/ArcGIS/rest/services/states/FeatureServer/extractChanges",
        "https://services1.arcgis.com/quayOrg/ArcGIS/rest/services/states/FeatureServer/extractChanges",
        "https://services.arcgis.com:8443/quayOrg/ArcGIS/rest/services/states/FeatureServer/extractChanges",
        "http://services.arcgis.com/quayOrg/ArcGIS/rest/services/states/FeatureServer/extractChanges",
        "https://services.arcgis.com/arbitrary/path?x=1",
        f"{URL}2/extractChanges",
        f"{URL}extractChanges",
        f"{URL}/query?where=1=1",
        f"{URL}/0/query?where=1%3D1&outFields=*",
        f"{URL}/0/extractChanges",
        f"{URL}/extractChanges/",
        f"{URL}/extractChanges/x",
        f"{URL}/applyEdits?deletes=[1]",
        f"{URL}/x/../extractChanges",
        f"{URL}/../../PAYROLL/FeatureServer/extractChanges",
        f"{URL}/extractChanges?token=x",
        f"{URL}/extractChanges?serverGens=[1,2]&where=1",
        f"{URL}/extractChanges?serverGens=[1,2]&serverGens=[0,9]",
        f"{URL}/extractChanges?serverGens=[1,2]&SERVERGENS=[0,9]",
        f"{URL}/extractChanges?f=json&async",
        f"{URL}/extractChanges?layers=%ff",
        f"{URL}/extractChanges;x?serverGens=[1,2]",
        f"{URL}/extractChanges#x",
        URL,
        "",
    ],
)
def test_nothing_else_is_asked_for(url: str) -> None:
    with pytest.raises(InvalidServiceUrl):
        SERVICE.changes_url(url)


@holds_for("part", ODD_PARTS)
def test_no_way_round_leads_to_another_service(part: str) -> None:
    for path in (
        f"states/FeatureServer/{part}",
        f"PAYROLL/{part}/states/FeatureServer",
        f"{part}/states/FeatureServer",
    ):
        with pytest.raises(InvalidServiceUrl):
            SERVICE.changes_url(f"{URL.replace('states/FeatureServer', path)}/extractChanges")
        with pytest.raises(InvalidServiceUrl):
            SERVICE.below(f"{URL.replace('states/FeatureServer', path)}/jobs")


@pytest.mark.parametrize("end", ["/jobs/j-1", "/replicafilescache/{0A-1}.json", "/jobs/j1?f=json"])
def test_what_the_service_made_is_asked_for_at_its_own_address(end: str) -> None:
    assert SERVICE.below(URL.replace("ArcGIS", "arcgis") + end) == URL + end.partition("?")[0]


@pytest.mark.parametrize(
    "url",
    [
        URL,
        f"{URL}/",
        f"{URL}2/jobs",
        f"{URL}/jobs?where=1",
        f"{URL}/jobs?token=x",
        URL.replace("states", "PAYROLL") + "/jobs",
    ],
)
def test_what_another_service_made_is_not(url: str) -> None:
    with pytest.raises(InvalidServiceUrl):
        SERVICE.below(url)


@given(
    path=st.lists(st.sampled_from(["..", ".", "states", "PAYROLL", "FeatureServer", "extractChanges", "%2e%2e", "a"]))
)
def test_whatever_is_given_only_the_own_service_is_asked(path: list[str]) -> None:
    given_url = f"https://services.arcgis.com/quayOrg/ArcGIS/rest/services/{'/'.join(path)}"
    try:
        asked = SERVICE.changes_url(given_url)
    except InvalidServiceUrl:
        assert path != ["states", "FeatureServer", "extractChanges"]
    else:
        assert urlsplit(asked).path == urlsplit(URL).path + "/extractChanges"
        assert path == ["states", "FeatureServer", "extractChanges"]


@given(st.text(max_size=60), st.text(max_size=20))
def test_any_text_is_an_address_of_the_service_or_refused(end: str, value: str) -> None:
    for given_url in (URL + end, f"{URL}/extractChanges?layers={quote(value)}", f"{URL}/extractChanges?layers={value}"):
        try:
            asked = SERVICE.changes_url(given_url)
        except InvalidServiceUrl:
            continue
        assert asked.startswith(f"{URL}/extractChanges?")
        assert asked.isascii()
        assert "#" not in asked
