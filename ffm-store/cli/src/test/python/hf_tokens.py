"""Token ids of odd texts, as the libraries of Hugging Face read exported folders.

usage: hf_tokens.py FOLDER...

For each FOLDER a JSON line: config and tokenizer, the classes that AutoConfig and AutoTokenizer choose; size, that of the
vocabulary; special, the ids of the first, the last and the padding token; ids, of each text of odd_texts.py; same, how many of
its PLAIN texts come out as they went in; chat, what the template makes of a greeting, or null. Fails if AutoTokenizer and the
library tokenizers, which reads tokenizer.json alone, disagree.
"""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

from odd_texts import PLAIN, TEXTS
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoTokenizer


def main(*folders):
    for folder in folders:
        config = AutoConfig.from_pretrained(folder)
        auto = AutoTokenizer.from_pretrained(folder)
        plain = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        ids = []
        for text in TEXTS:
            ids.append(plain.encode(text).ids)
            if auto(text)["input_ids"] != ids[-1]:
                sys.exit(f"{folder}, {text!r}: AutoTokenizer {auto(text)['input_ids']}, tokenizers {ids[-1]}")
        chat = [{"role": "user", "content": "Hi"}]
        result = {
            "config": type(config).__name__,
            "tokenizer": type(auto).__name__,
            "size": len(auto),
            "special": [auto.bos_token_id, auto.eos_token_id, auto.pad_token_id],
            "ids": ids,
            "same": sum(auto.decode(each, skip_special_tokens=True) == text for each, text in zip(ids, PLAIN)),
            "chat": auto.apply_chat_template(chat, tokenize=False) if auto.chat_template else None,
        }
        print(json.dumps(result))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
