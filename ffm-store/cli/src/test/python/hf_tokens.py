"""Token ids of odd texts, as the libraries of Hugging Face read an exported folder.

usage: hf_tokens.py FOLDER [SPECIAL...]

Each text of odd_texts.py is tokenized, and each again between all SPECIAL tokens. Prints a JSON object: class, that of
AutoConfig; tokenizer, that of AutoTokenizer; ids, for each text; decoded, how many texts come out as they went in, without
special tokens. Fails if AutoTokenizer and the library tokenizers, which reads tokenizer.json alone, disagree.
"""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

from odd_texts import TEXTS
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoTokenizer


def main(folder, *special):
    config = AutoConfig.from_pretrained(folder)
    auto = AutoTokenizer.from_pretrained(folder)
    plain = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    texts = TEXTS + [s + text + s for s in special for text in TEXTS]
    ids = []
    for text in texts:
        mine = plain.encode(text).ids
        theirs = auto(text)["input_ids"]
        if mine != theirs:
            sys.exit(f"{text!r}: AutoTokenizer {theirs}, tokenizers {mine}")
        ids.append(mine)
    decoded = [auto.decode(each, skip_special_tokens=True) for each in ids[: len(TEXTS)]]
    print(
        json.dumps(
            {
                "class": type(config).__name__,
                "tokenizer": type(auto).__name__,
                "size": len(auto),
                "special": [auto.bos_token_id, auto.eos_token_id, auto.pad_token_id],
                "ids": ids,
                "decoded": sum(a == b for a, b in zip(decoded, TEXTS)),
                "texts": len(TEXTS),
                "template": auto.chat_template is not None
                and auto.apply_chat_template([{"role": "user", "content": "Hi"}], tokenize=False),
            }
        )
    )


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
