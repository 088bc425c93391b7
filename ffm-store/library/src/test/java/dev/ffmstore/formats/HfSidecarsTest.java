package dev.ffmstore.formats;

import static dev.ffmstore.formats.Sidecars.json;
import static dev.ffmstore.formats.Sidecars.open;
import static dev.ffmstore.formats.Sidecars.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.DType;
import dev.ffmstore.DTypes;
import dev.ffmstore.Model;
import dev.ffmstore.ModelException;
import dev.ffmstore.NameFilter;
import dev.ffmstore.TensorForm;
import dev.ffmstore.export.NamedLayout;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.MetadataType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HfSidecarsTest {
    private static final TensorForm DEFAULTS = TensorForm.dense();

    /// The keys that every model has, but those left out.
    private static GgufWriter model(String architecture, String... without) {
        GgufWriter header = new GgufWriter(3).putString("general.architecture", architecture);
        Map<String, Integer> sizes = new LinkedHashMap<>();
        sizes.put("embedding_length", 12);
        sizes.put("feed_forward_length", 24);
        sizes.put("block_count", 2);
        sizes.put("context_length", 2048);
        sizes.put("attention.head_count", 4);
        sizes.put("attention.head_count_kv", 2);
        List.of(without).forEach(sizes::remove);
        sizes.forEach((key, size) -> header.putInteger(architecture + "." + key, MetadataType.UINT32, size));
        if (!List.of(without).contains("eps")) {
            header.putReal(architecture + ".attention.layer_norm_rms_epsilon", MetadataType.FLOAT32, 1e-5);
        }
        return header;
    }

    private static Map<String, String> sidecars(Model file, TensorForm options) throws IOException {
        Map<String, String> texts = new LinkedHashMap<>();
        for (NamedLayout sidecar : HfSidecars.of(file, options)) {
            texts.put(sidecar.path(), text(sidecar.layout()));
        }
        return texts;
    }

    private static Map<String, @Nullable Object> config(GgufWriter header, float... values) throws IOException {
        try (Model file = open(header, values)) {
            return json(sidecars(file, DEFAULTS).get("config.json"));
        }
    }

    private static BigInteger number(long value) {
        return BigInteger.valueOf(value);
    }

    @Test
    void configuresALlama() throws IOException {
        GgufWriter header = model("llama")
                .putReal("llama.rope.freq_base", MetadataType.FLOAT32, 100_000)
                .putInteger("tokenizer.ggml.bos_token_id", MetadataType.UINT32, 1)
                .putInteger("tokenizer.ggml.eos_token_id", MetadataType.UINT32, 2)
                .tensor("token_embd.weight", GgmlType.F32, Shape.of(7, 12));
        assertThat(config(header))
                .containsEntry("architectures", List.of("LlamaForCausalLM"))
                .containsEntry("model_type", "llama")
                .containsEntry("hidden_act", "silu")
                .containsEntry("hidden_size", number(12))
                .containsEntry("intermediate_size", number(24))
                .containsEntry("num_hidden_layers", number(2))
                .containsEntry("max_position_embeddings", number(2048))
                .containsEntry("num_attention_heads", number(4))
                .containsEntry("num_key_value_heads", number(2))
                .containsEntry("head_dim", number(3))
                .containsEntry("vocab_size", number(7))
                .containsEntry("rms_norm_eps", 1e-5)
                .containsEntry("rope_theta", 100_000.0)
                .containsEntry("bos_token_id", number(1))
                .containsEntry("eos_token_id", number(2))
                .containsEntry("attention_bias", false)
                .containsEntry("mlp_bias", false)
                .containsEntry("tie_word_embeddings", true)
                .containsEntry("torch_dtype", "float32")
                .containsEntry("pad_token_id", null)
                .doesNotContainKeys("rope_scaling");
    }

    @ParameterizedTest
    @CsvSource({
        "qwen2, Qwen2ForCausalLM, qwen2, hidden_act, silu",
        "gemma, GemmaForCausalLM, gemma, hidden_activation, gelu_pytorch_tanh",
        "gemma2, Gemma2ForCausalLM, gemma2, hidden_activation, gelu_pytorch_tanh",
        "gemma3, Gemma3ForCausalLM, gemma3_text, hidden_activation, gelu_pytorch_tanh"
    })
    void configuresTheOthers(String architecture, String name, String type, String activation, String function)
            throws IOException {
        GgufWriter header = model(architecture, "attention.head_count_kv")
                .putInteger(architecture + ".attention.key_length", MetadataType.UINT32, 256)
                .putInteger(architecture + ".attention.sliding_window", MetadataType.UINT32, 512)
                .putReal(architecture + ".final_logit_softcapping", MetadataType.FLOAT32, 30)
                .putInteger(architecture + ".vocab_size", MetadataType.UINT32, 9)
                .tensor("output.weight", GgmlType.F32, Shape.of(7, 12));
        Map<String, Object> config = config(header);
        assertThat(config)
                .containsEntry("architectures", List.of(name))
                .containsEntry("model_type", type)
                .containsEntry(activation, function)
                .containsEntry("num_key_value_heads", number(4))
                .containsEntry("head_dim", number(256))
                .containsEntry("vocab_size", number(9))
                .containsEntry("rope_theta", architecture.equals("gemma3") ? 1e6 : 1e4)
                .containsEntry("tie_word_embeddings", false);
        if (architecture.matches("gemma[23]")) {
            assertThat(config)
                    .containsEntry("sliding_window", number(512))
                    .containsEntry("query_pre_attn_scalar", number(256))
                    .containsEntry("final_logit_softcapping", 30.0);
        } else {
            assertThat(config).doesNotContainKeys("sliding_window", "query_pre_attn_scalar");
        }
        assertThat(config.containsKey("rope_local_base_freq")).isEqualTo(architecture.equals("gemma3"));
    }

    @Test
    void scalesQueriesOfTheLargestGemmasByTheirHeads() throws IOException {
        GgufWriter header = model("gemma2", "block_count")
                .putInteger("gemma2.block_count", MetadataType.UINT32, 46)
                .putInteger("gemma2.attention.key_length", MetadataType.UINT32, 128)
                .tensor("token_embd.weight", GgmlType.F32, Shape.of(7, 12));
        assertThat(config(header))
                .containsEntry("query_pre_attn_scalar", number(3))
                .containsEntry("head_dim", number(128));
    }

    @Test
    void saysTheTypeThatMostBytesAreOf() throws IOException {
        GgufWriter header = model("llama")
                .tensor("token_embd.weight", GgmlType.F32, Shape.of(7, 12))
                .tensor("output_norm.weight", GgmlType.F32, Shape.of(12));
        try (Model file = open(header)) {
            for (DType dtype : new DType[] {DType.F16, DType.BF16}) {
                TensorForm options = DEFAULTS.dtypes(DTypes.all(dtype).with("*norm*", DType.F32));
                assertThat(json(sidecars(file, options).get("config.json")))
                        .containsEntry("torch_dtype", dtype == DType.F16 ? "float16" : "bfloat16");
            }
        }
    }

    @Test
    void saysThatThereAreBiases() throws IOException {
        GgufWriter header = model("llama")
                .tensor("token_embd.weight", GgmlType.F32, Shape.of(7, 12))
                .tensor("blk.0.attn_q.bias", GgmlType.F32, Shape.of(24))
                .tensor("blk.0.ffn_up.bias", GgmlType.F32, Shape.of(24));
        assertThat(config(header)).containsEntry("attention_bias", true).containsEntry("mlp_bias", true);
    }

    @Test
    void expressesRotaryScaling() throws IOException {
        GgufWriter linear = model("gemma3")
                .putString("gemma3.rope.scaling.type", "linear")
                .putReal("gemma3.rope.scaling.factor", MetadataType.FLOAT32, 8)
                .tensor("token_embd.weight", GgmlType.F32, Shape.of(7, 12));
        assertThat(config(linear)).containsEntry("rope_scaling", Map.of("rope_type", "linear", "factor", 8.0));
        GgufWriter yarn = model("qwen2")
                .putString("qwen2.rope.scaling.type", "yarn")
                .putReal("qwen2.rope.scaling.factor", MetadataType.FLOAT32, 4)
                .putInteger("qwen2.rope.scaling.original_context_length", MetadataType.UINT32, 512)
                .tensor("token_embd.weight", GgmlType.F32, Shape.of(7, 12));
        assertThat(config(yarn))
                .containsEntry(
                        "rope_scaling",
                        Map.of("rope_type", "yarn", "factor", 4.0, "original_max_position_embeddings", number(512)));
    }

    private static GgufWriter withRopeFactors() {
        return model("llama")
                .putReal("llama.rope.freq_base", MetadataType.FLOAT32, 640_000)
                .tensor("token_embd.weight", GgmlType.F32, Shape.of(7, 12))
                .tensor("rope_freqs.weight", GgmlType.F32, Shape.of(4));
    }

    /// Wavelengths 2π · 640000^(i/4): 6.3, 178, 5027 and 142172; 2048 and 8192 are the borders. The third:
    /// s = (8192 / 5026.55 − 1) / 3 = 0.20992, 1 / ((1 − s) / 8 + s) = 3.23964.
    @Test
    void recognisesTheRotaryFactorsOfLlama3() throws IOException {
        assertThat(config(withRopeFactors(), 1, 1, 3.23964f, 8))
                .containsEntry(
                        "rope_scaling",
                        Map.of(
                                "rope_type", "llama3",
                                "factor", 8.0,
                                "low_freq_factor", 1.0,
                                "high_freq_factor", 4.0,
                                "original_max_position_embeddings", number(8192)));
    }

    @Test
    void refusesRotaryFactorsThatItCannotExpressUnlessTheyAreLeftOut() throws IOException {
        for (float wrong : new float[] {3.3f, Float.NaN, 1}) {
            try (Model file = open(withRopeFactors(), 1, 1, wrong, 8)) {
                assertThatThrownBy(() -> HfSidecars.of(file, DEFAULTS))
                        .isInstanceOf(ModelException.class)
                        .hasMessageContaining("rope_freqs.weight is not what the rule llama3 of transformers gives")
                        .hasMessageContaining("element 2: expected 3.2396");
                TensorForm without = DEFAULTS.filter(new NameFilter(List.of(), List.of("rope_freqs*")));
                assertThat(json(sidecars(file, without).get("config.json"))).doesNotContainKey("rope_scaling");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "embedding_length",
                "feed_forward_length",
                "block_count",
                "context_length",
                "attention.head_count"
            })
    void needsTheSizes(String key) throws IOException {
        GgufWriter header = model("qwen2", key).tensor("token_embd.weight", GgmlType.F32, Shape.of(7, 12));
        assertThatThrownBy(() -> config(header))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("metadata key qwen2." + key + ": expected a positive integer, got no such key");
    }

    @Test
    void needsValuesOfTheRightTypes() {
        assertThatThrownBy(() -> config(model("qwen2", "eps").tensor("output.weight", GgmlType.F32, Shape.of(1))))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("vocab_size");
        assertThatThrownBy(
                        () -> config(model("qwen2", "eps").tensor("token_embd.weight", GgmlType.F32, Shape.of(7, 12))))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("layer_norm_rms_epsilon: expected a floating-point number, got no such key");
        assertThatThrownBy(() -> config(model("qwen2", "block_count")
                        .putString("qwen2.block_count", "2")
                        .tensor("token_embd.weight", GgmlType.F32, Shape.of(7, 12))))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("qwen2.block_count: expected an integer, got 2");
        assertThatThrownBy(() -> config(model("mamba")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("architecture mamba");
    }

    @Test
    void writesTheVocabularyOfAByteLevelBpe() throws IOException {
        GgufWriter header = model("qwen2")
                .putString("tokenizer.ggml.model", "gpt2")
                .putString("tokenizer.ggml.pre", "qwen2")
                .putStrings("tokenizer.ggml.tokens", List.of("a", "Ġthe", "\"\\", "日", ""))
                .putIntegers("tokenizer.ggml.token_type", MetadataType.INT32, 1, 1, 1, 1, 3)
                .putStrings("tokenizer.ggml.merges", List.of("Ġt he", "a b"))
                .putBool("tokenizer.ggml.add_bos_token", false)
                .putString("tokenizer.chat_template", "{{ messages }}\n")
                .tensor("token_embd.weight", GgmlType.F32, Shape.of(5, 12));
        try (Model file = open(header)) {
            Map<String, String> texts = sidecars(file, DEFAULTS);
            assertThat(texts.keySet())
                    .containsExactly(
                            "config.json",
                            "tokenizer_vocabulary.json",
                            "vocab.json",
                            "merges.txt",
                            "chat_template.jinja");
            assertThat(json(texts.get("vocab.json")))
                    .isEqualTo(Map.of(
                            "a", number(0), "Ġthe", number(1), "\"\\", number(2), "日", number(3), "", number(4)));
            assertThat(texts).containsEntry("merges.txt", "#version: 0.2\nĠt he\na b\n");
            assertThat(texts).containsEntry("chat_template.jinja", "{{ messages }}\n");
            assertThat(json(texts.get("tokenizer_vocabulary.json")))
                    .containsEntry("model", "gpt2")
                    .containsEntry("pre", "qwen2")
                    .containsEntry("tokens", List.of("a", "Ġthe", "\"\\", "日", ""))
                    .containsEntry("token_type", List.of(number(1), number(1), number(1), number(1), number(3)))
                    .containsEntry("merges", List.of("Ġt he", "a b"))
                    .containsEntry("add_bos_token", false);
        }
    }

    @Test
    void writesTheVocabularyOfOthersWithScores() throws IOException {
        GgufWriter header = model("gemma")
                .putString("tokenizer.ggml.model", "llama")
                .putStrings("tokenizer.ggml.tokens", List.of("<unk>", "\u0001\n", "▁the"))
                .putReals("tokenizer.ggml.scores", MetadataType.FLOAT32, -1000, 0.1, Double.NEGATIVE_INFINITY)
                .putIntegers("tokenizer.ggml.nothing", MetadataType.INT32)
                .putStrings("tokenizer.ggml.merges", List.of("a b"))
                .tensor("token_embd.weight", GgmlType.F32, Shape.of(3, 12));
        try (Model file = open(header)) {
            Map<String, String> texts = sidecars(file, DEFAULTS);
            assertThat(texts.keySet())
                    .containsExactly(
                            "config.json", "tokenizer.json", "tokenizer_config.json", "tokenizer_vocabulary.json");
            assertThat(json(texts.get("tokenizer_vocabulary.json")))
                    .containsEntry("tokens", List.of("<unk>", "\u0001\n", "▁the"))
                    .containsEntry("scores", List.of(-1000.0, 0.1, "-Infinity"))
                    .containsEntry("nothing", List.of());
        }
    }

    @Test
    void saysWhereTextsStartAndEnd() throws IOException {
        GgufWriter header = model("qwen2")
                .putInteger("tokenizer.ggml.bos_token_id", MetadataType.UINT32, 1)
                .putInteger("tokenizer.ggml.eos_token_id", MetadataType.UINT32, 2)
                .putInteger("tokenizer.ggml.eot_token_id", MetadataType.UINT32, 4)
                .putInteger("tokenizer.ggml.eom_token_id", MetadataType.UINT32, 2)
                .tensor("token_embd.weight", GgmlType.F32, Shape.of(7, 12));
        try (Model file = open(header)) {
            assertThat(json(sidecars(file, DEFAULTS).get("generation_config.json")))
                    .containsEntry("bos_token_id", number(1))
                    .containsEntry("eos_token_id", List.of(number(2), number(4)))
                    .doesNotContainKey("pad_token_id");
        }
    }

    @Test
    void warnsOfATokenizerThatItCannotTell() throws IOException {
        GgufWriter header = model("llama")
                .putString("tokenizer.ggml.model", "gpt2")
                .putString("tokenizer.ggml.pre", "a\u001bb")
                .putStrings("tokenizer.ggml.tokens", List.of("x"))
                .tensor("token_embd.weight", GgmlType.F32, Shape.of(3, 12));
        List<String> warnings = new ArrayList<>();
        try (Model file = open(header)) {
            assertThat(HfSidecars.of(file, DEFAULTS, warnings::add))
                    .extracting(NamedLayout::path)
                    .containsExactly("config.json", "tokenizer_vocabulary.json");
        }
        assertThat(warnings)
                .containsExactly(
                        "memory.gguf: tokenizer.json and tokenizer_config.json are left out: no pre-tokenizer is"
                                + " known by tokenizer.ggml.pre a\\u{1b}b");
    }

    @Test
    void canBeReadWhenTheModelIsClosed() throws IOException {
        List<NamedLayout> files;
        try (Model file = open(model("llama")
                .putStrings("tokenizer.ggml.tokens", List.of("x"))
                .tensor("token_embd.weight", GgmlType.F32, Shape.of(3, 12)))) {
            files = HfSidecars.of(file, DEFAULTS);
        }
        assertThat(text(files.getLast().layout())).isEqualTo("{\n\"tokens\": [\"x\"]\n}\n");
    }
}
