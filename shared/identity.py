"""The app's own identity in Entra: the managed identity in Azure, `az login` at a desk."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.errors import Unavailable

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential


class AppIdentity:
    """Gives access tokens for neighbours; azure-identity caches and renews them."""

    def token(self, resource: str) -> str:
        """A token for a resource (`https://contoso.crm.dynamics.com`); raises Unavailable where none is to be had."""
        from azure.core.exceptions import ClientAuthenticationError

        try:
            return self._credential.get_token(f"{resource}/.default").token
        except ClientAuthenticationError as exc:
            # The SDK's text can hold parts of the identity provider's answer; its class says enough.
            raise Unavailable(f"no token for {resource} ({type(exc).__name__})") from None

    @cached_property
    def _credential(self) -> "DefaultAzureCredential":
        from azure.identity import DefaultAzureCredential

        return DefaultAzureCredential()
