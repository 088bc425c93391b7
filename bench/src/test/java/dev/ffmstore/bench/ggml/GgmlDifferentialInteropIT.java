package dev.ffmstore.bench.ggml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A million random blocks of every type are to decode, bit by bit, as ggml itself decodes them.
@Tag("interop")
class GgmlDifferentialInteropIT {
    private static final long BLOCKS = 1_000_000;
    private static final long BATCH_DENSE_BYTES = 64L << 20;
    private static final ValueLayout.OfInt FLOAT_BITS =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static GgmlLibrary ggml;

    @BeforeAll
    static void openGgml() throws IOException {
        ggml = GgmlLibrary.open(GgmlBuild.of(GgmlVariant.SHIPPED).library());
    }

    static List<GgmlType> types() {
        return Arrays.stream(GgmlType.values())
                .filter(type -> !type.isPlain() && BlockDecoders.scalar().supports(type))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("types")
    void aMillionRandomBlocksDecodeToTheSameBits(GgmlType type) {
        BlockDecoder reference = ggml.of(type);
        BlockDecoder scalar = BlockDecoders.scalar().of(type);
        BlockDecoder vector = BlockDecoders.vector().of(type);
        Random random = new Random(type.id());
        long batch = Math.min(BLOCKS, BATCH_DENSE_BYTES / type.denseBlockBytes());
        byte[] drawn = new byte[(int) batch * type.blockBytes()];
        // of one kind with the kernels' other segments: a shared arena
        try (Arena arena = Arena.ofShared()) {
            MemorySegment blocks = arena.allocate(drawn.length);
            MemorySegment expected = arena.allocate(batch * type.denseBlockBytes());
            MemorySegment dense = arena.allocate(batch * type.denseBlockBytes());
            for (long first = 0; first < BLOCKS; first += batch) {
                long count = Math.min(batch, BLOCKS - first);
                long byteSize = count * type.denseBlockBytes();
                random.nextBytes(drawn);
                blocks.copyFrom(MemorySegment.ofArray(drawn));
                reference.decode(blocks, 0, expected, 0, count);
                for (BlockDecoder decoder : List.of(scalar, vector)) {
                    dense.fill((byte) 0x5a);
                    decoder.decode(blocks, 0, dense, 0, count);
                    String who = type + ", " + (decoder == scalar ? "scalar" : "vector");
                    assertSameFloats(who, first, type, dense.asSlice(0, byteSize), expected.asSlice(0, byteSize));
                }
            }
        }
    }

    @Test
    void oneWrongBitIsFound() {
        GgmlType type = GgmlType.Q4_0;
        try (Arena arena = Arena.ofShared()) {
            MemorySegment blocks = arena.allocate(2L * type.blockBytes()).fill((byte) 0x11);
            MemorySegment expected = arena.allocate(2L * type.denseBlockBytes());
            ggml.of(type).decode(blocks, 0, expected, 0, 2);
            MemorySegment dense = arena.allocate(expected.byteSize()).copyFrom(expected);
            assertSameFloats("copy", 0, type, dense, expected);

            long lastElement = dense.byteSize() - Float.BYTES;
            dense.set(FLOAT_BITS, lastElement, dense.get(FLOAT_BITS, lastElement) ^ 1);

            assertThat(org.assertj.core.api.Assertions.catchThrowable(
                            () -> assertSameFloats("flipped", 0, type, dense, expected)))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("flipped: block 1, element 31: ");
        }
    }

    /// Bit by bit, but for NaN: its bits depend on the order of operands. Random scales make some.
    private static void assertSameFloats(
            String who, long firstBlock, GgmlType type, MemorySegment dense, MemorySegment expected) {
        long blockBytes = type.denseBlockBytes();
        long at = 0;
        while (at < expected.byteSize()) {
            long differs = MemorySegment.mismatch(dense, at, dense.byteSize(), expected, at, expected.byteSize());
            if (differs < 0) {
                return;
            }
            long block = (at + differs) / blockBytes;
            for (long offset = block * blockBytes; offset < (block + 1) * blockBytes; offset += Float.BYTES) {
                int want = expected.get(FLOAT_BITS, offset);
                int got = dense.get(FLOAT_BITS, offset);
                if (want != got && !(isNan(want) && isNan(got))) {
                    fail(
                            "%s: block %d, element %d: ggml has %s (0x%08x), here %s (0x%08x)",
                            who,
                            firstBlock + block,
                            offset % blockBytes / Float.BYTES,
                            Float.intBitsToFloat(want),
                            want,
                            Float.intBitsToFloat(got),
                            got);
                }
            }
            at = (block + 1) * blockBytes;
        }
    }

    private static boolean isNan(int bits) {
        return Float.isNaN(Float.intBitsToFloat(bits));
    }
}
