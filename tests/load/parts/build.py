"""The first start: all modules that come with the switch are built from nothing, and the second finds them."""
import os
import re
import shutil
import subprocess
import time

from . import box
from .switches import HTTP, IP, NODE, PORT, TOP, Cordboard, binary

# The tools' own downloads are kept: the line to the registry is not measured.
FIRST_PARTY = ("queue", "routing", "reporting", "ivr", "crm")


def start(home, cache):
    """Starts the demo in this folder; seconds until it is up, CPU seconds it took with all its children."""
    began, cpu = time.monotonic(), os.times()
    environment = dict(os.environ, CORDBOARD_CACHE=cache, CORDBOARD_LOG="info,sqlx=warn")
    child = box.start([binary(), "--data", os.path.join(home, "data")], os.path.join(home, "log"), cwd=home, env=environment)
    try:
        while True:
            try:
                host = Cordboard.__new__(Cordboard)
                if "version" in host.health():
                    break
            except (OSError, ValueError):
                pass
            if child.poll() is not None or time.monotonic() - began > 900:
                with open(os.path.join(home, "log"), errors="replace") as log:
                    raise SystemExit("the demo did not start:\n" + log.read()[-3000:])
            time.sleep(0.02)
        return time.monotonic() - began
    finally:
        box.stop(child, grace=10)


def build():
    """Seconds of the first and the second start of the demo, and what the log says of each module."""
    home = box.path("first")
    os.makedirs(home)
    for folder in ("modules", "dialplans", "scripts", "sdk"):
        shutil.copytree(os.path.join(TOP, folder), os.path.join(home, folder), ignore=shutil.ignore_patterns("*.wasm", ".built*", "target"))
    with open(os.path.join(home, "dialplans", "_node.kdl")) as file:
        text = file.read()
    text = re.sub(r'^listen .*$', NODE.splitlines()[0], text, flags=re.M)
    text = re.sub(r'^http .*$', NODE.splitlines()[1], text, flags=re.M)
    with open(os.path.join(home, "dialplans", "_node.kdl"), "w") as out:
        out.write(text)
    cache = os.path.join(home, "cache")
    first = start(home, cache)
    second = min(start(home, cache) for _ in range(2))
    with open(os.path.join(home, "log"), errors="replace") as log:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", log.read())
    built = re.findall(r"built \S*/(\w+)\.wasm in ([0-9.]+) s", plain)
    faults = re.findall(r"^.*(?:is not built).*$", plain, flags=re.M)
    return {"first": first, "second": second, "built": built, "faults": faults}
