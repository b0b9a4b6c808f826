"""Compiling all kernels before they are needed."""

from __future__ import annotations

from time import perf_counter

import joblib

from skopt_suite.backends.kernels._registry import FUSED_IN, backend_of


def warm_up(jobs: int | None = None, verbose: bool = False) -> None:
    """Compile every kernel that fits can ask for, and keep them for processes to come.

    Kernels are otherwise compiled when they are first needed, once on a machine: a first fit takes
    seconds instead of milliseconds. Call it where that is in the way: while a container image is
    built, at the beginning of a CI job, before times are taken. What is compiled already is
    compiled no more.

    Kernels are kept in the directory that the environment variable ``NUMBA_CACHE_DIR`` names, else
    beside the package, or in the cache of the user where the package cannot be written to. They
    are for the processor that they were compiled on; ``NUMBA_CPU_NAME=generic``, there and where
    they are used, makes slower ones for any processor of its kind.

    Parameters
    ----------
    jobs : int or None, default=None
        Number of processes; None: one per core that may be used.
    verbose : bool, default=False
        Whether to print what has been compiled.

    Raises
    ------
    RuntimeError
        If there is no directory that kernels can be kept in.

    See Also
    --------
    skopt_suite.backends.kernel : Makes functions that are compiled.

    Examples
    --------
    In a Dockerfile, for a user that can write to the directory::

        ENV NUMBA_CACHE_DIR=/opt/kernels
        RUN python -c "import skopt_suite; skopt_suite.warm_up()"

    On a shell, to see what takes how long::

        python -c "import skopt_suite; skopt_suite.warm_up(verbose=True)"
    """
    for array_type in FUSED_IN:
        backend = backend_of(array_type)
        if backend is not None:
            compile_parts(array_type, backend.parts(), jobs, verbose)


def compile_parts(array_type: str, parts: list[str], jobs: int | None, verbose: bool) -> None:
    """Compile parts of a backend in processes.

    Parameters
    ----------
    array_type : str
        Type of array that the backend computes on.
    parts : list of str
        Their names.
    jobs : int, optional
        Number of processes; by default one per core.
    verbose : bool
        Whether to print what is done.
    """
    run = joblib.Parallel(
        n_jobs=joblib.cpu_count() if jobs is None else jobs,
        backend="loky",
        return_as="generator_unordered",
        batch_size=1,
        pre_dispatch="all",
    )
    for part, seconds in run(joblib.delayed(_compile)(array_type, part) for part in parts):
        if verbose:
            print(f"skopt_suite: {part} compiled in {seconds:.1f} s", flush=True)


def _compile(array_type: str, part: str) -> tuple[str, float]:
    began = perf_counter()
    backend_of(array_type).compile_part(part)
    return part, perf_counter() - began
