package dev.ffmstore.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/// What holds of all files: a good one is read back equal, a damaged one opens or fails with GgufException, in
/// memory and reads proportional to its size.
class GgufPropertiesTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final long FIXED_HEAP_BYTES = 256 << 10;
    private static final long HEAP_BYTES_PER_FILE_BYTE = 64;
    private static final long WINDOW_BYTES = 64 << 10;

    /// Counts, lengths and ids at the edges of what fits.
    private static final List<Long> EDGES = List.of(
            0L,
            1L,
            31L,
            32L,
            33L,
            255L,
            65535L,
            65536L,
            (1L << 31) - 1,
            1L << 31,
            (1L << 32) - 1,
            1L << 32,
            1L << 60,
            1L << 61,
            1L << 62,
            Long.MAX_VALUE,
            Long.MIN_VALUE,
            -1L,
            -32L);

    /// An edge value somewhere in the header.
    record Patch(int position, int width, long value) {}

    @Provide
    Arbitrary<RandomGguf> files() {
        return RandomGguf.files(16);
    }

    @Provide
    Arbitrary<RandomGguf> smallFiles() {
        return RandomGguf.files(6);
    }

    @Provide
    Arbitrary<List<Patch>> patches() {
        return Combinators.combine(
                        Arbitraries.integers().between(0, 1 << 16),
                        Arbitraries.of(1, 4, 8),
                        Arbitraries.oneOf(Arbitraries.of(EDGES), Arbitraries.longs()))
                .as(Patch::new)
                .list()
                .ofMinSize(1)
                .ofMaxSize(4);
    }

    @Property(tries = 500)
    void whatIsWrittenIsRead(@ForAll("files") RandomGguf model) throws IOException {
        GgufWriter writer = model.writer();
        byte[] bytes = model.bytes();
        assertThat(writer.header()).hasSize(Math.toIntExact(writer.dataOffset()));
        assertThat(writer.fileSize()).isEqualTo(bytes.length);
        try (GgufFile file = GgufFile.open(new ByteSource(bytes), GgufOptions.defaults())) {
            assertThat(RandomGguf.of(file)).isEqualTo(model);
            assertThat(file.metadata().asMap().keySet()).containsExactlyElementsOf(keys(model));
            assertThat(file.dataOffset()).isEqualTo(writer.dataOffset());
            assertThat(file.tensors()).isEqualTo(writer.tensors());
            assertThat(file.warnings()).allMatch(warning -> warning.endsWith("is not valid UTF-8"));
        }
    }

    private static List<String> keys(RandomGguf model) {
        List<String> keys = new ArrayList<>(List.of("general.alignment"));
        keys.addAll(model.values().keySet());
        return keys;
    }

    @Property(tries = 500)
    void cutFilesOpenIfNothingIsMissing(
            @ForAll("smallFiles") RandomGguf model, @ForAll @IntRange(max = 1 << 16) int cut) throws IOException {
        byte[] bytes = model.bytes();
        int length = cut % (bytes.length + 1);
        GgufWriter writer = model.writer();
        long headerEnd = writer.dataOffset() - model.alignment() + 1;
        long dataEnd = writer.tensors().stream()
                .filter(tensor -> tensor.byteSize() > 0)
                .mapToLong(tensor -> tensor.offset() + tensor.byteSize())
                .max()
                .orElse(0);
        boolean opened = openIfValid(Arrays.copyOf(bytes, length));
        if (length < dataEnd || length < headerEnd) {
            assertThat(opened).isFalse();
        }
        if (length == bytes.length) {
            assertThat(opened).isTrue();
        }
    }

    @Property(tries = 20)
    void everyCutOfAFileIsSafe(@ForAll("smallFiles") RandomGguf model) throws IOException {
        byte[] header = model.writer().header();
        for (int length = 0; length <= header.length; length += 1 + header.length / 500) {
            openIfValid(Arrays.copyOf(header, length));
        }
    }

    @Property(tries = 1000)
    void flippedBytesAreSafe(
            @ForAll("smallFiles") RandomGguf model,
            @ForAll @Size(min = 1, max = 8) List<@IntRange(max = 1 << 16) Integer> positions,
            @ForAll @IntRange(min = 1, max = 255) int flip)
            throws IOException {
        byte[] bytes = model.bytes();
        int headerSize = model.writer().header().length;
        for (int position : positions) {
            bytes[position % headerSize] ^= (byte) flip;
        }
        openIfValid(bytes);
    }

    @Property(tries = 1000)
    void overwrittenNumbersAreSafe(@ForAll("smallFiles") RandomGguf model, @ForAll("patches") List<Patch> patches)
            throws IOException {
        byte[] bytes = model.bytes();
        int headerSize = model.writer().header().length;
        ByteBuffer buffer = ByteBuffer.allocate(bytes.length + Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        buffer.put(bytes);
        for (Patch patch : patches) {
            int position = patch.position() % headerSize;
            switch (patch.width()) {
                case 1 -> buffer.put(position, (byte) patch.value());
                case 4 -> buffer.putInt(position, (int) patch.value());
                default -> buffer.putLong(position, patch.value());
            }
        }
        openIfValid(Arrays.copyOf(buffer.array(), bytes.length));
    }

    @Property(tries = 1000)
    void splicedFilesAreSafe(
            @ForAll("smallFiles") RandomGguf first,
            @ForAll("smallFiles") RandomGguf second,
            @ForAll @IntRange(max = 1 << 16) int end,
            @ForAll @IntRange(max = 1 << 16) int start)
            throws IOException {
        byte[] head = first.bytes();
        byte[] tail = second.bytes();
        int headLength = end % (first.writer().header().length + 1);
        int tailStart = start % (second.writer().header().length + 1);
        byte[] spliced = Arrays.copyOf(head, headLength + tail.length - tailStart);
        System.arraycopy(tail, tailStart, spliced, headLength, tail.length - tailStart);
        openIfValid(spliced);
    }

    @Example
    void manySmallKeysStayWithinTheBound() throws IOException {
        HeaderBytes header = HeaderBytes.start(0, 60_000);
        for (int i = 0; i < 60_000; i++) {
            header.key(Integer.toString(i, Character.MAX_RADIX), MetadataType.UINT8)
                    .u8(i);
        }
        assertThat(openIfValid(header.toArray())).isTrue();
    }

    @Example
    void manySmallStringsThatAreNotUtf8StayWithinTheBound() throws IOException {
        HeaderBytes header = HeaderBytes.start(0, 60_000);
        for (int i = 0; i < 60_000; i++) {
            header.key(Integer.toString(i, Character.MAX_RADIX), MetadataType.STRING)
                    .string(new byte[] {(byte) 0xFF});
        }
        assertThat(openIfValid(header.toArray())).isTrue();
    }

    @Example
    void manySmallTensorsStayWithinTheBound() throws IOException {
        HeaderBytes header = HeaderBytes.start(60_000, 0);
        for (int i = 0; i < 60_000; i++) {
            header.tensor(Integer.toString(i, Character.MAX_RADIX), 0, 0, 0);
        }
        assertThat(openIfValid(header.padTo(32).toArray())).isTrue();
    }

    /// {@return whether it opens; every other failure than GgufException, and every use of too much, fails the
    ///test}
    private static boolean openIfValid(byte[] bytes) throws IOException {
        open(bytes); // the first time links code, which allocates
        ByteSource source = new ByteSource(bytes);
        long before = THREADS.getCurrentThreadAllocatedBytes();
        try (GgufFile file = GgufFile.open(source, GgufOptions.defaults())) {
            assertModest(source, THREADS.getCurrentThreadAllocatedBytes() - before);
            assertUsable(file);
            return true;
        } catch (GgufException e) {
            assertModest(source, THREADS.getCurrentThreadAllocatedBytes() - before);
            assertThat(e.getMessage()).startsWith(ByteSource.NAME + ": ").doesNotContain("\n", "\u001b");
            assertThat(e.offset()).isBetween(0L, source.size());
            assertThat(source.isClosed()).isTrue();
            return false;
        }
    }

    private static void open(byte[] bytes) throws IOException {
        try {
            GgufFile.open(new ByteSource(bytes), GgufOptions.defaults()).close();
        } catch (GgufException e) {
            assertThat(e.getMessage()).isNotEmpty();
        }
    }

    private static void assertModest(ByteSource source, long heapBytes) {
        assertThat(heapBytes)
                .as("bytes of heap for a file of %d", source.size())
                .isLessThan(FIXED_HEAP_BYTES + HEAP_BYTES_PER_FILE_BYTE * source.size());
        assertThat(source.bytesRead()).as("bytes read").isLessThanOrEqualTo(3 * source.size() + WINDOW_BYTES);
    }

    /// Everything of an open file can be looked at.
    private static void assertUsable(GgufFile file) {
        try (Arena arena = Arena.ofConfined()) {
            Metadata copy = file.metadata().copyTo(arena);
            assertThat(copy).isEqualTo(file.metadata()).hasSameHashCodeAs(file.metadata());
        }
        file.metadata().asMap().forEach((key, value) -> {
            assertThat(RandomGguf.Value.of(value).elements()).doesNotContainNull();
            assertThat(value.toString()).doesNotContain("\n", "\u001b");
        });
        for (TensorInfo tensor : file.tensors()) {
            assertThat(file.tensor(tensor.name())).isEqualTo(tensor);
            if (tensor.type() instanceof GgmlType) {
                assertThat(tensor.denseByteSize()).isNotNegative();
            }
            if (tensor.byteSize() > 0) {
                Objects.checkFromIndexSize(
                        tensor.offset(), tensor.byteSize(), file.source().size());
            }
        }
        assertThat(file.warnings()).allMatch(warning -> warning.indexOf('\n') < 0);
        assertThatThrownBy(() -> file.tensor("no such tensor\n"))
                .hasMessageEndingWith("no tensor no such tensor\\u{a}");
    }
}
