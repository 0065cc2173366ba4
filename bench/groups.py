"""The measurements by name, in the order in which they run: `python -m bench --only burst,slow` runs some of them."""

from collections.abc import Callable

from bench import (
    alone,
    bursts,
    compared,
    dataverse,
    growth,
    hanging,
    imports,
    instances,
    listings,
    outage,
    receiving,
    registering,
    slow,
    wide,
)
from bench.report import Figure
from bench.workshop import Workshop

type Group = Callable[[Workshop], list[Figure]]

GROUPS: dict[str, Group] = {
    "alone": lambda shop: alone.figures(shop.connection_string),
    "burst": lambda shop: bursts.figures(shop.receiver, shop.folder),
    "outage": lambda shop: outage.figures(shop.receiver, shop.folder),
    "senders": compared.sender_figures,
    "receivers": compared.receiving_figures,
    "hanging": lambda shop: hanging.figures(shop.receiver, shop.folder),
    "slow": lambda shop: slow.slow_figures(shop.receiver, shop.folder),
    "restart": lambda shop: slow.restart_figures(shop.receiver, shop.folder),
    "twice": lambda shop: instances.twice_figures(shop.receiver, shop.folder),
    "instances": lambda shop: instances.against_one_figures(shop.receiver, shop.folder),
    "wide": lambda shop: wide.figures(shop.receiver, shop.folder),
    "handler": lambda shop: [receiving.handler_over_bare_calls(shop.connection_string)],
    "dataverse": lambda _: [dataverse.payload_read()],
    "registering": lambda shop: registering.figures(shop.connection_string),
    "growth": lambda _: growth.figures(),
    "listings": lambda _: listings.figures(),
    "imports": lambda _: imports.figures(),
}
