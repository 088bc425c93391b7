package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Models of each architecture, made as llama.cpp's converters make them from weights in the layout of
/// transformers, and the same weights again under names of Hugging Face.
class ArchitecturesTest {
    private static final int HIDDEN = 8;
    private static final int HEADS = 4;
    private static final int KV_HEADS = 2;
    private static final int HEAD = 4;
    private static final int WIDE = 6;
    private static final int EXPERTS = 3;
    private static final int VOCABULARY = 5;

    /// A model: weights as transformers has them, and the tensors that the converter makes of them.
    private static final class Weights {
        final String architecture;
        final Map<String, List<Long>> metadata = new TreeMap<>();
        final Map<String, SlowTensor> stored = new TreeMap<>();
        final Map<String, SlowTensor> wanted = new TreeMap<>();
        private int next;

        Weights(String architecture, int blocks) {
            this.architecture = architecture;
            put("block_count", blocks).put("embedding_length", HIDDEN).put("feed_forward_length", WIDE);
            put("attention.head_count", HEADS).put("attention.head_count_kv", KV_HEADS);
            put("attention.key_length", HEAD).put("attention.value_length", HEAD);
        }

        Weights put(String key, long value) {
            metadata.put(key, List.of(value));
            return this;
        }

        /// Makes a weight of transformers, numbered on from the last one.
        SlowTensor hf(String name, int... shape) {
            SlowTensor tensor = SlowTensor.numbered(next, shape);
            next += tensor.elements().length;
            wanted.put(name, tensor);
            return tensor;
        }

        void gguf(String name, SlowTensor tensor) {
            stored.put(name, tensor);
        }

        /// A weight that stays as it is.
        void same(String stored, String name, int... shape) {
            gguf(stored, hf(name, shape));
        }

        void outside() {
            same("token_embd.weight", "model.embed_tokens.weight", VOCABULARY, HIDDEN);
            same("output_norm.weight", "model.norm.weight", HIDDEN);
            same("output.weight", "lm_head.weight", VOCABULARY, HIDDEN);
        }

        void attention(int block, String... suffixes) {
            String to = "model.layers." + block + ".self_attn.";
            String from = "blk." + block + ".attn_";
            for (String suffix : suffixes) {
                int[] columns = suffix.equals("weight") ? new int[] {HIDDEN} : new int[0];
                same(from + "q." + suffix, to + "q_proj." + suffix, with(HEADS * HEAD, columns));
                same(from + "k." + suffix, to + "k_proj." + suffix, with(KV_HEADS * HEAD, columns));
                same(from + "v." + suffix, to + "v_proj." + suffix, with(KV_HEADS * HEAD, columns));
            }
            same(from + "output.weight", to + "o_proj.weight", HIDDEN, HEADS * HEAD);
        }

        /// Rotary halves of q and k become pairs.
        void pair(int block, String... suffixes) {
            for (String suffix : suffixes) {
                stored.computeIfPresent("blk." + block + ".attn_q." + suffix, (_, tensor) -> tensor.pairs(HEADS));
                stored.computeIfPresent("blk." + block + ".attn_k." + suffix, (_, tensor) -> tensor.pairs(KV_HEADS));
            }
        }

        void norms(int block) {
            same("blk." + block + ".attn_norm.weight", "model.layers." + block + ".input_layernorm.weight", HIDDEN);
            same(
                    "blk." + block + ".ffn_norm.weight",
                    "model.layers." + block + ".post_attention_layernorm.weight",
                    HIDDEN);
        }

        void mlp(int block) {
            for (String part : List.of("gate", "up")) {
                same(
                        "blk." + block + ".ffn_" + part + ".weight",
                        "model.layers." + block + ".mlp." + part + "_proj.weight",
                        WIDE,
                        HIDDEN);
            }
            same("blk." + block + ".ffn_down.weight", "model.layers." + block + ".mlp.down_proj.weight", HIDDEN, WIDE);
        }

        /// Experts, a tensor for each in transformers.
        void experts(int block, String form, Map<String, String> parts) {
            parts.forEach((part, name) -> gguf(
                    "blk." + block + ".ffn_" + part + "_exps.weight",
                    SlowTensor.stacked(IntStream.range(0, EXPERTS)
                            .mapToObj(expert -> hf(
                                    form.replace("%", Integer.toString(expert)).replace("W", name),
                                    part.equals("down") ? HIDDEN : WIDE,
                                    part.equals("down") ? WIDE : HIDDEN))
                            .toList())));
        }

        private static int[] with(int first, int[] others) {
            return IntStream.concat(IntStream.of(first), Arrays.stream(others)).toArray();
        }

        Model open() throws IOException {
            return open(stored);
        }

        /// Opens a model that has some of the tensors.
        Model open(Map<String, SlowTensor> tensors) throws IOException {
            GgufWriter header = new GgufWriter(3).putString("general.architecture", architecture);
            metadata.forEach((key, values) -> {
                if (values.size() == 1) {
                    header.putInteger(architecture + "." + key, MetadataType.UINT64, values.getFirst());
                } else {
                    header.putIntegers(
                            architecture + "." + key,
                            MetadataType.INT32,
                            values.stream().mapToLong(Long::longValue).toArray());
                }
            });
            tensors.forEach((name, tensor) -> header.tensor(
                    name,
                    GgmlType.F32,
                    Shape.of(Arrays.stream(tensor.shape()).asLongStream().toArray())));
            byte[] bytes = TestModel.fill(header).bytes();
            ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            for (TensorInfo tensor : header.tensors()) {
                int[] elements = stored.get(tensor.name()).elements();
                for (int i = 0; i < elements.length; i++) {
                    buffer.putFloat((int) tensor.offset() + i * Float.BYTES, elements[i]);
                }
            }
            return Model.of(GgufFile.open(new ByteSource(bytes), GgufOptions.defaults()));
        }

        @Override
        public String toString() {
            return architecture;
        }
    }

    private static final Map<String, String> GATED =
            new TreeMap<>(Map.of("gate", "gate_proj", "up", "up_proj", "down", "down_proj"));

    static List<Weights> models() {
        List<Weights> models = new ArrayList<>();
        for (String architecture : List.of("llama", "mistral", "granite")) {
            Weights paired = new Weights(architecture, 2);
            paired.outside();
            for (int block = 0; block < 2; block++) {
                paired.norms(block);
                paired.attention(block, "weight", "bias");
                paired.pair(block, "weight", "bias");
                paired.mlp(block);
            }
            models.add(paired);
        }
        models.add(mixtral());
        models.add(qwen2moe());
        models.add(falcon(KV_HEADS));
        models.add(falcon(1));
        models.add(gptOss());
        models.add(deepseek(false));
        models.add(deepseek(true));
        models.add(stablelm());
        models.add(lfm2());
        models.add(starcoder2());
        models.add(olmo2());
        models.add(phi3());
        return models;
    }

    private static Weights mixtral() {
        Weights weights = new Weights("llama", 1).put("expert_count", EXPERTS);
        weights.outside();
        weights.norms(0);
        weights.attention(0, "weight");
        weights.pair(0, "weight");
        weights.same("blk.0.ffn_gate_inp.weight", "model.layers.0.block_sparse_moe.gate.weight", EXPERTS, HIDDEN);
        weights.experts(
                0,
                "model.layers.0.block_sparse_moe.experts.%.W.weight",
                new TreeMap<>(Map.of("gate", "w1", "up", "w3", "down", "w2")));
        return weights;
    }

    private static Weights qwen2moe() {
        Weights weights = new Weights("qwen2moe", 1).put("expert_count", EXPERTS);
        weights.outside();
        weights.norms(0);
        weights.attention(0, "weight", "bias");
        weights.same("blk.0.ffn_gate_inp.weight", "model.layers.0.mlp.gate.weight", EXPERTS, HIDDEN);
        weights.experts(0, "model.layers.0.mlp.experts.%.W.weight", GATED);
        weights.gguf(
                "blk.0.ffn_gate_inp_shexp.weight",
                weights.hf("model.layers.0.mlp.shared_expert_gate.weight", 1, HIDDEN)
                        .reshaped(HIDDEN));
        GATED.forEach((part, name) -> weights.same(
                "blk.0.ffn_" + part + "_shexp.weight",
                "model.layers.0.mlp.shared_expert." + name + ".weight",
                part.equals("down") ? HIDDEN : WIDE,
                part.equals("down") ? WIDE : HIDDEN));
        return weights;
    }

    /// Falcon's q, k and v: for each group of heads the rows of its heads of q, then those of k and of v.
    private static Weights falcon(int groups) {
        Weights weights = new Weights("falcon", 1);
        weights.put("attention.head_count_kv", groups);
        weights.same("token_embd.weight", "transformer.word_embeddings.weight", VOCABULARY, HIDDEN);
        for (String suffix : List.of("weight", "bias")) {
            weights.same("output_norm." + suffix, "transformer.ln_f." + suffix, HIDDEN);
            if (groups > 1) {
                weights.same("blk.0.attn_norm." + suffix, "transformer.h.0.ln_mlp." + suffix, HIDDEN);
                weights.same("blk.0.attn_norm_2." + suffix, "transformer.h.0.ln_attn." + suffix, HIDDEN);
            } else {
                weights.same("blk.0.attn_norm." + suffix, "transformer.h.0.input_layernorm." + suffix, HIDDEN);
            }
        }
        weights.wanted.put("lm_head.weight", weights.wanted.get("transformer.word_embeddings.weight"));
        int inGroup = HEADS / groups + 2;
        SlowTensor fused =
                weights.hf("transformer.h.0.self_attention.query_key_value.weight", groups * inGroup * HEAD, HIDDEN);
        List<SlowTensor> q = new ArrayList<>();
        List<SlowTensor> k = new ArrayList<>();
        List<SlowTensor> v = new ArrayList<>();
        for (int group = 0; group < groups; group++) {
            int first = group * inGroup * HEAD;
            q.add(fused.rows(first, first + (inGroup - 2) * HEAD));
            k.add(fused.rows(first + (inGroup - 2) * HEAD, first + (inGroup - 1) * HEAD));
            v.add(fused.rows(first + (inGroup - 1) * HEAD, first + inGroup * HEAD));
        }
        q.addAll(k);
        q.addAll(v);
        weights.gguf("blk.0.attn_qkv.weight", SlowTensor.concat(0, q));
        weights.same("blk.0.attn_output.weight", "transformer.h.0.self_attention.dense.weight", HIDDEN, HEADS * HEAD);
        weights.same("blk.0.ffn_up.weight", "transformer.h.0.mlp.dense_h_to_4h.weight", 4 * HIDDEN, HIDDEN);
        weights.same("blk.0.ffn_down.weight", "transformer.h.0.mlp.dense_4h_to_h.weight", HIDDEN, 4 * HIDDEN);
        return weights;
    }

    private static Weights gptOss() {
        Weights weights = new Weights("gpt-oss", 1).put("expert_count", EXPERTS);
        weights.outside();
        weights.attention(0, "weight", "bias");
        weights.same("blk.0.attn_output.bias", "model.layers.0.self_attn.o_proj.bias", HIDDEN);
        weights.same("blk.0.attn_norm.weight", "model.layers.0.input_layernorm.weight", HIDDEN);
        weights.same("blk.0.post_attention_norm.weight", "model.layers.0.post_attention_layernorm.weight", HIDDEN);
        weights.same("blk.0.attn_sinks.weight", "model.layers.0.self_attn.sinks", HEADS);
        weights.same("blk.0.ffn_gate_inp.weight", "model.layers.0.mlp.router.weight", EXPERTS, HIDDEN);
        weights.same("blk.0.ffn_gate_inp.bias", "model.layers.0.mlp.router.bias", EXPERTS);
        SlowTensor both = weights.hf("model.layers.0.mlp.experts.gate_up_proj", EXPERTS, HIDDEN, 2 * WIDE);
        SlowTensor biases = weights.hf("model.layers.0.mlp.experts.gate_up_proj_bias", EXPERTS, 2 * WIDE);
        for (int i = 0; i < 2; i++) {
            String part = i == 0 ? "gate" : "up";
            int offset = i;
            int[] weight = IntStream.range(0, EXPERTS * WIDE * HIDDEN)
                    .map(at -> {
                        int expert = at / (WIDE * HIDDEN);
                        int row = at / HIDDEN % WIDE;
                        int column = at % HIDDEN;
                        return both.elements()[(expert * HIDDEN + column) * 2 * WIDE + 2 * row + offset];
                    })
                    .toArray();
            weights.gguf(
                    "blk.0.ffn_" + part + "_exps.weight", new SlowTensor(new int[] {EXPERTS, WIDE, HIDDEN}, weight));
            int[] bias = IntStream.range(0, EXPERTS * WIDE)
                    .map(at -> biases.elements()[2 * at + offset])
                    .toArray();
            weights.gguf("blk.0.ffn_" + part + "_exps.bias", new SlowTensor(new int[] {EXPERTS, WIDE}, bias));
        }
        weights.gguf(
                "blk.0.ffn_down_exps.weight",
                weights.hf("model.layers.0.mlp.experts.down_proj", EXPERTS, WIDE, HIDDEN)
                        .transposed());
        weights.same("blk.0.ffn_down_exps.bias", "model.layers.0.mlp.experts.down_proj_bias", EXPERTS, HIDDEN);
        return weights;
    }

    /// @param absorbed whether k and v of the up-projection are apart, and k transposed
    private static Weights deepseek(boolean absorbed) {
        int lora = 5;
        int nope = 3;
        int value = 2;
        Weights weights = new Weights("deepseek2", 2)
                .put("expert_count", EXPERTS)
                .put("leading_dense_block_count", 1)
                .put("expert_shared_count", 1)
                .put("attention.kv_lora_rank", lora);
        weights.outside();
        for (int block = 0; block < 2; block++) {
            String to = "model.layers." + block + ".self_attn.";
            String from = "blk." + block + ".attn_";
            weights.norms(block);
            if (absorbed) {
                weights.same(from + "q_a.weight", to + "q_a_proj.weight", 3, HIDDEN);
                weights.same(from + "q_a_norm.weight", to + "q_a_layernorm.weight", 3);
                weights.same(from + "q_b.weight", to + "q_b_proj.weight", HEADS * (nope + 1), 3);
            } else {
                weights.same(from + "q.weight", to + "q_proj.weight", HEADS * (nope + 1), HIDDEN);
            }
            weights.same(from + "kv_a_mqa.weight", to + "kv_a_proj_with_mqa.weight", lora + 1, HIDDEN);
            weights.same(from + "kv_a_norm.weight", to + "kv_a_layernorm.weight", lora);
            weights.same(from + "output.weight", to + "o_proj.weight", HIDDEN, HEADS * value);
            SlowTensor both = weights.hf(to + "kv_b_proj.weight", HEADS * (nope + value), lora);
            if (absorbed) {
                List<SlowTensor> k = new ArrayList<>();
                List<SlowTensor> v = new ArrayList<>();
                for (int head = 0; head < HEADS; head++) {
                    int first = head * (nope + value);
                    k.add(both.rows(first, first + nope).transposed());
                    v.add(both.rows(first + nope, first + nope + value));
                }
                weights.gguf(from + "k_b.weight", SlowTensor.stacked(k));
                weights.gguf(from + "v_b.weight", SlowTensor.stacked(v));
            } else {
                weights.gguf(from + "kv_b.weight", both);
            }
        }
        weights.mlp(0);
        weights.same("blk.1.ffn_gate_inp.weight", "model.layers.1.mlp.gate.weight", EXPERTS, HIDDEN);
        if (absorbed) {
            weights.same("blk.1.exp_probs_b.bias", "model.layers.1.mlp.gate.e_score_correction_bias", EXPERTS);
        }
        weights.experts(1, "model.layers.1.mlp.experts.%.W.weight", GATED);
        GATED.forEach((part, name) -> weights.same(
                "blk.1.ffn_" + part + "_shexp.weight",
                "model.layers.1.mlp.shared_experts." + name + ".weight",
                part.equals("down") ? HIDDEN : WIDE,
                part.equals("down") ? WIDE : HIDDEN));
        return weights;
    }

    private static Weights stablelm() {
        Weights weights = new Weights("stablelm", 1);
        weights.outside();
        weights.same("output_norm.bias", "model.norm.bias", HIDDEN);
        weights.same("blk.0.attn_norm.weight", "model.layers.0.input_layernorm.weight", HIDDEN);
        weights.same("blk.0.attn_norm.bias", "model.layers.0.input_layernorm.bias", HIDDEN);
        weights.attention(0, "weight");
        weights.mlp(0);
        for (String part : List.of("q", "k")) {
            weights.gguf(
                    "blk.0.attn_" + part + "_norm.weight",
                    SlowTensor.stacked(IntStream.range(0, part.equals("q") ? HEADS : KV_HEADS)
                            .mapToObj(head -> weights.hf(
                                    "model.layers.0.self_attn." + part + "_layernorm.norms." + head + ".weight", HEAD))
                            .toList()));
        }
        return weights;
    }

    private static Weights lfm2() {
        Weights weights = new Weights("lfm2", 2);
        weights.metadata.put("attention.head_count_kv", List.of(0L, (long) KV_HEADS));
        weights.same("token_embd.weight", "model.embed_tokens.weight", VOCABULARY, HIDDEN);
        weights.wanted.put("lm_head.weight", weights.wanted.get("model.embed_tokens.weight"));
        weights.same("token_embd_norm.weight", "model.embedding_norm.weight", HIDDEN);
        for (int block = 0; block < 2; block++) {
            String to = "model.layers." + block + ".";
            String from = "blk." + block + ".";
            weights.same(from + "attn_norm.weight", to + "operator_norm.weight", HIDDEN);
            weights.same(from + "ffn_norm.weight", to + "ffn_norm.weight", HIDDEN);
            weights.same(from + "ffn_gate.weight", to + "feed_forward.w1.weight", WIDE, HIDDEN);
            weights.same(from + "ffn_up.weight", to + "feed_forward.w3.weight", WIDE, HIDDEN);
            weights.same(from + "ffn_down.weight", to + "feed_forward.w2.weight", HIDDEN, WIDE);
        }
        weights.same("blk.0.shortconv.in_proj.weight", "model.layers.0.conv.in_proj.weight", 3 * HIDDEN, HIDDEN);
        weights.gguf(
                "blk.0.shortconv.conv.weight",
                weights.hf("model.layers.0.conv.conv.weight", HIDDEN, 1, 3).reshaped(HIDDEN, 3));
        weights.same("blk.0.shortconv.out_proj.weight", "model.layers.0.conv.out_proj.weight", HIDDEN, HIDDEN);
        weights.same("blk.1.attn_q.weight", "model.layers.1.self_attn.q_proj.weight", HEADS * HEAD, HIDDEN);
        weights.same("blk.1.attn_k.weight", "model.layers.1.self_attn.k_proj.weight", KV_HEADS * HEAD, HIDDEN);
        weights.same("blk.1.attn_v.weight", "model.layers.1.self_attn.v_proj.weight", KV_HEADS * HEAD, HIDDEN);
        weights.same("blk.1.attn_output.weight", "model.layers.1.self_attn.out_proj.weight", HIDDEN, HEADS * HEAD);
        weights.same("blk.1.attn_q_norm.weight", "model.layers.1.self_attn.q_layernorm.weight", HEAD);
        weights.same("blk.1.attn_k_norm.weight", "model.layers.1.self_attn.k_layernorm.weight", HEAD);
        return weights;
    }

    private static Weights starcoder2() {
        Weights weights = new Weights("starcoder2", 1);
        weights.outside();
        weights.same("output_norm.bias", "model.norm.bias", HIDDEN);
        weights.norms(0);
        weights.same("blk.0.attn_norm.bias", "model.layers.0.input_layernorm.bias", HIDDEN);
        weights.same("blk.0.ffn_norm.bias", "model.layers.0.post_attention_layernorm.bias", HIDDEN);
        weights.attention(0, "weight", "bias");
        weights.same("blk.0.attn_output.bias", "model.layers.0.self_attn.o_proj.bias", HIDDEN);
        weights.same("blk.0.ffn_up.weight", "model.layers.0.mlp.c_fc.weight", WIDE, HIDDEN);
        weights.same("blk.0.ffn_up.bias", "model.layers.0.mlp.c_fc.bias", WIDE);
        weights.same("blk.0.ffn_down.weight", "model.layers.0.mlp.c_proj.weight", HIDDEN, WIDE);
        weights.same("blk.0.ffn_down.bias", "model.layers.0.mlp.c_proj.bias", HIDDEN);
        return weights;
    }

    private static Weights olmo2() {
        Weights weights = new Weights("olmo2", 1);
        weights.outside();
        weights.attention(0, "weight");
        weights.mlp(0);
        weights.same("blk.0.post_attention_norm.weight", "model.layers.0.post_attention_layernorm.weight", HIDDEN);
        weights.same("blk.0.post_ffw_norm.weight", "model.layers.0.post_feedforward_layernorm.weight", HIDDEN);
        weights.same("blk.0.attn_q_norm.weight", "model.layers.0.self_attn.q_norm.weight", HEADS * HEAD);
        weights.same("blk.0.attn_k_norm.weight", "model.layers.0.self_attn.k_norm.weight", KV_HEADS * HEAD);
        return weights;
    }

    private static Weights phi3() {
        Weights weights = new Weights("phi3", 1);
        weights.outside();
        weights.norms(0);
        weights.same("blk.0.attn_qkv.weight", "model.layers.0.self_attn.qkv_proj.weight", 8 * HEAD, HIDDEN);
        weights.same("blk.0.attn_output.weight", "model.layers.0.self_attn.o_proj.weight", HIDDEN, HEADS * HEAD);
        weights.same("blk.0.ffn_up.weight", "model.layers.0.mlp.gate_up_proj.weight", 2 * WIDE, HIDDEN);
        weights.same("blk.0.ffn_down.weight", "model.layers.0.mlp.down_proj.weight", HIDDEN, WIDE);
        return weights;
    }

    private static final TensorForm HF = TensorForm.dense().names(Names.hf());

    @ParameterizedTest
    @MethodSource("models")
    void isWhatTheConverterWasGiven(Weights weights) throws IOException {
        try (Model model = weights.open();
                TensorStore store =
                        TensorStore.load(model, HF, LoadOptions.defaults().threads(2))) {
            assertThat(Completeness.problems(model, NameFilter.all())).isEmpty();
            Map<String, List<Float>> expected = new TreeMap<>();
            Map<String, Shape> shapes = new TreeMap<>();
            weights.wanted.forEach((name, tensor) -> {
                expected.put(name, floats(tensor));
                shapes.put(
                        name,
                        Shape.of(Arrays.stream(tensor.shape()).asLongStream().toArray()));
            });
            Map<String, List<Float>> got = new TreeMap<>();
            Map<String, Shape> gotShapes = new TreeMap<>();
            for (TensorSlot slot : store.plan().tensors()) {
                Tensor tensor = store.tensor(slot.name());
                float[] values =
                        tensor.segment().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN));
                got.put(
                        slot.name(),
                        IntStream.range(0, values.length)
                                .mapToObj(i -> values[i])
                                .toList());
                gotShapes.put(slot.name(), tensor.shape());
            }
            assertThat(gotShapes).isEqualTo(shapes);
            assertThat(got).isEqualTo(expected);
        }
    }

    private static List<Float> floats(SlowTensor tensor) {
        return Arrays.stream(tensor.elements())
                .mapToObj(element -> (float) element)
                .toList();
    }

    /// Whatever tensor a model lacks, a plan with names of Hugging Face is refused, unless it can do without.
    @ParameterizedTest
    @MethodSource("models")
    void isRefusedWithoutAnyTensorThatIsPromised(Weights weights) throws IOException {
        for (String name : weights.stored.keySet()) {
            Map<String, SlowTensor> others = new TreeMap<>(weights.stored);
            others.remove(name);
            try (Model model = weights.open(others)) {
                List<String> problems = Completeness.problems(model, NameFilter.all());
                if (mayLack(weights.architecture, name)) {
                    assertThat(problems).as("%s without %s", weights, name).isEmpty();
                    assertThat(TensorPlan.of(model, HF).slots()).isNotEmpty();
                } else {
                    assertThat(problems).as("%s without %s", weights, name).isNotEmpty();
                    assertThatThrownBy(() -> TensorPlan.of(model, HF))
                            .as("%s without %s", weights, name)
                            .isInstanceOf(ModelException.class)
                            .hasMessageContaining(": incomplete: a model of the architecture " + weights);
                }
            }
        }
    }

    private static boolean mayLack(String architecture, String tensor) {
        return switch (architecture) {
            case "stablelm" -> tensor.matches("blk.*attn_[qk]_norm.weight");
            case "olmo2", "gpt-oss" -> false;
            case "qwen2moe" -> tensor.equals("output.weight");
            default -> tensor.equals("output.weight") || tensor.endsWith(".bias") && !tensor.contains("norm");
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"attention.head_count", "attention.head_count_kv", "expert_count"})
    void isRefusedWhereHeadsAndShapesDisagree(String key) throws IOException {
        Weights weights = mixtral();
        weights.put(key, 6);
        try (Model model = weights.open()) {
            assertThat(Completeness.problems(model, NameFilter.all())).anyMatch(line -> line.contains("disagrees"));
            assertThatThrownBy(() -> TensorPlan.of(model, HF))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("disagrees with the metadata of llama: expected ")
                    .hasMessageContaining(key);
        }
    }

    @Test
    void blockCountsOfHostileSizeTakeNoTime() throws IOException {
        Weights weights = mixtral();
        weights.put("block_count", Long.MAX_VALUE).put("expert_count", Long.MAX_VALUE);
        NameFilter some = new NameFilter(List.of("blk.0.attn_norm.weight"), List.of());
        try (Model model = weights.open()) {
            assertThat(Completeness.problems(model, NameFilter.all())).isNotEmpty();
            assertThat(TensorPlan.of(model, HF.filter(some)).slots()).hasSize(1);
        }
    }
}
