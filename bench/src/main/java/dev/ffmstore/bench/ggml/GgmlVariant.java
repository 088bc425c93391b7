package dev.ffmstore.bench.ggml;

/// The two ways in which ggml's own decoders are compiled for a comparison.
public enum GgmlVariant {
    /// ggml as pip compiles it on any machine: for the oldest x86-64.
    SHIPPED("ggml-shipped", ""),
    /// ggml compiled for the machine that it is compiled on.
    NATIVE("ggml-native", "-O3 -march=native");

    private final String label;
    private final String compilerFlags;

    GgmlVariant(String label, String compilerFlags) {
        this.label = label;
        this.compilerFlags = compilerFlags;
    }

    /// {@return the name of the variant in reports and file names}
    public String label() {
        return label;
    }

    /// {@return the flags of the C and C++ compilers beyond ggml's own}
    String compilerFlags() {
        return compilerFlags;
    }
}
