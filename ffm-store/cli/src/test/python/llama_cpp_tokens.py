"""Token ids of odd texts, as llama.cpp reads them from GGUF files.

usage: llama_cpp_tokens.py MODEL.gguf...

For each MODEL a JSON line: ids, of each text of odd_texts.py; normalised, of each text in Unicode's normal form C.
"""

import json
import sys
import unicodedata

from llama_cpp import Llama
from odd_texts import TEXTS


def main(*models):
    for model in models:
        llama = Llama(model, vocab_only=True, verbose=False)

        def ids(text):
            return llama.tokenize(text.encode(), add_bos=True, special=True)

        normalised = [ids(unicodedata.normalize("NFC", text)) for text in TEXTS]
        print(json.dumps({"ids": [ids(text) for text in TEXTS], "normalised": normalised}))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
