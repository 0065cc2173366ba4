"""The hub beside what a user would pick instead, as a sender and as a receiver; what is not available is skipped."""

import math
from collections.abc import Callable, Sequence
from functools import partial

from bench import comparison
from bench.install import NotAvailable
from bench.load import percentile
from bench.receiving_apps import ReceivingResult, hub_receiving, webhook_receiving
from bench.report import Figure, at_least, at_most
from bench.senders import django_sender, hub_sender
from bench.side_by_side import BURST, STEADY, Compared, Start, compare
from bench.workshop import Workshop

_HUB, _PEER = "hub", "django-webhook"


def sender_figures(shop: Workshop) -> list[Figure]:
    """Bursts and a steady load, by the hub and by django-webhook."""
    starts: dict[str, Start] = {_HUB: hub_sender, _PEER: django_sender}
    measurements = [
        partial(compare, start, shop.receiver, shop.folder / "sends" / name) for name, start in starts.items()
    ]
    found = _had(measurements, shop.skipped)
    shop.tables.append(comparison.sender_rows(found))
    shop.settings.update({one.name: one.settings for one in found})
    shop.curves.update(comparison.curves(found))
    by_name = {one.name: one for one in found}
    return [*_delays(by_name[_HUB]), *(_against(by_name[_HUB], by_name[_PEER]) if _PEER in by_name else [])]


def receiving_figures(shop: Workshop) -> list[Figure]:
    """Posts by eight clients, to the hub and to Debian's `webhook`."""
    folder = shop.folder
    debian = [partial(webhook_receiving, folder / f"webhook-{waits}", waits=waits) for waits in (False, True)]
    found = _had([partial(hub_receiving, folder / "receives"), *debian], shop.skipped)
    shop.tables.append(comparison.receiving_rows(found))
    shop.settings.update({one.name: one.settings for one in found})
    hub, *peers = found
    return [
        at_least(
            "accepted a second, over Debian's webhook (its command awaited)",
            hub.run.accepted_a_second / peer.run.accepted_a_second,
            0.5,
            f"{hub.run.accepted_a_second:.0f} over {peer.run.accepted_a_second:.0f}, 8 clients",
            unit="x",
        )
        for peer in peers
        if peer.waits
    ]


def _delays(hub: Compared) -> list[Figure]:
    events, rate = STEADY
    return [
        at_most(
            f"accepted to delivered at {rate:g} a second, p{percent}",
            1000 * percentile(hub.steady.delays, percent) if hub.steady.delays else math.inf,
            goal,
            f"{len(hub.steady.arrived)} of {events} events",
            unit=" ms",
            digits=0,
        )
        for percent, goal in ((50, 250), (95, 600))
    ]


def _against(hub: Compared, peer: Compared) -> list[Figure]:
    rates = f"{hub.burst.delivered_a_second:.0f} over {peer.burst.delivered_a_second:.0f}"
    times = f"{hub.cpu_an_event * 1000:.1f} over {peer.cpu_an_event * 1000:.1f} ms"
    return [
        at_most(
            f"CPU an event in a burst of {BURST}, over {peer.name}'s",
            hub.cpu_an_event / peer.cpu_an_event,
            1.5,
            f"{times}, without Azurite and Redis, medians of {len(hub.cpu)} bursts",
            unit="x",
        ),
        at_least(
            f"delivered a second in a burst of {BURST}, over {peer.name}'s",
            hub.burst.delivered_a_second / peer.burst.delivered_a_second,
            0.6,
            f"{rates}, medians of {len(hub.bursts)} bursts",
            unit="x",
        ),
    ]


def _had[Result: (Compared, ReceivingResult)](
    measurements: Sequence[Callable[[], Result]], skipped: list[str]
) -> list[Result]:
    results = []
    for measure in measurements:
        try:
            results.append(measure())
        except NotAvailable as error:
            skipped.append(f"skipped: {error}")
    return results
