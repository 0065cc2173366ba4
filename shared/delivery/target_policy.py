"""What may be called: one policy for saving, for the test and for every attempt (facts/delivery.md 3.1). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.delivery.addresses import Address, Network, blocked_reason
from shared.delivery.target import Target, TargetRefused, parse_target

__all__ = ["Target", "TargetPolicy", "TargetRefused"]


@dataclass(frozen=True)
class TargetPolicy:
    """`allowed_networks` are opened although a table blocks them; addresses of the internet need no entry."""

    require_https: bool
    allowed_networks: tuple[Network, ...] = ()

    def parse(self, url: str) -> Target:
        """The target that a URL names; raises TargetRefused. Its addresses are not judged yet."""
        target = parse_target(url)
        if self.require_https and target.scheme != "https":
            raise TargetRefused("https", "the URL must begin with https://")
        return target

    def judge(self, target: Target, addresses: Sequence[Address]) -> None:
        """Raise TargetRefused if any of the addresses that the host resolved to is blocked, or if there is none.

        One blocked address among good ones refuses the target: whoever mixes them wants to reach the blocked one.
        """
        if not addresses:
            raise TargetRefused("address", f"{target.host} has no address")
        for address in addresses:
            reason = blocked_reason(address, self.allowed_networks)
            if reason is not None:
                raise TargetRefused("address", f"{target.host} may not be called: {reason}")
