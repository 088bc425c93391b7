package dev.ffmstore.mlir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.export.BytesSource;
import java.io.IOException;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModuleCursorTest {
    private static ModuleCursor cursor(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        return new ModuleCursor(new BytesSource("test", bytes), 0, bytes.length);
    }

    private static String hex(long value) {
        return HexFormat.of().formatHex(new BytecodeWriting().varint(value).toBytes());
    }

    /// The encodings of MLIR's own description: zero bits at the low end count the bytes to come.
    @ParameterizedTest
    @CsvSource({
        "0, 01",
        "1, 03",
        "6, 0d",
        "127, ff",
        "128, 0202",
        "16383, feff",
        "16384, 040002",
        "2097151, fcffff",
        "2097152, 08000002",
        "72057594037927935, 80ffffffffffffff",
        "72057594037927936, 000000000000000001",
        "9223372036854775807, 00ffffffffffffff7f"
    })
    void varintsAreThoseOfMlir(long value, String hex) throws IOException {
        assertThat(hex(value)).isEqualTo(hex);
        assertThat(cursor(hex).varint("test")).isEqualTo(value);
    }

    @Property
    void varintsReadAsWritten(@ForAll long bits, @ForAll @IntRange(max = 63) int shift) throws IOException {
        long value = bits >>> shift;
        ModuleCursor cursor = cursor(hex(value) + "55");
        if (value >= 0) {
            assertThat(cursor.varint("test")).isEqualTo(value);
            assertThat(cursor.next()).isEqualTo(0x55);
            assertThat(cursor.next()).isEqualTo(-1);
        } else {
            assertThatThrownBy(() -> cursor.varint("size"))
                    .isInstanceOf(ModuleException.class)
                    .hasMessage("test: size is too large: offset=0, expected less than 2^63, got "
                            + Long.toUnsignedString(value));
        }
    }

    @Property
    void signedVarintsAreZigzag(@ForAll long value) throws IOException {
        assertThat(cursor(hex((value << 1) ^ (value >> 63))).signedVarint("test"))
                .isEqualTo(value);
    }

    @ParameterizedTest
    @CsvSource({"''", "02", "0400", "00ffffffffffffff"})
    void aVarintThatIsCutIsRefused(String hex) {
        assertThatThrownBy(() -> cursor(hex).varint("size"))
                .isInstanceOf(ModuleException.class)
                .hasMessageStartingWith("test: ends inside size: offset=" + hex.length() / 2);
    }

    @Test
    void readsThroughAWindowAndSeeksBothWays() throws IOException {
        byte[] bytes = new byte[200_001];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 31);
        }
        ModuleCursor cursor = new ModuleCursor(new BytesSource("test", bytes), 1, bytes.length);
        for (int i = 1; i < bytes.length; i++) {
            assertThat(cursor.peek(1)).isEqualTo(i + 1 < bytes.length ? bytes[i + 1] & 0xFF : -1);
            assertThat(cursor.next()).isEqualTo(bytes[i] & 0xFF);
        }
        assertThat(cursor.next()).isEqualTo(-1);
        cursor.seek(7);
        assertThat(cursor.next()).isEqualTo(bytes[7] & 0xFF);
        cursor.skip(150_000, "test");
        assertThat(cursor.position()).isEqualTo(150_008);
        assertThat(cursor.bytes(70, "test")).isEqualTo(java.util.Arrays.copyOfRange(bytes, 150_008, 150_078));
        assertThatThrownBy(() -> cursor.skip(50_000, "test")).isInstanceOf(ModuleException.class);
    }
}
