"""Time ours on one GPU beside PyTorch, scikit-learn and our own CPU, and print ratios.

Every section runs in a process of its own, one after the other, within a limit on time. What fails
or takes too long is a row that says so. See ``benchmarks/README.md`` for the command.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from itertools import groupby, product
from pathlib import Path
from time import perf_counter
from typing import Any

LIMITS = {"network": 120, "logistic": 90, "search": 60, "wide": 60, "memory": 25, "transfer": 25}
"""Seconds of every section."""
TOGETHER = 235
"""Seconds of all of them."""

COLUMNS = ("case", "ours", "takes", "peer", "takes", "ours/peer", "floor", "ours/floor")
Row = dict[str, Any]


def main() -> None:
    options = parse_arguments()
    if options.worker:
        work(options)
        return
    if not options.dry:
        exit_without_card()
    end = perf_counter() + TOGETHER
    rows: list[Row] = []
    for section in options.sections:
        rows += run_section(section, options, min(LIMITS[section], end - perf_counter()))
        if options.json:
            options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    print(*table(rows), sep="\n")
    if any("failed" in row for row in rows):
        sys.exit(1)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sections",
        type=sections,
        default=list(LIMITS),
        help=f"some of {','.join(LIMITS)}, with commas between them",
    )
    parser.add_argument("--quick", action="store_true", help="less work")
    parser.add_argument("--json", type=Path, help="where the measurements are to be written")
    parser.add_argument("--dry", action="store_true", help=argparse.SUPPRESS)  # without a card
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    return parser.parse_args()


def sections(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in LIMITS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no section {unknown}; there are {list(LIMITS)}")
    return names


def exit_without_card() -> None:
    reason = why_no_card()
    if reason:
        sys.exit(f"There is no GPU to time: {reason}")


def why_no_card() -> str | None:
    """Return why there is no card to compute on; None where there is one."""
    try:
        import cupy

        n_devices = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:  # CuPy or the driver is missing, or they do not fit together
        return " ".join(f"{type(error).__name__}: {error}".split())
    return None if n_devices else "no device found"


def work(options: argparse.Namespace) -> None:
    from gpu_contestants import work
    from gpu_machine import DRY, QUICK, Sizes

    sizes = DRY if options.dry else QUICK if options.quick else Sizes()
    work(options.worker, options.dry, sizes)


def run_section(section: str, options: argparse.Namespace, limit: float) -> list[Row]:
    """Return the measurements of a section, those that it had made by the end of its time, too."""
    command = [sys.executable, __file__, "--worker", section]
    command += [f"--{flag}" for flag in ("quick", "dry") if getattr(options, flag)]
    start = perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        try:
            done = subprocess.run(command, stdout=out, stderr=errors, timeout=max(0, limit))
            failed = f"exit status {done.returncode}: {end_of(errors)}" if done.returncode else None
        except subprocess.TimeoutExpired:
            failed = f"took more than {limit:.0f} s"
        out.seek(0)
        rows = [json.loads(line) for line in out if line.startswith('{"section"')]
    print(f"{section}: {perf_counter() - start:.0f} s", file=sys.stderr)
    if failed:
        rows.append({"section": section, "case": section, "who": "the section", "failed": failed})
    return rows


def end_of(file: Any) -> str:
    file.seek(0)
    return " ".join(file.read()[-400:].split())


# The table.


def table(rows: list[Row]) -> list[str]:
    """Return the lines of a table in Markdown, then what the contestants say."""
    lines = [line(COLUMNS), line(["---"] * len(COLUMNS))]
    notes = []
    for case, of_case in groupby(by_case(rows), key=lambda row: row["case"]):
        measured = list(of_case)
        lines += [line(cells) for cells in lines_of(case, measured)]
        notes += [f"- {case}: {row['who']}: {said}" for row in measured if (said := says(row))]
    return [*lines, "", *notes]


def by_case(rows: list[Row]) -> list[Row]:
    """Bring the rows of a case together, in the order in which cases began."""
    order = list(dict.fromkeys(row["case"] for row in rows))
    return sorted(rows, key=lambda row: order.index(row["case"]))


def lines_of(case: str, measured: list[Row]) -> list[list[str]]:
    """Return the cells of every one of ours beside every peer."""
    ours, peers, floors = (
        [row for row in measured if row.get("role") == role] for role in ("ours", "peer", "floor")
    )
    nothing: Row = {"who": "", "unit": ""}
    pairs = product(ours or [nothing], peers or [nothing]) if ours or peers else ()
    floor = floors[0] if floors else nothing
    return [
        [
            case,
            *(one["who"], shown(one), other["who"], shown(other), ratio(one, other)),
            *(shown(floor), ratio(one, floor)),
        ]
        for one, other in pairs
    ]


def line(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


def shown(row: Row) -> str:
    if "failed" in row:
        return "failed"
    return f"{row['figure']:.4g} {row['unit']}" if "figure" in row else ""


def ratio(one: Row, other: Row) -> str:
    figures = one.get("figure", 0.0), other.get("figure", 0.0)
    return f"{figures[0] / figures[1]:.3g}" if min(figures) > 0 else ""


def says(row: Row) -> str:
    return f"failed, {row['failed']}" if "failed" in row else row.get("note", "")


if __name__ == "__main__":
    main()
