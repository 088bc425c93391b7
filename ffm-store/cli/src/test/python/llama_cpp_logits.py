"""The logits of a model as llama.cpp computes them, with the weights as they are quantised.

usage: llama_cpp_logits.py MODEL.gguf TOKENS LOGITS.npy

TOKENS are ids with commas between. LOGITS.npy is written: float32, [tokens, vocabulary].
"""

import sys

import numpy as np
from llama_cpp import Llama


def main(model, tokens, out):
    tokens = [int(token) for token in tokens.split(",")]
    llama = Llama(model, n_ctx=max(64, len(tokens)), logits_all=True, verbose=False)
    llama.eval(tokens)
    np.save(out, np.array(llama.scores[: len(tokens)], dtype=np.float32))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
