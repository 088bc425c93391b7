package dev.ffmstore.formats;

import dev.ffmstore.DType;
import dev.ffmstore.Model;
import dev.ffmstore.ModelException;
import dev.ffmstore.StoredTensor;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorPlan;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.gguf.Metadata;
import dev.ffmstore.gguf.MetadataValue;
import dev.ffmstore.internal.names.HuggingFaceNames;
import dev.ffmstore.internal.names.NameTable;
import dev.ffmstore.internal.names.UnknownNameException;
import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/// The `config.json` of a model, from its metadata.
///
/// ```text
/// A.embedding_length                  hidden_size            A is general.architecture
/// A.feed_forward_length               intermediate_size
/// A.block_count                       num_hidden_layers
/// A.context_length                    max_position_embeddings
/// A.attention.head_count              num_attention_heads
/// A.attention.head_count_kv           num_key_value_heads    as many as heads if it is missing
/// A.attention.key_length              head_dim               hidden_size / heads if it is missing
/// A.attention.layer_norm_rms_epsilon  rms_norm_eps
/// A.rope.freq_base                    rope_theta             10000 (gemma3: 1000000) if it is missing
/// A.rope.scaling.*, rope_freqs        rope_scaling
/// rows of token_embd.weight           vocab_size
/// ```
///
/// Values that are the same for all models of an architecture, and so not in the metadata, are those of llama.cpp.
final class HuggingFaceConfig {
    private final Model model;
    private final Metadata metadata;
    private final String architecture;
    private final Map<String, String> entries = new LinkedHashMap<>();

    private HuggingFaceConfig(Model model, String architecture) {
        this.model = model;
        this.metadata = model.metadata();
        this.architecture = architecture;
    }

    /// {@return the configuration as JSON text}
    ///
    /// @param model the model
    /// @param form which tensors are wanted
    /// @param plan what becomes of the tensors
    /// @throws ModelException if a key is missing or of another type, or rotary factors cannot be expressed
    static String of(Model model, TensorForm form, TensorPlan plan) throws IOException {
        NameTable.Model names = new NameTable.Model(
                model.metadata(),
                model.tensors().stream().map(StoredTensor::name).collect(Collectors.toSet()));
        HuggingFaceConfig config;
        try {
            config = new HuggingFaceConfig(model, HuggingFaceNames.architecture(names));
        } catch (UnknownNameException e) {
            throw ModelException.of(model.name(), "{}", Problem.printable(e.sentence()));
        }
        config.addClass();
        config.addSizes();
        config.addAttention();
        config.addRope(form);
        config.addTokens();
        config.put("tie_word_embeddings", Boolean.toString(HuggingFaceNames.isTied(names)));
        config.text("torch_dtype", torchName(plan));
        return config.toString();
    }

    private void addClass() {
        String name = switch (architecture) {
            case "qwen2" -> "Qwen2";
            case "gemma" -> "Gemma";
            case "gemma2" -> "Gemma2";
            case "gemma3" -> "Gemma3";
            default -> "Llama";
        };
        put("architectures", "[" + JsonText.quote(name + "ForCausalLM") + "]");
        text("model_type", architecture.equals("gemma3") ? "gemma3_text" : architecture);
        text(isGemma() ? "hidden_activation" : "hidden_act", isGemma() ? "gelu_pytorch_tanh" : "silu");
    }

    private boolean isGemma() {
        return architecture.startsWith("gemma");
    }

    private void addSizes() throws ModelException {
        put("hidden_size", required("embedding_length"));
        put("intermediate_size", required("feed_forward_length"));
        put("num_hidden_layers", required("block_count"));
        put("max_position_embeddings", required("context_length"));
        OptionalLong rows = model.find("token_embd.weight")
                .filter(tensor -> tensor.shape().rank() > 0)
                .map(tensor -> OptionalLong.of(tensor.shape().dimension(0)))
                .orElse(OptionalLong.empty());
        put("vocab_size", rows.isPresent() ? rows.getAsLong() : required("vocab_size"));
        put("rms_norm_eps", requiredReal("attention.layer_norm_rms_epsilon"));
    }

    private void addAttention() throws ModelException {
        long heads = required("attention.head_count");
        put("num_attention_heads", heads);
        put("num_key_value_heads", integer("attention.head_count_kv").orElse(heads));
        long headDim = integer("attention.key_length").orElse(required("embedding_length") / heads);
        put("head_dim", headDim);
        if (architecture.equals("llama")) {
            put(
                    "attention_bias",
                    Boolean.toString(model.find("blk.0.attn_q.bias").isPresent()));
            put("mlp_bias", Boolean.toString(model.find("blk.0.ffn_up.bias").isPresent()));
        }
        if (architecture.equals("gemma2") || architecture.equals("gemma3")) {
            put("query_pre_attn_scalar", isLargestGemma() ? required("embedding_length") / heads : headDim);
            OptionalLong window = integer("attention.sliding_window");
            if (window.isPresent()) {
                put("sliding_window", window.getAsLong());
            }
            real("attn_logit_softcapping").ifPresent(value -> put("attn_logit_softcapping", value));
            real("final_logit_softcapping").ifPresent(value -> put("final_logit_softcapping", value));
        }
        if (architecture.equals("gemma3")) {
            put("sliding_window_pattern", 6);
        }
    }

    /// Tells whether this is a model of 27 billion weights, which scale queries by another size: by its layers.
    private boolean isLargestGemma() throws ModelException {
        return required("block_count") == (architecture.equals("gemma2") ? 46 : 62);
    }

    private void addRope(TensorForm form) throws IOException {
        put("rope_theta", real("rope.freq_base").orElse(architecture.equals("gemma3") ? "1000000.0" : "10000.0"));
        if (architecture.equals("gemma3")) {
            put("rope_local_base_freq", real("rope.freq_base_swa").orElse("10000.0"));
        }
        Optional<String> factors = RopeFactors.llama3(model, form);
        if (factors.isPresent()) {
            put("rope_scaling", factors.get());
        } else if (metadata.find(key("rope.scaling.type")).orElse(null) instanceof MetadataValue.Text type
                && !type.value().equals("none")) {
            Map<String, String> scaling = new LinkedHashMap<>();
            scaling.put("rope_type", JsonText.quote(type.value()));
            scaling.put("factor", requiredReal("rope.scaling.factor"));
            OptionalLong original = integer("rope.scaling.original_context_length");
            if (original.isPresent()) {
                scaling.put("original_max_position_embeddings", Long.toString(original.getAsLong()));
            }
            put("rope_scaling", object(scaling, " ", ""));
        }
    }

    private void addTokens() throws ModelException {
        for (String token : new String[] {"bos", "eos"}) {
            OptionalLong id = integerOf("tokenizer.ggml." + token + "_token_id");
            if (id.isPresent()) {
                put(token + "_token_id", id.getAsLong());
            }
        }
        OptionalLong padding = integerOf("tokenizer.ggml.padding_token_id");
        if (padding.isPresent()) {
            put("pad_token_id", padding.getAsLong());
        }
    }

    /// Names the type that most of the bytes have.
    private static String torchName(TensorPlan plan) {
        Map<DType, Long> bytes = plan.slots().stream()
                .collect(Collectors.groupingBy(TensorSlot::dtype, Collectors.summingLong(TensorSlot::byteSize)));
        DType most = bytes.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElse(DType.F32);
        return switch (most) {
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default -> "float32";
        };
    }

    private String key(String name) {
        return architecture + "." + name;
    }

    private long required(String name) throws ModelException {
        OptionalLong value = integer(name);
        if (value.isEmpty() || value.getAsLong() <= 0) {
            throw ModelException.expected(
                    model.name(),
                    "a positive integer",
                    metadata.find(key(name)).map(MetadataValue::toString).orElse("no such key"),
                    "config.json needs the metadata key {}",
                    key(name));
        }
        return value.getAsLong();
    }

    private OptionalLong integer(String name) throws ModelException {
        return integerOf(key(name));
    }

    private OptionalLong integerOf(String key) throws ModelException {
        Optional<MetadataValue> value = metadata.find(key);
        if (value.isEmpty()) {
            return OptionalLong.empty();
        }
        if (value.get() instanceof MetadataValue.Int number) {
            return OptionalLong.of(number.value());
        }
        throw ModelException.expected(
                model.name(), "an integer", value.get(), "config.json needs the metadata key {}", key);
    }

    private String requiredReal(String name) throws ModelException {
        return real(name)
                .orElseThrow(() -> ModelException.expected(
                        model.name(),
                        "a floating-point number",
                        metadata.find(key(name)).map(MetadataValue::toString).orElse("no such key"),
                        "config.json needs the metadata key {}",
                        key(name)));
    }

    private Optional<String> real(String name) {
        return metadata.find(key(name))
                .flatMap(value -> value instanceof MetadataValue.Real number && Double.isFinite(number.value())
                        ? Optional.of(number.toString())
                        : Optional.empty());
    }

    private void text(String name, String value) {
        put(name, JsonText.quote(value));
    }

    private void put(String name, long value) {
        put(name, Long.toString(value));
    }

    private void put(String name, String json) {
        entries.put(name, json);
    }

    private static String object(Map<String, String> entries, String separator, String indent) {
        return entries.entrySet().stream()
                .map(entry -> indent + JsonText.quote(entry.getKey()) + ": " + entry.getValue())
                .collect(Collectors.joining("," + separator, "{", "}"));
    }

    @Override
    public String toString() {
        return object(entries, "\n", "  ").replaceFirst("\\{", "{\n").replaceFirst("}$", "\n}\n");
    }
}
