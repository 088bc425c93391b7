"""Compares logits with those of a reference.

usage: compare_logits.py REFERENCE.npy LOGITS.npy [MOST]

Both are [tokens, vocabulary]. Prints one JSON line: relativeError, the largest difference divided by the largest absolute logit of
the reference; sameTop, at how many positions the likeliest token is the same; positions; identical, whether all bits are the same.
With MOST, fails if the relative error is larger than that, or the likeliest token another anywhere.
"""

import json
import sys

import numpy as np


def main(reference_file, logits_file, most=None):
    reference, logits = np.load(reference_file), np.load(logits_file)
    if reference.ndim != 2 or reference.shape != logits.shape:
        sys.exit(f"shapes: expected {reference.shape}, got {logits.shape}")
    if not np.isfinite(reference).all() or not np.isfinite(logits).all():
        sys.exit("logits that are not finite")
    difference = np.abs(reference.astype(np.float64) - logits.astype(np.float64))
    error = float(difference.max() / np.abs(reference).max())
    same_top = int((reference.argmax(axis=1) == logits.argmax(axis=1)).sum())
    print(
        json.dumps(
            {
                "relativeError": error,
                "sameTop": same_top,
                "positions": len(reference),
                "identical": reference.dtype == logits.dtype and reference.tobytes() == logits.tobytes(),
            }
        )
    )
    if most is not None and (error > float(most) or same_top < len(reference)):
        sys.exit(f"{logits_file}: too far from {reference_file}: expected a relative error of {most} at most, got {error}")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
