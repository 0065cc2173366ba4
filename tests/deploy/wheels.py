"""Wheels made on the spot, so that uv can be tried without a registry."""

import zipfile
from pathlib import Path


def write_wheel(folder: Path, name: str, version: str, *, requires: tuple[str, ...] = (), tag: str = "any") -> None:
    """Write a wheel of an empty package into this folder; `tag` is the platform that it is for."""
    info = f"{name}-{version}.dist-info"
    metadata = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {one}" for one in requires)]
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-{tag}.whl", "w") as wheel:
        wheel.writestr(f"{name}/__init__.py", "")
        wheel.writestr(f"{info}/METADATA", "\n".join(["Metadata-Version: 2.1", *metadata, ""]))
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-{tag}\n")
        wheel.writestr(f"{info}/RECORD", f"{name}/__init__.py,,\n")
