"""Fairness: what one tenant's loop and another's allocation bomb do to a third tenant's steps and audio."""
import os
import select
import statistics
import time

from . import box, guests, phones, reload
from .switches import CALLER, PROBE_PORT, WIDE_RTP, Cordboard

CPU_PERCENT = 20  # of a core, each of the two that mean harm
# They stay just within their memory: a guest that breaks is soon disabled and harms nobody.
INSTANCES = {"loops": 200, "bombs": 6}
PORTS = {"loops": 15093, "bombs": 15094}
NUMBERS = {"loops": ("700", "701"), "bombs": ("720", "721")}
NODE = "ceiling load { modules { instances 2000; cpu-percent 100 } }\n" + "".join(
    f"ceiling {name} {{ modules {{ instances {INSTANCES[name]}; memory-mb 512; cpu-percent {CPU_PERCENT} }} }}\n" for name in PORTS)
HARM_RATE, HARM_HOLD_MS = 6, 2500  # calls a second of each of the two, and how long each stands
PROBE_EVERY = 0.025
LOOP = "let mut n = digit; loop { n = core::hint::black_box(n.wrapping_add(1)); }"
BOMB = """let mut held: Vec<Vec<u8>> = Vec::with_capacity(64);
        loop {
            if held.len() == 48 { held.clear(); }
            let mut block: Vec<u8> = Vec::new();
            match block.try_reserve_exact(1 << 20) {
                Ok(()) => { block.resize(1 << 20, core::hint::black_box(digit as u8)); held.push(block); }
                Err(_) => held.clear(),
            }
        }"""


def instead(code):
    """The Rust template with another body: it never comes back."""
    def change(text):
        head, _, rest = text.partition('log::info(&format!("saying {digit}"));')
        body, end, tail = rest.partition('Ok("done".to_owned())\n    }')
        if not end:
            raise SystemExit("the call script's template has another form now; parts/fair.py must learn it")
        text = f"#![allow(unused, unreachable_code)]\n{head}{code}\n    }}{tail}"
        return text.replace("Result<String, Error> {", "Result<String, Error> {", 1)
    return change


def harmful(name, code):
    folder = guests.template(name, "rust", "call-script", instead(code))
    guests.edit(os.path.join(folder, "module.toml"), lambda text: text.replace(
        "\n[limits]\n", "\n[limits]\ncpu-ms = 1000\nmemory-mb = 64\n") if "cpu-ms" not in text else text)
    return folder


def tenant(name, modules):
    trunk = f'trunk calls {{ address "{CALLER}:{PORTS[name]}"; calls-max 1000; calls-per-second 100 }}\n' \
            f'trunk more {{ address "{CALLER}:{PORTS[name] + 10}"; calls-max 1000; calls-per-second 100 }}\n'
    dids = "".join(f'did "{number}" {{\n    answer\n    {module}.say 1\n    else {{ hangup }}\n}}\n' for number, module in zip(NUMBERS[name], modules))
    return (f'tenant {name} domain="{name}.example"\n' + trunk + "".join(f"module {module}\n" for module in modules)
            + dids)


def bystander():
    text = f'trunk probe {{ address "{CALLER}:{PROBE_PORT}"; calls-max 5000; calls-per-second 5000 }}\n'
    config = '{ grant trunk called; config { prefix "44" trunk=called } }\n'
    text += f"module pick {config}module pick-lua {config}"
    for number, module in (("710", "pick"), ("711", "pick-lua")):
        text += f'did "{number}" {{ {module}.choose {{ on none {{ hangup cause=busy }} }}\n    else {{ hangup cause=rejected }} }}\n'
    return text


class Town(Cordboard):
    """A switch with three tenants."""

    def __init__(self):
        modules = [guests.template("pick", "rust", "router"), guests.ours("pick-lua"), harmful("spin", LOOP), harmful("bomb", BOMB),
                   guests.ours("spin-lua"), guests.ours("bomb-lua")]
        files = {"../loops/main.kdl": tenant("loops", ["spin", "spin-lua"]), "../bombs/main.kdl": tenant("bombs", ["bomb", "bomb-lua"])}
        super().__init__(bystander(), files, WIDE_RTP + NODE, modules)

    def write(self, name, text):
        os.makedirs(os.path.dirname(os.path.join(self.tenant, name)), exist_ok=True)
        super().write(name, text)

    def module_nanos(self):
        """CPU of the threads on which modules compute."""
        found = box.thread_nanos(self.pids())
        return sum(nanos for key, nanos in found.items() if key.split("/", 1)[1].startswith("module"))


def probes(probe, seconds):
    """Milliseconds from INVITE to the last word of calls of one step, in WASM and in Lua by turns."""
    delays, mine, refused = [], {}, 0
    began = due = time.monotonic()
    while (now := time.monotonic()) - began < seconds + 0.5:
        if now - began < seconds:
            mine[probe.invite("710" if len(mine) % 2 else "711")] = time.monotonic()
        due += PROBE_EVERY
        while (left := due - time.monotonic()) > 0:
            select.select([probe.socket], [], [], left)
            for n, status in probe.take():
                if n in mine:
                    delays.append(1000 * (time.monotonic() - mine.pop(n)))
                    refused += status != 486
    return delays, len(mine), refused


def span(town, probe, held, seconds, harm):
    """One half of a pair: steps, audio and CPU, with or without harm."""
    parties = []
    if harm:
        for name, port in PORTS.items():
            for number in NUMBERS[name]:
                own = port + 10 * NUMBERS[name].index(number)
                extra = ["-s", number, "-r", str(HARM_RATE // 2), "-rp", "1000", "-m", "10000", "-l", "1000", "-d", str(HARM_HOLD_MS),
                         "-mp", str(own + 3000)]  # one of the same address has the usual port
                parties.append(phones.Sipp("caller", CALLER, own, town.address, None, extra))
        time.sleep(1.5)
    audio = phones.Audio(held, 600, 1)
    audio.until("begin")
    nanos, began = town.module_nanos(), time.monotonic()
    delays, lost, refused = probes(probe, seconds)
    cores = (town.module_nanos() - nanos) / 1e9 / (time.monotonic() - began)
    heard = audio.stop()
    box.stop(audio.child)
    calls = sum(party.figures()["ok"] + party.figures()["up"] for party in parties)
    for party in parties:
        party.stop()
    if harm:
        time.sleep(1.0)
    return {"p50": statistics.median(delays), "p99": statistics.quantiles(delays, n=100)[98], "most": max(delays), "lost": lost,
            "refused": refused, "cores": cores, "gap": heard["longest_gap_ms"], "late": heard["sender_late_ms"], "harm": calls}


def fair(pairs, seconds, say):
    """Interleaved pairs: quiet, harm, quiet, harm ..."""
    town = Town()
    try:
        probe = reload.Probe()
        held = phones.HeldCalls(town, 10, 20, pairs * (2 * seconds + 12) + 20)
        up = held.up()
        span(town, probe, held, 2, False)
        found = []
        for n in range(pairs):
            pair = {name: span(town, probe, held, seconds, name == "harm") for name in ("quiet", "harm")}
            say(f"pair {n + 1}: " + "; ".join(f"{name} " + ", ".join(f"{key} {value:.2f}" for key, value in half.items()) for name, half in pair.items()))
            found.append(pair)
        still = town.health()["shard"]["calls"]
        held.finish(wait=False)
        return {"pairs": found, "up": up, "still_up": still}
    finally:
        town.stop()


def summary(found):
    """Medians over the pairs of what harm changed."""
    def middle(figure):
        return statistics.median(figure(pair["quiet"], pair["harm"]) for pair in found["pairs"])
    return {
        "p50_quiet": middle(lambda quiet, harm: quiet["p50"]), "p99_quiet": middle(lambda quiet, harm: quiet["p99"]),
        "p50_more": middle(lambda quiet, harm: 100 * (harm["p50"] / quiet["p50"] - 1)),
        "p99_more": middle(lambda quiet, harm: harm["p99"] - quiet["p99"]),
        "beyond": middle(lambda quiet, harm: 100 * (harm["cores"] - quiet["cores"]) - len(PORTS) * CPU_PERCENT),
        "share": middle(lambda quiet, harm: 100 * (harm["cores"] - quiet["cores"])),
        "gap": middle(lambda quiet, harm: harm["gap"]), "gap_quiet": middle(lambda quiet, harm: quiet["gap"]),
    }
