package dev.ffmstore.ggml;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// What every decoder of every type keeps, whichever way it works: ggml's bits for the golden blocks, any count,
/// any offset, any kind of segment, nothing touched outside the range, nothing allocated.
abstract class BlockDecoderContract {
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final byte UNTOUCHED = (byte) 0xA5;

    /// How long C2 may take to get to a kernel, on a machine that is busy with other things; a second is usual.
    private static final long WARM_UP_NANOS = 30_000_000_000L;

    abstract BlockDecoders decoders();

    static List<Golden> golden() {
        return Golden.all();
    }

    static Stream<GgmlType> quantised() {
        return golden().stream().map(Golden::type).distinct();
    }

    @Test
    void goldenBlocksAreThere() {
        assertThat(quantised()).hasSizeGreaterThanOrEqualTo(11);
        assertThat(golden())
                .allSatisfy(golden -> assertThat(golden.bits())
                        .hasSize(golden.blockCount() * golden.type().blockLength())
                        .isNotEmpty());
    }

    @ParameterizedTest
    @MethodSource("golden")
    void decodesToTheBitsOfGgml(Golden golden) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment blocks = arena.allocateFrom(JAVA_BYTE, golden.blocks());
            MemorySegment dense = arena.allocate(golden.bits().length * 4L);
            decoders().of(golden.type()).decode(blocks, 0, dense, 0, golden.blockCount());
            assertSameBits(golden, 0, dense.toArray(U32), golden.bits());
        }
    }

    @ParameterizedTest
    @MethodSource("quantised")
    void decodesAnyNumberOfBlocksFromAnyOffset(GgmlType type) {
        Golden golden = Golden.of(type);
        int staged = 4096 / type.blockLength();
        int most = Math.min(golden.blockCount() - 3, 2 * staged + 1);
        int[] counts = {0, 1, 2, 3, 15, 16, 17, staged - 1, staged, staged + 1, most};
        try (Arena arena = Arena.ofShared()) {
            // one byte before the blocks and three before the elements: nothing is aligned
            MemorySegment blocks = arena.allocate(golden.blocks().length + 1L, 64);
            MemorySegment.copy(golden.blocks(), 0, blocks, JAVA_BYTE, 1, golden.blocks().length);
            MemorySegment dense = arena.allocate(3 + golden.bits().length * 4L + 64, 64);
            for (int count : counts) {
                if (count < 0 || count > most) {
                    continue;
                }
                dense.fill(UNTOUCHED);
                int first = 2;
                decoders().of(type).decode(blocks, 1 + (long) first * type.blockBytes(), dense, 3, count);
                long end = 3 + (long) count * type.denseBlockBytes();
                int[] expected = Arrays.copyOfRange(
                        golden.bits(), first * type.blockLength(), (first + count) * type.blockLength());
                assertSameBits(golden, first, dense.asSlice(3, end - 3).toArray(U32), expected);
                assertUntouched(dense.asSlice(0, 3));
                assertUntouched(dense.asSlice(end));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("quantised")
    void decodesBetweenAnyKindsOfSegments(GgmlType type) {
        Golden golden = Golden.of(type);
        int[] expected = Arrays.copyOf(golden.bits(), 3 * type.blockLength());
        BlockDecoder decoder = decoders().of(type);
        try (Arena arena = Arena.ofShared()) {
            MemorySegment nativeBlocks =
                    arena.allocateFrom(JAVA_BYTE, golden.blocks()).asReadOnly();
            MemorySegment heapBlocks = MemorySegment.ofArray(golden.blocks()).asReadOnly();
            MemorySegment nativeDense = arena.allocate(expected.length * 4L);
            float[] floats = new float[expected.length];
            byte[] bytes = new byte[expected.length * 4];
            for (MemorySegment blocks : List.of(nativeBlocks, heapBlocks)) {
                for (MemorySegment dense :
                        List.of(nativeDense, MemorySegment.ofArray(floats), MemorySegment.ofArray(bytes))) {
                    dense.fill((byte) 0);
                    decoder.decode(blocks, 0, dense, 0, 3);
                    byte[] got = dense.toArray(JAVA_BYTE);
                    assertSameBits(golden, 0, MemorySegment.ofArray(got).toArray(U32), expected);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(GgmlType.class)
    void refusesRangesOutsideTheSegmentsAndWritesNothing(GgmlType type) {
        if (!decoders().supports(type)) {
            assertThatThrownBy(() -> decoders().of(type))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining(type.name());
            return;
        }
        BlockDecoder decoder = decoders().of(type);
        MemorySegment blocks = MemorySegment.ofArray(new byte[2 * type.blockBytes()]);
        MemorySegment dense = MemorySegment.ofArray(new byte[2 * type.denseBlockBytes()]);
        dense.fill(UNTOUCHED);
        assertOutOfBounds(() -> decoder.decode(blocks, 1, dense, 0, 2));
        assertOutOfBounds(() -> decoder.decode(blocks, 0, dense, 1, 2));
        assertOutOfBounds(() -> decoder.decode(blocks, 0, dense, 0, 3));
        assertOutOfBounds(() -> decoder.decode(blocks, 0, dense, 0, -1));
        assertOutOfBounds(() -> decoder.decode(blocks, -1, dense, 0, 1));
        assertOutOfBounds(() -> decoder.decode(blocks, 0, dense, -1, 1));
        assertOutOfBounds(() -> decoder.decode(blocks, 0, dense, 0, Long.MAX_VALUE));
        assertOutOfBounds(() -> decoder.decode(blocks, Long.MAX_VALUE, dense, Long.MAX_VALUE, 2));
        assertUntouched(dense);
        assertThat(decoder.type()).isEqualTo(type);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F64", "I8", "I16", "I32", "I64"})
    void copiesPlainTypesAsTheyAre(GgmlType type) {
        byte[] elements = new byte[5 * type.blockBytes()];
        for (int i = 0; i < elements.length; i++) {
            elements[i] = (byte) (i * 37);
        }
        byte[] dense = new byte[elements.length + 2];
        decoders().of(type).decode(MemorySegment.ofArray(elements), 0, MemorySegment.ofArray(dense), 1, 5);
        assertThat(Arrays.copyOfRange(dense, 1, dense.length - 1)).isEqualTo(elements);
    }

    @ParameterizedTest
    @MethodSource("quantised")
    void allocatesNothingPerBlock(GgmlType type) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Golden golden = Golden.of(type);
        int count = golden.blockCount();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment blocks = arena.allocateFrom(JAVA_BYTE, golden.blocks());
            MemorySegment dense = arena.allocate(golden.bits().length * 4L);
            BlockDecoder decoder = decoders().of(type);
            int repeats = Math.max(1, (1 << 18) / golden.bits().length);
            long allocated = Long.MAX_VALUE;
            long deadline = System.nanoTime() + WARM_UP_NANOS;
            while (allocated != 0 && System.nanoTime() - deadline < 0) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < repeats; i++) {
                    decoder.decode(blocks, 0, dense, 0, count);
                }
                allocated = threads.getCurrentThreadAllocatedBytes() - before;
            }
            assertThat(allocated)
                    .as("%s: bytes allocated for %d blocks once compiled", type, repeats * count)
                    .isZero();
        }
    }

    private static void assertOutOfBounds(Runnable decode) {
        assertThatThrownBy(decode::run).isInstanceOf(IndexOutOfBoundsException.class);
    }

    private static void assertUntouched(MemorySegment bytes) {
        for (byte b : bytes.toArray(JAVA_BYTE)) {
            assertThat(b).isEqualTo(UNTOUCHED);
        }
    }

    static void assertSameBits(Golden golden, int firstBlock, int[] got, int[] expected) {
        assertThat(got).hasSameSizeAs(expected);
        for (int i = 0; i < got.length; i++) {
            boolean same = got[i] == expected[i]
                    || golden.anyNan()
                            && Float.isNaN(Float.intBitsToFloat(got[i]))
                            && Float.isNaN(Float.intBitsToFloat(expected[i]));
            if (!same) {
                int length = golden.type().blockLength();
                throw new AssertionError(String.format(
                        "%s: block %d, element %d: expected %08x (%s), got %08x (%s)",
                        golden,
                        firstBlock + i / length,
                        i % length,
                        expected[i],
                        Float.intBitsToFloat(expected[i]),
                        got[i],
                        Float.intBitsToFloat(got[i])));
            }
        }
    }
}
