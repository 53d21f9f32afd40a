"""A thousand tenants that do nothing: what each costs over the empty switch, without modules and with two."""
import os
import time

from . import box, guests
from .switches import TOP, WIDE_RTP, Cordboard

TENANTS = 1000
PARKED_AFTER = 75  # seconds after which what nobody uses has been put away
VARIANTS = {
    "none": "tenant without modules",
    "two": "tenant with a WASM service and a Lua connector",
    "demo": "tenant with the demo's queue and crm",
}


def modules(variant):
    if variant == "two":
        return [guests.template("greet", "rust", "service"), guests.ours("look")]
    if variant == "demo":
        return [os.path.join(TOP, "modules", name) for name in ("queue", "crm")]
    return []


def uses(variant):
    if variant == "two":
        return "module greet\nmodule look { grant store }\n"
    if variant == "demo":
        return ('module queue { config { queue sales { agents alice bob; strategy longest-idle } } }\n'
                'module crm { grant http "https://crm.example.com/*" methods=GET; grant store; config base="https://crm.example.com" path="/customers/{number}.json" }\n')
    return ""


def tenant(n, variant):
    """A small centre: two users, a number, a route."""
    text = f'tenant t{n:04} domain="t{n:04}.example" tz="Europe/London"\n' + uses(variant)
    text += 'user alice { display "Alice" }\nuser bob { display "Bob" }\n'
    step = {"none": "", "two": "    greet.greet\n", "demo": "    queue.enter sales\n"}[variant]
    return text + f'did "+4420{n:08}" {{\n{step}    ring alice bob timeout="20s"\n    hangup\n}}\n'


class City(Cordboard):
    """A switch with many tenants beside the usual one."""

    def __init__(self, count, variant):
        files = {f"../t{n:04}/main.kdl": tenant(n, variant) for n in range(count)}
        ceilings = 'ceiling load { modules { http "https://*.example.com/*" } }\n' + "".join(
            f'ceiling t{n:04} {{ modules {{ http "https://crm.example.com/*" }} }}\n' for n in range(count if variant == "demo" else 0))
        super().__init__("", files, WIDE_RTP + ceilings, modules(variant))

    def write(self, name, text):
        os.makedirs(os.path.dirname(os.path.join(self.tenant, name)), exist_ok=True)
        super().write(name, text)

    patience = 240


def measure(count, variant, wait):
    """Memory and CPU of a switch after so many quiet seconds."""
    began = time.monotonic()
    city = City(count, variant)
    try:
        started = time.monotonic() - began
        time.sleep(wait)
        before, since = box.cpu_nanos(city.pids()), time.monotonic()
        time.sleep(5)
        cores = (box.cpu_nanos(city.pids()) - before) / 1e9 / (time.monotonic() - since)
        health = city.health()
        return {"kb": box.memory_kb(city.pids()), "threads": box.threads(city.pids()), "cores": cores, "started": started,
                "modules": len(health.get("modules", []))}
    finally:
        city.stop()


def idle(variants, count, say):
    """KB a tenant over the empty switch, for each variant."""
    empty = measure(0, "none", 15)
    say(f"the empty switch: {empty}")
    found = {}
    for variant in variants:
        figures = measure(count, variant, PARKED_AFTER if variant != "none" else 15)
        figures["each"] = (figures["kb"] - empty["kb"]) / count
        say(f"{count} times {VARIANTS[variant]}: {figures}")
        found[variant] = figures
    return found
