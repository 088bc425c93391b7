"""The forward pass of a Llama in float64 with numpy, to compare others with.

usage: llama_reference.py MODEL.gguf TOKENS LOGITS.npy      weights dequantised by gguf-py, rotary pairs side by side
       llama_reference.py --hf FOLDER TOKENS LOGITS.npy     model.safetensors and config.json in FOLDER, as Hugging Face
                                                            has them: its names, rotary pairs half a head apart

TOKENS are ids with commas between. LOGITS.npy is written: float64, [tokens, vocabulary].
"""

import sys
from pathlib import Path

import numpy as np
from llama import GgufWeights, Llama, hugging_face_name, tokens_of


class HuggingFaceWeights:
    """The tensors of a folder of Hugging Face's, under the names that GGUF has for them."""

    def __init__(self, folder):
        from safetensors import safe_open  # only here, for not every environment has it

        self.model = Llama.of_config(folder)
        self._file = safe_open(Path(folder) / "model.safetensors", framework="numpy")

    def __getitem__(self, name):
        return self._file.get_tensor(hugging_face_name(name))


def pairs_side_by_side(x):
    """The two halves of the rotary pairs of [..., head width], where pair i is elements 2i and 2i + 1."""
    return x[..., 0::2], x[..., 1::2]


def together_side_by_side(first, second):
    return np.stack([first, second], axis=-1).reshape(*first.shape[:-1], -1)


def pairs_half_a_head_apart(x):
    """Where pair i is elements i and i + head width / 2."""
    return np.split(x, 2, axis=-1)


def together_half_a_head_apart(first, second):
    return np.concatenate([first, second], axis=-1)


SIDE_BY_SIDE = (pairs_side_by_side, together_side_by_side)
HALF_A_HEAD_APART = (pairs_half_a_head_apart, together_half_a_head_apart)


def rms_norm(x, weight, epsilon):
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + epsilon) * weight


def rotate(x, angles, rotary):
    """Turns each pair of x, [positions, heads, head width], by its angle."""
    split, together = rotary
    first, second = split(x)
    cos, sin = np.cos(angles)[:, None, :], np.sin(angles)[:, None, :]
    return together(first * cos - second * sin, first * sin + second * cos)


def attention(q, k, v):
    """Causal attention of [positions, heads, head width]; query heads share key heads in equal groups."""
    length, heads, width = q.shape
    group = heads // k.shape[1]
    k, v = np.repeat(k, group, axis=1), np.repeat(v, group, axis=1)
    scores = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(width)
    scores = np.where(np.tril(np.ones((length, length), dtype=bool)), scores, -np.inf)
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    scores /= scores.sum(axis=-1, keepdims=True)
    return np.einsum("hqk,khd->qhd", scores, v)


def silu(x):
    return x / (1 + np.exp(-x))


def forward(weights, tokens, rotary):
    """The logits of each position."""
    model = weights.model

    def weight(name):
        return weights[name].astype(np.float64)

    def heads_of(x, name):
        return (x @ weight(name).T).reshape(len(tokens), -1, model.head_width)

    angles = model.angles(len(tokens))
    x = weights["token_embd.weight"][tokens].astype(np.float64)
    for layer in range(model.layers):
        block = f"blk.{layer}."
        normed = rms_norm(x, weight(block + "attn_norm.weight"), model.epsilon)
        q = rotate(heads_of(normed, block + "attn_q.weight"), angles, rotary)
        k = rotate(heads_of(normed, block + "attn_k.weight"), angles, rotary)
        v = heads_of(normed, block + "attn_v.weight")
        x = x + attention(q, k, v).reshape(len(tokens), -1) @ weight(block + "attn_output.weight").T
        normed = rms_norm(x, weight(block + "ffn_norm.weight"), model.epsilon)
        gated = silu(normed @ weight(block + "ffn_gate.weight").T) * (normed @ weight(block + "ffn_up.weight").T)
        x = x + gated @ weight(block + "ffn_down.weight").T
    x = rms_norm(x, weight("output_norm.weight"), model.epsilon)
    return x @ weight(model.output_name).T


def main(arguments):
    if len(arguments) == 4 and arguments[0] == "--hf":
        weights, rotary, arguments = HuggingFaceWeights(arguments[1]), HALF_A_HEAD_APART, arguments[2:]
    elif len(arguments) == 3:
        weights, rotary, arguments = GgufWeights(arguments[0]), SIDE_BY_SIDE, arguments[1:]
    else:
        sys.exit(__doc__)
    np.save(arguments[1], forward(weights, tokens_of(arguments[0]), rotary))


if __name__ == "__main__":
    main(sys.argv[1:])
