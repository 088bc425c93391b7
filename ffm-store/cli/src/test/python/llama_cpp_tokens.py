"""Token ids of odd texts, as llama.cpp reads them from a GGUF file.

usage: llama_cpp_tokens.py MODEL.gguf [SPECIAL...]

Each text of odd_texts.py is tokenized, and each again between all SPECIAL tokens. Prints a JSON object: ids, for each text.
"""

import json
import sys

from llama_cpp import Llama
from odd_texts import TEXTS


def main(model, *special):
    llama = Llama(model, vocab_only=True, verbose=False)
    texts = TEXTS + [s + text + s for s in special for text in TEXTS]
    print(json.dumps({"ids": [llama.tokenize(text.encode(), add_bos=True, special=True) for text in texts]}))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
