"""Flood: INVITEs that nobody ever acknowledges, and what they cost the others."""
import socket
import time

from . import box, phones
from .switches import CALLED, CALLER, FLOOD_PORT, IP, PORT

COUNT, SECONDS, AFTER = 24_000, 6, 64
DEFAULT_TRUNK = f'trunk flood {{ address "{CALLER}:{FLOOD_PORT}" }}\n'
WIDE_TRUNK = f'trunk flood {{ address "{CALLER}:{FLOOD_PORT}"; calls-max 5000; calls-per-second 5000 }}\n'


def invite(n, ip, port):
    body = (f"v=0\r\no=flood 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n"
            f"m=audio {phones.SILENT_PORT} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n")
    return (f"INVITE sip:500@{IP}:{PORT} SIP/2.0\r\nVia: SIP/2.0/UDP {ip}:{port};branch=z9hG4bKflood{n}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:flood@{ip}:{port}>;tag=f{n}\r\nTo: <sip:500@{IP}:{PORT}>\r\n"
            f"Call-ID: flood-{n}@{ip}\r\nCSeq: 1 INVITE\r\nContact: <sip:flood@{ip}:{port}>\r\n"
            f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()


class Flood:
    """The sender: an even pace, answers counted by status as far as they can be read in time."""

    def __init__(self, ip, port, count, seconds):
        self.ip, self.port, self.count, self.seconds = ip, port, count, seconds
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind((ip, port))
        self.socket.setblocking(False)
        self.answers, self.sent = {}, 0

    def drain(self, most=400):
        for _ in range(most):
            try:
                text = self.socket.recv(4096)
            except BlockingIOError:
                return
            status = (text[8:11] if text.startswith(b"SIP/2.0") else text.split(b" ", 1)[0]).decode(errors="replace")
            self.answers[status] = self.answers.get(status, 0) + 1

    def run(self, each):
        """Sends all; `each` is called about every 50 ms."""
        began, told = time.monotonic(), 0.0
        while self.sent < self.count:
            due = min(self.count, int((time.monotonic() - began) * self.count / self.seconds) + 1)
            while self.sent < due:
                try:
                    self.socket.sendto(invite(self.sent, self.ip, self.port), (IP, PORT))
                except BlockingIOError:
                    break
                self.sent += 1
            self.drain()
            if time.monotonic() - told > 0.05:
                told = time.monotonic()
                each()
            time.sleep(0.001)
        return time.monotonic() - began


def flood(switch_type, who, count=COUNT, seconds=SECONDS, after=AFTER):
    """One flood on a fresh, warmed switch; `who` is trunk, wide-trunk or stranger."""
    switch = switch_type({"trunk": DEFAULT_TRUNK, "wide-trunk": WIDE_TRUNK, "stranger": ""}[who], node="")
    callee = caller = None
    try:
        callee = phones.called()
        warm = phones.caller(switch, "1000", 50, 250, 500)
        warm.child.wait(30)
        warm.stop()
        time.sleep(1)
        before = peak = box.memory_kb(switch.pids())
        calls = int(5 * (seconds + 2 + min(after, 30)))
        caller = phones.caller(switch, "1000", 5, calls, 1000)
        time.sleep(1)
        source = (CALLED, FLOOD_PORT) if who == "stranger" else (CALLER, FLOOD_PORT)
        flood_source = Flood(*source, count, seconds)
        meter = box.Meter(switch, [caller, callee])

        def look():
            nonlocal peak
            peak = max(peak, box.memory_kb(switch.pids()))

        took = flood_source.run(look)
        cpu, _ = meter.stop([caller, callee])
        until = time.monotonic() + after
        while time.monotonic() < until:
            look()
            flood_source.drain(5000)
            time.sleep(0.1)
        end = box.memory_kb(switch.pids())
        caller.child.wait(60)
        figures = caller.figures()
        calls_left = switch.health()["shard"]["calls"]
        return {"before_mb": before / 1024, "growth_mb": (peak - before) / 1024, "after_pct": 100 * (end - before) / before,
                "took": took, "ms": 1000 * cpu / count, "answers": flood_source.answers, "calls_left": calls_left,
                "good_pct": 100 * figures["ok"] / max(1, calls), "again": figures["again"]}
    finally:
        for party in (caller, callee):
            if party:
                party.stop()
        switch.stop()
