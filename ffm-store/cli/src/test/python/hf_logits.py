"""The logits of a model as the library transformers computes them, in float32.

usage: hf_logits.py MODEL TOKENS LOGITS.npy

MODEL is a folder that was exported, or a GGUF file, which transformers then reads by itself. TOKENS are ids with commas between.
LOGITS.npy is written: float32, [tokens, vocabulary].
"""

import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
os.environ["TQDM_DISABLE"] = "1"

import numpy as np
import torch
from transformers import AutoModelForCausalLM


def main(model, tokens, out):
    folder, file = os.path.split(model)
    where = {"gguf_file": file} if file.endswith(".gguf") else {}
    loaded = AutoModelForCausalLM.from_pretrained(folder if where else model, dtype=torch.float32, **where).eval()
    with torch.no_grad():
        logits = loaded(torch.tensor([[int(token) for token in tokens.split(",")]])).logits[0]
    np.save(out, logits.numpy())


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
