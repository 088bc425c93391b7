package dev.ffmstore.bench;

import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;
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

/// How fast is a decoder when memory is not the limit? One thread, 256 KiB of output that stays in the second-level
/// cache.
///
/// ```text
/// java -jar bench/target/benchmarks.jar kernels
/// java -jar bench/target/benchmarks.jar KernelBenchmark -p type=Q4_K,Q6_K -p kind=vector -prof gc
/// ```
///
/// An operation is one call for all 256 KiB. The secondary result `gigabytes` is the output in 10⁹ bytes a second;
/// with `-prof gc`, `gc.alloc.rate.norm` is what a call allocates.
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class KernelBenchmark {
    private static final int DENSE_BYTES = 256 << 10;
    private static final int ALIGNMENT = 64;

    /// What the blocks are: every type that is decoded and not merely copied.
    @Param({
        "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q8_K", "IQ1_S",
        "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ4_NL", "IQ4_XS", "MXFP4", "NVFP4", "TQ1_0",
        "TQ2_0", "Q1_0", "Q2_0"
    })
    public GgmlType type = GgmlType.F16;

    /// Which decoder; where the vector kind *is* the scalar kernel, both measure the same.
    @Param({"scalar", "vector"})
    public String kind = "scalar";

    private Arena arena = Arena.global();
    private MemorySegment blocks = MemorySegment.NULL;
    private MemorySegment dense = MemorySegment.NULL;
    private BlockDecoder decoder = BlockDecoders.scalar().of(GgmlType.F16);
    private int blockCount;

    /// Counts the output.
    @AuxCounters
    @State(Scope.Thread)
    public static class Output {
        /// Dense bytes written, in 10⁹; per second in the result.
        public double gigabytes;
    }

    /// Draws the blocks.
    @Setup
    public void allocate() {
        blockCount = DENSE_BYTES / type.denseBlockBytes();
        byte[] drawn = new RandomBlocks(type, 1).next(blockCount);
        arena = Arena.ofShared();
        blocks = arena.allocate(drawn.length, ALIGNMENT);
        MemorySegment.copy(drawn, 0, blocks, ValueLayout.JAVA_BYTE, 0, drawn.length);
        dense = arena.allocate(DENSE_BYTES, ALIGNMENT);
        decoder = decoders(kind).of(type);
    }

    private static BlockDecoders decoders(String kind) {
        return switch (kind) {
            case "scalar" -> BlockDecoders.scalar();
            case "vector" -> BlockDecoders.vector();
            default -> throw new IllegalArgumentException("kind: expected scalar or vector, got " + kind);
        };
    }

    /// Frees them.
    @TearDown
    public void free() {
        arena.close();
    }

    /// One call for 256 KiB of output.
    @Benchmark
    public MemorySegment decode(Output output) {
        decoder.decode(blocks, 0, dense, 0, blockCount);
        output.gigabytes += DENSE_BYTES / 1e9;
        return dense;
    }
}
