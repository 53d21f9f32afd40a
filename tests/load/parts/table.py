"""The table: one line a figure, targets and the peer beside it, ratios last."""
import statistics


def spread(values):
    """Median, and half the way from least to most in percent of it."""
    values = [v for v in values if v is not None]
    if not values:
        return None, None
    middle = statistics.median(values)
    return middle, (100 * (max(values) - min(values)) / 2 / middle if middle else 0.0)


def number(value):
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if value == 0:
        return "0"
    if abs(value) < 0.1:
        return f"{value:.3f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 100 else f"{value:.0f}"


class Table:
    """Rows in the order they were measured."""

    def __init__(self):
        self.rows, self.misses = [], []

    def add(self, what, unit, values, peer=(), target=None, least=False):
        """A figure of one or several runs. `target` is the most it may be, or the least."""
        middle, wide = spread(values if isinstance(values, (list, tuple)) else [values])
        theirs, their_wide = spread(peer if isinstance(peer, (list, tuple)) else [peer])
        verdict = ""
        if target is not None and middle is not None:
            good = middle >= target if least else middle <= target
            verdict = "met" if good else "MISSED"
            if not good:
                self.misses.append(f"{what}: {number(middle)} {unit}, target {'>=' if least else '<='} {number(target)}")
        ratio = number(middle / theirs) if middle and theirs and not least else "-"
        goal = "-" if target is None else f"{'>=' if least else '<='} {number(target)}"
        self.rows.append((what, unit, number(middle), "-" if wide is None else f"{wide:.0f}%", goal, verdict,
                          number(theirs), "-" if their_wide is None else f"{their_wide:.0f}%", ratio))
        print(f"  {what}: {number(middle)} {unit}  {values}  {goal} {verdict}   peer {number(theirs)} {list(peer) if peer else ''}", flush=True)

    def text(self):
        head = ("figure", "unit", "cordboard", "+-", "target", "", "kamailio+rtpengine", "+-", "ratio")
        rows = [head, *self.rows]
        widths = [max(len(row[n]) for row in rows) for n in range(len(head))]
        lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
        lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        return "\n".join(lines)
