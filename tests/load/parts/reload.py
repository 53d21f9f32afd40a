"""Reload: how long until an edit is live, and what live audio notices of it."""
import re
import select
import socket
import statistics
import time

from . import box, phones
from .switches import CALLER, IP, PORT, PROBE_PORT

DIDS, FILES, ROUTES_A_FILE = 10_000, 25, 20
QUIET_MS = 300  # the switch waits for so much quiet before it loads
PROBE_EVERY = 0.005
CAUSES = ("busy", "rejected")


def routes_file(number, cause, version):
    """20 routes of four lines; the first one's hang-up cause says which edit serves."""
    lines = [f"// version {version}"]
    for n in range(number * ROUTES_A_FILE, (number + 1) * ROUTES_A_FILE):
        first = n % ROUTES_A_FILE == 0
        lines += [f"route r{n:03} {{", f'    set greeting="text {version} of {n}"', f'    set place="{n}"',
                  f'    set step="{"first" if first else "other"}"',
                  f"    hangup cause={CAUSES[cause]}" if first else '    play "two-seconds"', "}"]
    return "\n".join(lines) + "\n"


def numbers(version):
    rows = [f"# version {version}", "number,route"]
    rows += [f"+4420790{n:05},r{n % (FILES * ROUTES_A_FILE):03}" for n in range(DIDS)]
    return "\n".join(rows) + "\n"


def extra():
    """What the tenant's main file has more than in other tests."""
    trunk = f'trunk probe {{ address "{CALLER}:{PROBE_PORT}"; calls-max 5000; calls-per-second 5000 }}\n'
    return trunk + 'dids "numbers.csv"\n'


def files(cause, version):
    found = {f"routes-{n:02}.kdl": routes_file(n, cause, version) for n in range(FILES)}
    return {**found, "numbers.csv": numbers(version)}


class Probe:
    """Small calls whose final response says which version of a file served them."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((CALLER, PROBE_PORT))
        self.socket.setblocking(False)
        self.count, self.sent = 0, {}

    def invite(self, number):
        self.count += 1
        n = self.count
        self.head = (f"Max-Forwards: 70\r\nFrom: <sip:probe@{CALLER}:{PROBE_PORT}>;tag=p{n}\r\n"
                     f"Call-ID: probe-{n}@{CALLER}\r\n")
        body = (f"v=0\r\no=probe 1 1 IN IP4 {CALLER}\r\ns=-\r\nc=IN IP4 {CALLER}\r\nt=0 0\r\n"
                f"m=audio {phones.SILENT_PORT} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n")
        self.sent[n] = time.monotonic()
        self.send(f"INVITE sip:{number}@{IP}:{PORT} SIP/2.0\r\nVia: SIP/2.0/UDP {CALLER}:{PROBE_PORT};branch=z9hG4bKprobe{n}\r\n"
                  f"{self.head}To: <sip:{number}@{IP}:{PORT}>\r\nCSeq: 1 INVITE\r\nContact: <sip:probe@{CALLER}:{PROBE_PORT}>\r\n"
                  f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        return n

    def send(self, text):
        self.socket.sendto(text.encode(), (IP, PORT))

    def take(self):
        """The final responses that are there, acknowledged: (number of the call, status)."""
        found = []
        while True:
            try:
                text = self.socket.recv(8192).decode(errors="replace")
            except BlockingIOError:
                return found
            status = int(text.split(" ", 2)[1])
            call = re.search(r"Call-ID: *probe-(\d+)@", text, re.I)
            if status < 200 or not call:
                continue
            n = int(call[1])
            to = re.search(r"^To: *(.*?)\r$", text, re.I | re.M)[1]
            uri = re.search(r"<(sip:[^>]*)>", to)[1]
            self.send(f"ACK {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {CALLER}:{PROBE_PORT};branch=z9hG4bKprobe{n}\r\nMax-Forwards: 70\r\n"
                      f"From: <sip:probe@{CALLER}:{PROBE_PORT}>;tag=p{n}\r\nTo: {to}\r\nCall-ID: probe-{n}@{CALLER}\r\n"
                      "CSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n")
            found.append((n, status))

    def now(self, number, wait=3.0):
        """The status that this number gives now."""
        mine = self.invite(number)
        until = time.monotonic() + wait
        while time.monotonic() < until:
            select.select([self.socket], [], [], 0.05)
            for n, status in self.take():
                if n == mine:
                    return status
        return None

    def live_after(self, number, old, edited, wait=8.0):
        """Milliseconds from the edit to the first call that followed it; None where none did."""
        first, until = None, edited + wait
        time.sleep(max(0.0, edited + 0.2 - time.monotonic()))
        due = time.monotonic()
        while first is None and time.monotonic() < until:
            self.invite(number)
            due += PROBE_EVERY
            while (left := due - time.monotonic()) > 0:
                select.select([self.socket], [], [], left)
                for n, status in self.take():
                    if status != old and (first is None or n < first):
                        first = n
            due = max(due, time.monotonic() - PROBE_EVERY)
        settle = time.monotonic() + 0.1
        while time.monotonic() < settle:
            select.select([self.socket], [], [], 0.02)
            for n, status in self.take():
                if status != old and (first is None or n < first):
                    first = n
        return None if first is None else 1000 * (self.sent[first] - edited)


def number_of(file):
    return f"+4420790{file * ROUTES_A_FILE:05}"


def edits(switch, probe, count, everything, version):
    """So many edits, one after the other; the milliseconds of each and the next version."""
    times = []
    for turn in range(count):
        version += 1
        file = turn % FILES
        old = probe.now(number_of(file))
        cause = 1 if old == 486 else 0
        if everything:
            fresh = {**files(cause, version), "main.kdl": switch.main + f"// edit {version}\n"}
        else:
            fresh = {f"routes-{file:02}.kdl": routes_file(file, cause, version)}
        for name, text in fresh.items():
            switch.replace(name, text)
        times.append(probe.live_after(number_of(file), old, time.monotonic()))
        time.sleep(0.4)
    return times, version


def summary(times):
    good = [t - QUIET_MS for t in times if t is not None]
    missed = len(times) - len(good)
    if not good:
        return {"median": None, "least": None, "most": None, "missed": missed}
    return {"median": statistics.median(good), "least": min(good), "most": max(good), "missed": missed}


def reload(switch_type, calls, count):
    """The whole measurement, on a switch of its own."""
    from .switches import TENANT
    switch = switch_type(extra(), files(0, 0))
    switch.main = TENANT + extra()
    try:
        probe = Probe()
        held = phones.HeldCalls(switch, calls, 50, 45 + 5 * count)
        up = held.up()
        quiet = phones.Audio(held, 8, 2)
        quiet.until("end")
        quiet_gap = quiet.result()
        box.stop(quiet.child)
        out = {"up": up, "quiet_gap": quiet_gap["longest_gap_ms"], "kb": box.memory_kb(switch.pids())}
        version = 0
        for name, everything in (("one", False), ("all", True)):
            audio = phones.Audio(held, 600, 1)
            audio.until("begin")
            meter = box.Meter(switch, [audio, *held.tools()])
            times, version = edits(switch, probe, count, everything, version)
            cpu, wall = meter.stop([audio, *held.tools()])
            heard = audio.stop()
            box.stop(audio.child)
            lost = 100 * max(0, heard["sent"] - heard["received"]) / max(1, heard["sent"])
            out[name] = dict(summary(times), gap=heard["longest_gap_ms"], late=heard["sender_late_ms"], loss=lost,
                             cpu=cpu / wall)
        out["still_up"] = switch.health()["shard"]["calls"]
        held.finish(wait=False)
        return out
    finally:
        switch.stop()
