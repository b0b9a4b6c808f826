"""CUDA source is compiled where there is no card."""

import pytest

from .nvrtc import compile_cuda

KERNEL = """
template <typename T>
__global__ void add_scaled(T* out, const T* values, const T scale, const int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] += scale * values[i];
}
"""


def test_templates_compile():
    assert compile_cuda(KERNEL, ["add_scaled<float>", "add_scaled<double>"]) == ""


def test_kernels_with_c_linkage_compile():
    assert compile_cuda('extern "C" __global__ void zero(float* out) { *out = 0; }') == ""


def test_warnings_are_told():
    assert "unused" in compile_cuda("__global__ void zero(float* out) { int unused; *out = 0; }")


@pytest.mark.parametrize(
    "source, names",
    [
        pytest.param(KERNEL.replace("n) {", "m) {"), ["add_scaled<float>"], id="undefined name"),
        pytest.param(KERNEL, ["add_scaled<missing>"], id="undefined type"),
    ],
)
def test_errors_come_with_the_log(source, names):
    with pytest.raises(ValueError, match=r"(?s)-arch=sm_\d+ .*: error: "):
        compile_cuda(source, names)
