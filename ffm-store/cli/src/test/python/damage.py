"""Damages weights in a safetensors file, in place. The same again mends them.

usage: damage.py FILE row TENSOR ROW    changes the sign of the elements of one row
       damage.py FILE swap ONE OTHER    swaps the data of two tensors of the same size
"""

import json
import sys

import numpy as np


def tensors_of(file):
    """Each F32 tensor as a writable part of the mapping of the file."""
    mapping = np.memmap(file, dtype=np.uint8, mode="r+")
    header_length = int(mapping[:8].view("<u8")[0])
    header = json.loads(mapping[8 : 8 + header_length].tobytes())

    def tensor(name):
        start, end = (8 + header_length + offset for offset in header[name]["data_offsets"])
        return mapping[start:end].view("<f4").reshape(header[name]["shape"])

    return tensor


def main(file, kind, *arguments):
    tensor = tensors_of(file)
    if kind == "row":
        name, row = arguments
        tensor(name)[int(row)] *= -1
    elif kind == "swap":
        one, other = (tensor(name) for name in arguments)
        kept = one.copy()
        one[:] = other
        other[:] = kept
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
