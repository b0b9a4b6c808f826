"""A strict namespace in the part of CuPy, with the sparse container that cupyx would have.

What the container cannot do is what code for the GPU must not ask for.
"""

import types

import array_api_strict
import numpy as np
import scipy.sparse

from skopt_suite.backends import Placement, to_numpy

fake_cupy = types.ModuleType("fake_cupy")
vars(fake_cupy).update({k: v for k, v in vars(array_api_strict).items() if k[:2] != "__"})
PLACEMENT = Placement(fake_cupy, array_api_strict.Device("CPU_DEVICE"))


class FakeSparse:
    """What `cupyx.scipy.sparse` has in common with SciPy and is needed, on strict arrays."""

    kind = scipy.sparse.csr_matrix

    def __init__(self, given, shape=None):
        if isinstance(given, tuple):
            assert all(type(part) is not np.ndarray for part in given)
            given = self.kind(tuple(to_numpy(part) for part in given), shape=shape)
        self._keep(self.kind(given))

    def _keep(self, host):
        self.data, self.indices, self.indptr = (
            array_api_strict.asarray(part, copy=True)
            for part in (host.data, host.indices, host.indptr)
        )
        self.shape, self.has_canonical_format = host.shape, host.has_canonical_format
        self.ndim, self.dtype = 2, self.data.dtype

    def get(self):
        parts = (to_numpy(part) for part in (self.data, self.indices, self.indptr))
        return self.kind(tuple(parts), shape=self.shape)

    def toarray(self):
        return array_api_strict.asarray(self.get().toarray())

    def copy(self):
        return type(self)(self.get())

    def tocsr(self):
        return self if type(self) is FakeCSR else FakeCSR(self.get())

    def sum_duplicates(self):
        host = self.get()
        host.sum_duplicates()
        self._keep(host)

    @property
    def T(self):
        return {FakeCSR: FakeCSC, FakeCSC: FakeCSR}[type(self)](self.get().T)

    def __matmul__(self, other):
        assert "array_api_strict" in type(other).__module__
        assert self.has_canonical_format  # cupyx would change it in place
        return array_api_strict.asarray(self.get() @ to_numpy(other))

    def __getitem__(self, key):
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        assert columns == slice(None)
        assert type(self) is FakeCSR
        assert isinstance(rows, slice) or "array_api_strict" in type(rows).__module__
        return FakeCSR(self.get()[rows if isinstance(rows, slice) else to_numpy(rows)])


class FakeCSR(FakeSparse):
    pass


class FakeCSC(FakeSparse):
    kind = scipy.sparse.csc_matrix
