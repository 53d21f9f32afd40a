"""The switches under test: Cordboard by its release binary, and Kamailio with rtpengine as the peer."""
import glob
import json
import math
import os
import shutil
import socket
import struct
import time
import wave

from . import box

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOP = os.path.dirname(os.path.dirname(HERE))
IP, CALLER, CALLED = "127.0.0.10", "127.0.0.11", "127.0.0.12"
PORT, PEER_PORT, CALLED_PORT = 15060, 15062, 15070
CALLER_PORT, FLOOD_PORT, PROBE_PORT = 15090, 15091, 15092
HTTP = f"{IP}:18060"
RELAY = "127.0.0.10:12223"


def binary():
    """The release binary."""
    target = os.environ.get("CARGO_TARGET_DIR") or os.path.join(TOP, "target")
    found = os.path.join(target, "release", "cordboard")
    if not os.access(found, os.X_OK):
        raise SystemExit(f"{found} is not there; build it: cargo build --release")
    return found


def write_prompt(name, seconds):
    """A soft tone as a WAV of 8 kHz."""
    with wave.open(name, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        samples = (int(6000 * math.sin(2 * math.pi * 440 * n / 8000)) for n in range(int(8000 * seconds)))
        out.writeframes(b"".join(struct.pack("<h", s) for s in samples))


NODE = f"""listen udp="{IP}:{PORT}" tcp="{IP}:{PORT}"
http "{HTTP}"
"""
WIDE_RTP = 'rtp "20000-39999"\n'

TENANT = f"""tenant load domain="load.example" tz="Europe/London" calls-max=20000 no-rtp="10m"
trunk caller {{ address "{CALLER}:{CALLER_PORT}"; calls-max 10000; calls-per-second 5000 }}
trunk called {{ address "{CALLED}:{CALLED_PORT}"; calls-max 10000; calls-per-second 5000 }}
did "1000" {{ trunk called timeout="20s" }}
did "300" {{
    collect prompt="two-seconds" digits=1 timeout="5s"
    hangup
}}
did "400" {{ run "bench" }}
did "500" {{
    answer
    play "two-seconds"
    play "two-seconds"
}}
"""

SCRIPT = """-- bench.lua
-- what: sets a variable and answers; the route then ends, and the call with it
call:set("x", "1")
call:answer()
return "done"
"""


class Cordboard:
    """One running switch with a dialplan of its own in a new folder."""

    name = "cordboard"
    address = f"{IP}:{PORT}"

    def __init__(self, extra="", files=None, node=WIDE_RTP, modules=()):
        """`files` are written beside the tenant's main file; `modules` are folders of built modules."""
        self.home = box.path(f"cordboard-{time.monotonic_ns()}")
        self.tenant = os.path.join(self.home, "dialplans", "load")
        os.makedirs(os.path.join(self.tenant, "prompts"))
        os.makedirs(os.path.join(self.home, "scripts"))
        os.makedirs(os.path.join(self.home, "modules"))
        for folder in modules:
            shutil.copytree(folder, os.path.join(self.home, "modules", os.path.basename(folder)))
        write_prompt(os.path.join(self.tenant, "prompts", "two-seconds.wav"), 2)
        self.write("../_node.kdl", NODE + node)
        self.write("main.kdl", TENANT + extra)
        self.write("../../scripts/bench.lua", SCRIPT)
        for name, text in (files or {}).items():
            self.write(name, text)
        self.log = os.path.join(self.home, "log")
        environment = dict(os.environ, CORDBOARD_LOG=os.environ.get("CORDBOARD_LOG", "info,sqlx=warn"))
        self.child = box.start([binary(), "--data", os.path.join(self.home, "data")], self.log, cwd=self.home, env=environment)
        self.wait()

    def write(self, name, text):
        with open(os.path.join(self.tenant, name), "w") as out:
            out.write(text)

    def replace(self, name, text):
        """Puts a file in place at once, as an editor does."""
        fresh = os.path.join(self.home, "fresh")
        with open(fresh, "w") as out:
            out.write(text)
        os.replace(fresh, os.path.join(self.tenant, name))

    def wait(self):
        until = time.monotonic() + getattr(self, "patience", 30)
        while time.monotonic() < until and self.child.poll() is None:
            try:
                if self.health().get("ok"):
                    return
            except (OSError, ValueError):
                pass
            time.sleep(0.1)
        with open(self.log, errors="replace") as log:
            raise SystemExit("cordboard did not start:\n" + log.read()[-4000:])

    def get(self, what):
        host, port = HTTP.split(":")
        with socket.create_connection((host, int(port)), 5) as line:
            line.sendall(f"GET {what} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            answer = b""
            while part := line.recv(65536):
                answer += part
        return answer.partition(b"\r\n\r\n")[2].decode()

    def health(self):
        return json.loads(self.get("/health"))

    def pids(self):
        return [self.child.pid]

    def stop(self):
        box.stop(self.child, grace=5)


class Peer:
    """Kamailio as a record-routing proxy, audio through rtpengine in userspace."""

    name = "kamailio+rtpengine"
    address = f"{IP}:{PEER_PORT}"

    def __init__(self):
        modules = glob.glob("/usr/lib/*/kamailio/modules/") + glob.glob("/usr/lib/kamailio/modules/")
        home = box.path(f"peer-{time.monotonic_ns()}")
        os.makedirs(home)
        with open(os.path.join(HERE, "kamailio.cfg")) as file:
            text = file.read()
        filled = {"@LISTEN@": self.address, "@MODULES@": modules[0], "@RELAY@": RELAY, "@CALLED@": f"{CALLED}:{CALLED_PORT}"}
        for word, value in filled.items():
            text = text.replace(word, value)
        config = os.path.join(home, "kamailio.cfg")
        with open(config, "w") as out:
            out.write(text)
        self.relay = box.start(["rtpengine", "--foreground", "--log-stderr", "--log-level=3", "--table=-1", f"--interface={IP}",
                                f"--listen-ng={RELAY}", "--port-min=40000", "--port-max=59999", "--num-threads=2",
                                f"--pidfile={home}/rtpengine.pid"], "rtpengine.log")
        time.sleep(0.5)
        self.proxy = box.start(["kamailio", "-f", config, "-m", "256", "-M", "16", "-DD", "-E", "-A", "MEDIA",
                                "-P", f"{home}/pid", "-Y", home], "kamailio.log", cwd=home)
        time.sleep(1.5)
        for child, log in ((self.relay, "rtpengine.log"), (self.proxy, "kamailio.log")):
            if child.poll() is not None:
                with open(box.path(log), errors="replace") as words:
                    raise SystemExit("the peer did not start:\n" + words.read()[-2000:])

    @staticmethod
    def present():
        return bool(shutil.which("kamailio") and shutil.which("rtpengine"))

    def pids(self):
        return [self.proxy.pid, self.relay.pid]

    def stop(self):
        box.stop(self.proxy, grace=3)
        box.stop(self.relay, grace=3)
