"""What is free inside a container is what its limit leaves."""

import contextlib
import sys
import types
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

import skopt_suite.backends.resources._free_memory as module
from skopt_suite.backends import Placement, free_memory

VERSION_2 = {
    "memory.max": "1000\n",
    "memory.current": "400\n",
    "memory.stat": "anon 300\ninactive_file 100\n",
}
VERSION_1 = {
    "memory/memory.limit_in_bytes": "2000\n",
    "memory/memory.usage_in_bytes": "400\n",
    "memory/memory.stat": "cache 300\ntotal_inactive_file 100\n",
}


@pytest.mark.parametrize(
    "files, expected",
    [
        (VERSION_2, 1000 - 400 + 100),
        (VERSION_1, 2000 - 400 + 100),
        (VERSION_2 | {"memory.current": "1200\n"}, 0),
    ],
)
def test_limit_of_a_container(files, expected, tmp_path, monkeypatch):
    write(files, tmp_path, monkeypatch)
    assert free_memory(Placement(np)) == expected


@pytest.mark.parametrize("files", [{}, VERSION_2 | {"memory.max": "max\n"}])
def test_no_limit(files, tmp_path, monkeypatch):
    write(files, tmp_path, monkeypatch)
    expected = psutil.virtual_memory().available
    assert free_memory(Placement(np)) == pytest.approx(expected, rel=0.2)


@pytest.mark.parametrize(
    "limit, expected", [(0, 700 + 50), (10_000, 700 + 50), (400, 400 - 100), (60, 0)]
)
def test_card(limit, expected, monkeypatch):
    pool = SimpleNamespace(free_bytes=lambda: 50, used_bytes=lambda: 100, get_limit=lambda: limit)
    cupy = types.ModuleType("cupy")
    cupy.cuda = SimpleNamespace(runtime=SimpleNamespace(memGetInfo=lambda: (700, 1000)))
    cupy.get_default_memory_pool = lambda: pool
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    assert free_memory(Placement(cupy, contextlib.nullcontext())) == expected


def write(files, folder, monkeypatch):
    (folder / "memory").mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    monkeypatch.setattr(module, "_CONTROL_GROUPS", folder)
