package dev.ffmstore.bench.ggml;

import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.GgmlType;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Locale;

/// ggml's own decoders, called in this process: a `libggml-base.so` that [GgmlBuild] made.
///
/// ```java
/// GgmlLibrary ggml = GgmlLibrary.open(GgmlBuild.of(GgmlVariant.SHIPPED).library());
/// ggml.of(GgmlType.Q4_K).decode(blocks, 0, dense, 0, blockCount);
/// ```
///
/// Two variants may be open at once; neither is ever unloaded. Segments must be native.
public final class GgmlLibrary {
    /// The type of `void dequantize_row_q4_K(const void * blocks, float * dense, int64_t elements)` and its like.
    private static final FunctionDescriptor TO_FLOATS =
            FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG);

    private final SymbolLookup symbols;

    private GgmlLibrary(SymbolLookup symbols) {
        this.symbols = symbols;
    }

    /// {@return the decoders of a library}
    ///
    /// @throws IllegalArgumentException if the library cannot be loaded
    @SuppressWarnings("restricted") // the benchmarks and their tests run with native access
    public static GgmlLibrary open(Path library) {
        return new GgmlLibrary(SymbolLookup.libraryLookup(library, Arena.global()));
    }

    /// {@return ggml's decoder of a type}
    ///
    /// @throws java.util.NoSuchElementException if ggml has none
    @SuppressWarnings("restricted")
    public BlockDecoder of(GgmlType type) {
        return new Downcall(
                type, Linker.nativeLinker().downcallHandle(symbols.findOrThrow(functionName(type)), TO_FLOATS));
    }

    private static String functionName(GgmlType type) {
        return switch (type) {
            case F16 -> "ggml_fp16_to_fp32_row";
            case BF16 -> "ggml_bf16_to_fp32_row";
            // ggml writes Q4_K as q4_K, and every other name in lower case
            default -> "dequantize_row_" + type.name().toLowerCase(Locale.ROOT).replace("_k", "_K");
        };
    }

    private record Downcall(GgmlType type, MethodHandle function) implements BlockDecoder {
        @Override
        public void decode(
                MemorySegment blocks, long blocksOffset, MemorySegment dense, long denseOffset, long blockCount) {
            MemorySegment from = blocks.asSlice(blocksOffset, Math.multiplyExact(blockCount, type.blockBytes()));
            MemorySegment to = dense.asSlice(denseOffset, Math.multiplyExact(blockCount, type.denseBlockBytes()));
            try {
                function.invokeExact(from, to, blockCount * type.blockLength());
            } catch (Throwable e) {
                throw new IllegalStateException("ggml's decoder of " + type + " failed", e);
            }
        }
    }
}
