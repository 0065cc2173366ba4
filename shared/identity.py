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
# `az` is a process of its own, which knows nothing of the deadline.
_AZ_SECONDS = 5


class AppIdentity:
    """Gives access tokens for neighbours, and keeps them until shortly before they expire.

    A user-assigned identity is named by azure-identity's own variable AZURE_CLIENT_ID.
    """

    def __init__(self) -> None:
        self._tokens: dict[str, AccessToken] = {}
        # Tokens end when they say so; what is shared here is only the question that is just being asked.
        self._renew = single_flight_cache(self._ask, seconds=0, most=_MAX_RESOURCES)

    def token(self, resource: str) -> str:
        """A token for a resource, `https://graph.microsoft.com`; raises IdentityDown where none is to be had."""
        known = self._tokens.get(resource)
        if known is None or known.expires_on - _RENEW_SECONDS < time.time():
            # azure-identity keeps those of a managed identity only: a developer's would start `az` for every call.
            known = self._tokens[resource] = self._renew(resource)
        return known.token

    def _ask(self, resource: str) -> "AccessToken":
        from azure.core.exceptions import AzureError

        try:
            return self._credential.get_token(f"{resource}/.default")
        except (AzureError, ValueError, Unavailable) as exc:
            # The SDK's text can hold parts of the identity provider's answer; its class says enough.
            raise IdentityDown(f"no token for {resource} is to be had ({type(exc).__name__})") from None

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
