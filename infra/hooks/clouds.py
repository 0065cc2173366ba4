"""The clouds of Azure, by the address of each one's management plane."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cloud:
    """Addresses of a cloud: who issues its tokens, its Graph, and whom the token of an identity is meant for."""

    authority: str
    graph: str
    token_exchange: str


PUBLIC = Cloud("https://login.microsoftonline.com", "https://graph.microsoft.com", "api://AzureADTokenExchange")
_CLOUDS = {
    "https://management.usgovcloudapi.net": Cloud(
        "https://login.microsoftonline.us", "https://graph.microsoft.us", "api://AzureADTokenExchangeUSGov"
    ),
    "https://management.chinacloudapi.cn": Cloud(
        "https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn", "api://AzureADTokenExchangeChina"
    ),
}


def cloud_of(arm_url: str) -> Cloud:
    """The cloud whose management plane has this address; the public one where it is none of ours."""
    return _CLOUDS.get(arm_url.lower(), PUBLIC)
