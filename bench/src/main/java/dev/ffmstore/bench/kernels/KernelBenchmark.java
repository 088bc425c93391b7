package dev.ffmstore.bench.kernels;

import dev.ffmstore.bench.ggml.GgmlBuild;
import dev.ffmstore.bench.ggml.GgmlLibrary;
import dev.ffmstore.bench.ggml.GgmlVariant;
import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// Measures how fast a decoder is by itself, in a JVM of its own. [Kernels] compares all in one JVM.
///
/// ```text
/// java -jar bench/target/benchmarks.jar KernelBenchmark -p type=Q4_K,Q6_K -p kind=vector,ggml-native -prof gc
/// ```
///
/// One thread runs. An operation is one call for all of the output. The secondary result `gigabytes` is the output
/// in 10⁹ bytes per second; with `-prof gc`, `gc.alloc.rate.norm` is what a call allocates. A benchmark whose build
/// of ggml does not exist fails.
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class KernelBenchmark {
    /// The type of the blocks: every type that is decoded and not merely copied.
    @Param({
        "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q8_K", "IQ1_S",
        "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ4_NL", "IQ4_XS", "MXFP4", "NVFP4", "TQ1_0",
        "TQ2_0", "Q1_0", "Q2_0"
    })
    public GgmlType type = GgmlType.F16;

    /// Which decoder runs; where the vector kind *is* the scalar kernel, both measure the same.
    @Param({"scalar", "vector", "ggml-shipped", "ggml-native"})
    public String kind = "scalar";

    /// 256 KiB of output that stay in the second-level cache, or 512 MiB that do not.
    @Param({"cached", "streamed"})
    public String memory = "cached";

    private KernelMemory.@Nullable Kernel kernel;
    private @Nullable KernelMemory room;
    private BlockDecoder decoder = BlockDecoders.scalar().of(GgmlType.F16);

    /// Counts the output.
    @AuxCounters
    @State(Scope.Thread)
    public static class Output {
        /// The number of dense bytes written, in 10⁹; per second in the result.
        public double gigabytes;
    }

    /// Draws the blocks.
    ///
    /// @throws IOException if the build of ggml does not exist
    @Setup
    public void allocate() throws IOException {
        decoder = decoder();
        long denseBytes = denseBytes();
        room = new KernelMemory(denseBytes);
        kernel = room.of(type, denseBytes);
    }

    private BlockDecoder decoder() throws IOException {
        return switch (kind) {
            case "scalar" -> BlockDecoders.scalar().of(type);
            case "vector" -> BlockDecoders.vector().of(type);
            case "ggml-shipped" -> ggml(GgmlVariant.SHIPPED).of(type);
            case "ggml-native" -> ggml(GgmlVariant.NATIVE).of(type);
            default ->
                throw new IllegalArgumentException(
                        "kind: expected scalar, vector, ggml-shipped or ggml-native, got " + kind);
        };
    }

    private static GgmlLibrary ggml(GgmlVariant variant) throws IOException {
        return GgmlLibrary.open(GgmlBuild.of(variant)
                .find()
                .orElseThrow(() -> new IOException(variant.label() + " is not built; the command ggml does that")));
    }

    private long denseBytes() {
        return switch (memory) {
            case "cached" -> KernelMemory.CACHED_BYTES;
            case "streamed" -> KernelMemory.STREAMED_BYTES;
            default -> throw new IllegalArgumentException("memory: expected cached or streamed, got " + memory);
        };
    }

    /// Frees the memory.
    @TearDown
    public void free() {
        if (room != null) {
            room.close();
        }
    }

    /// Decodes all of the output in one call.
    @Benchmark
    public MemorySegment decode(Output output) {
        KernelMemory.Kernel here = Objects.requireNonNull(kernel);
        decoder.decode(here.blocks(), 0, here.dense(), 0, here.blockCount());
        output.gigabytes += here.dense().byteSize() / 1e9;
        return here.dense();
    }
}
