package dev.ffmstore.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Every file of the folder of malformed and odd files gets the verdict that `verdicts.tsv` states.
class MalformedFilesTest {
    @TempDir
    Path folder;

    static Stream<Arguments> verdicts() throws IOException {
        return new String(resource("verdicts.tsv"), StandardCharsets.UTF_8)
                .lines()
                .skip(1)
                .map(line -> line.split("\t"))
                .map(columns -> Arguments.of(columns[0], columns[1]));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("verdicts")
    void givesTheVerdict(String name, String verdict) throws IOException {
        Path path = copy(name);
        switch (verdict) {
            case "accept" -> assertThat(undecodable(path)).isEmpty();
            case "inspect-only" -> assertThat(undecodable(path)).isNotEmpty();
            case "reject" -> assertThat(failure(path)).hasMessageMatching("(?s)\\Q" + path + "\\E: [a-zA-Z].*[^.]");
            default -> throw new AssertionError("verdict " + verdict);
        }
    }

    @ParameterizedTest(name = "{0}: {2} at {1}")
    @CsvSource(delimiter = '|', quoteCharacter = '\'', textBlock = """
            01_empty_file.gguf                  |   0 | expected the magic "GGUF", got an empty file
            02_magic_only.gguf                  |   4 | file ends inside the version
            03_bad_magic.gguf                   |   0 | expected the magic "GGUF" (0x46554747), got 0x
            04_version0.gguf                    |   4 | expected version 2 or 3, little-endian, got 0
            06_version4.gguf                    |   4 | expected version 2 or 3, little-endian, got 4
            07_version3_bigendian.gguf          |   4 | big-endian GGUF file
            08_truncated_header.gguf            |  16 | file ends inside the count of metadata keys
            09_n_tensors_2e63.gguf              |   8 | got 9223372036854775808
            11_n_tensors_2e31.gguf              |   8 | more tensors than the file has room for
            13_key_len_2e63.gguf                |  24 | a metadata key is a string longer than the rest of the file
            15_key_empty.gguf                   |  24 | a metadata key is empty
            17_string_len_past_eof.gguf         |  37 | is a string longer than the rest of the file
            16_key_dup.gguf                     |  41 | occurs twice
            19_kv_type_13.gguf                  |  33 | expected 0 to 12, got 13
            21_array_len_2e63_u8.gguf           |  41 | got 9223372036854775808
            23_array_elem_type_99.gguf          |  37 | got 99
            24_array_nested_depth2.gguf         |  37 | is an array of arrays, which is not supported
            26_array_string_len_past_eof.gguf   |  58 | is a string longer than the rest of the file
            29b_key_invalid_utf8.gguf           |  32 | a metadata key is not valid UTF-8
            30_align_0.gguf                     |  53 | expected a UINT32, a power of two, at most 65536, got UINT32 0
            31_align_3.gguf                     |  53 | got UINT32 3
            41_name_empty.gguf                  |  24 | a tensor name is empty
            42_name_dup.gguf                    |  57 | occurs twice
            47_dim_negative.gguf                |  37 | has a dimension out of range
            48_dims_2e32x2e32_wrap0.gguf        |  37 | is larger than a signed 64-bit size
            50_dims_2e62_f32_bytes_wrap.gguf    |  37 | is larger than a signed 64-bit size
            59_q4_K_row_not_multiple_256.gguf   |  37 | a row length that is a multiple of 256
            61_offset_unaligned.gguf            |  49 | an offset that is a multiple of 32
            62_offset_past_eof.gguf             |  49 | is not inside the file
            68_no_data_section.gguf             |  49 | is not inside the file
            69_truncated_in_tensor_info.gguf    |  49 | file ends inside the offset of tensor a
            73_n_tensors_more_than_present.gguf |  57 | a tensor name is empty
            """)
    void saysWhatIsWrongAndWhere(String name, long offset, String phrase) throws IOException {
        GgufException failure = failure(copy(name));
        assertThat(failure).hasMessageContaining(phrase);
        assertThat(failure).hasMessageContaining("offset=" + offset);
        assertThat(failure.offset()).isEqualTo(offset);
    }

    @Test
    void everyRejectedFileHasItsPhrase() throws Exception {
        String table = MalformedFilesTest.class
                .getDeclaredMethod("saysWhatIsWrongAndWhere", String.class, long.class, String.class)
                .getAnnotation(CsvSource.class)
                .textBlock();
        assertThat(verdicts().filter(row -> row.get()[1].equals("reject")).map(row -> row.get()[0]))
                .allSatisfy(name -> assertThat(table).contains(name + " "));
    }

    private static List<String> undecodable(Path path) throws IOException {
        try (GgufFile file = GgufFile.open(path)) {
            return file.tensors().stream()
                    .filter(tensor -> !(tensor.type() instanceof GgmlType type
                            && BlockDecoders.best().supports(type)))
                    .map(TensorInfo::name)
                    .toList();
        }
    }

    private static GgufException failure(Path path) {
        GgufException failure = catchThrowableOfType(
                GgufException.class, () -> GgufFile.open(path).close());
        assertThat(failure).as("the failure of %s", path).isNotNull();
        return failure;
    }

    private Path copy(String name) throws IOException {
        return Files.write(folder.resolve(name), resource(name));
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream stream = MalformedFilesTest.class.getResourceAsStream("/malformed/" + name)) {
            return stream.readAllBytes();
        }
    }
}
