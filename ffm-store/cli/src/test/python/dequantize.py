"""Dequantises the tensors of a GGUF file with gguf-py, one at a time.

usage: dequantize.py FILE              one JSON object a line for each tensor, in the file's order: name, type, dtype, shape
                                       (row-major), byteSize in the file and the SHA-256 of the dense little-endian bytes,
                                       which is null where gguf-py has no dequantisation for the type
       dequantize.py FILE TENSOR OUT   writes the dense bytes of one tensor to OUT
"""

import hashlib
import json
import sys

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader
from gguf.quants import dequantize

# Stored as they are, and so compared as they are.
PLAIN = {
    GGMLQuantizationType.F64: np.float64,
    GGMLQuantizationType.I8: np.int8,
    GGMLQuantizationType.I16: np.int16,
    GGMLQuantizationType.I32: np.int32,
    GGMLQuantizationType.I64: np.int64,
}


def dense(tensor):
    """The dense elements of a tensor, or None if gguf-py cannot dequantise its type."""
    if tensor.tensor_type in PLAIN:
        elements = tensor.data
    else:
        try:
            elements = dequantize(tensor.data, tensor.tensor_type)
        except NotImplementedError:
            return None
    return np.ascontiguousarray(elements, dtype=elements.dtype.newbyteorder("<"))


def describe(tensor):
    elements = dense(tensor)
    return {
        "name": tensor.name,
        "type": tensor.tensor_type.name,
        "dtype": np.dtype(PLAIN.get(tensor.tensor_type, np.float32)).name,
        "shape": [int(n) for n in reversed(tensor.shape)],
        "byteSize": int(tensor.n_bytes),
        "sha256": None if elements is None else hashlib.sha256(elements.reshape(-1).view(np.uint8)).hexdigest(),
    }


def main(file, name=None, out=None):
    reader = GGUFReader(file)
    if name is None:
        for tensor in reader.tensors:
            print(json.dumps(describe(tensor)), flush=True)
        return
    [tensor] = [tensor for tensor in reader.tensors if tensor.name == name]
    dense(tensor).tofile(out)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
