"""Numbers made readable: percentiles, tables, and a JSON file that says on which machine they were measured."""

import json
import math
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).with_name("results")


@dataclass(slots=True)
class Report:
    """What one benchmark found: rows of one table, goals with their verdict, and remarks."""

    name: str
    title: str
    columns: Sequence[str]
    rows: list[Sequence[object]] = field(default_factory=list)
    goals: list[dict[str, object]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)

    def goal(self, words: str, value: float, limit: float, *, at_least: bool = False) -> None:
        """Hold a figure against its goal."""
        met = value >= limit if at_least else value <= limit
        sign = ">=" if at_least else "<="
        self.goals.append({"goal": words, "value": round(value, 3), "limit": f"{sign} {limit:g}", "met": met})

    def show(self) -> None:
        """Print the table, the goals and the remarks."""
        print(f"\n## {self.title}\n")
        print(table(self.columns, self.rows))
        for goal in self.goals:
            print(f"{'met ' if goal['met'] else 'MISSED'}  {goal['goal']}: {short(goal['value'])} (goal {goal['limit']})")
        for note in self.notes:
            print(f"- {note}")

    def write(self, about: Mapping[str, object], folder: Path = RESULTS) -> Path:
        """Keep it as benchmarks/results/<name>.json."""
        folder.mkdir(parents=True, exist_ok=True)
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        found = {"benchmark": self.name, "title": self.title, "machine": about, "rows": rows, "goals": self.goals}
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps({**found, **self.facts, "notes": self.notes}, indent=1) + "\n")
        return path


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed (nearest rank); not a number when there are none."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def p50_p99(values: Sequence[float]) -> tuple[float, float]:
    """Median and 99th percentile, rounded to microseconds when the values are milliseconds."""
    return round(percentile(values, 0.5), 3), round(percentile(values, 0.99), 3)


def short(value: object) -> str:
    """A number with as many digits as mean something."""
    if isinstance(value, bool) or not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 20 else f"{value:.2f}"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table, aligned for the eye."""
    cells = [list(columns), *([short(value) for value in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines) + "\n"


def machine(postgres_version: str) -> dict[str, object]:
    """Where this was measured."""
    return {
        "cpu": _cpu(),
        "cores": len(_usable()),
        "ram_gib": round(_first_number("/proc/meminfo", "MemTotal") / 1024 / 1024, 1),
        "kernel": platform.release(),
        "postgresql": postgres_version,
        "python": platform.python_version(),
        "commit": _commit(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _cpu() -> str:
    found = re.search(r"model name\s*:\s*(.+)", _read("/proc/cpuinfo"))
    return found.group(1) if found else platform.processor() or platform.machine()


def _usable() -> list[str]:
    return re.findall(r"^processor\s*:", _read("/proc/cpuinfo"), re.MULTILINE) or ["one"]


def _first_number(path: str, name: str) -> int:
    found = re.search(rf"^{name}:\s*(\d+)", _read(path), re.MULTILINE)
    return int(found.group(1)) if found else 0


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _commit() -> str:
    told = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return told.stdout.strip()
