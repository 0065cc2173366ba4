"""The app's own identity in Entra, imported late: managed identity, client secret, or a developer's `az login`."""

import time
from functools import cached_property
from typing import TYPE_CHECKING

from shared.azure_transport import DeadlineTransport
from shared.cache import single_flight_cache
from shared.errors import IdentityDown, Unavailable

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken
    from azure.identity import DefaultAzureCredential

_RENEW_SECONDS = 300
_MAX_RESOURCES = 10
# `az` is a separate process, which knows no deadline.
_AZ_SECONDS = 5


class AppIdentity:
    """Gets access tokens for neighbours, and keeps them until shortly before they expire.

    The variable AZURE_CLIENT_ID, which is azure-identity's own, names a user-assigned identity.
    """

    def __init__(self) -> None:
        self._tokens: dict[str, AccessToken] = {}
        # Each token has its own end, so nothing is cached here: concurrent requests only share one call.
        self._renew = single_flight_cache(self._ask, seconds=0, most=_MAX_RESOURCES)

    def token(self, resource: str) -> str:
        """A token for a resource, such as `https://graph.microsoft.com`; raises IdentityDown if there is none."""
        known = self._tokens.get(resource)
        if known is None or known.expires_on - _RENEW_SECONDS < time.time():
            # azure-identity caches a managed identity's tokens only; a developer's would start `az` for every call.
            known = self._tokens[resource] = self._renew(resource)
        return known.token

    def _ask(self, resource: str) -> "AccessToken":
        from azure.core.exceptions import AzureError

        try:
            return self._credential.get_token(f"{resource}/.default")
        except (AzureError, ValueError, Unavailable) as exc:
            # The SDK's text can hold parts of the identity provider's answer; its class says enough.
            raise IdentityDown(f"cannot get a token for {resource} ({type(exc).__name__})") from None

    @cached_property
    def _credential(self) -> "DefaultAzureCredential":
        from azure.identity import DefaultAzureCredential

        return DefaultAzureCredential(
            exclude_workload_identity_credential=True,
            exclude_developer_cli_credential=True,
            exclude_powershell_credential=True,
            exclude_shared_token_cache_credential=True,
            exclude_visual_studio_code_credential=True,
            exclude_interactive_browser_credential=True,
            exclude_broker_credential=True,
            process_timeout=_AZ_SECONDS,
            transport=DeadlineTransport(IdentityDown, "the identity provider"),
            retry_total=2,
        )
