"""Writes the forward pass of a Llama as a StableHLO module: one function from token ids to logits, without the weights.

usage: llama_stablehlo.py MODEL.gguf LENGTH OUT.mlir parameters [hf]   weights are parameters of IREE, in the scope "model"
       llama_stablehlo.py MODEL.gguf LENGTH OUT.mlir resources [hf]    weights are dense_resource constants, without their data

Only the shape of the model is read from MODEL.gguf. The function is @forward: tensor<LENGTHxi32> to tensor<LENGTHxVOCABULARYxf32>.
Names and rotary pairs are those of GGUF files (pair i is elements 2i and 2i + 1), or with hf Hugging Face's (i and i + half a head).
"""

import sys

import numpy as np
from gguf import GGUFReader
from llama import Llama, hugging_face_name


class Value:
    """A value of the module: what it is called, and its shape. All are F32 but the token ids."""

    def __init__(self, name, shape, element="f32"):
        self.name = name
        self.shape = tuple(shape)
        self.type = tensor_type(shape, element)


def tensor_type(shape, element="f32"):
    return "tensor<" + "".join(f"{n}x" for n in shape) + element + ">"


def numbers(values):
    return "[" + ", ".join(str(n) for n in values) + "]"


class Function:
    """The body of the function, an operation a line."""

    def __init__(self):
        self.lines = []
        self._constants = {}

    def add(self, shape, operation):
        value = Value(f"%{len(self.lines)}", shape)
        self.lines.append(f"    {value.name} = {operation}")
        return value

    def constant(self, elements):
        """Exact: the bits of the elements in hexadecimal."""
        elements = np.asarray(elements, dtype="<f4")
        # of a single element, the bits are read most significant first
        bits = elements.astype(">f4").tobytes() if elements.ndim == 0 else elements.tobytes()
        text = f"0x{bits.hex().upper()}" if elements.ndim == 0 else f'"0x{bits.hex().upper()}"'
        key = (text, elements.shape)
        if key not in self._constants:
            kind = tensor_type(elements.shape)
            self._constants[key] = self.add(elements.shape, f"stablehlo.constant dense<{text}> : {kind}")
        return self._constants[key]

    def elementwise(self, operation, *operands):
        names = ", ".join(operand.name for operand in operands)
        return self.add(operands[0].shape, f"stablehlo.{operation} {names} : {operands[0].type}")

    def broadcast(self, x, shape, axes):
        """Axis i of x becomes axis axes[i] of the shape."""
        kinds = f"({x.type}) -> {tensor_type(shape)}"
        return self.add(shape, f"stablehlo.broadcast_in_dim {x.name}, dims = {numbers(axes)} : {kinds}")

    def scaled(self, x, factor):
        return self.elementwise("multiply", x, self.broadcast(self.constant(factor), x.shape, []))

    def reshape(self, x, *shape):
        return self.add(shape, f"stablehlo.reshape {x.name} : ({x.type}) -> {tensor_type(shape)}")

    def transpose(self, x, *axes):
        shape = [x.shape[axis] for axis in axes]
        return self.add(shape, f"stablehlo.transpose {x.name}, dims = {numbers(axes)} : ({x.type}) -> {tensor_type(shape)}")

    def slice(self, x, axis, start, end):
        bounds = [(0, n) for n in x.shape]
        bounds[axis] = (start, end)
        shape = [b - a for a, b in bounds]
        ranges = ", ".join(f"{a}:{b}" for a, b in bounds)
        return self.add(shape, f"stablehlo.slice {x.name} [{ranges}] : ({x.type}) -> {tensor_type(shape)}")

    def concatenate(self, x, y, axis):
        shape = list(x.shape)
        shape[axis] += y.shape[axis]
        kinds = f"({x.type}, {y.type}) -> {tensor_type(shape)}"
        return self.add(shape, f"stablehlo.concatenate {x.name}, {y.name}, dim = {axis} : {kinds}")

    def reduce(self, x, operation, start):
        """Over the last axis, which stays: of the same value all along."""
        first = self.constant(start)
        last = len(x.shape) - 1
        kinds = f"({x.type}, {first.type}) -> {tensor_type(x.shape[:-1])}"
        reduced = self.add(
            x.shape[:-1],
            f"stablehlo.reduce({x.name} init: {first.name}) applies stablehlo.{operation} across dimensions = [{last}] : {kinds}",
        )
        return self.broadcast(reduced, x.shape, range(last))

    def dot(self, x, y, shape, contracting, batching=((), ())):
        batches = f"batching_dims = {numbers(batching[0])} x {numbers(batching[1])}, " if batching[0] else ""
        return self.add(
            shape,
            f"stablehlo.dot_general {x.name}, {y.name}, {batches}contracting_dims = [{contracting[0]}] x [{contracting[1]}]"
            f" : ({x.type}, {y.type}) -> {tensor_type(shape)}",
        )

    def linear(self, x, weight):
        """x, [positions, in], times the transpose of a weight, [out, in]."""
        return self.dot(x, weight, (x.shape[0], weight.shape[0]), (1, 1))

    def rows(self, table, indices):
        shape = (indices.shape[0], table.shape[1])
        return self.add(
            shape,
            f'"stablehlo.gather"({table.name}, {indices.name}) <{{dimension_numbers = #stablehlo.gather<offset_dims = [1],'
            " collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>,"
            f" slice_sizes = array<i64: 1, {table.shape[1]}>, indices_are_sorted = false}}>"
            f" : ({table.type}, {indices.type}) -> {tensor_type(shape)}",
        )

    def rms_norm(self, x, weight, epsilon):
        squares = self.reduce(self.elementwise("multiply", x, x), "add", 0.0)
        mean = self.scaled(squares, 1 / x.shape[-1])
        biased = self.elementwise("add", mean, self.broadcast(self.constant(epsilon), x.shape, []))
        normed = self.elementwise("multiply", x, self.elementwise("rsqrt", biased))
        return self.elementwise("multiply", normed, self.broadcast(weight, x.shape, [1]))

    def softmax(self, x):
        shifted = self.elementwise("exponential", self.elementwise("subtract", x, self.reduce(x, "maximum", -np.inf)))
        return self.elementwise("divide", shifted, self.reduce(shifted, "add", 0.0))

    def silu(self, x):
        return self.elementwise("multiply", x, self.elementwise("logistic", x))

    def rotate_pairs(self, x, cos, sin):
        """[positions, heads, width] with pair i in elements 2i and 2i + 1."""
        positions, heads, width = x.shape
        pairs = self.reshape(x, positions, heads, width // 2, 2)
        first, second = self._turned(self.slice(pairs, 3, 0, 1), self.slice(pairs, 3, 1, 2), cos, sin, [0, 2])
        return self.reshape(self.concatenate(first, second, 3), *x.shape)

    def rotate_halves(self, x, cos, sin):
        """[positions, heads, width] with pair i in elements i and i + width / 2."""
        half = x.shape[2] // 2
        first, second = self._turned(self.slice(x, 2, 0, half), self.slice(x, 2, half, 2 * half), cos, sin, [0, 2])
        return self.concatenate(first, second, 2)

    def _turned(self, first, second, cos, sin, axes):
        cos, sin = self.broadcast(cos, first.shape, axes), self.broadcast(sin, first.shape, axes)

        def times(x, factor):
            return self.elementwise("multiply", x, factor)

        return (
            self.elementwise("subtract", times(first, cos), times(second, sin)),
            self.elementwise("add", times(first, sin), times(second, cos)),
        )


class Parameters:
    """Weights as globals whose data is found in a parameter file when the module is run."""

    def __init__(self, function):
        self.function = function
        self.declarations = []

    def weight(self, name, shape):
        kind = tensor_type(shape)
        self.declarations.append(f'  util.global private @"{name}" = #flow.parameter.named<"model"::"{name}"> : {kind}')
        return self.function.add(shape, f'util.global.load @"{name}" : {kind}')


class Resources:
    """Weights as constants whose data is to be put into the module."""

    def __init__(self, function):
        self.function = function
        self.declarations = []

    def weight(self, name, shape):
        return self.function.add(shape, f'stablehlo.constant dense_resource<"{name}"> : {tensor_type(shape)}')


class Forward:
    """Builds the function for one model and one number of tokens."""

    def __init__(self, model, length, kind, names, rotate):
        self.model = model
        self.length = length
        self.names = names
        self.rotate = rotate
        self.function = Function()
        self.weights = kind(self.function)
        self.shapes = model.shapes()
        self._loaded = {}

    def weight(self, name):
        if name not in self._loaded:
            self._loaded[name] = self.weights.weight(self.names(name), self.shapes[name])
        return self._loaded[name]

    def attention(self, x, block, cos, sin):
        f, m, n = self.function, self.model, self.length
        group = m.heads // m.kv_heads

        def heads_of(part, heads):
            return f.reshape(f.linear(x, self.weight(f"{block}attn_{part}.weight")), n, heads, m.head_width)

        q = self.rotate(f, heads_of("q", m.heads), cos, sin)
        k = self.rotate(f, heads_of("k", m.kv_heads), cos, sin)
        v = heads_of("v", m.kv_heads)
        # query heads of one group share a key head: the key head is the batch
        q = f.reshape(q, n, m.kv_heads, group, m.head_width)
        scores = f.dot(q, k, (m.kv_heads, n, group, n), (3, 2), ((1,), (1,)))
        mask = f.constant(np.triu(np.full((n, n), -np.inf), k=1))
        scores = f.scaled(scores, m.head_width**-0.5)
        scores = f.softmax(f.elementwise("add", scores, f.broadcast(mask, scores.shape, [1, 3])))
        mixed = f.dot(scores, v, (m.kv_heads, n, group, m.head_width), (3, 0), ((0,), (1,)))
        mixed = f.reshape(f.transpose(mixed, 1, 0, 2, 3), n, m.heads * m.head_width)
        return f.linear(mixed, self.weight(block + "attn_output.weight"))

    def feed_forward(self, x, block):
        f = self.function
        gate = f.silu(f.linear(x, self.weight(block + "ffn_gate.weight")))
        up = f.linear(x, self.weight(block + "ffn_up.weight"))
        return f.linear(f.elementwise("multiply", gate, up), self.weight(block + "ffn_down.weight"))

    def module(self):
        f, m, n = self.function, self.model, self.length
        tokens = Value("%tokens", (n,), "i32")
        angles = m.angles(n)
        cos, sin = f.constant(np.cos(angles)), f.constant(np.sin(angles))
        x = f.rows(self.weight("token_embd.weight"), tokens)
        for layer in range(m.layers):
            block = f"blk.{layer}."
            normed = f.rms_norm(x, self.weight(block + "attn_norm.weight"), m.epsilon)
            x = f.elementwise("add", x, self.attention(normed, block, cos, sin))
            normed = f.rms_norm(x, self.weight(block + "ffn_norm.weight"), m.epsilon)
            x = f.elementwise("add", x, self.feed_forward(normed, block))
        x = f.rms_norm(x, self.weight("output_norm.weight"), m.epsilon)
        logits = f.linear(x, self.weight(m.output_name))
        return "\n".join(
            [
                "module @llama {",
                *self.weights.declarations,
                f"  func.func public @forward({tokens.name}: {tokens.type}) -> {logits.type} {{",
                *f.lines,
                f"    return {logits.name} : {logits.type}",
                "  }",
                "}",
                "",
            ]
        )


def main(model_file, length, out, kind, convention="gguf"):
    kinds = {"parameters": Parameters, "resources": Resources}
    conventions = {
        "gguf": (lambda name: name, Function.rotate_pairs),
        "hf": (hugging_face_name, Function.rotate_halves),
    }
    model = Llama.of_gguf(GGUFReader(model_file))
    text = Forward(model, int(length), kinds[kind], *conventions[convention]).module()
    with open(out, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    main(*sys.argv[1:])
