package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.ByteSource;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.GgufOptions;
import dev.ffmstore.gguf.MetadataType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTest {
    private static final TensorForm HF = TensorForm.dense().names(Names.hf());
    private static final LoadOptions TWO = LoadOptions.defaults().threads(2);

    private static GgufWriter model(String architecture) {
        return new GgufWriter(3).putString("general.architecture", architecture);
    }

    private static GgufWriter llama(long heads, long kvHeads) {
        return model("llama")
                .putInteger("llama.attention.head_count", MetadataType.UINT32, heads)
                .putInteger("llama.attention.head_count_kv", MetadataType.UINT32, kvHeads);
    }

    /// Names and layouts of Hugging Face, of those tensors that a model has: it lacks others that it should have.
    private static TensorForm hf(Model model) {
        List<String> names = model.tensors().stream().map(StoredTensor::name).toList();
        return HF.filter(new NameFilter(names, List.of()));
    }

    private static Model open(GgufWriter header) throws IOException {
        return open(header, i -> i);
    }

    /// Opens a model of F32 tensors, each of which holds the same values.
    private static Model open(GgufWriter header, IntToDoubleFunction values) throws IOException {
        byte[] bytes = TestModel.fill(header).bytes();
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (TensorInfo tensor : header.tensors()) {
            for (int i = 0; i < tensor.byteSize() / Float.BYTES; i++) {
                buffer.putFloat((int) tensor.offset() + i * Float.BYTES, (float) values.applyAsDouble(i));
            }
        }
        return Model.of(GgufFile.open(new ByteSource(bytes), GgufOptions.defaults()));
    }

    private static float[] values(TensorStore store, String name) {
        return store.tensor(name)
                .segment()
                .toArray(ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN));
    }

    private static GgufWriter f32(GgufWriter header, String name, long... shape) {
        return header.tensor(name, GgmlType.F32, Shape.of(shape));
    }

    @Nested
    class HuggingFace {
        @ParameterizedTest
        @CsvSource({
            "token_embd.weight, model.embed_tokens.weight",
            "output_norm.weight, model.norm.weight",
            "output.weight, lm_head.weight",
            "blk.0.attn_norm.weight, model.layers.0.input_layernorm.weight",
            "blk.12.attn_q.weight, model.layers.12.self_attn.q_proj.weight",
            "blk.0.attn_k.bias, model.layers.0.self_attn.k_proj.bias",
            "blk.0.attn_v.bias, model.layers.0.self_attn.v_proj.bias",
            "blk.0.attn_output.weight, model.layers.0.self_attn.o_proj.weight",
            "blk.0.ffn_norm.weight, model.layers.0.post_attention_layernorm.weight",
            "blk.0.ffn_gate.weight, model.layers.0.mlp.gate_proj.weight",
            "blk.0.ffn_up.weight, model.layers.0.mlp.up_proj.weight",
            "blk.0.ffn_down.weight, model.layers.0.mlp.down_proj.weight"
        })
        void namesTheTensorsOfLlamaQwenAndGemma(String stored, String renamed) throws IOException {
            for (GgufWriter header : List.of(llama(2, 2), model("qwen2"), model("gemma"))) {
                f32(header, "output.weight", 4).tensor("x", GgmlType.F32, Shape.of(4));
                if (!stored.equals("output.weight")) {
                    f32(header, stored, 4);
                }
                NameFilter without = new NameFilter(List.of("output.weight", stored), List.of());
                try (Model file = open(header)) {
                    assertThat(TensorPlan.of(file, HF.filter(without)).slots())
                            .extracting(TensorSlot::storedName, TensorSlot::name)
                            .contains(tuple(stored, renamed));
                }
            }
        }

        @ParameterizedTest
        @CsvSource({
            "gemma2, attn_norm, input_layernorm",
            "gemma2, post_attention_norm, post_attention_layernorm",
            "gemma2, ffn_norm, pre_feedforward_layernorm",
            "gemma2, post_ffw_norm, post_feedforward_layernorm",
            "gemma3, ffn_norm, pre_feedforward_layernorm",
            "gemma3, post_attention_norm, post_attention_layernorm",
            "gemma3, attn_q_norm, self_attn.q_norm",
            "gemma3, attn_k_norm, self_attn.k_norm",
            "gemma, ffn_norm, post_attention_layernorm"
        })
        void takesTheOneOffTheNormsOfGemma(String architecture, String stored, String renamed) throws IOException {
            GgufWriter header = f32(model(architecture), "blk.3." + stored + ".weight", 5);
            f32(header, "output_norm.weight", 5);
            f32(header, "blk.3.ffn_up.weight", 5);
            try (Model file = open(header, i -> i * 0.5 - 1);
                    TensorStore store = TensorStore.load(file, hf(file), TWO)) {
                assertThat(values(store, "model.layers.3." + renamed + ".weight"))
                        .containsExactly(-2, -1.5f, -1, -0.5f, 0);
                assertThat(values(store, "model.norm.weight")).containsExactly(-2, -1.5f, -1, -0.5f, 0);
                assertThat(values(store, "model.layers.3.mlp.up_proj.weight")).containsExactly(-1, -0.5f, 0, 0.5f, 1);
            }
        }

        /// What the converters do to rows of q and k, of which this is the inverse: row i and row i + head/2 of a
        /// head become rows 2i and 2i + 1.
        private static int storedRow(int row, int headRows) {
            int head = row / headRows * headRows;
            int half = headRows / 2;
            int inHead = row % headRows;
            return inHead < half ? head + 2 * inHead : head + 2 * (inHead - half) + 1;
        }

        @Test
        void takesTheRotaryPairsOfLlamaApartByHeads() throws IOException {
            GgufWriter header = llama(4, 2);
            f32(header, "output.weight", 1);
            f32(header, "blk.0.attn_q.weight", 24, 3); // 4 heads of 6 rows
            f32(header, "blk.0.attn_k.weight", 12, 3); // 2 heads of 6 rows
            f32(header, "blk.0.attn_v.weight", 12, 3);
            f32(header, "blk.0.attn_q.bias", 24);
            f32(header, "blk.0.attn_k.bias", 12);
            try (Model file = open(header);
                    TensorStore store = TensorStore.load(file, hf(file), TWO)) {
                String part = "model.layers.0.self_attn.";
                for (String name : List.of("q_proj.weight", "k_proj.weight", "q_proj.bias", "k_proj.bias")) {
                    float[] got = values(store, part + name);
                    int columns = name.endsWith("bias") ? 1 : 3;
                    for (int row = 0; row < got.length / columns; row++) {
                        for (int column = 0; column < columns; column++) {
                            assertThat(got[row * columns + column])
                                    .as("%s, row %d", name, row)
                                    .isEqualTo(storedRow(row, 6) * columns + column);
                        }
                    }
                }
                // by hand: a0 b0 a1 b1 a2 b2 becomes a0 a1 a2 b0 b1 b2
                assertThat(values(store, part + "k_proj.bias")).containsExactly(0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11);
                assertThat(values(store, part + "v_proj.weight")).containsExactly(toFloats(IntStream.range(0, 36)));
            }
        }

        private static float[] toFloats(IntStream values) {
            double[] doubles = values.asDoubleStream().toArray();
            float[] floats = new float[doubles.length];
            for (int i = 0; i < floats.length; i++) {
                floats[i] = (float) doubles[i];
            }
            return floats;
        }

        @ParameterizedTest
        @ValueSource(strings = {"qwen2", "gemma", "gemma2", "gemma3"})
        void leavesRowsOfOthersWhereTheyAre(String architecture) throws IOException {
            GgufWriter header =
                    model(architecture).putInteger(architecture + ".attention.head_count", MetadataType.UINT32, 2);
            f32(header, "blk.0.attn_q.weight", 8, 1);
            try (Model file = open(header);
                    TensorStore store = TensorStore.load(file, hf(file), TWO)) {
                assertThat(values(store, "model.layers.0.self_attn.q_proj.weight"))
                        .containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
            }
        }

        @Test
        void takesAsManyKvHeadsAsHeadsWhereTheModelDoesNotSay() throws IOException {
            GgufWriter header = model("llama").putInteger("llama.attention.head_count", MetadataType.UINT32, 2);
            f32(header, "blk.0.attn_k.weight", 8, 1);
            try (Model file = open(header)) {
                assertThat(TensorPlan.of(file, hf(file)).slots().getFirst().shares())
                        .extracting(Share::run, Share::axes)
                        .containsExactly(tuple(
                                1L,
                                List.of(new Share.Axis(2, 4, 4), new Share.Axis(2, 1, 2), new Share.Axis(2, 2, 1))));
            }
        }

        @Test
        void makesTheOutputMatrixAnAliasWhereItIsTheEmbedding() throws IOException {
            GgufWriter tied = f32(llama(1, 1), "token_embd.weight", 4, 2);
            try (Model file = open(tied);
                    TensorStore store = TensorStore.load(file, hf(file), TWO)) {
                assertThat(store.plan().aliases())
                        .extracting(TensorSlot::name, TensorSlot::aliasOf)
                        .containsExactly(tuple("lm_head.weight", Optional.of("model.embed_tokens.weight")));
                assertThat(store.tensor("lm_head.weight").segment())
                        .isEqualTo(store.tensor("model.embed_tokens.weight").segment());
                assertThat(store.plan().denseBytes()).isEqualTo(32);
                assertThat(store.plan().toString())
                        .contains("lm_head.weight = model.embed_tokens.weight", "names of hf", "← token_embd.weight");
            }
            GgufWriter untied = f32(f32(llama(1, 1), "token_embd.weight", 4, 2), "output.weight", 4, 2);
            try (Model file = open(untied)) {
                assertThat(TensorPlan.of(file, hf(file)).aliases()).isEmpty();
                NameFilter embedding = new NameFilter(List.of("token_embd.weight"), List.of());
                assertThat(TensorPlan.of(file, HF.filter(embedding)).aliases()).isEmpty();
            }
        }

        @Test
        void leavesOutWhatTransformersComputes() throws IOException {
            try (Model file = open(f32(f32(llama(1, 1), "rope_freqs.weight", 4), "output.weight", 4))) {
                assertThat(TensorPlan.of(file, hf(file)).slots())
                        .extracting(TensorSlot::name)
                        .containsExactly("lm_head.weight");
            }
        }

        @ParameterizedTest
        @ValueSource(strings = {"bert", "llama4", "mamba", "Llama", ""})
        void refusesOtherArchitecturesByName(String architecture) throws IOException {
            try (Model file = open(model(architecture))) {
                assertThatThrownBy(() -> TensorPlan.of(file, hf(file)))
                        .isInstanceOf(ModelException.class)
                        .hasMessageContaining("no names of hf for the architecture " + architecture)
                        .hasMessageContaining("deepseek2, falcon, gemma, gemma2, gemma3, gpt-oss");
            }
        }

        @Test
        void refusesAModelWithoutArchitecture() throws IOException {
            for (GgufWriter header : List.of(
                    new GgufWriter(3), new GgufWriter(3).putInteger("general.architecture", MetadataType.UINT8, 1))) {
                try (Model file = open(header)) {
                    assertThatThrownBy(() -> TensorPlan.of(file, hf(file)))
                            .isInstanceOf(ModelException.class)
                            .hasMessageContaining("metadata key general.architecture");
                }
            }
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "blk.0.ffn_gate_exps.weight",
                    "blk.0.attn_q_norm.weight",
                    "blk.0.attn_norm.bias",
                    "blk.00.attn_norm.weight",
                    "blk.x.attn_norm.weight",
                    "blk.0.attn_q.scale",
                    "output.bias",
                    "blk.0.attn_q",
                    "mystery"
                })
        void refusesTensorsThatItDoesNotKnow(String name) throws IOException {
            try (Model file = open(f32(llama(1, 1), name, 4))) {
                assertThatThrownBy(() -> TensorPlan.of(file, hf(file)))
                        .isInstanceOf(ModelException.class)
                        .hasMessageContaining("no name of hf for tensor " + name + " of the architecture llama");
            }
        }

        @Test
        void refusesLlamaWithoutOrWithImpossibleHeads() throws IOException {
            String key = "llama.attention.head_count";
            for (GgufWriter header : List.of(
                    model("llama"),
                    model("llama").putInteger(key, MetadataType.UINT32, 0),
                    model("llama").putString(key, "4"),
                    model("llama").putIntegers(key, MetadataType.UINT32))) {
                try (Model file = open(f32(header, "blk.0.attn_q.weight", 4, 1))) {
                    assertThatThrownBy(() -> TensorPlan.of(file, hf(file)))
                            .isInstanceOf(ModelException.class)
                            .hasMessageContaining("metadata key " + key + ": expected a positive integer, got ");
                }
            }
            for (long rows : new long[] {9, 8, 1}) { // not for 3 heads, and 3 is odd
                try (Model file = open(f32(llama(3, 3), "blk.0.attn_q.weight", rows, 1))) {
                    assertThatThrownBy(() -> TensorPlan.of(file, hf(file)))
                            .isInstanceOf(ModelException.class)
                            .hasMessageContaining("blk.0.attn_q.weight: expected an even number of rows for each of 3");
                }
            }
        }

        @Test
        void refusesToTakeAnythingOffWhatIsNoFloat() throws IOException {
            try (Model file = open(model("gemma").tensor("output_norm.weight", GgmlType.F64, Shape.of(2)))) {
                assertThatThrownBy(() -> TensorPlan.of(file, hf(file)))
                        .isInstanceOf(ModelException.class)
                        .hasMessageContaining("output_norm.weight")
                        .hasMessageContaining("expected elements of type F32, got F64");
            }
        }
    }

    @Nested
    class Users {
        @TempDir
        private Path folder;

        private Names table(String... lines) throws IOException {
            return Names.read(Files.write(folder.resolve("names.txt"), List.of(lines)));
        }

        private TensorPlan plan(Names names, String... tensors) throws IOException {
            GgufWriter header = new GgufWriter(3);
            for (String tensor : tensors) {
                f32(header, tensor, 2);
            }
            try (Model file = open(header)) {
                return TensorPlan.of(file, TensorForm.dense().names(names));
            }
        }

        @Test
        void renamesByNamesAndGlobs() throws IOException {
            Names names = table(
                    "# mine",
                    "",
                    "a=b",
                    "  blk.*.q.weight =  layer/*/q  # every q",
                    "blk.7.q.weight = last",
                    "e#f = g#h");
            TensorPlan plan = plan(names, "a", "blk.0.q.weight", "blk.7.q.weight", "e#f", "kept");
            assertThat(plan.slots())
                    .extracting(TensorSlot::name)
                    .containsExactly("b", "layer/0/q", "last", "g#h", "kept");
            assertThat(plan.slots().get(1).storedName()).isEqualTo("blk.0.q.weight");
            assertThat(plan.convention()).isEqualTo("names.txt");
        }

        @Test
        void givesSecondNamesToTiedTensors() throws IOException {
            TensorPlan plan = plan(table("a = b", "a = c", "a = d"), "a");
            assertThat(plan.aliases())
                    .extracting(TensorSlot::name, TensorSlot::aliasOf)
                    .containsExactly(tuple("c", Optional.of("b")), tuple("d", Optional.of("b")));
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "a = b = c | expected STORED = NEW: a = b = c",
                    "a | expected STORED = NEW: a",
                    "= b | expected STORED = NEW",
                    "a = # b | expected STORED = NEW",
                    "a*.*c = b*.*c | expected one * on both sides, or none",
                    "a* = b | expected one * on both sides, or none",
                    "a = b* | expected one * on both sides, or none",
                    "first = one | this line is there already"
                })
        void saysWhichLineIsMalformed(String line, String problem) {
            requireMalformed(line, problem);
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = ';',
                value = {
                    "a = b | turn; no operation is called turn",
                    "a = b | expect 3; no operation is called expect",
                    "a = b |; expected STORED = NEW",
                    "a = b | | transpose; expected STORED = NEW",
                    "a = b | rows 3; rows takes FROM:TO",
                    "a = b | rows 1:; rows takes FROM:TO",
                    "a = b | reshape; reshape takes 1 to 8 dimensions",
                    "a = b | halves; halves takes a number of heads",
                    "a = b | transpose 1; transpose takes nothing",
                    "a = b | subtract x; subtract takes a whole number",
                    "a = b | unstack; expected one % in the new name",
                    "a = b.% | unstack | unstack; unstack is there once at most",
                    "a = b | stack; expected one % in the stored name",
                    "a + c = b | stack; stack takes one name with %",
                    "a + c = b | transpose; transpose is for one tensor",
                    "a + c = b | reshape 1 -1 | concat; concat comes before other operations",
                    "a = b | interleave; interleave takes several tensors",
                    "a | stack = b; stack comes after the =",
                    "a* + c = b*; expected one * on both sides, or none"
                })
        void saysWhichOperationIsMalformed(String line, String problem) {
            requireMalformed(line, problem);
        }

        private void requireMalformed(String line, String problem) {
            assertThatThrownBy(() -> table("first = one", "", line))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith(folder.resolve("names.txt") + ":3: ")
                    .hasMessageContaining(problem);
        }

        @Test
        void stacksAndUnstacksByNumbers() throws IOException {
            TensorPlan stacked = plan(
                    table("blk.*.up.%.weight = layers.*.up | stack"),
                    "blk.7.up.1.weight",
                    "blk.7.up.0.weight",
                    "blk.12.up.0.weight");
            assertThat(stacked.slots())
                    .extracting(
                            TensorSlot::name,
                            TensorSlot::shape,
                            slot -> slot.shares().stream()
                                    .map(share -> share.stored().name())
                                    .toList())
                    .containsExactly(
                            tuple("layers.7.up", Shape.of(2, 2), List.of("blk.7.up.0.weight", "blk.7.up.1.weight")),
                            tuple("layers.12.up", Shape.of(1, 2), List.of("blk.12.up.0.weight")));
            TensorPlan apart = plan(table("blk.*.up = layers.*.up.% | unstack"), "blk.3.up");
            assertThat(apart.slots())
                    .extracting(TensorSlot::name, TensorSlot::shape)
                    .containsExactly(tuple("layers.3.up.0", Shape.of()), tuple("layers.3.up.1", Shape.of()));
            assertThatThrownBy(() -> plan(table("up.% = up | stack"), "up.0", "up.2"))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("stacks 3 tensors, of which up.1 is missing");
        }

        @Test
        void refusesAPartOfWhatIsJoined() throws IOException {
            Names names = table("a + b = c");
            assertThatThrownBy(() -> plan(names, "a")).hasMessageContaining("no tensor matches b of the names in");
            try (Model file = open(f32(f32(new GgufWriter(3), "a", 2), "b", 2))) {
                for (String chosen : List.of("a", "b")) {
                    NameFilter filter = new NameFilter(List.of(chosen), List.of());
                    assertThatThrownBy(() -> TensorPlan.of(
                                    file, TensorForm.dense().names(names).filter(filter)))
                            .isInstanceOf(ModelException.class)
                            .hasMessageContaining("which the filter leaves out");
                }
                assertThat(TensorPlan.of(file, TensorForm.dense().names(names)).slots())
                        .extracting(TensorSlot::name, TensorSlot::shape)
                        .containsExactly(tuple("c", Shape.of(4)));
            }
        }

        @Test
        void refusesTheNamesOfTheOtherConventions() throws IOException {
            Path hf = Files.write(folder.resolve("hf"), List.of("a = b"));
            assertThatThrownBy(() -> Names.read(hf)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> Names.of("gguf", List.of())).isInstanceOf(IllegalArgumentException.class);
        }

        @Test
        void refusesWhatIsNoTable() throws IOException {
            Path file = Files.write(folder.resolve("binary"), new byte[] {'a', '=', (byte) 0xFF, (byte) 0xFE});
            assertThatThrownBy(() -> Names.read(file))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("is not UTF-8 text");
            assertThatThrownBy(() -> Names.read(folder)).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> Names.read(folder.resolve("none"))).isInstanceOf(IOException.class);
        }

        @Test
        void refusesNamesThatAreThereTwice() throws IOException {
            assertThatThrownBy(() -> plan(table("a = b"), "a", "b"))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("tensor b would be named b by ")
                    .hasMessageContaining("as another tensor is");
            assertThatThrownBy(() -> plan(table("* = x*", "a = xb"), "a", "b"))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("tensor b would be named xb");
        }

        @Test
        void refusesLinesThatMatchNothing() throws IOException {
            assertThatThrownBy(() -> plan(table("a = b", "nosuch* = n*"), "a"))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("no tensor matches nosuch* of the names in ");
        }
    }
}
