"""The app's own identity in Entra, imported late: managed identity, client secret, or a developer's `az login`."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.errors import IdentityDown, Unavailable
from shared.transport import DeadlineTransport

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential


class AppIdentity:
    """Gives access tokens for neighbours; azure-identity keeps them until they expire.

    A user-assigned identity is named by azure-identity's own variable AZURE_CLIENT_ID.
    """

    def token(self, resource: str) -> str:
        """A token for a resource, `https://graph.microsoft.com`; raises Unavailable where none is to be had."""
        from azure.core.exceptions import AzureError

        try:
            return self._credential.get_token(f"{resource}/.default").token
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
            transport=DeadlineTransport(IdentityDown, "the identity provider"),
            retry_total=2,
        )
