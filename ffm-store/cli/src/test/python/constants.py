"""What an export of a GGUF file is to hold, according to gguf-py: names, shapes and elements of the dense tensors."""

import ml_dtypes
import numpy as np
from dequantize import dense
from gguf import GGUFReader

DTYPES = {"F32": np.float32, "F16": np.float16, "BF16": ml_dtypes.bfloat16}


def constants(file, dtype="F32"):
    """Yields name and array of each tensor, in the file's order; F32 is rounded to the dtype, other types stay."""
    for tensor in GGUFReader(file).tensors:
        elements = dense(tensor).reshape([int(n) for n in reversed(tensor.shape)])
        if elements.dtype == np.float32:
            with np.errstate(over="ignore"):
                elements = elements.astype(DTYPES[dtype])
        yield tensor.name, elements


def raw_bytes(elements):
    """The little-endian bytes of an array, row after row."""
    return np.frombuffer(elements.tobytes(), dtype=np.uint8)
