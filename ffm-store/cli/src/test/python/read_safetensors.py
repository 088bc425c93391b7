"""Reads a safetensors file with the library's own reader and with JAX, and compares it with the GGUF file it was exported from.

usage: read_safetensors.py MODEL.gguf DTYPE FILE

DTYPE is F32, F16 or BF16, as the file was exported. Names, shapes, types and all bytes have to be those of gguf-py's tensors, in the
library's reader; and in JAX's arrays, made from the mapping of the file without copying an element. Prints a JSON line: how many
tensors were compared, and how many of them JAX uses in place.
"""

import json
import sys

import jax
import numpy as np
from constants import constants, raw_bytes
from safetensors import deserialize

# the names of the format for the types of the constants
FORMAT_NAMES = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "float64": "F64"} | {
    f"int{bits}": f"I{bits}" for bits in (8, 16, 32, 64)
}


def read_by_library(file):
    """Name, type, shape and bytes of each tensor, as the Rust library validates and reads them."""
    with open(file, "rb") as stream:
        return {name: (info["dtype"], info["shape"], bytes(info["data"])) for name, info in deserialize(stream.read())}


def mapped(file, expected):
    """Each tensor as a part of the mapping of the file; the types are those expected."""
    mapping = np.memmap(file, dtype=np.uint8, mode="r")
    header_length = int(mapping[:8].view("<u8")[0])
    header = json.loads(mapping[8 : 8 + header_length].tobytes())
    for name, elements in expected.items():
        start, end = (8 + header_length + offset for offset in header[name]["data_offsets"])
        yield name, mapping[start:end].view(elements.dtype).reshape(header[name]["shape"])


def main(model, dtype, file):
    jax.config.update("jax_enable_x64", True)  # or F64 and I64 would be narrowed
    expected = dict(constants(model, dtype))
    found = read_by_library(file)
    if found.keys() != expected.keys():
        sys.exit(f"{file}: other names: {sorted(found.keys() ^ expected.keys())}")
    for name, elements in expected.items():
        described = (FORMAT_NAMES[elements.dtype.name], list(elements.shape), elements.tobytes())
        if (found[name][0], list(found[name][1]), found[name][2]) != described:
            sys.exit(f"{file}: {name!r} differs: expected {described[:2]}, got {found[name][:2]}, or other bytes")

    in_place = 0
    for name, view in mapped(file, expected):
        array = jax.device_put(view)
        if array.dtype != expected[name].dtype or not np.array_equal(raw_bytes(np.asarray(array)), raw_bytes(expected[name])):
            sys.exit(f"{file}: {name!r} differs in JAX")
        in_place += view.nbytes > 0 and array.unsafe_buffer_pointer() == view.ctypes.data
    print(json.dumps({"tensors": len(expected), "inPlace": in_place}))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
