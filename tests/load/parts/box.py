"""The machine: CPU and memory of process trees, other load, and the end of everything we started."""
import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")
ROOT = tempfile.mkdtemp(prefix="cordboard-load-")
CHILDREN = []


def path(*names):
    """A place in this run's own folder."""
    return os.path.join(ROOT, *names)


def start(command, log, **options):
    """Starts a program in a process group of its own; its words go to a file."""
    with open(path(log), "ab") as out:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=options.pop("stdout", out),
                                 stderr=options.pop("stderr", subprocess.STDOUT), start_new_session=True, **options)
    CHILDREN.append(child)
    return child


def stop(child, grace=0.0):
    """Ends a program that we started, with all it started; kindly first where a grace is given."""
    if child is None:
        return
    if child.poll() is None and grace:
        child.terminate()
        try:
            child.wait(grace)
        except subprocess.TimeoutExpired:
            pass
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    child.wait()
    if child in CHILDREN:
        CHILDREN.remove(child)


@atexit.register
def stop_all():
    for child in list(CHILDREN):
        stop(child)
    if os.environ.get("LOAD_KEEP"):
        print("kept:", ROOT)
    else:
        shutil.rmtree(ROOT, ignore_errors=True)


def tree(pids):
    """The processes and all their descendants."""
    todo, found = list(pids), []
    while todo:
        pid = todo.pop()
        found.append(pid)
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children") as file:
                    todo += [int(child) for child in file.read().split()]
        except OSError:
            continue
    return found


def cpu_seconds(pids):
    """utime + stime of the trees."""
    ticks = 0
    for pid in tree(pids):
        try:
            with open(f"/proc/{pid}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        except OSError:
            continue
    return ticks / TICKS


def thread_nanos(pids):
    """CPU nanoseconds of every thread of the trees, by "number/name"."""
    found = {}
    for pid in tree(pids):
        try:
            tasks = os.listdir(f"/proc/{pid}/task")
        except OSError:
            continue
        for task in tasks:
            try:
                with open(f"/proc/{pid}/task/{task}/schedstat") as file:
                    nanos = int(file.read().split()[0])
                with open(f"/proc/{pid}/task/{task}/comm") as file:
                    found[f"{task}/{file.read().strip()}"] = nanos
            except (OSError, IndexError):
                continue
    return found


def cpu_nanos(pids):
    """CPU nanoseconds of the trees' threads that live: finer than `cpu_seconds`, for short spans."""
    return sum(thread_nanos(pids).values())


def memory_kb(pids):
    """Proportional set size of the trees."""
    total = 0
    for pid in tree(pids):
        try:
            with open(f"/proc/{pid}/smaps_rollup") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except OSError:
            continue
    return total


def threads(pids):
    """Threads of the trees."""
    count = 0
    for pid in tree(pids):
        try:
            count += len(os.listdir(f"/proc/{pid}/task"))
        except OSError:
            continue
    return count


def busy_seconds():
    """CPU seconds that the whole machine has worked, stolen time included."""
    with open("/proc/stat") as file:
        fields = [int(x) for x in file.readline().split()[1:9]]
    return (sum(fields[:3]) + sum(fields[5:8])) / TICKS


class Meter:
    """CPU of a switch between two moments, and what the rest of the machine did meanwhile."""

    others = []  # other load of every measured span, in cores

    def __init__(self, switch, tools=()):
        self.pids, self.tools = switch.pids(), {tool.pid: cpu_seconds([tool.pid]) for tool in tools}
        self.seen = dict(self.tools)
        self.began, self.busy, self.cpu = time.monotonic(), busy_seconds(), cpu_seconds(self.pids)

    def look(self, tool):
        """Notes a tool's CPU while it still lives."""
        self.tools.setdefault(tool.pid, 0.0)
        self.seen[tool.pid] = max(self.seen.get(tool.pid, 0.0), cpu_seconds([tool.pid]))

    def stop(self, tools=()):
        """(CPU seconds of the switch, wall seconds)."""
        cpu, wall = cpu_seconds(self.pids) - self.cpu, time.monotonic() - self.began
        for tool in tools:
            self.look(tool)
        ours = cpu + sum(self.seen[pid] - self.tools[pid] for pid in self.tools)
        Meter.others.append(max(0.0, (busy_seconds() - self.busy - ours) / wall))
        return cpu, wall
