package dev.ffmstore.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ffmstore.Model;
import dev.ffmstore.ModelException;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorPlan;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.MetadataType;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The tables of architectures, whether or not the names of their tensors are known.
class HuggingFaceConfigTest {
    /// Metadata of one architecture.
    private record Header(String architecture, GgufWriter writer) {
        static Header of(String architecture) {
            return new Header(architecture, new GgufWriter(3).putString("general.architecture", architecture))
                    .integer("embedding_length", 64)
                    .integer("block_count", 4)
                    .integer("context_length", 2048)
                    .integer("attention.head_count", 8)
                    .real("attention.layer_norm_rms_epsilon", 1e-5);
        }

        Header integer(String key, long value) {
            writer.putInteger(architecture + "." + key, MetadataType.UINT32, value);
            return this;
        }

        Header integers(String key, long... values) {
            writer.putIntegers(architecture + "." + key, MetadataType.INT32, values);
            return this;
        }

        Header real(String key, double value) {
            writer.putReal(architecture + "." + key, MetadataType.FLOAT32, value);
            return this;
        }

        Header bool(String key, boolean value) {
            writer.putBool(architecture + "." + key, value);
            return this;
        }

        Header string(String key, String value) {
            writer.putString(architecture + "." + key, value);
            return this;
        }

        Header tensor(String name, long... dimensions) {
            writer.tensor(name, GgmlType.F32, Shape.of(dimensions));
            return this;
        }

        Map<String, @Nullable Object> config(float... values) throws IOException {
            GgufWriter all = writer.tensor("token_embd.weight", GgmlType.F32, Shape.of(7, 64));
            try (Model model = Sidecars.open(all, values)) {
                return configOf(model);
            }
        }
    }

    private static Map<String, @Nullable Object> configOf(Model model) throws IOException {
        TensorForm form = TensorForm.dense();
        return Sidecars.json(HuggingFaceConfig.of(model, form, TensorPlan.of(model, form)));
    }

    private static BigInteger number(long value) {
        return BigInteger.valueOf(value);
    }

    @Test
    void aLlamaWithExpertsIsAMixtral() throws IOException {
        Header header = Header.of("llama")
                .integer("feed_forward_length", 96)
                .integer("attention.head_count_kv", 2)
                .integer("expert_count", 4)
                .integer("expert_used_count", 2)
                .tensor("output.weight", 7, 64);
        assertThat(header.config())
                .containsEntry("architectures", List.of("MixtralForCausalLM"))
                .containsEntry("model_type", "mixtral")
                .containsEntry("intermediate_size", number(96))
                .containsEntry("num_local_experts", number(4))
                .containsEntry("num_experts_per_tok", number(2))
                .containsEntry("head_dim", number(8))
                .containsEntry("tie_word_embeddings", false)
                .containsEntry("sliding_window", null)
                .doesNotContainKey("mlp_bias");
    }

    @Test
    void theSizeOfAHeadIsThatOfTheQueriesIfMetadataIsSilent() throws IOException {
        Header header = Header.of("llama").integer("feed_forward_length", 96).tensor("blk.0.attn_q.weight", 128, 64);
        assertThat(header.config()).containsEntry("head_dim", number(16));
        Header said = Header.of("qwen3").integer("feed_forward_length", 96).integer("attention.key_length", 32);
        assertThat(said.config()).containsEntry("head_dim", number(32)).containsEntry("model_type", "qwen3");
    }

    @Test
    void expertsOfQwen2AreNotNormalisedAndThoseOfQwen3Are() throws IOException {
        Map<String, Object> qwen2 = Header.of("qwen2moe")
                .integer("feed_forward_length", 0)
                .integer("expert_count", 6)
                .integer("expert_used_count", 2)
                .tensor("blk.0.ffn_gate_exps.weight", 6, 24, 64)
                .tensor("blk.0.ffn_gate_shexp.weight", 48, 64)
                .tensor("blk.0.attn_q.bias", 64)
                .config();
        assertThat(qwen2)
                .containsEntry("architectures", List.of("Qwen2MoeForCausalLM"))
                .containsEntry("intermediate_size", number(48))
                .containsEntry("moe_intermediate_size", number(24))
                .containsEntry("shared_expert_intermediate_size", number(48))
                .containsEntry("num_experts", number(6))
                .containsEntry("qkv_bias", true)
                .containsEntry("norm_topk_prob", false);
        Map<String, Object> qwen3 = Header.of("qwen3moe")
                .integer("feed_forward_length", 96)
                .integer("expert_feed_forward_length", 24)
                .integer("expert_count", 6)
                .integer("expert_used_count", 2)
                .config();
        assertThat(qwen3)
                .containsEntry("model_type", "qwen3_moe")
                .containsEntry("intermediate_size", number(96))
                .containsEntry("moe_intermediate_size", number(24))
                .containsEntry("norm_topk_prob", true);
    }

    @Test
    void phi3HasFactorsForShortAndLongTexts() throws IOException {
        Header header = Header.of("phi3")
                .integer("feed_forward_length", 96)
                .integer("rope.dimension_count", 6)
                .integer("rope.scaling.original_context_length", 512)
                .string("rope.scaling.type", "longrope")
                .tensor("rope_factors_short.weight", 3)
                .tensor("rope_factors_long.weight", 3);
        try (Model model = Sidecars.open(
                header.tensor("token_embd.weight", 7, 64).tensor("x", 1).writer())) {
            assertThat(configOf(model))
                    .containsEntry("partial_rotary_factor", 0.75)
                    .containsEntry("original_max_position_embeddings", number(512))
                    .extractingByKey("rope_scaling")
                    .asInstanceOf(InstanceOfAssertFactories.MAP)
                    .containsOnlyKeys("type", "short_factor", "long_factor")
                    .containsEntry("type", "longrope");
        }
        Header without = Header.of("phi3").integer("feed_forward_length", 96).string("rope.scaling.type", "longrope");
        assertThatThrownBy(without::config)
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("phi3.rope.scaling.type: expected the tensors rope_factors_short");
    }

    @Test
    void gemma3WithoutAWindowLooksEverywhere() throws IOException {
        Map<String, Object> without =
                Header.of("gemma3").integer("feed_forward_length", 96).config();
        assertThat(without)
                .containsEntry(
                        "layer_types", List.of("full_attention", "full_attention", "full_attention", "full_attention"))
                .doesNotContainKey("sliding_window");
        Map<String, Object> with = Header.of("gemma3")
                .integer("feed_forward_length", 96)
                .integer("attention.sliding_window", 32)
                .config();
        assertThat(with)
                .containsEntry(
                        "layer_types",
                        IntStream.range(0, 4).mapToObj(_ -> "sliding_attention").toList())
                .containsEntry("sliding_window", number(32));
    }

    @Test
    void anOlmoWithAWindowIsOlmo3() throws IOException {
        assertThat(Header.of("olmo2").integer("feed_forward_length", 96).config())
                .containsEntry("architectures", List.of("Olmo2ForCausalLM"))
                .doesNotContainKey("sliding_window");
        Header header = Header.of("olmo2").integer("feed_forward_length", 96).integer("attention.sliding_window", 32);
        assertThat(header.config())
                .containsEntry("model_type", "olmo3")
                .containsEntry(
                        "rope_parameters",
                        Map.of(
                                "sliding_attention", Map.of("rope_type", "default", "rope_theta", 10_000.0),
                                "full_attention", Map.of("rope_type", "default", "rope_theta", 10_000.0)))
                .containsEntry(
                        "layer_types",
                        List.of("sliding_attention", "sliding_attention", "sliding_attention", "full_attention"));
    }

    @Test
    void graniteHasFourScales() throws IOException {
        Header header = Header.of("granite")
                .integer("feed_forward_length", 96)
                .real("embedding_scale", 12)
                .real("residual_scale", 0.22)
                .real("attention.scale", 0.015625)
                .real("logit_scale", 8);
        assertThat(header.config())
                .containsEntry("embedding_multiplier", 12.0)
                .containsEntry("residual_multiplier", 0.22)
                .containsEntry("attention_multiplier", 0.015625)
                .containsEntry("logits_scaling", 8.0);
        assertThat(Header.of("granite")
                        .integer("feed_forward_length", 96)
                        .integer("attention.head_count_kv", 4)
                        .config())
                .containsEntry("embedding_multiplier", 1.0)
                .extractingByKey("attention_multiplier")
                .satisfies(scale -> assertThat(new BigDecimal(String.valueOf(scale)).doubleValue())
                        .isCloseTo(1 / Math.sqrt(8), within(1e-15)));
    }

    @Test
    void starcoder2AndStableLmHaveOrdinaryNorms() throws IOException {
        Header starcoder = Header.of("starcoder2")
                .integer("feed_forward_length", 96)
                .real("attention.layer_norm_epsilon", 1e-6)
                .tensor("blk.0.attn_q.bias", 64);
        assertThat(starcoder.config())
                .containsEntry("norm_epsilon", 1e-6)
                .containsEntry("use_bias", true)
                .containsEntry("hidden_act", "gelu_pytorch_tanh")
                .doesNotContainKey("rms_norm_eps");
        Header stable = Header.of("stablelm")
                .integer("feed_forward_length", 96)
                .integer("rope.dimension_count", 2)
                .bool("use_parallel_residual", true)
                .real("attention.layer_norm_epsilon", 1e-6)
                .tensor("blk.0.attn_q_norm.weight", 8, 8);
        assertThat(stable.config())
                .containsEntry("layer_norm_eps", 1e-6)
                .containsEntry("use_qkv_bias", false)
                .containsEntry("qk_layernorm", true)
                .containsEntry("use_parallel_residual", true)
                .containsEntry("partial_rotary_factor", 0.25);
    }

    @ParameterizedTest
    @CsvSource({"1, false, false, 1", "2, true, true, 2", "2, false, true, 1", "1, true, true, 2"})
    void falconIsOneOfTwoArchitectures(int kvHeads, boolean hasTwoNorms, boolean isNew, int norms) throws IOException {
        Header header = Header.of("falcon")
                .integer("feed_forward_length", 256)
                .integer("attention.head_count_kv", kvHeads)
                .real("attention.layer_norm_epsilon", 1e-5);
        if (hasTwoNorms) {
            header.tensor("blk.0.attn_norm_2.weight", 64);
        }
        assertThat(header.config())
                .containsEntry("num_kv_heads", number(kvHeads))
                .containsEntry("ffn_hidden_size", number(256))
                .containsEntry("new_decoder_architecture", isNew)
                .containsEntry("num_ln_in_parallel_attn", number(norms))
                .containsEntry("layer_norm_epsilon", 1e-5)
                .containsEntry("bias", false);
    }

    @Test
    void gptOssTakesTurns() throws IOException {
        Header header = Header.of("gpt-oss")
                .integer("expert_feed_forward_length", 24)
                .integer("expert_count", 4)
                .integer("expert_used_count", 2)
                .integer("attention.key_length", 16)
                .integer("attention.sliding_window", 128)
                .string("rope.scaling.type", "yarn")
                .real("rope.scaling.factor", 32)
                .integer("rope.scaling.original_context_length", 4096)
                .tensor("blk.0.attn_q.bias", 64);
        assertThat(header.config())
                .containsEntry("model_type", "gpt_oss")
                .containsEntry("intermediate_size", number(24))
                .containsEntry("attention_bias", true)
                .containsEntry(
                        "layer_types",
                        List.of("sliding_attention", "full_attention", "sliding_attention", "full_attention"))
                .containsEntry(
                        "rope_scaling",
                        Map.of(
                                "rope_type",
                                "yarn",
                                "factor",
                                32.0,
                                "original_max_position_embeddings",
                                number(4096),
                                "truncate",
                                false));
    }

    private static Header deepSeek() {
        return Header.of("deepseek2")
                .integer("feed_forward_length", 96)
                .integer("attention.head_count_kv", 1)
                .integer("attention.kv_lora_rank", 16)
                .integer("attention.key_length", 24)
                .integer("attention.key_length_mla", 20)
                .integer("attention.value_length_mla", 12)
                .integer("rope.dimension_count", 8)
                .integer("leading_dense_block_count", 0)
                .integer("expert_count", 8)
                .integer("expert_used_count", 2)
                .integer("expert_shared_count", 1)
                .integer("expert_feed_forward_length", 24)
                .real("expert_weights_scale", 2.5)
                .bool("expert_weights_norm", true);
    }

    @Test
    void deepSeekIsOfTwoKinds() throws IOException {
        Map<String, Object> second = deepSeek()
                .string("rope.scaling.type", "yarn")
                .real("rope.scaling.factor", 40)
                .real("rope.scaling.yarn_log_multiplier", 0.0707)
                .config();
        assertThat(second)
                .containsEntry("model_type", "deepseek_v2")
                .containsEntry("num_key_value_heads", number(8))
                .containsEntry("qk_nope_head_dim", number(12))
                .containsEntry("qk_rope_head_dim", number(8))
                .containsEntry("v_head_dim", number(12))
                .containsEntry("q_lora_rank", null)
                .containsEntry("first_k_dense_replace", number(0))
                .containsEntry("topk_method", "greedy")
                .containsEntry(
                        "rope_scaling",
                        Map.of("rope_type", "yarn", "factor", 40.0, "mscale", 0.707, "mscale_all_dim", 0.707));
        Map<String, Object> third = deepSeek()
                .integer("attention.q_lora_rank", 16)
                .integer("expert_group_count", 4)
                .integer("expert_group_used_count", 2)
                .tensor("blk.3.exp_probs_b.bias", 8)
                .config();
        assertThat(third)
                .containsEntry("architectures", List.of("DeepseekV3ForCausalLM"))
                .containsEntry("q_lora_rank", number(16))
                .containsEntry("n_group", number(4))
                .containsEntry("topk_group", number(2))
                .containsEntry("routed_scaling_factor", 2.5)
                .containsEntry("norm_topk_prob", true)
                .doesNotContainKey("rope_scaling");
    }

    @Test
    void lfm2HasConvolutions() throws IOException {
        Header header = Header.of("lfm2")
                .integer("feed_forward_length", 96)
                .integers("attention.head_count_kv", 0, 2, 0, 2)
                .integer("shortconv.l_cache", 3);
        assertThat(header.config())
                .containsEntry("model_type", "lfm2")
                .containsEntry("num_key_value_heads", number(2))
                .containsEntry("layer_types", List.of("conv", "full_attention", "conv", "full_attention"))
                .containsEntry("conv_L_cache", number(3))
                .containsEntry("conv_bias", false)
                .containsEntry("block_auto_adjust_ff_dim", false)
                .containsEntry("norm_eps", 1e-5);
    }

    @Test
    void anArrayOfOneNumberIsThatNumber() throws IOException {
        assertThat(Header.of("qwen2")
                        .integers("feed_forward_length", 96, 96, 96)
                        .config())
                .containsEntry("intermediate_size", number(96));
        assertThatThrownBy(() -> Header.of("qwen2")
                        .integers("feed_forward_length", 96, 48)
                        .config())
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("qwen2.feed_forward_length: expected a positive integer, got INT32[2]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"mamba", "../llama", "llama.config"})
    void refusesOthers(String architecture) {
        assertThatThrownBy(() -> Header.of(architecture).config())
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("no config.json for the architecture " + architecture);
    }

    @Test
    void listsOfBlocksAreNotMadeForAnyNumber() {
        GgufWriter header = new GgufWriter(3)
                .putString("general.architecture", "gpt-oss")
                .putInteger("gpt-oss.block_count", MetadataType.UINT32, 0xFFFF_FFFFL);
        for (String key : List.of(
                "embedding_length",
                "context_length",
                "attention.head_count",
                "feed_forward_length",
                "expert_count",
                "expert_used_count",
                "attention.sliding_window")) {
            header.putInteger("gpt-oss." + key, MetadataType.UINT32, 8);
        }
        assertThatThrownBy(() -> new Header("gpt-oss", header).config())
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("expected at most 65536 blocks");
    }

    @Test
    void everyTableIsWellFormed() {
        assertThat(ConfigTable.ARCHITECTURES)
                .hasSize(17)
                .allSatisfy(
                        architecture -> assertThat(ConfigTable.of(architecture).sections())
                                .isNotEmpty()
                                .allSatisfy(section -> assertThat(section.entries())
                                        .extracting(ConfigTable.Entry::key)
                                        .doesNotHaveDuplicates()
                                        .contains("architectures", "model_type", "vocab_size", "tie_word_embeddings")));
    }
}
