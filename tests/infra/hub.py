"""infra/main.json, deployed on paper with the parameters of a test."""

import json
from collections.abc import Mapping
from typing import Any

from tests.infra.arm import CLOUD, Deployment, deploy
from tests.support.paths import ROOT

TEMPLATE: dict[str, Any] = json.loads((ROOT / "infra" / "main.json").read_text(encoding="utf-8"))
PARAMETERS: dict[str, dict[str, Any]] = TEMPLATE["parameters"]
WATCHING = ("alerts", "workbook")
"""Modules with tests of their own, about the queries in them."""

_HUB = {**TEMPLATE, "resources": {name: one for name, one in TEMPLATE["resources"].items() if name not in WATCHING}}


def deploy_hub(cloud: Mapping[str, Any] = CLOUD, /, **parameters: object) -> Deployment:
    """What is asked for with these parameters, in westeurope and as environment `test` where they say nothing else."""
    return deploy(_HUB, {"environmentName": "test", "location": "westeurope", **parameters}, cloud)


def app_settings(cloud: Mapping[str, Any] = CLOUD, /, **parameters: object) -> dict[str, str]:
    """The settings that the app has with these parameters, name to value."""
    configs = deploy_hub(cloud, **parameters).of_type("Microsoft.Web/sites/config")
    [settings] = [config["properties"] for config in configs if config["name"].endswith("/appsettings")]
    return dict(settings)


HUB = deploy_hub()
"""What is asked for where nothing is chosen."""

TOKEN = str(HUB.outputs["SERVICE_HUB_NAME"]).removeprefix("func-")
"""What the names of its resources end with."""
