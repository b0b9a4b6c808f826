"""Rows that are read chunk by chunk, because all of them would not fit in memory."""

from skopt_suite.chunks._ahead import ahead
from skopt_suite.chunks._once import found_once
from skopt_suite.chunks._order import ChunkShuffles, Order
from skopt_suite.chunks._readers import (
    OfList,
    Reader,
    as_tuple,
    is_held,
    is_iterable_only,
    is_of_dask,
    is_stream,
    may_be_empty,
    reader_of,
)
from skopt_suite.chunks._rows import (
    ChunkedRows,
    ChunkError,
    is_chunked,
    is_where,
    mark_of,
    nbytes,
    some_rows,
    stacked,
)

__all__ = [
    "ChunkError",
    "ChunkShuffles",
    "ChunkedRows",
    "OfList",
    "Order",
    "Reader",
    "ahead",
    "as_tuple",
    "found_once",
    "is_chunked",
    "is_held",
    "is_iterable_only",
    "is_stream",
    "is_of_dask",
    "is_where",
    "mark_of",
    "may_be_empty",
    "nbytes",
    "reader_of",
    "some_rows",
    "stacked",
]
