"""Payloads of feature services and their signatures, from Esri's documentation (docs/sources/arcgis.md 4)."""

import json
from collections.abc import Mapping

SECRET = "unique-identifier-key"
BODY = (
    b'[{"name":"webhookname","layerId":0,"orgId":"myorgId","serviceName":"myService","lastUpdatedTime":1644613399009,'
    b'"changesUrl":"https%3a%2f%2folserver%2fmyorgId%2fArcGIS%2frest%2fservices%2fmyService%2fFeatureServer'
    b"%2fextractChanges%3fserverGens%3d%5b25166748%2c25166760%5d%26async%3dtrue%26returnDeletes%3dfalse"
    b'%26returnAttachments%3dfalse","events":["FeaturesUpdated"]}]'
)
BASE64 = "jJg/kLsP/+qJMt1h4uzWJK5dt9yP42oJJ2eOKSSSKao="
HEX = "8c983f90bb0fffea8932dd61e2ecd624ae5db7dc8fe36a0927678e29249229aa"
CRC_TOKEN = "NGM2YjE3"
RESPONSE_TOKEN = "sha256=iO6I0uxXzig6V1r126KOmS6dIYJ7r/0QVmOReCtIiIg="
CHANGES_URL = (
    "https://olserver/myorgId/ArcGIS/rest/services/myService/FeatureServer/extractChanges"
    "?serverGens=[25166748,25166760]&async=true&returnDeletes=false&returnAttachments=false"
)
PING = (
    b'[{"name":"Webhook1","orgId":"TenantID","serviceName":"FeatureServiceName","lastUpdatedTime":1637276149484,'
    b'"events":["NoContent"]}]'
)
ENTERPRISE = (
    b'{"serviceType":"FeatureServer","changesUrl":"https://server.com/server/rest/services/ServiceName/FeatureServer/'
    b'extractChanges?serverGens=%5B1730385704442,1730385704443%5D","name":"Webhook Name",'
    b'"id":"c4a7db24-0c5e-4a00-9103-0c7d2fdc03b4","folderName":"","serviceName":"ServiceName",'
    b'"events":[{"eventType":"FeaturesCreated","when":1730385704000}]}'
)


def entry(**changes: object) -> dict[str, object]:
    """The entry of the documented body with other members; one that is None is left out."""
    (documented,) = json.loads(BODY)
    members: Mapping[str, object] = {**documented, **changes}
    return {name: value for name, value in members.items() if value is not None}


def body_of(*entries: object) -> bytes:
    """A payload with these entries."""
    return json.dumps(entries).encode()
