"""Builds the model of an answer at its first use, by one thread. Before pydantic 2.14, two threads could break a model.

The first answer is often that of a paid call, and many calls are answered at the same time.
"""

from __future__ import annotations

import threading
from typing import TypeVar

from pydantic import BaseModel

Shape = TypeVar("Shape", bound=BaseModel)

_built: set[type[BaseModel]] = set()
_lock = threading.Lock()


def built(shape: type[Shape]) -> type[Shape]:
    """The model, ready to read answers."""
    if shape not in _built:
        with _lock:
            if shape not in _built:
                shape.model_rebuild()
                _built.add(shape)
    return shape
