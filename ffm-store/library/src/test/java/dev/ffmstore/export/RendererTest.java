package dev.ffmstore.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.DType;
import dev.ffmstore.fixtures.Tensors;
import dev.ffmstore.gguf.ByteSource;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class RendererTest {
    private static final Tensors SOURCE = new Tensors()
            .add("a", DType.F32, 37)
            .add("large", DType.I8, 150_001)
            .add("b", DType.F16, 5);
    private static final ByteSource OTHER = new ByteSource("0123456789".getBytes(StandardCharsets.UTF_8));

    private static final FileLayout LAYOUT = FileLayout.builder(SOURCE.source())
            .add(new FileLayout.Literal(new byte[] {1, 2, 3}))
            .add(new FileLayout.Raw(SOURCE.tensor("a")))
            .align(64)
            .add(new FileLayout.Hex(SOURCE.tensor("b")))
            .add(new FileLayout.Copy(OTHER, 2, 7))
            .add(new FileLayout.Fill((byte) 0xCB, 9))
            .add(new FileLayout.Hex(SOURCE.tensor("large")))
            .add(new FileLayout.Literal(new byte[] {4}))
            .build();
    private static final byte[] EXPECTED = expected();

    /// The file, put together by other means.
    private static byte[] expected() {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        HexFormat upper = HexFormat.of().withUpperCase();
        byte[] cb = new byte[9];
        Arrays.fill(cb, (byte) 0xCB);
        file.writeBytes(new byte[] {1, 2, 3});
        file.writeBytes(SOURCE.bytes("a"));
        file.writeBytes(new byte[192 - 151]);
        file.writeBytes(upper.formatHex(SOURCE.bytes("b")).getBytes(StandardCharsets.US_ASCII));
        file.writeBytes("2345678".getBytes(StandardCharsets.US_ASCII));
        file.writeBytes(cb);
        file.writeBytes(upper.formatHex(SOURCE.bytes("large")).getBytes(StandardCharsets.US_ASCII));
        file.write(4);
        return file.toByteArray();
    }

    @Test
    void rendersTheWholeFile() {
        assertThat(LAYOUT.size()).isEqualTo(EXPECTED.length);
        assertThat(Tensors.rendered(LAYOUT)).isEqualTo(EXPECTED);
    }

    @Property(tries = 500)
    void rendersAnyRangeAndNothingElse(
            @ForAll @IntRange(max = 300_300) int from, @ForAll @IntRange(max = 300_300) int length) throws IOException {
        int start = Math.min(from, EXPECTED.length);
        int size = Math.min(length, EXPECTED.length - start);
        try (Arena arena = Arena.ofConfined();
                Renderer renderer = new Renderer()) {
            MemorySegment around = arena.allocate(size + 2L);
            around.fill((byte) 0x55);
            renderer.render(LAYOUT, start, around.asSlice(1, size));
            byte[] got = around.toArray(ValueLayout.JAVA_BYTE);
            assertThat(Arrays.copyOfRange(got, 1, size + 1))
                    .isEqualTo(Arrays.copyOfRange(EXPECTED, start, start + size));
            assertThat(got[0]).isEqualTo((byte) 0x55);
            assertThat(got[size + 1]).isEqualTo((byte) 0x55);
        }
    }

    @Property(tries = 200)
    void rendersSmallRangesOfSmallPieces(@ForAll @IntRange(max = 300) int from, @ForAll @IntRange(max = 40) int length)
            throws IOException {
        rendersAnyRangeAndNothingElse(from, length);
    }

    @Test
    void refusesARangeOutsideOfTheFile() {
        try (Arena arena = Arena.ofConfined();
                Renderer renderer = new Renderer()) {
            MemorySegment target = arena.allocate(2);
            assertThatThrownBy(() -> renderer.render(LAYOUT, LAYOUT.size() - 1, target))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> renderer.render(LAYOUT, -1, target)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void rendersBehindFourGigabytes() throws IOException {
        FileLayout layout = FileLayout.builder()
                .add(new FileLayout.Fill((byte) 7, 5L << 32))
                .add(new FileLayout.Literal(new byte[] {8, 9}))
                .build();
        try (Arena arena = Arena.ofConfined();
                Renderer renderer = new Renderer()) {
            MemorySegment target = arena.allocate(3);
            renderer.render(layout, (5L << 32) - 1, target);
            assertThat(target.toArray(ValueLayout.JAVA_BYTE)).containsExactly(7, 8, 9);
        }
    }
}
