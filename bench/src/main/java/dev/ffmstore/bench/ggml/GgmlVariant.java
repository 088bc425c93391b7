package dev.ffmstore.bench.ggml;

/// The two ways in which ggml's own decoders are compiled for a comparison.
public enum GgmlVariant {
    /// As pip compiles it on any machine: for the oldest x86-64.
    SHIPPED("ggml-shipped", ""),
    /// For the very machine it is compiled on.
    NATIVE("ggml-native", "-O3 -march=native");

    private final String label;
    private final String compilerFlags;

    GgmlVariant(String label, String compilerFlags) {
        this.label = label;
        this.compilerFlags = compilerFlags;
    }

    /// {@return its name in reports and among files}
    public String label() {
        return label;
    }

    /// {@return what the C and C++ compilers are told beyond ggml's own flags}
    String compilerFlags() {
        return compilerFlags;
    }
}
