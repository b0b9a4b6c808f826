"""Run the tests marked `gpu` and `gpu.py`, and write in gpu_report/ all that they tell.

Goes on when something fails, and exits with 1 at the end then. Needs no network: the interpreter
that runs it needs what the tests need, CuPy and PyTorch. ``make gpu`` installs them first.
"""

import json
import os
import platform
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from gpu import exit_without_card, table

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "gpu_report"
TESTS = "tests/gpu", "tests/contracts", "tests/properties", "tests/reference"
TESTS_LIMIT, TIMES_LIMIT = 210, 260  # seconds
PACKAGES = ("cupy-cuda13x", "cupy-cuda12x", "numpy", "scipy", "scikit-learn", "numba", "torch")
MOST_LINES = 400  # of tests that failed


class Run(NamedTuple):
    """What a command came to."""

    status: int | None
    """None: it was stopped at its limit."""
    output: str
    seconds: float

    @property
    def outcome(self) -> str:
        how = "stopped at its limit" if self.status is None else f"exit status {self.status}"
        return f"{how}, {self.seconds:.0f} s"


def main() -> None:
    exit_without_card()
    arguments = sys.argv[1:]  # such as --quick: of gpu.py
    FOLDER.mkdir(exist_ok=True)
    machine = about()
    tests = run_tests()
    print(summary_of(tests), flush=True)
    measured = FOLDER / "measured.json"
    measured.unlink(missing_ok=True)
    script = str(ROOT / "benchmarks" / "gpu.py")
    times = run([script, "--json", str(measured), *arguments], "times.txt", TIMES_LIMIT)
    rows = json.loads(measured.read_text(encoding="utf-8")) if measured.exists() else []
    write(machine, tests, times, rows)
    print(*table(rows), f"{FOLDER / 'report.md'}", sep="\n")
    if not has_passed(tests) or times.status != 0:
        sys.exit(1)


def run_tests() -> Run:
    options = ["-m", "gpu", "-v", "-rfEs", "--tb=short", "-p", "no:cacheprovider", "--durations=10"]
    # side by side, as they wait for compilers; another plugin warns of that
    options += ["-n", str(min(16, os.cpu_count() or 1)), "-p", "no:benchmark"]
    return run(["-m", "pytest", *TESTS, *options], "tests.txt", TESTS_LIMIT)


def run(arguments: list[str], log: str, limit: float) -> Run:
    """Run this interpreter from the root of the project, whatever is installed."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"PYTHONPATH": path, "PYTHONUTF8": "1"}
    command = [sys.executable, *arguments]
    start = perf_counter()
    with (FOLDER / log).open("w") as file:
        shared = {"cwd": ROOT, "env": environment, "stdout": file, "stderr": subprocess.STDOUT}
        try:
            status = subprocess.run(command, timeout=limit, **shared).returncode
        except subprocess.TimeoutExpired:
            status = None
    output = (FOLDER / log).read_text(encoding="utf-8", errors="replace")
    return Run(status, output, perf_counter() - start)


# The machine.


def about() -> dict[str, str]:
    """Return the card, the driver and what is installed."""
    import cupy

    runtime = cupy.cuda.runtime
    return {
        "card": card(),
        "CUDA of CuPy": dotted(runtime.runtimeGetVersion()),
        "CUDA of the driver": dotted(runtime.driverGetVersion()),
        "CUDA of PyTorch": cuda_of_torch(),
        "CPU cores": str(os.cpu_count()),
        "Python": platform.python_version(),
        **{name: found for name in PACKAGES if (found := version_of(name))},
        "commit": said_by("git", "rev-parse", "--short", "HEAD"),
    }


def card() -> str:
    query = "--query-gpu=name,memory.total,driver_version"
    return said_by("nvidia-smi", query, "--format=csv,noheader").splitlines()[0]


def cuda_of_torch() -> str:
    try:
        import torch
    except ImportError as error:
        return str(error)
    return str(torch.version.cuda)


def dotted(number: int) -> str:
    """Return 13.2 for 13020."""
    return f"{number // 1000}.{number % 1000 // 10}"


def version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def said_by(*command: str) -> str:
    try:
        return subprocess.check_output(
            command, cwd=ROOT, text=True, stderr=subprocess.DEVNULL
        ).strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


# The report.


def write(machine: dict[str, str], tests: Run, times: Run, rows: list[dict]) -> None:
    results = {
        "machine": machine,
        "tests": {"outcome": tests.outcome, "summary": summary_of(tests), "failed": failed(tests)},
        "measured": {"outcome": times.outcome, "rows": rows},
    }
    text = json.dumps(results, indent=1, ensure_ascii=False)
    (FOLDER / "results.json").write_text(text, encoding="utf-8")
    lines = report(machine, tests, times, rows)
    (FOLDER / "report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def report(machine: dict[str, str], tests: Run, times: Run, rows: list[dict]) -> list[str]:
    lines = ["# On a GPU", "", *(f"- {name}: {value}" for name, value in machine.items()), ""]
    lines += ["## Tests", "", f"{summary_of(tests)} ({tests.outcome})", ""]
    lines += [f"- {line}" for line in failed(tests)]
    if not has_passed(tests):
        lines += ["", "```", *details(tests), "```"]
    lines += ["", "## Times", "", *table(rows), "", f"({times.outcome})"]
    if times.status is None or not rows:
        lines += ["", "```", *times.output.splitlines()[-40:], "```"]
    return lines


def has_passed(tests: Run) -> bool:
    """Whether tests ran, and none failed: where all are skipped, something is missing."""
    return tests.status == 0 and " PASSED" in tests.output


def summary_of(tests: Run) -> str:
    """Return pytest's last line, or how many tests had passed when they were stopped."""
    found = re.findall(r"^=+ (.* in [\d.]+s.*?) =+$", tests.output, re.M)
    return found[-1] if found else f"{tests.output.count(' PASSED')} passed, then no summary"


def failed(tests: Run) -> list[str]:
    """Return pytest's line of every test that failed or could not run."""
    return re.findall(r"^(?:FAILED|ERROR) .*$", tests.output, re.M)


def details(tests: Run) -> list[str]:
    """Return what pytest says of failures; the end of its output where it came to none."""
    lines = tests.output.splitlines()
    starts = [k for k, line in enumerate(lines) if re.match(r"=+ (FAILURES|ERRORS) =+$", line)]
    return lines[starts[0] :][:MOST_LINES] if starts else lines[-40:]


if __name__ == "__main__":
    main()
