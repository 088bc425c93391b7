"""Maps a folder of NPY files with numpy, and compares them with the GGUF file they were exported from,
and each file with what numpy itself writes.

usage: read_npy.py MODEL.gguf DTYPE FOLDER

DTYPE is F32, F16 or BF16, as the folder was exported. Prints how many tensors there are.
"""

import io
import json
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
from constants import constants


def main(model, dtype, folder):
    folder = Path(folder)
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    entries = {entry["name"]: entry for entry in index["tensors"]}
    expected = dict(constants(model, dtype))
    if entries.keys() != expected.keys():
        sys.exit(f"{folder}: other names: {sorted(entries.keys() ^ expected.keys())}")
    for name, elements in expected.items():
        entry = entries[name]
        # numpy maps no file without data
        found = np.load(folder / entry["file"], mmap_mode="r" if elements.size else None)
        written = io.BytesIO()
        np.save(written, np.asarray(found))
        if (folder / entry["file"]).read_bytes() != written.getvalue():
            sys.exit(f"{folder}: {entry['file']} is not what numpy writes")
        if entry["dtype"] == "BF16":  # which the format has no name for
            found = found.view(ml_dtypes.bfloat16)
        if found.dtype != elements.dtype or found.shape != elements.shape or found.tobytes() != elements.tobytes():
            sys.exit(f"{folder}: {name!r} differs: expected {elements.dtype} {elements.shape}, got {found.dtype} {found.shape}")
    print(len(expected))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
