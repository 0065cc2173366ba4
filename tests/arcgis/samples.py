"""Payloads of feature services and their signatures, in the shapes that Esri documents (docs/sources/arcgis.md 4)."""

import json
from collections.abc import Mapping

SECRET = "quay-lamp-otter-seven"
BODY = (
    b'[{"name":"night-watch","layerId":0,"orgId":"quayOrg","serviceName":"roadWorks","lastUpdatedTime":1768553100413,'
    b'"changesUrl":"https%3a%2f%2fgis-quay%2fquayOrg%2fArcGIS%2frest%2fservices%2froadWorks%2fFeatureServer'
    b"%2fextractChanges%3fserverGens%3d%5b40310512%2c40310530%5d%26async%3dtrue%26returnDeletes%3dfalse"
    b'%26returnAttachments%3dfalse","events":["FeaturesUpdated"]}]'
)
BASE64 = "kIrL+eTaPed/32zWPbCzWetmvPF3601xzmXPNbb+G1k="
HEX = "908acbf9e4da3de77fdf6cd63db0b359eb66bcf177eb4d71ce65cf35b6fe1b59"
CRC_TOKEN = "UTdsWm9r"
RESPONSE_TOKEN = "sha256=vdd6xZuB4L7qFlYZoa/FYOWUaNnDOi9gTgZzkFWWFWQ="
CHANGES_URL = (
    "https://gis-quay/quayOrg/ArcGIS/rest/services/roadWorks/FeatureServer/extractChanges"
    "?serverGens=[40310512,40310530]&async=true&returnDeletes=false&returnAttachments=false"
)
PING = (
    b'[{"name":"night-watch","orgId":"quayOrg","serviceName":"roadWorks","lastUpdatedTime":1768553100007,'
    b'"events":["NoContent"]}]'
)
ENTERPRISE = (
    b'{"serviceType":"FeatureServer","changesUrl":"https://gis-quay/server/rest/services/tramStops/FeatureServer/'
    b'extractChanges?serverGens=%5B1768640112315,1768640112316%5D","name":"tram-stops",'
    b'"id":"a8068a56-0ed9-549a-a37c-eb44709303b7","folderName":"","serviceName":"tramStops",'
    b'"events":[{"eventType":"FeaturesCreated","when":1768640112000}]}'
)


def entry(**changes: object) -> dict[str, object]:
    """The entry of the body above with other members; one that is None is left out."""
    (documented,) = json.loads(BODY)
    members: Mapping[str, object] = {**documented, **changes}
    return {name: value for name, value in members.items() if value is not None}


def body_of(*entries: object) -> bytes:
    """A payload with these entries."""
    return json.dumps(entries).encode()
