"""A step's cost: the same routing decision in WASM, in Lua and by a webhook, in a real route under real calls."""
import os
import re
import statistics
import time

from . import box, calls, guests
from .switches import HERE, IP, WIDE_RTP, Cordboard

DECISIONS = 50
WEBHOOK_PORT = 18070
WEBHOOK = f"http://{IP}:{WEBHOOK_PORT}"
NODE = f"""ceiling load {{
    modules {{
        http "{WEBHOOK}/*" rate="100000/s"
        private-addresses #true
        instances 20000
        memory-mb 65536
        cpu-percent 400
    }}
}}
"""
SCRIPT = """-- pick.lua
-- what: chooses a trunk by the number's first digits
-- outcomes: none, chosen
local prefixes = { { digits = "44", trunk = "called" } }
local number = string.gsub(call.dialled, "^%+", "")
for _, prefix in prefixes do
    if string.sub(number, 1, #prefix.digits) == prefix.digits then
        log.info(`{number} begins with {prefix.digits}: {prefix.trunk}`)
        return "chosen"
    end
end
log.info(`{number} has no prefix of ours`)
return "none"
"""
# What is measured: name, the step, the number that is dialled, target in microseconds.
KINDS = {
    "wasm": ("router in WASM (the SDK's Rust template)", "pick.choose", "601", 60.0),
    "lua": ("router in Lua", "pick-lua.choose", "602", 10.0),
    "script": ("Lua call script", "run pick", "603", 10.0),
    "webhook": ("webhook on loopback", "hook.choose", "604", None),
}
MODULE_OF = {"wasm": "pick", "lua": "pick-lua", "script": None, "webhook": "hook"}


def dialplan():
    config = '{ grant trunk called; config { prefix "44" trunk=called } }\n'
    text = f"module pick {config}module pick-lua {config}"
    text += f'module hook {{ grant http "{WEBHOOK}/*" methods=GET rate="100000/s" private=#true; config base="{WEBHOOK}" }}\n'
    text += 'did "600" { answer; hangup }\n'
    for _, step, number, _ in KINDS.values():
        lines = "".join(f"    {step}\n" for _ in range(DECISIONS))
        text += f'did "{number}" {{\n    answer\n{lines}    hangup\n}}\n'
    return text


class Webhook:
    """The http server that decides, one process."""

    def __init__(self):
        self.child = box.start(["node", os.path.join(HERE, "webhook.mjs"), IP, str(WEBHOOK_PORT)], "webhook")
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with open(box.path("webhook")) as log:
                if "serving" in log.read():
                    return
            time.sleep(0.05)
        raise SystemExit("the webhook did not start")

    def cpu(self):
        return box.cpu_nanos([self.child.pid])

    def stop(self):
        box.stop(self.child)


def switch():
    """A switch with all of them loaded."""
    modules = [guests.template("pick", "rust", "router"), guests.ours("pick-lua"), guests.ours("hook")]
    return Cordboard(dialplan(), {"../../scripts/pick.lua": SCRIPT}, WIDE_RTP + NODE, modules)


def metered(switch, module):
    """(steps begun, CPU seconds around them by the worker's thread clock) of a module since the start."""
    begun = cpu = 0.0
    for line in switch.get("/metrics").splitlines():
        if f'module="{module}"' in line:
            value = float(line.rsplit(" ", 1)[1])
            if line.startswith("cordboard_module_starts_total"):
                begun += value
            elif line.startswith("cordboard_module_cpu_seconds_total"):
                cpu += value
    return begun, cpu


def threads_between(before, after, calls):
    """Microseconds a decision of each thread by its name, those that matter."""
    found = {}
    for key, nanos in after.items():
        name = key.split("/", 1)[1]
        found[name] = found.get(name, 0) + nanos - before.get(key, 0)
    shares = {name: nanos / 1000 / calls / DECISIONS for name, nanos in found.items()}
    return {name: round(us, 1) for name, us in sorted(shares.items(), key=lambda item: -item[1]) if us >= 0.1}


def trouble(switch, module):
    """Traps and refusals of a module, where there were any: a step that failed costs less than one that decided."""
    lines = [line for line in switch.get("/metrics").splitlines() if f'module="{module}"' in line]
    counts = {key: sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"cordboard_module_{key}_total"))
              for key in ("traps", "refusals")}
    return {key: count for key, count in counts.items() if count}


def workers_share(threads):
    """Of the threads that run modules and scripts, their waking and sleeping counted."""
    return sum(us for name, us in threads.items() if re.match(r"module|wasm-\d|lua-step|script-", name)) or None


def one(switch, number, rate, seconds):
    """CPU nanoseconds a call of the switch to this number, with each thread's share."""
    before, cpu = box.thread_nanos(switch.pids()), box.cpu_nanos(switch.pids())
    figures = calls.steady(switch, number, rate, seconds, scenario="served", hold_ms=0, bridged=False)
    made = max(1, figures["ok"] + figures["bad"])
    return dict(figures, nanos=(box.cpu_nanos(switch.pids()) - cpu) / made, made=made,
                threads=threads_between(before, box.thread_nanos(switch.pids()), made))


def steps(runs, rate, seconds, kinds, say):
    """For each kind: microseconds a decision by the worker's clock, and by 0 and 50 decisions in a route."""
    found = {kind: {"clock": [], "code": [], "route": [], "outside": [], "threads": {}, "bad": 0, "errors": ""} for kind in kinds}
    webhook, yard = Webhook(), switch()
    try:
        one(yard, "600", rate, 1)
        for _, _, number, _ in (KINDS[kind] for kind in kinds):
            one(yard, number, 5, 1)  # every instance warm
        for _ in range(runs):
            empty = one(yard, "600", rate, seconds)
            for kind in kinds:
                number, module = KINDS[kind][2], MODULE_OF[kind]
                slow = kind == "webhook"
                base = one(yard, "600", rate / 5, seconds) if slow else empty
                outside, (count, cpu) = webhook.cpu(), metered(yard, module)
                full = one(yard, number, rate / 5 if slow else rate, seconds)
                count, cpu = (b - a for a, b in zip((count, cpu), metered(yard, module)))
                mine = found[kind]
                mine["route"].append((full["nanos"] - base["nanos"]) / 1000 / DECISIONS)
                mine["clock"].append(workers_share(full["threads"]))
                mine["code"].append(1e6 * cpu / count if count and cpu else None)
                mine["outside"].append((webhook.cpu() - outside) / 1000 / full["made"] / DECISIONS)
                mine["threads"] = full["threads"]
                mine["bad"] += full["bad"] + full["missing"] + base["bad"] + base["missing"]
                mine["errors"] += full["errors"]
                say(f"{kind}: route {mine['route'][-1]:.1f} us, worker's clock {mine['clock'][-1] or 0:.1f} us, its code {mine['code'][-1] or 0:.1f} us, outside {mine['outside'][-1]:.1f} us, "
                    f"threads {full['threads']}, bad {full['bad']}, missing {full['missing']}, load {os.getloadavg()[0]:.1f}")
        for kind in kinds:
            found[kind]["trouble"] = trouble(yard, MODULE_OF[kind]) if MODULE_OF[kind] else {}
    finally:
        yard.stop()
        webhook.stop()
    return found


def middle(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None
