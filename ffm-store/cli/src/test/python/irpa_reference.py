"""Writes a parameter archive of a GGUF file's tensors with IREE's own writer.

usage: irpa_reference.py MODEL.gguf DTYPE OUT.irpa [splat]

DTYPE is F32, F16 or BF16. With splat, a tensor whose elements are all the same becomes a splat entry.
"""

import sys

from constants import constants, raw_bytes
from iree.runtime import ParameterIndex


def is_constant(elements):
    data = raw_bytes(elements)
    return elements.size > 0 and data.tobytes() == data[: elements.itemsize].tobytes() * elements.size


def main(model, dtype, out, splat=None):
    index = ParameterIndex()
    for name, elements in constants(model, dtype):
        if splat and is_constant(elements):
            index.add_splat(name, raw_bytes(elements)[: elements.itemsize].copy(), elements.nbytes)
        else:
            index.add_buffer(name, raw_bytes(elements))
    index.create_archive_file(out)


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
