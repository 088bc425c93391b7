"""Writes the dense elements of each tensor of a GGUF file, as gguf-py decodes them.

usage: write_elements.py MODEL.gguf DTYPE FOLDER

DTYPE is F32, F16 or BF16, to which F32 is rounded. The files are FOLDER/0.bin, FOLDER/1.bin and so on, in the order of the model.
"""

import sys
from pathlib import Path

from constants import constants


def main(model, dtype, folder):
    for index, (_, elements) in enumerate(constants(model, dtype)):
        (Path(folder) / f"{index}.bin").write_bytes(elements.tobytes())


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
