package dev.ffmstore.formats;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.Model;
import dev.ffmstore.export.NamedLayout;
import dev.ffmstore.gguf.MetadataType;
import dev.ffmstore.internal.gguf.GgufWriter;
import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The structure of the files. That they give the right tokens is shown by the interop suite.
class TokenizerTest {
    private final List<String> warnings = new ArrayList<>();

    private Map<String, Map<String, @Nullable Object>> files(GgufWriter header) throws IOException {
        Map<String, Map<String, @Nullable Object>> files = new LinkedHashMap<>();
        try (Model model = Sidecars.open(header)) {
            for (NamedLayout file : Tokenizer.files(model, warnings::add)) {
                files.put(
                        file.path(), Sidecars.json(Sidecars.text(file.layout()).replace("\n", "")));
            }
        }
        return files;
    }

    private Map<String, @Nullable Object> tokenizer(GgufWriter header) throws IOException {
        Map<String, @Nullable Object> tokenizer = files(header).get("tokenizer.json");
        assertThat(warnings).isEmpty();
        return Objects.requireNonNull(tokenizer);
    }

    private static GgufWriter bytes(String pre) {
        return bytes(pre, "Ġ a");
    }

    private static GgufWriter bytes(String pre, String... merges) {
        return new GgufWriter(3)
                .putString("general.architecture", "llama")
                .putInteger("llama.context_length", MetadataType.UINT32, 2048)
                .putString("tokenizer.ggml.model", "gpt2")
                .putString("tokenizer.ggml.pre", pre)
                .putStrings("tokenizer.ggml.tokens", List.of("a", "Ġ", "Ġa", "<s>", "</s>", "<user>", "", "\"\\"))
                .putIntegers("tokenizer.ggml.token_type", MetadataType.INT32, 1, 1, 1, 3, 3, 4, 3, 1)
                .putStrings("tokenizer.ggml.merges", List.of(merges))
                .putInteger("tokenizer.ggml.bos_token_id", MetadataType.UINT32, 3)
                .putInteger("tokenizer.ggml.eos_token_id", MetadataType.UINT32, 4);
    }

    private static GgufWriter scored() {
        return scored(2, 3, 3, 6, 1, 1, 1);
    }

    private static GgufWriter scored(long... types) {
        return new GgufWriter(3)
                .putString("general.architecture", "llama")
                .putString("tokenizer.ggml.model", "llama")
                .putStrings("tokenizer.ggml.tokens", List.of("<unk>", "<s>", "</s>", "<0x0A>", "▁a", "▁", "a"))
                .putIntegers("tokenizer.ggml.token_type", MetadataType.INT32, types)
                .putReals("tokenizer.ggml.scores", MetadataType.FLOAT32, 0, 0, 0, 0, -1, -2, -3)
                .putInteger("tokenizer.ggml.unknown_token_id", MetadataType.UINT32, 0)
                .putInteger("tokenizer.ggml.bos_token_id", MetadataType.UINT32, 1)
                .putInteger("tokenizer.ggml.eos_token_id", MetadataType.UINT32, 2);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, @Nullable Object> member(Map<String, @Nullable Object> json, String name) {
        return (Map<String, @Nullable Object>) Objects.requireNonNull(json.get(name), name);
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, @Nullable Object>> members(Map<String, @Nullable Object> json, String name) {
        return (List<Map<String, @Nullable Object>>) Objects.requireNonNull(json.get(name), name);
    }

    private static BigInteger number(long value) {
        return BigInteger.valueOf(value);
    }

    @Test
    void aByteLevelBpe() throws IOException {
        Map<String, Object> tokenizer = tokenizer(bytes("smollm"));
        assertThat(member(tokenizer, "model"))
                .containsEntry("type", "BPE")
                .containsEntry("merges", List.of("Ġ a"))
                .containsEntry("byte_fallback", false)
                .containsEntry("ignore_merges", false)
                .containsEntry(
                        "vocab",
                        Map.of(
                                "a", number(0),
                                "Ġ", number(1),
                                "Ġa", number(2),
                                "<s>", number(3),
                                "</s>", number(4),
                                "<user>", number(5),
                                "", number(6),
                                "\"\\", number(7)));
        assertThat(tokenizer).containsEntry("normalizer", null).containsEntry("post_processor", null);
        assertThat(member(tokenizer, "decoder")).containsEntry("type", "ByteLevel");
        assertThat(members(member(tokenizer, "pre_tokenizer"), "pretokenizers"))
                .extracting(step -> step.get("type"))
                .containsExactly("Split", "Split", "ByteLevel");
        assertThat(members(tokenizer, "added_tokens"))
                .extracting(added -> added.get("id") + " " + added.get("content") + " " + added.get("special"))
                .containsExactly("3 <s> true", "4 </s> true", "5 <user> false");
    }

    @Test
    void whatPreTokenizersBringWithThem() throws IOException {
        Map<String, Object> llama = tokenizer(bytes("llama-bpe"));
        assertThat(member(llama, "model")).containsEntry("ignore_merges", true);
        assertThat(members(member(llama, "post_processor"), "single"))
                .containsExactly(
                        Map.of("SpecialToken", Map.of("id", "<s>", "type_id", number(0))),
                        Map.of("Sequence", Map.of("id", "A", "type_id", number(0))));
        Map<String, Object> silent = tokenizer(bytes("llama-bpe").putBool("tokenizer.ggml.add_bos_token", false));
        assertThat(silent).containsEntry("post_processor", null);
        assertThat(tokenizer(bytes("qwen2"))).containsEntry("normalizer", Map.of("type", "NFC"));
    }

    @Test
    void firstAndLastTokens() throws IOException {
        Map<String, Object> both = member(
                tokenizer(bytes("gpt-2")
                        .putBool("tokenizer.ggml.add_bos_token", true)
                        .putBool("tokenizer.ggml.add_eos_token", true)),
                "post_processor");
        assertThat(members(both, "single")).hasSize(3);
        assertThat(members(both, "pair")).hasSize(6);
        assertThat(member(both, "special_tokens"))
                .containsEntry("<s>", Map.of("id", "<s>", "ids", List.of(number(3)), "tokens", List.of("<s>")))
                .containsEntry("</s>", Map.of("id", "</s>", "ids", List.of(number(4)), "tokens", List.of("</s>")));
    }

    @Test
    void aSentencePieceBpe() throws IOException {
        Map<String, Object> tokenizer = tokenizer(scored());
        assertThat(member(tokenizer, "model"))
                .containsEntry("merges", List.of("▁ a"))
                .containsEntry("unk_token", "<unk>")
                .containsEntry("fuse_unk", true)
                .containsEntry("byte_fallback", true);
        assertThat(members(member(tokenizer, "normalizer"), "normalizers"))
                .extracting(step -> step.get("type"))
                .containsExactly("Prepend", "Replace");
        assertThat(members(member(tokenizer, "decoder"), "decoders"))
                .extracting(step -> step.get("type"))
                .containsExactly("Replace", "ByteFallback", "Fuse", "Strip");
        assertThat(tokenizer).containsEntry("pre_tokenizer", null);
        assertThat(members(member(tokenizer, "post_processor"), "single")).hasSize(2);
        assertThat(members(tokenizer, "added_tokens"))
                .extracting(added -> added.get("content"))
                .containsExactly("<unk>", "<s>", "</s>");
    }

    @Test
    void aSentencePieceBpeWithoutASpaceBefore() throws IOException {
        Map<String, Object> tokenizer = tokenizer(scored().putBool("tokenizer.ggml.add_space_prefix", false));
        assertThat(member(tokenizer, "normalizer")).containsEntry("type", "Replace");
        assertThat(members(member(tokenizer, "decoder"), "decoders")).hasSize(3);
    }

    @Test
    void theConfigurationNamesSpecialTokens() throws IOException {
        Map<String, Object> configuration = files(bytes("gpt-2")
                        .putInteger("tokenizer.ggml.padding_token_id", MetadataType.UINT32, 99)
                        .putString("tokenizer.chat_template", "{{ \"x\" }}\n"))
                .get("tokenizer_config.json");
        assertThat(configuration)
                .containsEntry("tokenizer_class", "PreTrainedTokenizerFast")
                .containsEntry("bos_token", "<s>")
                .containsEntry("eos_token", "</s>")
                .containsEntry("model_max_length", number(2048))
                .containsEntry("chat_template", "{{ \"x\" }}\n")
                .containsEntry("add_bos_token", false)
                .doesNotContainKeys("pad_token", "unk_token");
    }

    @Test
    void whatMetadataDoesNotTellIsSaidAndLeftOut() throws IOException {
        assertThat(files(bytes("default"))).isEmpty();
        assertThat(warnings)
                .singleElement()
                .asString()
                .endsWith(": tokenizer.json and tokenizer_config.json are left out: no pre-tokenizer is known by"
                        + " tokenizer.ggml.pre default");
        warnings.clear();
        assertThat(files(new GgufWriter(3)
                        .putString("tokenizer.ggml.model", "bert")
                        .putStrings("tokenizer.ggml.tokens", List.of("a"))))
                .isEmpty();
        assertThat(warnings).singleElement().asString().contains("tokenizer.ggml.model is bert");
        warnings.clear();
        assertThat(files(scored(1))).isEmpty();
        assertThat(warnings).singleElement().asString().contains("has 1 elements for 7 tokens");
        warnings.clear();
        assertThat(files(new GgufWriter(3))).isEmpty();
        assertThat(warnings).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"Ġa", "Ġ  a", " a", "Ġ x", "a a", "Ġ "})
    void aMergeOfNoTokensIsSaid(String merge) throws IOException {
        assertThat(files(bytes("gpt-2", "Ġ a", merge))).isEmpty();
        assertThat(warnings).singleElement().asString().contains("the merge " + merge + " is not of two tokens");
    }

    @Test
    void spacesAfterTokensOfPhi3BelongToThem() throws IOException {
        GgufWriter header = new GgufWriter(3)
                .putString("general.architecture", "phi3")
                .putString("tokenizer.ggml.model", "llama")
                .putStrings("tokenizer.ggml.tokens", List.of("<unk>", "<s>", "<|end|>", "a"))
                .putIntegers("tokenizer.ggml.token_type", MetadataType.INT32, 2, 3, 3, 1)
                .putReals("tokenizer.ggml.scores", MetadataType.FLOAT32, 0, 0, 0, 0);
        assertThat(members(tokenizer(header), "added_tokens"))
                .extracting(added -> added.get("rstrip"))
                .containsExactly(false, false, true);
    }

    @Test
    void everyPreTokenizerIsWellFormed() {
        for (String name : List.of(
                "llama-bpe",
                "qwen2",
                "gpt-2",
                "smollm",
                "starcoder",
                "falcon",
                "deepseek-llm",
                "deepseek-coder",
                "deepseek-v3",
                "gpt-4o",
                "tekken",
                "command-r",
                "olmo",
                "dbrx",
                "stablelm2",
                "refact",
                "lfm2")) {
            PreTokenizer pre = PreTokenizer.of(name).orElseThrow();
            assertThat(pre.splits()).as(name).isNotEmpty().noneMatch(String::isBlank);
            assertThat(pre.options()).isSubsetOf("nfc", "words", "bos");
        }
        assertThat(PreTokenizer.of("default")).isEmpty();
    }
}
