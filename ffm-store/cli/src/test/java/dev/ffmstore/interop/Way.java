package dev.ffmstore.interop;

/// How the weights of a model come to the compiled module.
enum Way {
    /// A parameter archive, read when the module is run.
    IRPA(".irpa parameters"),
    /// A safetensors file, read when the module is run.
    SAFETENSORS("safetensors parameters"),
    /// A parameter archive whose contents the compiler makes constants of.
    IMPORTED(".irpa, imported when compiled"),
    /// Constants in the module itself, which is MLIR bytecode.
    BAKED("baked into bytecode");

    private final String words;

    Way(String words) {
        this.words = words;
    }

    @Override
    public String toString() {
        return words;
    }
}
