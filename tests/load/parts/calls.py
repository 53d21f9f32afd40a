"""W1 to W5: what a call costs the switch."""
import time

from . import box, phones


def steady(switch, number, rate, seconds, scenario="caller", hold_ms=1000, bridged=True):
    """Calls at a steady rate; CPU counted from the first call until the last has ended."""
    callee = phones.called() if bridged else None
    meter = box.Meter(switch, [callee] if callee else [])
    calls = int(rate * seconds)
    party = phones.caller(switch, number, rate, calls, hold_ms, scenario=scenario)
    until = time.monotonic() + seconds + hold_ms / 1000 + 25
    while party.child.poll() is None and time.monotonic() < until:
        meter.look(party)
        time.sleep(0.1)
    cpu, wall = meter.stop([callee] if callee else [])
    party.stop()
    figures = party.figures()
    if callee:
        figures["again"] += callee.figures()["again"]
        callee.stop()
    done = max(1, figures["ok"] + figures["bad"])
    missing = calls - figures["ok"] - figures["bad"]
    time.sleep(1.5 if figures["bad"] + missing == 0 else 10)
    return dict(figures, calls=calls, missing=missing, ms=1000 * cpu / done, wall=wall, errors=party.errors(),
                clean=figures["bad"] == 0 and figures["again"] == 0 and missing == 0)


def bridged(switch, rate, seconds):
    """W1: INVITE, 180, 200, ACK, one second, BYE."""
    return steady(switch, "1000", rate, seconds)


def ivr(switch, rate, seconds):
    """W3: a prompt of two seconds, one digit, hang up."""
    return steady(switch, "300", rate, seconds, scenario="keys", hold_ms=5000, bridged=False)


def script(switch, rate, seconds):
    """W4: a script sets a variable and answers; hang up."""
    return steady(switch, "400", rate, seconds, scenario="served", hold_ms=0, bridged=False)


def highest_clean(switch, rates, seconds):
    """The last rate of the list without a failure or retransmission, with its figures; one repeat is allowed."""
    best = None
    for rate in rates:
        tries = (bridged(switch, rate, seconds) for _ in range(2))
        good = next((figures for figures in tries if figures["clean"]), None)
        if good is None:
            break
        best = dict(good, rate=rate)
    return best


def relay(switch, calls, seconds):
    """W2: audio both ways; CPU per call and second, loss and delay from end to end."""
    held = phones.HeldCalls(switch, calls, 100, seconds + 7)
    if held.up() < calls:
        figures = held.finish(wait=False)
        raise SystemExit(f"{switch.name}: only {held.up()} of {calls} calls came up: {figures} {held.caller.errors()}")
    audio = phones.Audio(held, seconds, 2)
    audio.until("begin")
    meter = box.Meter(switch, [audio, *held.tools()])
    audio.until("end")
    cpu, wall = meter.stop([audio, *held.tools()])
    result = audio.result()
    box.stop(audio.child)
    figures = held.finish()
    time.sleep(1)
    loss = 100 * (result["sent"] - result["received"]) / max(1, result["sent"])
    return dict(result, loss=max(0.0, loss), ms=1000 * cpu / calls / wall, bad=figures["bad"], ok=figures["ok"])


def held(switch, calls):
    """W5: memory and threads of calls that are up and silent."""
    before, threads_before = box.memory_kb(switch.pids()), box.threads(switch.pids())
    party = phones.HeldCalls(switch, calls, 100, 14)
    up = party.up()
    meter = box.Meter(switch, party.tools())
    time.sleep(4)
    total, threads = box.memory_kb(switch.pids()), box.threads(switch.pids())
    cpu, wall = meter.stop(party.tools())
    figures = party.finish()
    time.sleep(3)
    return dict(kb=(total - before) / calls, total_mb=total / 1024, before_mb=before / 1024, threads=threads,
                threads_before=threads_before, up=up, idle_ms=1000 * cpu / calls / wall, bad=figures["bad"],
                after_mb=box.memory_kb(switch.pids()) / 1024)
