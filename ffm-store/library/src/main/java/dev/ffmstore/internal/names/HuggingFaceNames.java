package dev.ffmstore.internal.names;

import dev.ffmstore.gguf.MetadataValue;
import dev.ffmstore.gguf.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// The names and layouts of Hugging Face's transformers: the inverse of what llama.cpp's converters do.
///
/// ```text
/// GGUF                       Hugging Face                                     besides
/// token_embd.weight          model.embed_tokens.weight
/// output_norm.weight         model.norm.weight                                Gemma: − 1
/// output.weight              lm_head.weight                                   absent if tied: an alias
/// rope_freqs.weight          (none: computed from the configuration)
/// blk.N.attn_norm.weight     model.layers.N.input_layernorm.weight            Gemma: − 1
/// blk.N.attn_q.*             model.layers.N.self_attn.q_proj.*                Llama: rows, by heads
/// blk.N.attn_k.*             model.layers.N.self_attn.k_proj.*                Llama: rows, by kv heads
/// …
/// ```
public final class HuggingFaceNames implements NameTable {
    private static final String ARCHITECTURE = "general.architecture";
    private static final Pattern BLOCK = Pattern.compile("blk\\.(0|[1-9][0-9]{0,8})\\.([a-z_]+)\\.(weight|bias)");

    /// Names of weights and biases outside of blocks.
    private static final Map<String, String> OUTSIDE =
            Map.of("token_embd", "model.embed_tokens", "output_norm", "model.norm", "output", "lm_head");

    /// Names that all architectures have in their blocks.
    private static final Map<String, String> COMMON = Map.of(
            "attn_norm", "input_layernorm",
            "attn_q", "self_attn.q_proj",
            "attn_k", "self_attn.k_proj",
            "attn_v", "self_attn.v_proj",
            "attn_output", "self_attn.o_proj",
            "ffn_gate", "mlp.gate_proj",
            "ffn_up", "mlp.up_proj",
            "ffn_down", "mlp.down_proj");

    private static final Map<String, String> LLAMA = with(COMMON, "ffn_norm", "post_attention_layernorm");

    /// Names of Gemma, which has another norm after each of the two parts of a block, and so another name for the
    /// norm before the second part.
    private static final Map<String, String> GEMMA2 = with(
            COMMON,
            "post_attention_norm",
            "post_attention_layernorm",
            "ffn_norm",
            "pre_feedforward_layernorm",
            "post_ffw_norm",
            "post_feedforward_layernorm");

    private static final Map<String, String> GEMMA3 =
            with(GEMMA2, "attn_q_norm", "self_attn.q_norm", "attn_k_norm", "self_attn.k_norm");

    /// The translation of an architecture.
    ///
    /// @param blocks names inside a block
    /// @param pairedRows whether rows of q and k are stored as rotary pairs
    /// @param storedOffset the number that GGUF has added to norm weights
    private record Architecture(Map<String, String> blocks, boolean pairedRows, float storedOffset) {}

    private static final Map<String, Architecture> ARCHITECTURES = Map.of(
            "llama", new Architecture(LLAMA, true, 0),
            "qwen2", new Architecture(LLAMA, false, 0),
            "gemma", new Architecture(LLAMA, false, 1),
            "gemma2", new Architecture(GEMMA2, false, 1),
            "gemma3", new Architecture(GEMMA3, false, 1));

    private static Map<String, String> with(Map<String, String> names, String... more) {
        Map<String, String> all = new HashMap<>(names);
        for (int i = 0; i < more.length; i += 2) {
            all.put(more[i], more[i + 1]);
        }
        return Map.copyOf(all);
    }

    /// {@return the architecture of a model}
    ///
    /// @throws UnknownNameException if the names of the architecture are not known
    public static String architecture(Model model) throws UnknownNameException {
        if (!(model.metadata().find(ARCHITECTURE).orElse(null) instanceof MetadataValue.Text text)) {
            throw new UnknownNameException("the names of hf need the metadata key {}", ARCHITECTURE);
        }
        if (!ARCHITECTURES.containsKey(text.value())) {
            throw new UnknownNameException(
                    "no names of hf for the architecture {}: expected one of {}",
                    text.value(),
                    ARCHITECTURES.keySet().stream().sorted().collect(Collectors.joining(", ")));
        }
        return text.value();
    }

    /// {@return whether the output matrix of a model is its token embedding}
    public static boolean isTied(Model model) {
        return !model.names().contains("output.weight");
    }

    @Override
    public Translation forModel(Model model) throws UnknownNameException {
        String name = architecture(model);
        Architecture architecture = ARCHITECTURES.get(name);
        if (!architecture.pairedRows()) {
            return (tensor, shape) -> translate(model, name, architecture, 1, 1, tensor, shape);
        }
        long heads = count(model, name + ".attention.head_count");
        String kvKey = name + ".attention.head_count_kv";
        long kvHeads = model.metadata().contains(kvKey) ? count(model, kvKey) : heads;
        return (tensor, shape) -> translate(model, name, architecture, heads, kvHeads, tensor, shape);
    }

    private static long count(Model model, String key) throws UnknownNameException {
        Optional<MetadataValue> value = model.metadata().find(key);
        if (value.orElse(null) instanceof MetadataValue.Int number && number.value() > 0) {
            return number.value();
        }
        throw new UnknownNameException(
                "the names of hf need the metadata key {}: expected a positive integer, got {}",
                key,
                value.map(MetadataValue::toString).orElse("no such key"));
    }

    private static Optional<Entry> translate(
            Model model, String name, Architecture architecture, long heads, long kvHeads, String tensor, Shape shape)
            throws UnknownNameException {
        if (tensor.equals("rope_freqs.weight")) {
            return Optional.empty();
        }
        List<String> names = new ArrayList<>(List.of(renamed(name, architecture, tensor)));
        if (tensor.equals("token_embd.weight") && isTied(model)) {
            names.add("lm_head.weight");
        }
        String part = part(tensor);
        long headRows = switch (part) {
            case "attn_q" -> architecture.pairedRows() ? headRows(tensor, shape, heads) : 0;
            case "attn_k" -> architecture.pairedRows() ? headRows(tensor, shape, kvHeads) : 0;
            default -> 0;
        };
        boolean isNorm = part.endsWith("_norm");
        return Optional.of(new Entry(List.copyOf(names), headRows, isNorm ? architecture.storedOffset() : 0));
    }

    /// Returns the part of a name that says what the tensor is.
    private static String part(String name) {
        Matcher block = BLOCK.matcher(name);
        return block.matches() ? block.group(2) : name.substring(0, Math.max(0, name.lastIndexOf('.')));
    }

    private static String renamed(String name, Architecture architecture, String tensor) throws UnknownNameException {
        Matcher block = BLOCK.matcher(tensor);
        String part = part(tensor);
        String renamed = block.matches() ? architecture.blocks().get(part) : OUTSIDE.get(part);
        boolean weightOnly = !block.matches() || part.endsWith("_norm");
        if (renamed == null || weightOnly && !tensor.endsWith(".weight")) {
            throw new UnknownNameException("no name of hf for tensor {} of the architecture {}", tensor, name);
        }
        return block.matches()
                ? "model.layers." + block.group(1) + "." + renamed + "." + block.group(3)
                : renamed + ".weight";
    }

    /// {@return the number of rows of a head; 0 if the tensor has no rows}
    private static long headRows(String tensor, Shape shape, long heads) throws UnknownNameException {
        long rows = shape.rank() == 0 ? 1 : shape.dimension(0);
        if (rows == 0) {
            return 0;
        }
        if (rows % heads != 0 || rows / heads % 2 != 0) {
            throw new UnknownNameException(
                    "tensor {}: expected an even number of rows for each of {} heads, got {}", tensor, heads, shape);
        }
        return rows / heads;
    }
}
