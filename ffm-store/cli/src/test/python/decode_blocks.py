"""Decodes raw blocks with gguf-py.

usage: decode_blocks.py FOLDER

For each FOLDER/TYPE.bin, blocks of that ggml type back to back, writes FOLDER/TYPE.f32, the dense little-endian floats, and prints
TYPE. Types that gguf-py cannot dequantise are passed over.
"""

import sys
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize


def main(folder):
    for file in sorted(Path(folder).glob("*.bin")):
        ggml_type = GGMLQuantizationType.__members__.get(file.stem)
        if ggml_type is None:
            continue
        block_bytes = GGML_QUANT_SIZES[ggml_type][1]
        blocks = np.fromfile(file, dtype=np.uint8).reshape(-1, block_bytes)
        try:
            with np.errstate(all="ignore"):  # scales are random, infinities and NaNs among them
                elements = dequantize(blocks, ggml_type)
        except NotImplementedError:
            continue
        elements.astype("<f4", copy=False).tofile(file.with_suffix(".f32"))
        print(ggml_type.name)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
