"""NVIDIA's run-time compiler, which needs no card: CUDA source is compiled where there is none."""

import ctypes
import functools
import importlib.util
from pathlib import Path

import pytest

ARCHITECTURES = ("sm_75", "sm_90")  # the oldest that CUDA 13 knows, and an H100


def compile_cuda(
    source, name_expressions=(), options=("--std=c++17",), architectures=ARCHITECTURES
):
    """Return what the compiler says about CUDA source, by default for an old and a new card.

    Parameters
    ----------
    source : str
        CUDA C++, as `cupy.RawModule` takes it.
    name_expressions : sequence of str
        Instances of templates, such as "step<float>", which are compiled, too.
    options : sequence of str
        More of the compiler's, as `cupy.RawModule` takes them.
    architectures : sequence of str
        Cards.

    Returns
    -------
    log : str
        Warnings; empty where there are none.

    Raises
    ------
    ValueError
        With the log, if the source does not compile.
    """
    flags = [*options, *(f"--include-path={folder}" for folder in _folders("include"))]
    logs = (_compile(source, name_expressions, [f"-arch={a}", *flags]) for a in architectures)
    return "".join(logs)


def _compile(source, name_expressions, options):
    nvrtc, program = _library(), ctypes.c_void_p()
    text = source.encode()
    _check(nvrtc.nvrtcCreateProgram(ctypes.byref(program), text, b"kernel.cu", 0, None, None))
    try:
        for expression in name_expressions:
            _check(nvrtc.nvrtcAddNameExpression(program, expression.encode()))
        flags = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
        error = nvrtc.nvrtcCompileProgram(program, len(options), flags)
        log = _log(program)
        if error:
            raise ValueError(f"{' '.join(options)}: {_name_of(error)}\n{log}")
        return log
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))


def _log(program):
    size = ctypes.c_size_t()
    _check(_library().nvrtcGetProgramLogSize(program, ctypes.byref(size)))
    buffer = ctypes.create_string_buffer(size.value)
    _check(_library().nvrtcGetProgramLog(program, buffer))
    return buffer.value.decode()


def _check(error):
    if error:
        raise RuntimeError(_name_of(error))


def _name_of(error):
    return _library().nvrtcGetErrorString(error).decode()


@functools.cache
def _library():
    """Load the compiler from the package nvidia-cuda-nvrtc; skip the test where it is missing."""
    found = [path for folder in _folders("lib") for path in folder.glob("libnvrtc.so.*[0-9]")]
    if not found:
        pytest.skip("the package nvidia-cuda-nvrtc, which has the compiler, is not installed")
    library = ctypes.CDLL(str(found[0]))
    library.nvrtcGetErrorString.restype = ctypes.c_char_p
    return library


def _folders(name):
    """Return folders of NVIDIA's packages: nvidia/cu13/include, nvidia/cuda_nvrtc/lib."""
    package = importlib.util.find_spec("nvidia")
    places = package.submodule_search_locations if package else ()
    return [folder for place in places for folder in Path(place).glob(f"*/{name}")]
