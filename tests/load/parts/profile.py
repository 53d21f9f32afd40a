"""Where the time goes: perf on the running switch, by thread and by function."""
import subprocess
import time

from . import box, phones, steps


def threads_cpu(pid, seconds=0):
    """CPU seconds by thread name."""
    import os
    found = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/stat") as file:
                name, rest = file.read().rsplit(")", 1)
        except OSError:
            continue
        fields = rest.split()
        key = name.split("(", 1)[1]
        found[key] = found.get(key, 0) + (int(fields[11]) + int(fields[12])) / box.TICKS
    return found


def perf(switch, seconds, top=10):
    """Records so many seconds; the hottest functions and threads as text."""
    data = box.path("perf.data")
    pid = switch.pids()[0]
    before = threads_cpu(pid)
    subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", "1499", "-p", str(pid), "-o", data, "--", "sleep", str(seconds)],
                   check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = threads_cpu(pid)
    lines = ["thread CPU, ms a second:"]
    for name, value in sorted(after.items(), key=lambda x: -(x[1] - before.get(x[0], 0))):
        spent = 1000 * (value - before.get(name, 0)) / seconds
        if spent > 0.5:
            lines.append(f"  {name:<20} {spent:8.1f}")
    for sort, count in (("symbol", top * 3), ("dso", 6), ("comm,symbol", top * 6)):
        report = subprocess.run(["perf", "report", "-i", data, "--stdio", "--percent-limit", "0.4", "--sort", sort, "-w", "0"],
                                capture_output=True, text=True).stdout
        rows = [line[:150] for line in report.splitlines() if line.strip() and not line.startswith("#")]
        lines += [f"by {sort}:"] + rows[:count]
    return "\n".join(lines)


def profile(switch, work, seconds=10):
    """A profile of one kind of work at its usual rate."""
    if work == "w2":
        held = phones.HeldCalls(switch, 300, 50, seconds + 14)
        audio = phones.Audio(held, seconds + 4, 2)
        audio.until("begin")
        text = perf(switch, seconds)
        audio.until("end")
        box.stop(audio.child)
        held.finish(wait=False)
        return text
    number, scenario, hold = {"w1": ("1000", "caller", 1000), "w3": ("300", "keys", 0), "w4": ("400", "served", 0),
                              **{kind: (number, "served", 0) for kind, (_, _, number, _) in steps.KINDS.items()}}[work]
    callee = phones.called() if work == "w1" else None
    rate = 100 if work in steps.KINDS else 200
    party = phones.caller(switch, number, rate, rate * (seconds + 5), hold, scenario=scenario)
    time.sleep(3)
    text = perf(switch, seconds)
    time.sleep(3)
    figures = party.figures()
    party.stop()
    if callee:
        callee.stop()
    return f"calls so far {figures}\n{text}"
