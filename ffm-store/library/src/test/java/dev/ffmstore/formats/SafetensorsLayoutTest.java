package dev.ffmstore.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.ffmstore.DType;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.export.NamedLayout;
import dev.ffmstore.fixtures.Json;
import dev.ffmstore.fixtures.Tensors;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SafetensorsLayoutTest {
    private static final Tensors SOURCE = new Tensors()
            .add("half", DType.F16, 3)
            .add("bytes", DType.I8, 5)
            .add("blk.0.ü", DType.F32, 2, 3)
            .add("empty", DType.BF16, 0, 4)
            .add("scalar", DType.F64)
            .add("again", DType.F32, 1);

    @Test
    void isByteForByteWhatTheFormatSays() {
        Tensors source = new Tensors().add("a\"b", DType.F16, new byte[] {1, 2, 3, 4}, 1, 2);
        String json = "{\"__metadata__\":{\"format\":\"pt\",\"source\":\"test.gguf\",\"names\":\"gguf\","
                + "\"stored_type:a\\\"b\":\"Q4_K\"},"
                + "\"a\\\"b\":{\"dtype\":\"F16\",\"shape\":[1,2],\"data_offsets\":[0,4]}}";
        int data = (8 + json.length() + 63) / 64 * 64;
        ByteBuffer expected = ByteBuffer.allocate(data + 4).order(ByteOrder.LITTLE_ENDIAN);
        expected.putLong(data - 8).put(json.getBytes(StandardCharsets.UTF_8));
        while (expected.position() < data) {
            expected.put((byte) ' ');
        }
        expected.put(new byte[] {1, 2, 3, 4});
        assertThat(Tensors.rendered(Safetensors.layout(source.source()))).isEqualTo(expected.array());
    }

    @Test
    void holdsEveryConstantAligned() throws IOException {
        Map<String, byte[]> read = read(Tensors.rendered(Safetensors.layout(SOURCE.source())), SOURCE);
        assertThat(read.keySet()).containsExactly("scalar", "blk.0.ü", "again", "half", "empty", "bytes");
        read.forEach((name, bytes) -> assertThat(bytes).as(name).isEqualTo(SOURCE.bytes(name)));
    }

    @Test
    void tiedConstantsAreWrittenEach() throws IOException {
        Tensors source = new Tensors().add("embedding", DType.F32, 4, 4).addAlias("output", "embedding");
        Map<String, byte[]> read = read(Tensors.rendered(Safetensors.layout(source.source())), source);
        assertThat(read).hasSize(2);
        assertThat(read.get("output")).isEqualTo(source.bytes("embedding"));
    }

    @Test
    void shardsHoldEachConstantOnceAndTheIndexSaysWhere() throws IOException {
        List<NamedLayout> files = Safetensors.shards(SOURCE.source(), 24);
        assertThat(files)
                .extracting(NamedLayout::path)
                .containsExactly(
                        "model-00001-of-00003.safetensors",
                        "model-00002-of-00003.safetensors",
                        "model-00003-of-00003.safetensors",
                        "model.safetensors.index.json");
        Map<String, Object> map = new HashMap<>();
        for (NamedLayout file : files.subList(0, 3)) {
            read(Tensors.rendered(file.layout()), SOURCE).forEach((name, bytes) -> {
                assertThat(bytes).isEqualTo(SOURCE.bytes(name));
                assertThat(map.put(name, file.path())).isNull();
            });
        }
        assertThat(map).hasSize(6);
        String index = new String(Tensors.rendered(files.getLast().layout()), StandardCharsets.UTF_8);
        Map<String, Object> json = Json.lines(index.replace("\n", "") + "\n").getFirst();
        assertThat(json)
                .containsEntry("metadata", Map.of("total_size", BigInteger.valueOf(6 + 5 + 24 + 8 + 4)))
                .containsEntry("weight_map", map);
    }

    @Test
    void aTensorLargerThanAShardHasOneOfItsOwn() {
        assertThat(Safetensors.shards(SOURCE.source(), 1)).hasSize(6);
        assertThat(Safetensors.shards(SOURCE.source(), 1000)).hasSize(2);
        assertThat(Safetensors.shards(new Tensors().source(), 1)).hasSize(2);
        assertThatIllegalArgumentException().isThrownBy(() -> Safetensors.shards(SOURCE.source(), 0));
    }

    @Test
    void namesThatIreeDoesNotReadAreRefusedForIt() {
        assertThatCode(() -> Safetensors.requireNamesIreeReads(SOURCE.source())).doesNotThrowAnyException();
        for (String name : List.of("a\"b", "a\\b", "a\tb")) {
            Tensors source = new Tensors().add(name, DType.F32, 1);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Safetensors.requireNamesIreeReads(source.source()))
                    .withMessageContaining("IREE does not find it")
                    .withMessageContaining("escapes of JSON");
        }
    }

    @Test
    void refusesAReservedName() {
        Tensors reserved = new Tensors().add("__metadata__", DType.F32, 1);
        assertThatIllegalArgumentException().isThrownBy(() -> Safetensors.layout(reserved.source()));
    }

    /// Reads a file as the format says: the header covers all data, without gaps.
    private static Map<String, byte[]> read(byte[] file, Tensors source) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int data = 8 + Math.toIntExact(bytes.getLong(0));
        assertThat(data % 64).isZero();
        String text = new String(file, 8, data - 8, StandardCharsets.UTF_8);
        Map<String, Object> header = new LinkedHashMap<>(Json.lines(text + "\n").getFirst());
        Map<?, ?> metadata = (Map<?, ?>) header.remove("__metadata__");
        assertThat(metadata.get("source")).isEqualTo("test.gguf");
        assertThat(metadata.get("names")).isEqualTo("gguf");
        assertThat(metadata).hasSize(3 + header.size());
        Map<String, byte[]> read = new LinkedHashMap<>();
        int end = data;
        for (Map.Entry<String, Object> entry : header.entrySet()) {
            Map<?, ?> tensor = (Map<?, ?>) entry.getValue();
            TensorSlot constant = source.tensor(entry.getKey());
            assertThat(metadata.get("stored_type:" + entry.getKey())).isEqualTo("Q4_K");
            assertThat(tensor.get("dtype")).isEqualTo(constant.dtype().name());
            assertThat(integers(tensor.get("shape")))
                    .isEqualTo(Arrays.stream(constant.shape().toArray()).boxed().toList());
            List<Long> offsets = integers(tensor.get("data_offsets"));
            assertThat(data + offsets.get(0)).isEqualTo(end);
            assertThat(offsets.get(0) % constant.dtype().byteSize()).isZero();
            int to = Math.toIntExact(data + offsets.get(1));
            read.put(entry.getKey(), Arrays.copyOfRange(file, end, to));
            end = to;
        }
        assertThat(end).isEqualTo(file.length);
        return read;
    }

    private static List<Long> integers(Object json) {
        List<Long> integers = new ArrayList<>();
        ((List<?>) json).forEach(number -> integers.add(((Number) number).longValue()));
        return integers;
    }
}
