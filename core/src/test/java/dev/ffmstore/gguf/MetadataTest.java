package dev.ffmstore.gguf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Access to metadata, and how long it lasts.
class MetadataTest {
    private GgufFile file;
    private Metadata metadata;

    @BeforeEach
    void open() throws IOException {
        file = open(new GgufWriter(3)
                .putString("empty", "")
                .putString("text", "grüße")
                .putInteger("int", MetadataType.INT32, -5)
                .putReal("real", MetadataType.FLOAT32, 0.5)
                .putBool("bool", true)
                .putIntegers("ints", MetadataType.UINT16, 1, 65535)
                .putReals("reals", MetadataType.FLOAT64, 1.5, -0.0)
                .putBools("bools", false, true)
                .putStrings("strings", List.of("a", "", "ü"))
                .putStrings("none", List.of()));
        metadata = file.metadata();
    }

    @AfterEach
    void close() throws IOException {
        file.close();
    }

    private static GgufFile open(GgufWriter writer) throws IOException {
        return GgufFile.open(new ByteSource(writer.header()), GgufOptions.defaults());
    }

    @Test
    void givesValuesByType() {
        assertThat(metadata.string("text")).isEqualTo("grüße");
        assertThat(metadata.string("empty")).isEmpty();
        assertThat(metadata.integer("int")).isEqualTo(-5);
        assertThat(metadata.real("real")).isEqualTo(0.5);
        assertThat(metadata.bool("bool")).isTrue();
        assertThat(metadata.array("ints")).containsExactly(1L, 65535L);
        assertThat(metadata.array("reals")).containsExactly(1.5, -0.0);
        assertThat(metadata.array("bools")).containsExactly(false, true);
        assertThat(metadata.array("strings")).containsExactly("a", "", "ü");
        assertThat(metadata.array("none")).isEmpty();
    }

    @Test
    void keepsTheOrderOfTheFile() {
        assertThat(metadata.asMap().keySet())
                .containsExactly("empty", "text", "int", "real", "bool", "ints", "reals", "bools", "strings", "none");
        assertThatThrownBy(() -> metadata.asMap().clear()).isInstanceOf(UnsupportedOperationException.class);
    }

    static Stream<Arguments> accessors() {
        return Stream.of(
                accessor("a string", "int", "INT32", Metadata::string),
                accessor("a string", "strings", "ARRAY", Metadata::string),
                accessor("an integer", "real", "FLOAT32", Metadata::integer),
                accessor("an integer", "ints", "ARRAY", Metadata::integer),
                accessor("a floating-point number", "int", "INT32", Metadata::real),
                accessor("a truth value", "text", "STRING", Metadata::bool),
                accessor("an array", "bool", "BOOL", Metadata::array));
    }

    private static Arguments accessor(
            String wanted, String key, String type, BiFunction<Metadata, String, Object> access) {
        return Arguments.of(wanted, key, type, access);
    }

    @ParameterizedTest(name = "{0} instead of {2}")
    @MethodSource("accessors")
    void aWrongTypeNamesTheKeyAndBothTypes(
            String wanted, String key, String type, BiFunction<Metadata, String, Object> access) {
        assertThatIllegalStateException()
                .isThrownBy(() -> access.apply(metadata, key))
                .withMessage("metadata key " + key + " is not " + wanted + " but " + type);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("accessors")
    void aMissingKeyIsNamed(String wanted, String key, String type, BiFunction<Metadata, String, Object> access) {
        assertThatThrownBy(() -> access.apply(metadata, "no\n"))
                .isInstanceOf(NoSuchElementException.class)
                .hasMessage("no metadata key no\\u{a}");
    }

    @Test
    void defaultsStandInForMissingKeysOnly() {
        assertThat(metadata.string("no", "d")).isEqualTo("d");
        assertThat(metadata.integer("no", 7)).isEqualTo(7);
        assertThat(metadata.real("no", 7.5)).isEqualTo(7.5);
        assertThat(metadata.bool("no", true)).isTrue();
        assertThat(metadata.string("text", "d")).isEqualTo("grüße");
        assertThat(metadata.integer("int", 7)).isEqualTo(-5);
        assertThat(metadata.real("real", 7.5)).isEqualTo(0.5);
        assertThat(metadata.bool("bool", false)).isTrue();
        assertThatIllegalStateException().isThrownBy(() -> metadata.string("int", "d"));
        assertThatIllegalStateException().isThrownBy(() -> metadata.integer("text", 7));
        assertThatIllegalStateException().isThrownBy(() -> metadata.real("text", 7.5));
        assertThatIllegalStateException().isThrownBy(() -> metadata.bool("text", true));
        assertThat(metadata.find("no")).isEmpty();
        assertThat(metadata.contains("no")).isFalse();
    }

    @Test
    void anArrayRefusesAnotherElementType() {
        assertThatIllegalStateException()
                .isThrownBy(() -> metadata.array("ints").string(0))
                .withMessage("an array of UINT16 has no strings");
        assertThatIllegalStateException()
                .isThrownBy(() -> metadata.array("strings").integer(0));
        assertThatIllegalStateException()
                .isThrownBy(() -> metadata.array("bools").real(0));
        assertThatIllegalStateException()
                .isThrownBy(() -> metadata.array("reals").bool(0));
        assertThatIllegalStateException()
                .isThrownBy(() -> metadata.array("reals").stringBytes(0));
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 2, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 32})
    void anArrayChecksItsIndex(long index) {
        List<Function<Long, Object>> accesses =
                List.of(metadata.array("ints")::integer, metadata.array("reals")::real, metadata.array("bools")::bool);
        for (Function<Long, Object> access : accesses) {
            assertThatThrownBy(() -> access.apply(index))
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessage("index " + index + " of an array of 2");
        }
        assertThatThrownBy(() -> metadata.array("none").string(index)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void anIteratorEnds() {
        Iterator<Object> iterator = metadata.array("bools").iterator();
        iterator.next();
        iterator.next();
        assertThat(iterator.hasNext()).isFalse();
        assertThatThrownBy(iterator::next).isInstanceOf(NoSuchElementException.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 31, 32, 33, 63, 64, 65, 511, 512, 513, 1000})
    void stringsByIndexEqualStringsByIterator(int count) throws IOException {
        List<String> strings =
                IntStream.range(0, count).mapToObj(i -> "ü".repeat(i % 7) + i).toList();
        try (GgufFile many = open(new GgufWriter(3).putStrings("k", strings))) {
            MetadataValue.Array array = many.metadata().array("k");
            List<Object> byIterator = new ArrayList<>();
            array.forEach(byIterator::add);
            List<String> byIndex = new ArrayList<>();
            for (long i = 0; i < array.size(); i++) {
                byIndex.add(array.string(i));
                assertThat(array.stringBytes(i).toArray(JAVA_BYTE))
                        .isEqualTo(strings.get((int) i).getBytes(StandardCharsets.UTF_8));
            }
            assertThat(byIterator).isEqualTo(strings);
            assertThat(byIndex).isEqualTo(strings);
            assertThat(array).hasToString("STRING[" + count + "]");
        }
    }

    @Test
    void replacesBytesThatAreNotUtf8() throws IOException {
        byte[] bytes = {'a', (byte) 0xFF, 'b'};
        try (GgufFile odd = open(new GgufWriter(3).putString("k", bytes).putByteStrings("ks", List.of(bytes)))) {
            assertThat(odd.metadata().string("k")).isEqualTo("a\ufffdb");
            assertThat(odd.metadata().array("ks").string(0)).isEqualTo("a\ufffdb");
            assertThat(odd.metadata().array("ks")).containsExactly("a\ufffdb");
            assertThat(odd.metadata().array("ks").stringBytes(0).toArray(JAVA_BYTE))
                    .isEqualTo(bytes);
            assertThat(((MetadataValue.Text) odd.metadata().get("k")).bytes().toArray(JAVA_BYTE))
                    .isEqualTo(bytes);
        }
    }

    @Test
    void memoryIsReadOnly() {
        MetadataValue.Text text = (MetadataValue.Text) metadata.get("text");
        assertThat(text.bytes().isReadOnly()).isTrue();
        assertThat(metadata.array("strings").stringBytes(0).isReadOnly()).isTrue();
    }

    @Test
    void aCopyIsEqualAndOutlivesTheFile() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Metadata copy = metadata.copyTo(arena);
            assertThat(copy).isEqualTo(metadata).hasSameHashCodeAs(metadata).hasToString("10 keys");
            file.close();
            assertThat(copy.string("text")).isEqualTo("grüße");
            assertThat(copy.string("empty")).isEmpty();
            assertThat(copy.array("strings")).containsExactly("a", "", "ü");
            assertThat(copy.array("strings").string(2)).isEqualTo("ü");
            assertThat(copy.array("ints").integer(1)).isEqualTo(65535);
            assertThat(copy.array("none")).isEmpty();
        }
    }

    @Test
    void differsByValueKeyAndOrder() throws IOException {
        GgufWriter same = new GgufWriter(3).putString("a", "x").putBool("b", true);
        GgufWriter otherOrder = new GgufWriter(3).putBool("b", true).putString("a", "x");
        GgufWriter otherValue = new GgufWriter(3).putString("a", "y").putBool("b", true);
        try (GgufFile one = open(same);
                GgufFile two = open(same);
                GgufFile three = open(otherOrder);
                GgufFile four = open(otherValue)) {
            assertThat(one.metadata()).isEqualTo(two.metadata());
            assertThat(one.metadata()).isNotEqualTo(three.metadata());
            assertThat(one.metadata()).isNotEqualTo(four.metadata());
        }
    }

    @Test
    void memoryEndsWithTheFile() throws IOException {
        MetadataValue.Array strings = metadata.array("strings");
        Iterator<Object> iterator = strings.iterator();
        List<ThrowingCallable> accesses = List.of(
                () -> metadata.string("text"),
                () -> metadata.string("empty"),
                () -> strings.string(2),
                () -> strings.stringBytes(0).get(JAVA_BYTE, 0),
                () -> metadata.array("ints").integer(0),
                () -> metadata.array("reals").real(0),
                () -> metadata.array("bools").bool(0),
                () -> metadata.copyTo(Arena.ofAuto()),
                iterator::next);
        file.close();
        file.close();
        assertThat(accesses)
                .allSatisfy(access -> assertThatIllegalStateException().isThrownBy(access));
        assertThat(metadata.integer("int")).isEqualTo(-5);
        assertThat(file.tensors()).isEmpty();
    }

    @Test
    void aLargeVocabularyIsNotAnObjectPerString() throws IOException {
        List<String> strings =
                IntStream.range(0, 300_000).mapToObj(Integer::toString).toList();
        byte[] bytes = new GgufWriter(3).putStrings("k", strings).header();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        try (GgufFile vocabulary = GgufFile.open(new ByteSource(bytes), GgufOptions.defaults())) {
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            assertThat(allocated).isLessThan(2 << 20);
            assertThat(vocabulary.metadata().array("k").string(299_999)).isEqualTo("299999");
            assertThat(vocabulary.metadata().array("k").string(0)).isEqualTo("0");
            assertThat(vocabulary.metadata().array("k").size()).isEqualTo(300_000);
        }
    }
}
