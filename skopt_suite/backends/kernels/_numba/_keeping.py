"""Tuples of many arrays, kept in one place of memory from which one field at a time is read.

A tuple that is a variable is read as a whole wherever one of its fields is asked for, and copied as
a whole into what is inlined: most of what the compiler then did was to undo that.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    infer_getattr,
    intrinsic,
    lower_getattr_generic,
    models,
    register_model,
)


class Kept(types.Type):
    """Type of what `keep` returns.

    Parameters
    ----------
    of : NamedTuple
        Type of the tuple.
    """

    def __init__(self, of: Any) -> None:
        self.of = of
        super().__init__(name=f"Kept({of})")


@register_model(Kept)
class _Place(models.PrimitiveModel):
    def __init__(self, manager: Any, kept: Kept) -> None:
        place = manager.lookup(kept.of).get_value_type().as_pointer()
        super().__init__(manager, kept, place)


@infer_getattr
class _Fields(AttributeTemplate):
    key = Kept

    def generic_resolve(self, kept: Kept, name: str) -> Any:
        """Return the type of a field."""
        return kept.of[kept.of.fields.index(name)]


@lower_getattr_generic(Kept)
def _read_field(context, builder, kept, place, name):
    return builder.load(cgutils.gep_inbounds(builder, place, 0, kept.of.fields.index(name)))


@intrinsic
def keep(context, values):
    """Return what the fields of a named tuple are read from, for as long as the function runs."""

    def code(context, builder, call, arguments):
        return cgutils.alloca_once_value(builder, arguments[0])

    return Kept(values)(values), code
