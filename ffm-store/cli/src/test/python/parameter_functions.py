"""Writes a module with a function for each tensor of a model, which returns that tensor from a parameter file.

usage: parameter_functions.py MODEL.gguf DTYPE OUT.mlir

DTYPE is F32, F16 or BF16, as the file was exported. The functions are @tensor_0, @tensor_1 and so on, in the order of the model.
"""

import sys

from constants import constants

ELEMENTS = {"float32": "f32", "float16": "f16", "bfloat16": "bf16", "float64": "f64"} | {
    f"int{bits}": f"i{bits}" for bits in (8, 16, 32, 64)
}


def mlir_string(text):
    """Bytes outside printable ASCII, quotes and backslashes as two hexadecimal digits."""
    plain = (chr(b) if 0x20 <= b < 0x7F and chr(b) not in '"\\' else f"\\{b:02X}" for b in text.encode())
    return '"' + "".join(plain) + '"'


def main(model, dtype, out):
    globals_, functions = [], []
    for index, (name, elements) in enumerate(constants(model, dtype)):
        kind = "tensor<" + "".join(f"{n}x" for n in elements.shape) + ELEMENTS[elements.dtype.name] + ">"
        globals_.append(
            f'  util.global private @parameter_{index} = #flow.parameter.named<"model"::{mlir_string(name)}> : {kind}'
        )
        functions += [
            f"  func.func public @tensor_{index}() -> {kind} {{",
            f"    %0 = util.global.load @parameter_{index} : {kind}",
            f"    return %0 : {kind}",
            "  }",
        ]
    with open(out, "w", encoding="utf-8") as file:
        file.write("\n".join(["module @parameters {", *globals_, *functions, "}", ""]))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
