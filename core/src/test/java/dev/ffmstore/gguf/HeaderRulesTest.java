package dev.ffmstore.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ffmstore.ggml.GgmlType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The rules of the header, one by one, at their edges.
class HeaderRulesTest {
    private static final int F32 = GgmlType.F32.id();

    @Nested
    class Start {
        @ParameterizedTest
        @ValueSource(ints = {2, 3})
        void readsVersions2And3(int version) throws IOException {
            try (GgufFile file = HeaderBytes.start(version, 0, 0).open()) {
                assertThat(file.version()).isEqualTo(version);
                assertThat(file.alignment()).isEqualTo(32);
                assertThat(file.dataOffset()).isEqualTo(32);
                assertThat(file.tensors()).isEmpty();
                assertThat(file.metadata().asMap()).isEmpty();
                assertThat(file.warnings()).isEmpty();
            }
        }

        @ParameterizedTest
        @CsvSource({
            "1, 'GGUF version 1 is too old, convert the model again', 1",
            "0x01000000, big-endian GGUF file, 16777216",
            "0x02000000, big-endian GGUF file, 33554432",
            "0x03000000, big-endian GGUF file, 50331648",
            "5, unknown GGUF version, 5",
            "-1, unknown GGUF version, 4294967295"
        })
        void refusesOtherVersions(String version, String problem, String got) {
            rejected(HeaderBytes.start(Long.decode(version).intValue(), 0, 0), 4, problem, "got " + got);
        }

        @Test
        void refusesOneTensorMoreThanThereIsRoomFor() {
            // 25 bytes is the smallest tensor; the 8 bytes of the key count still pass for room at this point
            rejected(
                    HeaderBytes.start(3, 0).zeros(66),
                    8,
                    "more tensors than the file has room for",
                    "expected 2 at most, got 3");
            rejected(HeaderBytes.start(3, 0).zeros(67), 24, "a tensor name is empty");
        }

        @Test
        void refusesOneKeyMoreThanThereIsRoomFor() {
            rejected(
                    HeaderBytes.start(0, 3).zeros(41),
                    16,
                    "more metadata keys than the file has room for",
                    "expected 2 at most, got 3");
            rejected(HeaderBytes.start(0, 3).zeros(42), 24, "a metadata key is empty");
        }

        @ParameterizedTest
        @ValueSource(longs = {Long.MIN_VALUE, -1, Long.MAX_VALUE, 1L << 32})
        void refusesCountsOfAnySize(long count) {
            rejected(HeaderBytes.start(count, 0).zeros(99), 8, "got " + Long.toUnsignedString(count));
            rejected(HeaderBytes.start(0, count).zeros(99), 16, "got " + Long.toUnsignedString(count));
        }
    }

    @Nested
    class Names {
        @Test
        void refusesNulInAKey() {
            rejected(
                    HeaderBytes.start(0, 1).key("a\0b", MetadataType.UINT8).u8(1),
                    32,
                    "a metadata key contains NUL: a\\u{0}b");
        }

        @Test
        void refusesNulInATensorName() {
            rejected(oneTensor("a\0b", F32, 1), 32, "a tensor name contains NUL: a\\u{0}b");
        }

        @Test
        void refusesATensorNameThatIsNotUtf8() {
            HeaderBytes header = HeaderBytes.start(1, 0)
                    .string(new byte[] {'a', (byte) 0xC0})
                    .u32(0)
                    .u32(F32)
                    .u64(0);
            rejected(header.zeros(64), 32, "a tensor name is not valid UTF-8");
        }

        @Test
        void escapesNamesInMessages() {
            rejected(oneTensor("\u202eevil\u001b[2J", -1, 1), 55, "tensor \\u{202e}evil\\u{1b}[2J has a negative type");
        }

        @Test
        void takesTensorNamesOf1024BytesAndWarnsFrom64On() throws IOException {
            String name = "ü".repeat(31) + "x";
            try (GgufFile file = oneTensor(name, F32, 1).open()) {
                assertThat(file.tensor(name).name()).isEqualTo(name);
                assertThat(file.warnings()).isEmpty();
            }
            String longer = "ü".repeat(512);
            try (GgufFile file = oneTensor(longer, F32, 1).open()) {
                assertThat(file.tensor(longer).name()).isEqualTo(longer);
                assertThat(file.warnings()).first().asString().contains("has a name of more than 63 bytes");
            }
        }

        @Test
        void refusesATensorNameThatIsLongerThanTheLimit() throws IOException {
            String longest = "x".repeat(65_535);
            try (GgufFile file =
                    oneTensor(longest, F32, 1).open(GgufOptions.defaults().withMaxNameBytes(65_535))) {
                assertThat(file.find(longest)).isPresent();
            }
            assertThatThrownBy(() -> GgufOptions.defaults().withMaxNameBytes(65_536))
                    .isInstanceOf(IllegalArgumentException.class);
            rejected(
                    oneTensor("ü".repeat(512) + "x", F32, 1),
                    24,
                    "a tensor name is too long (--max-name-bytes)",
                    "expected 1024 bytes at most, got 1025");
        }

        @Test
        void takesAKeyOf65535Bytes() throws IOException {
            String key = "k".repeat(65535);
            try (GgufFile file =
                    HeaderBytes.start(0, 1).key(key, MetadataType.UINT8).u8(7).open()) {
                assertThat(file.metadata().integer(key)).isEqualTo(7);
            }
        }

        @Test
        void refusesAKeyOf65536Bytes() {
            HeaderBytes header = HeaderBytes.start(0, 1).key("k".repeat(65536), MetadataType.UINT8);
            rejected(header.u8(7), 24, "a metadata key is too long", "expected 65535 bytes at most, got 65536");
        }

        @ParameterizedTest
        @ValueSource(longs = {Long.MIN_VALUE, -1, Long.MAX_VALUE, -8, 71})
        void refusesLengthsPastTheEnd(long length) {
            String got = "expected 70 bytes at most, got " + Long.toUnsignedString(length);
            rejected(HeaderBytes.start(0, 1).u64(length).zeros(70), 24, "a metadata key is a string longer than", got);
            rejected(HeaderBytes.start(1, 0).u64(length).zeros(70), 24, "a tensor name is a string longer than", got);
            HeaderBytes value =
                    HeaderBytes.start(0, 1).key("k", MetadataType.STRING).u64(length);
            rejected(value.zeros(70), 37, "the value of metadata key k is a string longer than", got);
            HeaderBytes element =
                    HeaderBytes.start(0, 1).key("k", MetadataType.ARRAY).u32(MetadataType.STRING.id());
            rejected(
                    element.u64(1).u64(length).zeros(70),
                    49,
                    "the array of metadata key k is a string longer than",
                    got);
        }
    }

    @Nested
    class Values {
        static Stream<Arguments> arraysPastTheEnd() {
            return Stream.of(MetadataType.values())
                    .filter(type -> type != MetadataType.ARRAY)
                    .flatMap(type -> LongStream.of(48 / type.smallestBytes() + 1, Long.MIN_VALUE, -1, 1L << 61)
                            .mapToObj(count -> Arguments.of(type, count)));
        }

        @ParameterizedTest
        @MethodSource("arraysPastTheEnd")
        void refusesArraysPastTheEnd(MetadataType type, long count) {
            HeaderBytes header = HeaderBytes.start(0, 1)
                    .key("k", MetadataType.ARRAY)
                    .u32(type.id())
                    .u64(count);
            rejected(
                    header.zeros(48),
                    41,
                    "the array of metadata key k is longer than the rest of the file",
                    48 / type.smallestBytes() + " at most, got " + Long.toUnsignedString(count));
        }

        @Test
        void takesAnArrayThatEndsWithTheFile() throws IOException {
            HeaderBytes header =
                    HeaderBytes.start(0, 1).key("k", MetadataType.ARRAY).u32(MetadataType.UINT64.id());
            try (GgufFile file = header.u64(2).u64(1).u64(-1).open()) {
                assertThat(file.metadata().array("k")).containsExactly(1L, -1L);
            }
        }

        @Test
        void refusesArraysOfArrays() {
            HeaderBytes header =
                    HeaderBytes.start(0, 1).key("k", MetadataType.ARRAY).u32(MetadataType.ARRAY.id());
            rejected(header.u64(0).zeros(20), 37, "metadata key k is an array of arrays, which is not supported");
        }

        @ParameterizedTest
        @ValueSource(ints = {13, 99, -1, Integer.MIN_VALUE, Integer.MAX_VALUE})
        void refusesUnknownTypes(int id) {
            String got = "expected 0 to 12, got " + Integer.toUnsignedString(id);
            rejected(HeaderBytes.start(0, 1).string("k").u32(id).zeros(20), 33, "the type of metadata key k", got);
            HeaderBytes array =
                    HeaderBytes.start(0, 1).key("k", MetadataType.ARRAY).u32(id);
            rejected(array.zeros(20), 37, "the element type of metadata key k", got);
        }

        @ParameterizedTest
        @CsvSource({"0, false", "1, true", "2, true", "255, true"})
        void takesAnyByteButZeroAsTrue(int stored, boolean value) throws IOException {
            HeaderBytes header =
                    HeaderBytes.start(0, 2).key("scalar", MetadataType.BOOL).u8(stored);
            header.key("array", MetadataType.ARRAY)
                    .u32(MetadataType.BOOL.id())
                    .u64(2)
                    .u8(stored)
                    .u8(0);
            try (GgufFile file = header.open()) {
                assertThat(file.metadata().bool("scalar")).isEqualTo(value);
                assertThat(file.metadata().array("array")).containsExactly(value, false);
                assertThat(file.metadata().array("array").bool(0)).isEqualTo(value);
            }
        }

        static Stream<Arguments> extremeIntegers() {
            return Stream.of(
                    Arguments.of(MetadataType.UINT8, 1, 0xFFL, 255L, "255"),
                    Arguments.of(MetadataType.INT8, 1, 0x80L, -128L, "-128"),
                    Arguments.of(MetadataType.UINT16, 2, 0xFFFFL, 65535L, "65535"),
                    Arguments.of(MetadataType.INT16, 2, 0x8000L, -32768L, "-32768"),
                    Arguments.of(MetadataType.UINT32, 4, 0xFFFF_FFFFL, 4294967295L, "4294967295"),
                    Arguments.of(MetadataType.INT32, 4, 0x8000_0000L, -2147483648L, "-2147483648"),
                    Arguments.of(MetadataType.UINT64, 8, -1L, -1L, "18446744073709551615"),
                    Arguments.of(MetadataType.INT64, 8, Long.MIN_VALUE, Long.MIN_VALUE, "-9223372036854775808"));
        }

        @ParameterizedTest
        @MethodSource("extremeIntegers")
        void readsIntegersAtTheirLimits(MetadataType type, int width, long bits, long value, String text)
                throws IOException {
            HeaderBytes header = integer(HeaderBytes.start(0, 2).key("scalar", type), width, bits);
            integer(header.key("array", MetadataType.ARRAY).u32(type.id()).u64(1), width, bits);
            try (GgufFile file = header.open()) {
                MetadataValue scalar = file.metadata().get("scalar");
                assertThat(scalar).isEqualTo(new MetadataValue.Int(type, value)).hasToString(text);
                assertThat(file.metadata().integer("scalar")).isEqualTo(value);
                assertThat(file.metadata().array("array")).containsExactly(value);
                assertThat(file.metadata().array("array").integer(0)).isEqualTo(value);
            }
        }

        private static HeaderBytes integer(HeaderBytes header, int width, long bits) {
            for (int i = 0; i < width; i++) {
                header.u8((int) (bits >>> (8 * i)) & 0xFF);
            }
            return header;
        }

        @ParameterizedTest
        @ValueSource(floats = {Float.MAX_VALUE, Float.MIN_VALUE, -0f, Float.NaN, Float.NEGATIVE_INFINITY, 1e-5f})
        void readsFloats(float value) throws IOException {
            HeaderBytes header = HeaderBytes.start(0, 1).key("k", MetadataType.FLOAT32);
            try (GgufFile file =
                    header.u32(Float.floatToRawIntBits(value)).zeros(3).open()) {
                assertThat(file.metadata().real("k")).isEqualTo(Double.valueOf(value));
                assertThat(file.metadata().get("k")).hasToString(Float.toString(value));
            }
        }

        @ParameterizedTest
        @ValueSource(doubles = {Double.MAX_VALUE, Double.MIN_VALUE, -0.0, Double.NaN, Double.POSITIVE_INFINITY, 0.1})
        void readsDoubles(double value) throws IOException {
            HeaderBytes header = HeaderBytes.start(0, 1).key("k", MetadataType.FLOAT64);
            try (GgufFile file = header.u64(Double.doubleToRawLongBits(value)).open()) {
                assertThat(file.metadata().real("k")).isEqualTo(Double.valueOf(value));
                assertThat(file.metadata().get("k")).hasToString(Double.toString(value));
            }
        }
    }

    @Nested
    class Changes {
        @ParameterizedTest
        @ValueSource(longs = {3, 4, 9, Long.MAX_VALUE, Long.MIN_VALUE, -1, -8})
        void ofAStringArrayBetweenTwoReadsAreNoticed(long length) {
            HeaderBytes header =
                    HeaderBytes.start(0, 1).key("k", MetadataType.ARRAY).u32(MetadataType.STRING.id());
            byte[] first = header.u64(2).string("ab").string("c").toArray();
            byte[] then = first.clone();
            ByteBuffer.wrap(then).order(ByteOrder.LITTLE_ENDIAN).putLong(49, length);
            Source changing = new ByteSource(first) {
                @Override
                public void read(long offset, MemorySegment target) throws IOException {
                    if (offset == 0) {
                        super.read(offset, target);
                    } else {
                        MemorySegment.copy(MemorySegment.ofArray(then), offset, target, 0, target.byteSize());
                    }
                }
            };
            assertThatThrownBy(() -> GgufFile.open(changing, GgufOptions.defaults()))
                    .isInstanceOf(GgufException.class)
                    .hasMessageContaining("the array of metadata key k has changed while it was being read");
        }
    }

    @Nested
    class Alignment {
        @ParameterizedTest
        @ValueSource(ints = {1, 2, 64, 65536})
        void takesPowersOfTwo(int alignment) throws IOException {
            HeaderBytes header =
                    withAlignment(MetadataType.UINT32).u32(alignment).tensor("t", F32, alignment, 1);
            try (GgufFile file = header.padTo(alignment).zeros(alignment + 4).open()) {
                assertThat(file.alignment()).isEqualTo(alignment);
                assertThat(file.dataOffset()).isEqualTo(-Math.floorDiv(-90, alignment) * (long) alignment);
                assertThat(file.tensor("t").offset()).isEqualTo(file.dataOffset() + alignment);
            }
        }

        @ParameterizedTest
        @ValueSource(ints = {0, 3, 33, 131072, Integer.MIN_VALUE, -1, -32})
        void refusesOtherNumbers(int alignment) {
            rejected(
                    withAlignment(MetadataType.UINT32).u32(alignment).zeros(99),
                    53,
                    "general.alignment is not usable",
                    "expected a UINT32, a power of two, at most 65536, got UINT32 "
                            + Integer.toUnsignedString(alignment));
        }

        @Test
        void refusesOtherTypes() {
            rejected(withAlignment(MetadataType.UINT64).u64(32).zeros(99), 53, "a UINT32,", "got UINT64 32");
            rejected(withAlignment(MetadataType.INT32).u32(32).zeros(99), 53, "a UINT32,", "got INT32 32");
            rejected(withAlignment(MetadataType.UINT16).u16(32).zeros(99), 53, "a UINT32,", "got UINT16 32");
            rejected(withAlignment(MetadataType.STRING).string("32").zeros(99), 53, "a UINT32,", "got STRING");
            rejected(withAlignment(MetadataType.BOOL).u8(1).zeros(99), 53, "a UINT32,", "got BOOL");
        }

        private static HeaderBytes withAlignment(MetadataType type) {
            return HeaderBytes.start(1, 1).key("general.alignment", type);
        }
    }

    @Nested
    class Shapes {
        @Test
        void takesAScalar() throws IOException {
            try (GgufFile file = oneTensor("t", F32).open()) {
                assertThat(file.tensor("t"))
                        .isEqualTo(new TensorInfo("t", GgmlType.F32, Shape.of(), file.dataOffset(), 4));
            }
        }

        @Test
        void refusesAScalarOfABlockType() {
            rejected(oneTensor("t", GgmlType.Q4_0.id()), 37, "rows that are not whole blocks of Q4_0", "got 1");
        }

        @Test
        void reversesTheDimensions() throws IOException {
            try (GgufFile file = oneTensor("t", GgmlType.Q8_0.id(), 64, 3, 2, 1).open()) {
                assertThat(file.tensor("t").shape()).isEqualTo(Shape.of(1, 2, 3, 64));
                assertThat(file.tensor("t").byteSize()).isEqualTo(6 * 2 * 34);
                assertThat(file.tensor("t").denseByteSize()).isEqualTo(6 * 64 * 4);
            }
        }

        @ParameterizedTest
        @ValueSource(ints = {9, 12, Integer.MAX_VALUE, -1, Integer.MIN_VALUE})
        void refusesOtherRanks(int rank) {
            HeaderBytes header = HeaderBytes.start(1, 0).string("t").u32(rank).zeros(99);
            rejected(header, 33, "has too many dimensions", "8 at most, got " + Integer.toUnsignedString(rank));
        }

        @Test
        void takesEmptyTensors() throws IOException {
            for (GgmlType type : GgmlType.values()) {
                try (GgufFile file =
                        oneTensor("t", type.id(), type.blockLength(), 0, 5).open()) {
                    assertThat(file.tensor("t").byteSize()).isZero();
                    assertThat(file.tensor("t").shape().elementCount()).isZero();
                }
            }
        }

        @Test
        void refusesDimensionsThatOverflowBehindAZero() {
            tooLarge(oneTensor("t", F32, 1L << 32, 1L << 32, 0));
            tooLarge(oneTensor("t", F32, 0, 1L << 32, 1L << 32));
            tooLarge(oneTensor("t", F32, 1L << 61, 0));
        }

        @Test
        void refusesElementCountsThatOverflow() {
            tooLarge(oneTensor("t", GgmlType.I8.id(), 1L << 32, 1L << 31));
            tooLarge(oneTensor("t", GgmlType.I8.id(), Long.MAX_VALUE, 2));
            tooLarge(oneTensor("t", GgmlType.I8.id(), 1L << 62, 1L << 62, 1L << 62, 1L << 62));
        }

        @Test
        void refusesByteSizesThatOverflow() {
            tooLarge(oneTensor("t", GgmlType.F64.id(), 1L << 60));
            tooLarge(oneTensor("t", F32, 1L << 61));
        }

        @Test
        void refusesDenseSizesThatOverflow() {
            // 2^61 elements take 2^61 / 256 * 50 bytes in the file, well below 2^63, but 2^63 as floats
            tooLarge(oneTensor("t", GgmlType.IQ1_S.id(), 1L << 61));
            rejected(oneTensor("t", GgmlType.IQ1_S.id(), 1L << 60), 49, "is not inside the file");
        }

        @Test
        void refusesSizesThatOverflowWithTheirPadding() {
            tooLarge(oneTensor("t", GgmlType.I8.id(), Long.MAX_VALUE));
            tooLarge(oneTensor("t", GgmlType.I8.id(), Long.MAX_VALUE - 65534));
            rejected(oneTensor("t", GgmlType.I8.id(), Long.MAX_VALUE - 65535), 49, "is not inside the file");
        }

        @Test
        void wantsRowsOfWholeBlocksNotTotals() {
            rejected(
                    oneTensor("t", GgmlType.Q4_0.id(), 16, 2),
                    37,
                    "rows that are not whole blocks of Q4_0",
                    "expected a row length that is a multiple of 32, got 16");
        }

        private static void tooLarge(HeaderBytes header) {
            rejected(header, 37, "tensor t is larger than a signed 64-bit size");
        }
    }

    @Nested
    class Types {
        @Test
        void takesEveryKnownType() throws IOException {
            for (GgmlType type : GgmlType.values()) {
                try (GgufFile file = oneTensor("t", type.id(), 512).open()) {
                    assertThat(file.tensor("t").type()).isEqualTo(type);
                    assertThat(file.tensor("t").byteSize())
                            .isEqualTo(512 / type.blockLength() * (long) type.blockBytes());
                    assertThat(file.tensor("t").blockCount()).isEqualTo(512 / type.blockLength());
                }
            }
        }

        @ParameterizedTest
        @CsvSource({
            "4, Q4_2, Q4_0",
            "5, Q4_3, Q4_1",
            "31, Q4_0_4_4, Q4_0",
            "32, Q4_0_4_8, Q4_0",
            "33, Q4_0_8_8, Q4_0",
            "36, IQ4_NL_4_4, IQ4_NL",
            "37, IQ4_NL_4_8, IQ4_NL",
            "38, IQ4_NL_8_8, IQ4_NL"
        })
        void namesWhatReplacesARemovedType(int id, String removed, String replacement) throws IOException {
            HeaderBytes header = HeaderBytes.start(1, 0);
            header.tensor("t", id, 0, 32).padTo(32);
            int size = switch (id) {
                case 4 -> 2 * 10;
                case 5 -> 2 * 12;
                default -> 18;
            };
            try (GgufFile file = header.zeros(size).open()) {
                ForeignType type = (ForeignType) file.tensor("t").type();
                assertThat(type.id()).isEqualTo(id);
                assertThat(type.origin())
                        .startsWith("probably " + removed + " removed from ggml, ")
                        .contains(replacement);
                assertThat(file.warnings())
                        .first()
                        .asString()
                        .startsWith("tensor t has a type that is not read: id " + id + ", probably " + removed);
            }
        }

        @ParameterizedTest
        @CsvSource({"43, 7", "200, 0", "2147483647, 100"})
        void listsUnknownTypesUpToTheNextTensor(int id, int size) throws IOException {
            HeaderBytes header = HeaderBytes.start(2, 0);
            header.tensor("a", F32, 0, 1).tensor("t", id, 32, 5).padTo(32);
            try (GgufFile file = header.zeros(32 + size).open()) {
                TensorInfo tensor = file.tensor("t");
                assertThat(tensor.type()).isInstanceOf(ForeignType.class);
                assertThat(tensor.byteSize()).isEqualTo(size);
                assertThat(tensor.shape()).isEqualTo(Shape.of(5));
                assertThatThrownBy(tensor::ggmlType)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageStartingWith("tensor t has a type that is not read: id " + id + ", unknown");
            }
        }

        @ParameterizedTest
        @ValueSource(ints = {-1, Integer.MIN_VALUE})
        void refusesNegativeTypes(int id) {
            rejected(oneTensor("t", id, 32), 45, "tensor t has a negative type", "got " + id);
        }

        @ParameterizedTest
        @CsvSource({
            "4, 17, MXFP4 of Ollama",
            "4, 40, Q4_2 removed",
            "36, 18, IQ4_NL_4_4",
            "36, 64, I2_S of Microsoft's BitNet",
            "37, 96, I8_S",
            "138, 99, IQ3_K of ik_llama.cpp",
            "142, 34, PrismML"
        })
        void theSizeTellsTypesOfOneIdApart(int id, int size, String origin) throws IOException {
            int elements = switch (id) {
                case 4 -> size == 40 ? 64 : 32;
                case 37 -> 96;
                case 36 -> size == 18 ? 32 : 128;
                default -> 128;
            };
            HeaderBytes sized = HeaderBytes.start(1, 0);
            sized.tensor("t", id, 0, elements).padTo(32);
            try (GgufFile file = sized.zeros(size).open()) {
                assertThat(((ForeignType) file.tensor("t").type()).origin())
                        .contains(origin)
                        .doesNotContain(", or ");
            }
        }

        @Test
        void knowsGroupsOf128UnderTheIdOfGroupsOf64() throws IOException {
            // 2048 elements: 32 × 18 = 576 bytes in groups of 64, 16 × 34 = 544 in groups of 128
            HeaderBytes header = HeaderBytes.start(2, 0);
            header.tensor("q", GgmlType.Q2_0, 0, 2048).tensor("f", F32, 544, 1).padTo(32);
            try (GgufFile file = header.zeros(548).open()) {
                assertThat(((ForeignType) file.tensor("q").type()).origin()).contains("128", "PrismML");
            }
            HeaderBytes overlapping = HeaderBytes.start(2, 0);
            overlapping
                    .tensor("q", GgmlType.Q2_0, 0, 2048)
                    .tensor("f", F32, 512, 1)
                    .padTo(32);
            int data = overlapping.size();
            rejected(overlapping.zeros(1024), data + 512, "tensors q and f overlap");
        }
    }

    @Nested
    class Layout {
        @Test
        void refusesOverlap() {
            HeaderBytes header = HeaderBytes.start(3, 0);
            header.tensor("a", F32, 64, 8).tensor("b", F32, 0, 17).tensor("c", F32, 128, 8);
            int data = header.padTo(32).size();
            rejected(
                    header.zeros(160),
                    data + 64,
                    "tensors b and a overlap",
                    "data from offset " + (data + 68) + " on, got ");
        }

        @Test
        void refusesOverlapByOneByte() throws IOException {
            HeaderBytes header = HeaderBytes.start(2, 0);
            header.tensor("a", GgmlType.I8, 0, 33)
                    .tensor("b", GgmlType.I8, 32, 1)
                    .padTo(32);
            int data = header.size();
            rejected(header.zeros(64), data + 32, "tensors a and b overlap");
            HeaderBytes touching = HeaderBytes.start(2, 0);
            touching.tensor("a", GgmlType.I8, 0, 32)
                    .tensor("b", GgmlType.I8, 32, 1)
                    .padTo(32);
            try (GgufFile file = touching.zeros(64).open()) {
                assertThat(file.tensors()).hasSize(2);
            }
        }

        @Test
        void refusesTwoTensorsInOnePlace() {
            HeaderBytes header = HeaderBytes.start(2, 0).tensor("a", F32, 32, 8).tensor("b", F32, 32, 8);
            int data = header.padTo(32).size();
            rejected(header.zeros(64), data + 32, "tensors a and b overlap");
        }

        @Test
        void takesEmptyTensorsInsideOthers() throws IOException {
            HeaderBytes header = HeaderBytes.start(2, 0).tensor("a", F32, 0, 16).tensor("b", F32, 32, 0);
            try (GgufFile file = header.padTo(32).zeros(64).open()) {
                assertThat(file.tensor("b").offset()).isEqualTo(file.dataOffset() + 32);
            }
        }

        @Test
        void takesAnEmptyTensorAtTheEndAndNotBehindIt() throws IOException {
            HeaderBytes atEnd = HeaderBytes.start(1, 0).tensor("t", F32, 32, 0).padTo(32);
            try (GgufFile file = atEnd.zeros(32).open()) {
                assertThat(file.tensor("t").offset()).isEqualTo(file.source().size());
            }
            rejected(
                    HeaderBytes.start(1, 0).tensor("t", F32, 64, 0).padTo(32).zeros(32),
                    49,
                    "tensor t is not inside the file",
                    "0 bytes within the 32 bytes of data, got data offset 64");
        }

        @Test
        void refusesTheLastByteMissing() throws IOException {
            HeaderBytes short1 =
                    HeaderBytes.start(1, 0).tensor("t", F32, 32, 8).padTo(32).zeros(63);
            rejected(
                    short1,
                    49,
                    "tensor t is not inside the file",
                    "expected 32 bytes within the 63 bytes of data, got data offset 32");
            try (GgufFile file = short1.zeros(1).open()) {
                assertThat(file.tensor("t").byteSize()).isEqualTo(32);
            }
        }

        @ParameterizedTest
        @ValueSource(longs = {Long.MIN_VALUE, -32, 1L << 62, Long.MAX_VALUE - 31})
        void refusesOffsetsOfAnySize(long offset) {
            HeaderBytes header = HeaderBytes.start(1, 0)
                    .tensor("t", F32, offset, 8)
                    .padTo(32)
                    .zeros(64);
            rejected(header, 49, "is not inside the file", "got data offset " + Long.toUnsignedString(offset));
        }

        @ParameterizedTest
        @ValueSource(longs = {1, 16, 31, -1, Long.MAX_VALUE})
        void refusesUnalignedOffsets(long offset) {
            HeaderBytes header = HeaderBytes.start(1, 0)
                    .tensor("t", F32, offset, 8)
                    .padTo(32)
                    .zeros(64);
            rejected(header, 49, "expected an offset that is a multiple of 32, got " + Long.toUnsignedString(offset));
        }

        @Test
        void takesTrailingBytes() throws IOException {
            try (GgufFile file = oneTensor("t", F32, 8).zeros(1000).open()) {
                assertThat(file.warnings()).isEmpty();
            }
        }
    }

    @Nested
    class Warnings {
        @Test
        void ofAGap() throws IOException {
            HeaderBytes header = HeaderBytes.start(2, 0).tensor("a", F32, 0, 8).tensor("b\u0007", F32, 64, 8);
            assertWarning(
                    header.padTo(32).zeros(96), "tensor b\\u{7} is at offset 160 where ggml expects 128", "refuses");
        }

        @Test
        void ofAnotherOrder() throws IOException {
            HeaderBytes header = HeaderBytes.start(2, 0).tensor("a", F32, 32, 8).tensor("b", F32, 0, 8);
            assertWarning(header.padTo(32).zeros(64), "tensor a is at offset 128 where ggml expects 96", "refuses");
        }

        @Test
        void ofAnUnpaddedLastTensor() throws IOException {
            HeaderBytes header = HeaderBytes.start(1, 0).tensor("a", F32, 0, 1).padTo(32);
            assertWarning(header.zeros(4), "the last tensor is not padded to the alignment");
            try (GgufFile padded = header.zeros(28).open()) {
                assertThat(padded.warnings()).isEmpty();
            }
        }

        @ParameterizedTest
        @ValueSource(ints = {0, 8191, 8192, 100_000})
        void ofAStringThatIsNotUtf8(int position) throws IOException {
            byte[] text = "x".repeat(100_001).getBytes(StandardCharsets.UTF_8);
            text[position] = (byte) 0x80;
            HeaderBytes header =
                    HeaderBytes.start(0, 1).key("k", MetadataType.STRING).string(text);
            assertWarning(header, "the string of metadata key k is not valid UTF-8");
        }

        @Test
        void ofAStringThatEndsInsideACharacter() throws IOException {
            HeaderBytes header =
                    HeaderBytes.start(0, 1).key("k", MetadataType.STRING).string(new byte[] {'a', (byte) 0xC3});
            assertWarning(header, "the string of metadata key k is not valid UTF-8");
        }

        @Test
        void areNotGivenForGoodText() throws IOException {
            HeaderBytes header =
                    HeaderBytes.start(0, 2).key("k", MetadataType.STRING).string("ü€𝄞".repeat(5000));
            try (GgufFile file =
                    header.key("empty", MetadataType.STRING).string("").open()) {
                assertThat(file.warnings()).isEmpty();
                assertThat(file.metadata().string("k")).isEqualTo("ü€𝄞".repeat(5000));
            }
        }

        private static void assertWarning(HeaderBytes header, String... parts) throws IOException {
            try (GgufFile file = header.open()) {
                assertThat(file.warnings()).singleElement().asString().contains(parts);
            }
        }
    }

    @Nested
    class Limits {
        @Test
        void refusesMoreMetadataThanTheOptionAllows() throws IOException {
            HeaderBytes header = HeaderBytes.start(1, 2);
            header.key("text", MetadataType.STRING).string("x".repeat(1000));
            header.key("array", MetadataType.ARRAY)
                    .u32(MetadataType.STRING.id())
                    .u64(2)
                    .string("y")
                    .string("z");
            int size = header.tensor("t", F32, 0, 0).size();
            header.padTo(32);
            for (int limit = 1; limit < size; limit++) {
                GgufOptions options = GgufOptions.defaults().withMaxMetadataBytes(limit);
                assertThatThrownBy(() -> header.open(options))
                        .isInstanceOf(GgufException.class)
                        .hasMessageContaining("metadata is larger than the limit (--max-metadata-mib)")
                        .hasMessageContaining("expected " + limit + " bytes at most, got more");
            }
            try (GgufFile file = header.open(GgufOptions.defaults().withMaxMetadataBytes(size))) {
                assertThat(file.metadata().string("text")).hasSize(1000);
            }
        }

        @Test
        void refusesMoreKeysThanTheOptionAllows() throws IOException {
            HeaderBytes header = HeaderBytes.start(0, 3);
            header.key("a", MetadataType.UINT8)
                    .u8(1)
                    .key("b", MetadataType.UINT8)
                    .u8(2)
                    .key("c", MetadataType.UINT8)
                    .u8(3);
            assertThatThrownBy(() -> header.open(GgufOptions.defaults().withMaxMetadataEntries(2)))
                    .isInstanceOf(GgufException.class)
                    .hasMessage(ByteSource.NAME + ": more metadata keys than the limit (--max-keys): "
                            + "offset=16, expected 2 at most, got 3");
            try (GgufFile file = header.open(GgufOptions.defaults().withMaxMetadataEntries(3))) {
                assertThat(file.metadata().asMap().keySet()).containsExactly("a", "b", "c");
            }
        }

        @Test
        void refusesMoreTensorsThanTheOptionAllows() throws IOException {
            HeaderBytes header = HeaderBytes.start(2, 0);
            header.tensor("a", F32, 0, 0).tensor("b", F32, 0, 0).padTo(32);
            assertThatThrownBy(() -> header.open(GgufOptions.defaults().withMaxTensors(1)))
                    .isInstanceOf(GgufException.class)
                    .hasMessage(ByteSource.NAME + ": more tensors than the limit (--max-tensors): "
                            + "offset=8, expected 1 at most, got 2");
            try (GgufFile file = header.open(GgufOptions.defaults().withMaxTensors(2))) {
                assertThat(file.tensors()).hasSize(2);
            }
        }

        @Test
        void areBeyondAnyKnownModelAndPositive() {
            assertThat(GgufOptions.defaults()).isEqualTo(new GgufOptions(256L << 20, 65536, 1 << 20, 1024));
            assertThatThrownBy(() -> GgufOptions.defaults().withMaxMetadataBytes(0))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> GgufOptions.defaults().withMaxMetadataEntries(0))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> GgufOptions.defaults().withMaxTensors(0))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    /// A file of one tensor at offset 0, with 4 KiB of data. Behind a name of one byte the rank is at 33, the first
    /// dimension at 37.
    private static HeaderBytes oneTensor(String name, int type, long... innermostFirst) {
        return HeaderBytes.start(1, 0)
                .tensor(name, type, 0, innermostFirst)
                .padTo(32)
                .zeros(4096);
    }

    private static void rejected(HeaderBytes header, long offset, String... phrases) {
        ByteSource source = new ByteSource(header.toArray());
        GgufException failure = catchThrowableOfType(
                GgufException.class,
                () -> GgufFile.open(source, GgufOptions.defaults()).close());
        assertThat(failure).as("the failure").isNotNull();
        assertThat(failure.getMessage())
                .startsWith(ByteSource.NAME + ": ")
                .contains(phrases)
                .contains(": offset=" + offset);
        assertThat(failure.offset()).isEqualTo(offset);
        assertThat(source.isClosed()).isTrue();
    }
}
