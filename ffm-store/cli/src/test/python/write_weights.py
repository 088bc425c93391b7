"""Writes gguf-py's tensors of a GGUF file with other packages' own writers.

usage: write_weights.py MODEL.gguf DTYPE FILE      a safetensors file, by the library's binding
       write_weights.py MODEL.gguf DTYPE FOLDER/   a .npy file for each tensor, by numpy

DTYPE, what F32 is rounded to, is F32, F16 or BF16; numpy has no BF16, its files hold two bytes for each element.
"""

import os
import sys

import numpy as np
from constants import constants
from safetensors.numpy import save_file


def main(model, dtype, out):
    tensors = dict(constants(model, dtype))
    if out.endswith("/"):
        os.makedirs(out)
        for name, elements in tensors.items():
            np.save(f"{out}{name}.npy", elements)
        return
    save_file(tensors, out, {"format": "pt"})


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
