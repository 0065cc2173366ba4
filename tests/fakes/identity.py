"""The address where App Service gives a managed identity its tokens (IDENTITY_ENDPOINT)."""

import time

from tests.fakes.server import FakeServer, Received, Reply, json_reply

HEADER_VALUE = "the-header-of-this-instance"


class FakeIdentityEndpoint(FakeServer):
    """Gives the token `token for <resource>` for as long as `seconds` says."""

    seconds = 3600

    @property
    def environment(self) -> dict[str, str]:
        """What App Service sets; the last one keeps azure-identity from trying anything else."""
        return {
            "IDENTITY_ENDPOINT": f"{self.url}/msi/token",
            "IDENTITY_HEADER": HEADER_VALUE,
            "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        }

    def reply(self, request: Received) -> Reply:
        """A token, if the request has the secret header."""
        if request.headers.get("x-identity-header") != HEADER_VALUE:
            return json_reply({"error": "unauthorized"}, 401)
        resource = request.query["resource"]
        expires_on = str(int(time.time()) + self.seconds)
        return json_reply(
            {
                "access_token": f"token for {resource}",
                "expires_on": expires_on,
                "resource": resource,
                "token_type": "Bearer",
            }
        )
