"""Suspended call scripts: what one keeps above the held call that it stands in, and what a full pool does."""
import json
import os
import time

from . import box, guests, phones, steps
from .switches import WIDE_RTP, Cordboard

COUNT, RATE = 5000, 400
KINDS = {  # name, the step, the number, KB
    "wasm": ("call script in WASM (the SDK's Rust template)", "stands.say 1", "801", 40.0),
    "lua": ("call script in Lua (the SDK's Lua template)", "stands-lua.say 1", "802", 4.0),
    "script": ("Lua script of the tenant", "run stands", "803", 4.0),
}
SCRIPT = """-- stands.lua
-- what: answers and waits
call:answer()
call:wait(600)
return "done"
"""
STATION = 'wait "600s"'


def dialplan():
    text = f'module stands\nmodule stands-lua\ndid "800" {{ answer; {STATION} }}\n'
    for _, step, number, _ in KINDS.values():
        text += f'did "{number}" {{\n    {step}\n    else {{ answer; set full="yes"; {STATION} }}\n}}\n'
    return text


def switch():
    modules = [guests.template("stands", "rust", "call-script", guests.stands),
               guests.template("stands-lua", "lua", "call-script", guests.stands)]
    return Cordboard(dialplan(), {"../../scripts/stands.lua": SCRIPT}, WIDE_RTP + steps.NODE, modules)


def held(number, count):
    """So many calls to this number on a fresh switch: KB a call, calls up, else taken, CPU while they stand."""
    yard = switch()
    try:
        warm = phones.caller(yard, number, 50, 50, 200)
        warm.child.wait(20)
        warm.stop()
        time.sleep(2)
        before = box.memory_kb(yard.pids())
        party = phones.caller(yard, number, RATE, count, 120_000)
        until = time.monotonic() + count / RATE + 15
        while yard.health()["shard"]["calls"] < count and party.child.poll() is None and time.monotonic() < until:
            time.sleep(0.3)
        time.sleep(8)  # garbage is given back when a host has rested for five seconds
        up = yard.health()["shard"]["calls"]
        after, cpu, began = box.memory_kb(yard.pids()), box.cpu_nanos(yard.pids()), time.monotonic()
        time.sleep(2)
        cpu = (box.cpu_nanos(yard.pids()) - cpu) / 1e9 / (time.monotonic() - began)
        module = of_number(yard, number)
        maps = sum(1 for _ in open(f"/proc/{yard.pids()[0]}/maps"))
        figures = party.figures()
        party.stop()
        return {"kb": (after - before) / max(1, up), "up": up, "cores": cpu, "maps": maps, "bad": figures["bad"], **module,
                "alive": yard.child.poll() is None, "errors": party.errors()[:300]}
    finally:
        yard.stop()


def of_number(yard, number):
    """What became of this number's module."""
    module = next((step.split(".")[0] for _, step, known, _ in KINDS.values() if known == number and "." in step), None)
    return health(yard, module) if module else {"refusals": 0, "traps": 0, "instances": None, "last_trap": None}


def health(yard, module):
    """What the console tells of a module: instances, traps, refusals."""
    told = json.loads(guests.command("--data", os.path.join(yard.home, "data"), "module", "info", module, "--json"))
    return {key: told["health"][key] for key in ("instances", "refusals", "traps", "last_trap")}


def maps_max():
    with open("/proc/sys/vm/max_map_count") as file:
        return int(file.read())
