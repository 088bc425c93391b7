package dev.ffmstore.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Random blocks of every type are to decode, bit by bit, as gguf-py decodes them.
@Tag("interop")
class GgmlTypesInteropIT {
    private static final int BLOCKS = 2_000;
    private static final ValueLayout.OfInt FLOAT_BITS =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// What gguf-py, as pinned, does not decode.
    private static final Set<GgmlType> UNKNOWN_TO_GGUF_PY =
            EnumSet.of(GgmlType.Q8_1, GgmlType.Q8_K, GgmlType.Q1_0, GgmlType.Q2_0);

    @TempDir
    static Path folder;

    private static final Map<GgmlType, byte[]> BLOCKS_BY_TYPE = new EnumMap<>(GgmlType.class);
    private static Set<GgmlType> decodedByGgufPy = Set.of();

    @BeforeAll
    static void askGgufPy() throws IOException {
        for (GgmlType type : decodedHere()) {
            byte[] blocks = new byte[BLOCKS * type.blockBytes()];
            new Random(type.id()).nextBytes(blocks);
            BLOCKS_BY_TYPE.put(type, blocks);
            Files.write(folder.resolve(type + ".bin"), blocks);
        }
        decodedByGgufPy = GgufPy.decodeBlocks(folder);
    }

    private static List<GgmlType> decodedHere() {
        return Arrays.stream(GgmlType.values())
                .filter(type -> !type.isPlain() && BlockDecoders.scalar().supports(type))
                .toList();
    }

    static Set<GgmlType> decodedByBoth() {
        return decodedByGgufPy;
    }

    @Test
    void ggufPyDecodesAllButTheTypesItDoesNotKnow() {
        Set<GgmlType> onlyHere = EnumSet.copyOf(decodedHere());
        onlyHere.removeAll(decodedByGgufPy);
        System.out.println("random blocks compared with gguf-py: " + decodedByGgufPy + ", not compared: " + onlyHere);
        assertThat(decodedByGgufPy).isNotEmpty();
        assertThat(UNKNOWN_TO_GGUF_PY).containsAll(onlyHere);
    }

    @ParameterizedTest
    @MethodSource("decodedByBoth")
    void randomBlocksDecodeToTheSameBits(GgmlType type) throws IOException {
        MemorySegment expected = MemorySegment.ofArray(Files.readAllBytes(folder.resolve(type + ".f32")));
        assertThat(expected.byteSize()).isEqualTo((long) BLOCKS * type.denseBlockBytes());
        for (BlockDecoders decoders : List.of(BlockDecoders.scalar(), BlockDecoders.vector())) {
            try (Arena arena = Arena.ofConfined()) {
                byte[] bytes = BLOCKS_BY_TYPE.get(type);
                MemorySegment blocks = arena.allocate(bytes.length).copyFrom(MemorySegment.ofArray(bytes));
                MemorySegment dense = arena.allocate(expected.byteSize());
                decoders.of(type).decode(blocks, 0, dense, 0, BLOCKS);
                assertSameFloats(type + ", " + decoders, dense, expected, type.blockLength());
            }
        }
    }

    /// Bit by bit, but for NaN: its bits depend on the order of operands. Random scales make some.
    private static void assertSameFloats(String what, MemorySegment dense, MemorySegment expected, int blockLength) {
        for (long offset = 0; offset < expected.byteSize(); offset += Float.BYTES) {
            int want = expected.get(FLOAT_BITS, offset);
            int got = dense.get(FLOAT_BITS, offset);
            if (want != got && !(isNan(want) && isNan(got))) {
                long element = offset / Float.BYTES;
                fail(
                        "%s: block %d, element %d: gguf-py has %s (0x%08x), here %s (0x%08x)",
                        what,
                        element / blockLength,
                        element % blockLength,
                        Float.intBitsToFloat(want),
                        want,
                        Float.intBitsToFloat(got),
                        got);
            }
        }
    }

    private static boolean isNan(int bits) {
        return Float.isNaN(Float.intBitsToFloat(bits));
    }
}
