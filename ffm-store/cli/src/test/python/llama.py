"""What the scripts for Llama models share: the shape of a model, the names of its tensors and its rotary angles."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize

# The names of a layer's tensors, in GGUF's convention and in Hugging Face's.
LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
MODEL_NAMES = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


def hugging_face_name(name):
    """The name in Hugging Face's convention of a tensor named as in GGUF files: blk.0.attn_q.weight and so on."""
    parts = name.removesuffix(".weight").split(".")
    if parts[0] == "blk":
        return f"model.layers.{parts[1]}.{LAYER_NAMES[parts[2]]}.weight"
    return MODEL_NAMES[parts[0]] + ".weight"


@dataclass(frozen=True)
class Llama:
    """The hyperparameters of a model; tied means that the output layer is the embedding."""

    layers: int
    width: int
    feed_forward: int
    heads: int
    kv_heads: int
    head_width: int
    vocabulary: int
    epsilon: float
    rope_base: float
    tied: bool

    @staticmethod
    def of_gguf(reader):
        def value(key, otherwise=None):
            field = reader.get_field("llama." + key)
            return otherwise if field is None else field.contents()

        if reader.get_field("general.architecture").contents() != "llama":
            raise ValueError("not a Llama")
        heads = value("attention.head_count")
        shapes = {tensor.name: tensor.shape for tensor in reader.tensors}
        return Llama(
            layers=value("block_count"),
            width=value("embedding_length"),
            feed_forward=value("feed_forward_length"),
            heads=heads,
            kv_heads=value("attention.head_count_kv", heads),
            head_width=value("rope.dimension_count", value("embedding_length") // heads),
            vocabulary=int(shapes["token_embd.weight"][1]),
            epsilon=value("attention.layer_norm_rms_epsilon"),
            rope_base=value("rope.freq_base", 10_000.0),
            tied="output.weight" not in shapes,
        )

    @staticmethod
    def of_config(folder):
        """From the config.json of a model in Hugging Face's form."""
        config = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
        if config["model_type"] != "llama":
            raise ValueError("not a Llama")
        heads = config["num_attention_heads"]
        return Llama(
            layers=config["num_hidden_layers"],
            width=config["hidden_size"],
            feed_forward=config["intermediate_size"],
            heads=heads,
            kv_heads=config["num_key_value_heads"],
            head_width=config.get("head_dim", config["hidden_size"] // heads),
            vocabulary=config["vocab_size"],
            epsilon=config["rms_norm_eps"],
            rope_base=config["rope_theta"],
            tied=config["tie_word_embeddings"],
        )

    @property
    def output_name(self):
        return "token_embd.weight" if self.tied else "output.weight"

    def shapes(self):
        """The row-major shape of each tensor, by its name in GGUF's convention."""
        kv_width = self.kv_heads * self.head_width
        q_width = self.heads * self.head_width
        shapes = {"token_embd.weight": (self.vocabulary, self.width), "output_norm.weight": (self.width,)}
        for i in range(self.layers):
            for part, shape in {
                "attn_norm": (self.width,),
                "attn_q": (q_width, self.width),
                "attn_k": (kv_width, self.width),
                "attn_v": (kv_width, self.width),
                "attn_output": (self.width, q_width),
                "ffn_norm": (self.width,),
                "ffn_gate": (self.feed_forward, self.width),
                "ffn_up": (self.feed_forward, self.width),
                "ffn_down": (self.width, self.feed_forward),
            }.items():
                shapes[f"blk.{i}.{part}.weight"] = shape
        if not self.tied:
            shapes["output.weight"] = (self.vocabulary, self.width)
        return shapes

    def angles(self, length):
        """The rotary angle of each position and pair, [length, head_width / 2]."""
        pairs = np.arange(self.head_width // 2, dtype=np.float64)
        frequencies = self.rope_base ** (-2 * pairs / self.head_width)
        return np.arange(length, dtype=np.float64)[:, None] * frequencies


class GgufWeights:
    """The tensors of a GGUF file, dequantised by gguf-py one at a time."""

    def __init__(self, file):
        reader = GGUFReader(file)
        self.model = Llama.of_gguf(reader)
        self._tensors = {tensor.name: tensor for tensor in reader.tensors}

    def __getitem__(self, name):
        tensor = self._tensors[name]
        return dequantize(tensor.data, tensor.tensor_type)


def tokens_of(text):
    """The token ids of a command line: 1,504,3575."""
    return np.array([int(token) for token in text.split(",")], dtype=np.int32)
