"""`python chart.py RESULTS PNG`, in the environment of requirements-bench.txt: the compared senders and the growth."""

import json
import re
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt


def main(results: Path, picture: Path) -> None:
    """Read the one, write the other."""
    content = json.loads(results.read_text(encoding="utf-8"))
    figure, ((delays, growth), (burst, hanging)) = plt.subplots(2, 2, figsize=(12, 8), layout="constrained")
    for name, curves in content["curves"].items():
        seconds = curves["delays"]
        delays.plot(
            [100 * (n + 1) / len(seconds) for n in range(len(seconds))], [s * 1000 for s in seconds], label=name
        )
        for axes, key in ((burst, "burst"), (hanging, "beside_hanging")):
            axes.step([0, *curves[key]], range(len(curves[key]) + 1), where="post", label=name)
    delays.set(title="From acceptance to the receiver, steady load", xlabel="share of events (%)", ylabel="delay (ms)")
    delays.set_yscale("log")
    burst.set(title="Burst, one healthy receiver", xlabel="seconds since the first post", ylabel="events delivered")
    hanging.set(
        title="Burst, a hanging receiver beside the healthy one",
        xlabel="seconds since the first post",
        ylabel="events delivered to the healthy one",
    )
    for axes in (delays, burst, hanging):
        axes.legend()
        axes.grid(visible=True, alpha=0.3)
    _draw_growth(growth, content["figures"])
    figure.suptitle("Webhook hub: figures of one run of `make bench`")
    figure.savefig(picture, dpi=110)


def _draw_growth(axes: plt.Axes, figures: list[dict[str, str]]) -> None:
    for ending, label in (
        ("time", "all of it, Azurite's scan included"),
        ("index", "without the bare read of the index"),
    ):
        found = [(re.search(rf"dispatch beside ([\d,]+) .*{ending}$", one["name"]), one["value"]) for one in figures]
        points = [(int(match[1].replace(",", "")), float(value.rstrip("x"))) for match, value in found if match]
        axes.plot(*zip((10, 1.0), *points, strict=True), marker="o", label=label)
    axes.axhline(1.1, linestyle="--", color="gray", label="goal: 1.1")
    axes.set_xscale("log")
    axes.set_ylim(0, 2)
    axes.set(title="Dispatch to 5 webhooks", xlabel="other registrations", ylabel="time, over that beside 10")
    axes.legend()
    axes.grid(visible=True, alpha=0.3)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
