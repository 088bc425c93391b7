"""Writes GGUF files that are little more than a vocabulary.

usage: write_vocabularies.py MODEL.gguf PRE_TOKENIZERS CORPUS FOLDER

FOLDER/pre-NAME.gguf: the byte-level vocabulary of MODEL, its texts split as the first NAME of each definition in the file
PRE_TOKENIZERS says. FOLDER/scored.gguf and FOLDER/scored-no-prefix.gguf: a BPE with scores that SentencePiece learns from the text
file CORPUS, with and without a space before texts. Prints the names.
"""

import os
import sys

import gguf
import numpy as np
import sentencepiece


def write(folder, name, model, tokens, types, more):
    writer = gguf.GGUFWriter(os.path.join(folder, name + ".gguf"), "llama")
    for key in ("embedding_length", "feed_forward_length", "context_length"):
        writer.add_uint32("llama." + key, 64)
    writer.add_uint32("llama.block_count", 1)
    writer.add_uint32("llama.attention.head_count", 4)
    writer.add_float32("llama.attention.layer_norm_rms_epsilon", 1e-5)
    writer.add_tokenizer_model(model)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    more(writer)
    writer.add_tensor("token_embd.weight", np.zeros((len(tokens), 64), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(name)


def byte_level(model, definitions, folder):
    fields = gguf.GGUFReader(model).fields
    tokens, types, merges = (fields["tokenizer.ggml." + key].contents() for key in ("tokens", "token_type", "merges"))
    with open(definitions, encoding="utf-8", newline="\n") as lines:
        names = [line.split(":")[0].split(" ")[0] for line in lines if line.strip() and line[0] not in "#\t"]
    for name in names:

        def more(writer, name=name):
            writer.add_tokenizer_pre(name)
            writer.add_token_merges(merges)

        write(folder, "pre-" + name, "gpt2", tokens, types, more)


def scored(corpus, folder):
    prefix = os.path.join(folder, "learnt")
    sentencepiece.SentencePieceTrainer.train(
        input=corpus,
        model_prefix=prefix,
        model_type="bpe",
        vocab_size=1500,
        byte_fallback=True,
        user_defined_symbols=["<tool>", "  "],
        control_symbols=["<|end|>"],
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        minloglevel=2,
    )
    learnt = sentencepiece.SentencePieceProcessor(model_file=prefix + ".model")
    ids = range(learnt.vocab_size())
    tokens = [learnt.id_to_piece(i) for i in ids]
    types = [
        2 if learnt.is_unknown(i) else 3 if learnt.is_control(i) else 6 if learnt.is_byte(i) else 4 if tokens[i] in ("<tool>", "  ") else 1
        for i in ids
    ]
    for name, starts_with_space in (("scored", True), ("scored-no-prefix", False)):

        def more(writer, starts_with_space=starts_with_space):
            writer.add_tokenizer_pre("default")
            writer.add_token_scores([learnt.get_score(i) for i in ids])
            writer.add_unk_token_id(0)
            writer.add_add_space_prefix(starts_with_space)

        write(folder, name, "llama", [token.encode() for token in tokens], types, more)


def main(model, definitions, corpus, folder):
    byte_level(model, definitions, folder)
    scored(corpus, folder)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
