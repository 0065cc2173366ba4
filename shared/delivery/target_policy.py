"""What may be called: one policy for saving, for the test and for every attempt (facts/delivery.md 3.1). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.delivery.addresses import Address, Network, blocked_reason
from shared.delivery.own_address import OwnAddress
from shared.delivery.target import Target, TargetRefused, parse_target

__all__ = ["Target", "TargetPolicy", "TargetRefused"]


@dataclass(frozen=True)
class TargetPolicy:
    """`allowed_networks` are opened although a table blocks them; addresses of the internet need no entry.

    `own` is where this hub answers, which no network opens: what is delivered there comes back.
    """

    require_https: bool
    allowed_networks: tuple[Network, ...] = ()
    own: tuple[OwnAddress, ...] = ()

    def parse(self, url: str) -> Target:
        """The target that a URL names; raises TargetRefused. Its addresses are not judged yet."""
        target = parse_target(url)
        if self.require_https and target.scheme != "https":
            raise TargetRefused("https", "the URL must begin with https://")
        if any(own.is_named_by(target) for own in self.own):
            raise _leads_back()
        return target

    def judge(self, target: Target, addresses: Sequence[Address]) -> None:
        """Raise TargetRefused if any of the addresses that the host resolved to is blocked, or if there is none.

        One blocked address among good ones refuses the target: whoever mixes them wants to reach the blocked one.
        """
        if not addresses:
            raise TargetRefused("address", f"{target.host} has no address")
        if any(own.is_reached_by(target, addresses) for own in self.own):
            raise _leads_back()
        for address in addresses:
            reason = blocked_reason(address, self.allowed_networks)
            if reason is not None:
                raise TargetRefused("address", f"{target.host} may not be called: {reason}")


def _leads_back() -> TargetRefused:
    return TargetRefused("hub", "the URL leads back to this hub, which would send its own events to itself")
