"""Writes a safetensors file with a tensor of every dtype, and compares what was exported from it with what numpy and ml_dtypes make of it.

usage: every_dtype.py write FILE
       every_dtype.py compare FILE STORED.safetensors F32.safetensors BF16.safetensors ARRAYS

FILE is checked by the format's own library. STORED has to hold the same bytes; F32 and BF16 the values of ml_dtypes for floats of 16 and
8 bits, and all else as it is; ARRAYS, a folder of NPY files of the stored form without elements smaller than a byte, the same arrays.
Prints how many tensors there are.
"""

import json
import struct
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
from safetensors import deserialize

# what numpy has for a dtype; bytes for elements smaller than one
ARRAYS = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": ml_dtypes.bfloat16,
    "I64": np.int64, "I32": np.int32, "I16": np.int16, "I8": np.int8,
    "U64": np.uint64, "U32": np.uint32, "U16": np.uint16, "U8": np.uint8, "BOOL": np.bool_, "C64": np.complex64,
    "F8_E4M3": ml_dtypes.float8_e4m3fn, "F8_E5M2": ml_dtypes.float8_e5m2, "F8_E8M0": ml_dtypes.float8_e8m0fnu,
}
PACKED = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}
CONVERTED = {"F32", "F16", "BF16", "F8_E4M3", "F8_E5M2", "F8_E8M0"}
SHAPES = [[16, 16], [3, 5, 8], [0, 4]]


def write(file):
    random = np.random.default_rng(13)
    header, data = {}, b""
    for dtype in [*ARRAYS, *PACKED]:
        for shape in SHAPES:
            count = int(np.prod(shape))
            bits = PACKED.get(dtype) or 8 * np.dtype(ARRAYS[dtype]).itemsize
            size = count * bits // 8
            if dtype.startswith("F8") and count == 256:
                content = bytes(range(256))  # every value
            elif dtype == "BOOL":
                content = random.integers(0, 2, size, dtype=np.uint8).tobytes()
            else:
                content = random.bytes(size)
            header[f"{dtype}.{len(shape)}.{count}"] = {
                "dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + size]}
            data += content
    text = json.dumps(header).encode()
    Path(file).write_bytes(struct.pack("<Q", len(text)) + text + data)
    print(len(header))


def read(file):
    """Dtype, shape and bytes of each tensor by the library's own reader."""
    return {name: (its["dtype"], list(its["shape"]), bytes(its["data"])) for name, its in deserialize(Path(file).read_bytes())}


def same_floats(found, expected):
    """Bit for bit, but for what a NaN carries."""
    with np.errstate(invalid="ignore"):  # signalling NaNs
        nan = np.isnan(expected.astype(np.float64))
        same = np.array_equal(np.isnan(found.astype(np.float64)), nan)
    return same and found[~nan].tobytes() == expected[~nan].tobytes()


def compare_converted(name, source, found, wanted):
    dtype, shape, data = source
    if dtype not in CONVERTED:
        return found == source
    with np.errstate(over="ignore", invalid="ignore"):
        expected = np.frombuffer(data, ARRAYS[dtype]).astype(np.float32).astype(ARRAYS[wanted])
    return found[:2] == (wanted, shape) and same_floats(np.frombuffer(found[2], ARRAYS[wanted]), expected)


def compare(file, stored, f32, bf16, arrays):
    source = read(file)
    for other, same in (
        (stored, lambda name, its: its == source[name]),
        (f32, lambda name, its: compare_converted(name, source[name], its, "F32")),
        (bf16, lambda name, its: compare_converted(name, source[name], its, "BF16")),
    ):
        found = read(other)
        if found.keys() != source.keys():
            sys.exit(f"{other}: other names: {sorted(found.keys() ^ source.keys())}")
        for name, its in found.items():
            if not same(name, its):
                sys.exit(f"{other}: {name} differs")
    index = json.loads((Path(arrays) / "index.json").read_text(encoding="utf-8"))["tensors"]
    if {entry["name"] for entry in index} != {name for name, its in source.items() if its[0] not in PACKED}:
        sys.exit(f"{arrays}: other names")
    for entry in index:
        dtype, shape, data = source[entry["name"]]
        array = np.load(Path(arrays) / entry["file"])
        if dtype == "BF16" or dtype.startswith("F8"):
            array = array.view(ARRAYS[dtype])
        if (entry["dtype"], list(array.shape), array.dtype, array.tobytes()) != (dtype, shape, np.dtype(ARRAYS[dtype]), data):
            sys.exit(f"{arrays}: {entry['name']} differs")
    print(len(source))


if __name__ == "__main__":
    commands = {"write": (write, 1), "compare": (compare, 5)}
    if len(sys.argv) < 2 or sys.argv[1] not in commands or len(sys.argv) - 2 != commands[sys.argv[1]][1]:
        sys.exit(__doc__)
    commands[sys.argv[1]][0](*sys.argv[2:])
