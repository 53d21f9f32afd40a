"""Phones: sipp callers and called parties, and the audio generator between them."""
import csv
import json
import os
import re
import socket
import subprocess
import time

from . import box
from .switches import CALLED, CALLED_PORT, CALLER, CALLER_PORT, HERE, IP

SILENT_PORT = 16000  # audio nobody listens to goes here
_sinks = []


def open_sinks():
    """Holds the ports that audio is sent to and not read from, so that no ICMP errors come back."""
    for ip in (CALLER, CALLED):
        for port in (SILENT_PORT, SILENT_PORT + 1):
            sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sink.bind((ip, port))
            _sinks.append(sink)


class Sipp:
    """One sipp process with its figures."""

    count = 0

    def __init__(self, scenario, ip, port, remote, ports=None, extra=()):
        Sipp.count += 1
        self.base = box.path(f"sipp-{Sipp.count}-{scenario}")
        with open(self.base + ".ports", "w") as out:
            out.write("SEQUENTIAL\n" + "".join(f"{p};\n" for p in ports or [SILENT_PORT]))
        command = ["sipp", "-sf", os.path.join(HERE, "scenarios", scenario + ".xml"), "-i", ip, "-p", str(port), "-mi", ip,
                   "-ci", ip, "-mp", "17000", "-nostdin", "-inf", self.base + ".ports", "-trace_stat", "-stf", self.base + ".stat",
                   "-fd", "1", "-trace_logs", "-log_file", self.base + ".log", "-trace_err", "-error_file", self.base + ".err",
                   "-default_behaviors", "all,-bye", *extra, remote]
        self.child = box.start(command, os.path.basename(self.base) + ".out", cwd=box.ROOT, env=dict(os.environ, TERM="xterm"))
        self.pid = self.child.pid

    def figures(self):
        """Calls made, good, bad and retransmissions so far."""
        try:
            with open(self.base + ".stat") as file:
                row = list(csv.DictReader(file, delimiter=";"))[-1]
        except (OSError, IndexError):
            row = {}
        def number(key):
            return int(row.get(key) or 0)
        return {"ok": number("SuccessfulCall(C)"), "bad": number("FailedCall(C)"),
                "again": number("Retransmissions(C)"), "up": number("CurrentCall")}

    def media(self):
        """(own port, switch's port) of every call so far."""
        if not os.path.exists(self.base + ".log"):
            return []
        with open(self.base + ".log", errors="replace") as file:
            return [(int(a), int(b)) for a, b in re.findall(r"media (\d+) (\d+)", file.read())]

    def errors(self):
        try:
            with open(self.base + ".err", errors="replace") as file:
                return file.read()[:600]
        except OSError:
            return ""

    def stop(self):
        box.stop(self.child)


def called(ports=None):
    """The called party, ready."""
    party = Sipp("called", CALLED, CALLED_PORT, f"{IP}:5060", ports)
    time.sleep(0.6)
    return party


def caller(switch, number, rate, calls, hold_ms, ports=None, scenario="caller", port=CALLER_PORT):
    """A caller who makes so many calls at a steady rate."""
    extra = ["-s", number, "-r", str(rate), "-rp", "1000", "-m", str(calls), "-l", str(15000), "-d", str(int(hold_ms))]
    return Sipp(scenario, CALLER, port, switch.address, ports, extra)


def free_ports(ip, first, count):
    """Even ports that nobody has bound, the odd one above each left for RTCP."""
    found, port = [], first
    while len(found) < count:
        probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            probe.bind((ip, port))
            found.append(port)
        except OSError:
            pass
        probe.close()
        port += 2
    return found


class HeldCalls:
    """N bridged calls that stay up for a while."""

    def __init__(self, switch, count, rate, stay):
        self.switch, self.count = switch, count
        hold = count / rate + stay
        self.callee = called(free_ports(CALLED, 13010, count))
        self.caller = caller(switch, "1000", rate, count, 1000 * hold, free_ports(CALLER, 10010, count))
        self.ends = time.monotonic() + hold + count / rate + 25
        until = time.monotonic() + count / rate + 8
        while len(self.caller.media()) < count and time.monotonic() < until:
            time.sleep(0.2)
        time.sleep(1)

    def up(self):
        return min(len(self.caller.media()), len(self.callee.media()), self.count)

    def flows(self):
        """Writes the file that the generator reads."""
        name = box.path("flows")
        with open(name, "w") as out:
            for ip, side in ((CALLER, self.caller), (CALLED, self.callee)):
                for own, far in side.media()[: self.count]:
                    out.write(f"{ip} {own} {far}\n")
        return name

    def tools(self):
        return [self.caller, self.callee]

    def finish(self, wait=True):
        """Waits for the callers to hang up (or kills them); the figures."""
        while wait and self.caller.child.poll() is None and time.monotonic() < self.ends:
            time.sleep(0.2)
        killed = self.caller.child.poll() is None
        self.caller.stop()
        figures = self.caller.figures()
        self.callee.stop()
        return dict(figures, killed=killed)


class Audio:
    """The audio generator on held calls."""

    def __init__(self, held, seconds, warm):
        program = box.path("rtp")
        if not os.path.exists(program):
            subprocess.check_call(["cc", "-O2", "-o", program, os.path.join(HERE, "rtp.c"), "-lpthread"])
        command = [program, str(held.count), str(seconds), str(warm), held.flows(), IP]
        self.child = box.start(command, "rtp.log", stdout=subprocess.PIPE, stderr=None, text=True)
        self.pid = self.child.pid

    def line(self):
        return self.child.stdout.readline().strip()

    def until(self, word):
        while line := self.line():
            if line == word:
                return
        raise SystemExit("the audio generator ended early")

    def result(self):
        return json.loads(self.line())

    def stop(self):
        """Ends it early; its figures."""
        self.child.terminate()
        self.until("end")
        return self.result()
