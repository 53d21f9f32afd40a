"""Reload of a module: how long until a new artefact answers, and what live steps notice meanwhile."""
import os
import select
import statistics
import time

from . import guests, reload, steps
from .switches import CALLER, PROBE_PORT, WIDE_RTP, Cordboard

QUIET_MS = reload.QUIET_MS
OTHER = ', "other"'


def dialplan():
    trunk = f'trunk probe {{ address "{CALLER}:{PROBE_PORT}"; calls-max 5000; calls-per-second 5000 }}\n'
    text = trunk + 'module pick { grant trunk called; config { prefix "44" trunk=called } }\nmodule steady src=pick { grant trunk called; config { prefix "44" trunk=called } }\n'
    text += "module speak\n"
    for number, step in (("900", "pick.choose"), ("902", "steady.choose")):
        text += f'did "{number}" {{ {step} {{ on none {{ hangup cause=busy }}; on absent {{ hangup cause=rejected }} }} }}\n'
    return text + 'did "901" { speak.say 1 { on done { hangup cause=busy }; on other { hangup cause=rejected } } }\n'


def refuses(text):
    """The JavaScript template, made to answer nothing: its step ends at once."""
    changed = text.replace("call.answer();", "").replace("call.play(", "void (")
    if changed == text:
        raise SystemExit("the JavaScript template has another form now; parts/swap.py must learn it")
    return changed


def others(text):
    """The same with another outcome."""
    changed = refuses(text).replace('return "done"', 'return "other"')
    if 'return "other"' not in changed:
        raise SystemExit("the JavaScript template has another form now; parts/swap.py must learn it")
    return changed


def absent(text):
    changed = text.replace('Reasoned::from("none")', 'Reasoned::from("absent")')
    if changed == text:
        raise SystemExit("the router's template has another form now; parts/swap.py must learn it")
    return changed


class Swaps:
    """A switch, and pairs of artefacts that take turns in it."""

    def __init__(self):
        old, new = guests.template("pick", "rust", "router"), guests.template("pick-absent", "rust", "router", absent)
        speak = guests.template("speak", "js", "call-script", refuses, OTHER)
        silent = guests.template("speak-other", "js", "call-script", others, OTHER)
        self.pairs = {"900": ("pick", [guests.artefact(old), guests.artefact(new)]), "901": ("speak", [guests.artefact(speak), guests.artefact(silent)])}
        self.kb = {number: max(os.path.getsize(name) for name in pair) / 1000 for number, (_, pair) in self.pairs.items()}
        self.yard = Cordboard(dialplan(), None, WIDE_RTP + steps.NODE, [old, speak])
        self.probe, self.at = reload.Probe(), {"900": 0, "901": 0}

    def swap(self, number):
        """Milliseconds from putting the other artefact in place until it answers, the quiet taken off."""
        module, pair = self.pairs[number]
        self.at[number] ^= 1
        old = self.probe.now(number)
        self.put(module, pair[self.at[number]])
        took = self.probe.live_after(number, old, time.monotonic(), 60.0)
        return None if took is None else took - QUIET_MS

    def put(self, module, artefact):
        """Puts an artefact in place as a build does; a section of chance makes it one that no cache has seen."""
        with open(artefact, "rb") as file:
            text = file.read() + bytes([0, 10, 4]) + b"load" + os.urandom(5)
        fresh = os.path.join(self.yard.home, "fresh.wasm")
        with open(fresh, "wb") as out:
            out.write(text)
        os.replace(fresh, os.path.join(self.yard.home, "modules", module, module + ".wasm"))

    def watch(self, number, seconds, during=lambda: None):
        """Milliseconds from INVITE to the last word of calls every 10 ms; `during` is called once at the start."""
        delays, mine = [], {}
        began = due = time.monotonic()
        during()
        while time.monotonic() - began < seconds + 0.3:
            if time.monotonic() - began < seconds:
                mine[self.probe.invite(number)] = time.monotonic()
            due += 0.01
            while (left := due - time.monotonic()) > 0:
                select.select([self.probe.socket], [], [], left)
                for n, _ in self.probe.take():
                    if n in mine:
                        delays.append(1000 * (time.monotonic() - mine.pop(n)))
        return {"p50": statistics.median(delays), "p99": statistics.quantiles(delays, n=100)[98], "most": max(delays), "lost": len(mine)}

    def stop(self):
        self.yard.stop()


def swaps(count):
    """Times of each kind, and delays of another module's steps while JavaScript is loaded."""
    lab = Swaps()
    try:
        found = {"kb": lab.kb}
        for number, how_often in (("900", count), ("901", max(2, count // 3))):
            times = []
            for _ in range(how_often):
                times.append(lab.swap(number))
                time.sleep(0.5)
            good = [t for t in times if t is not None]
            found[number] = {"median": statistics.median(good) if good else None, "most": max(good, default=None), "missed": len(times) - len(good)}
        found["quiet"] = lab.watch("902", 5)
        module, pair = lab.pairs["901"]
        found["during"] = lab.watch("902", 5, lambda: lab.put(module, pair[0]))
        return found
    finally:
        lab.stop()
