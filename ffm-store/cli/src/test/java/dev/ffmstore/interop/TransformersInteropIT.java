package dev.ffmstore.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Exported folders opened by AutoConfig, AutoTokenizer and the library tokenizers: their token ids of odd texts
/// are those of llama.cpp, which reads the GGUF file.
@Tag("interop")
class TransformersInteropIT {
    /// Definitions by which a text is normalised first, which llama.cpp does not do.
    private static final Set<String> NORMALISED = Set.of("pre-mpt", "pre-command-r", "pre-qwen2", "pre-qwen35");

    /// Its definition parts digits from spaces before them, which llama.cpp's does not. In Falcon's own vocabulary
    /// no token has both, in that of the test some have.
    private static final String FALCON = "pre-falcon";

    @TempDir
    Path folder;

    private Path exported(Path model, String... options) throws IOException {
        String name = Objects.requireNonNull(model.getFileName()).toString();
        Path out = Files.createDirectory(folder.resolve("hf-" + name));
        List<Object> arguments =
                new ArrayList<>(List.of("export", model, "-o", out.resolve("model.safetensors"), "--names", "hf"));
        arguments.addAll(List.of(options));
        Launcher.run(arguments.toArray());
        return out;
    }

    @Test
    void smolLm2() throws IOException {
        Path model = RealModel.SMOLLM2.file();
        Map<String, @Nullable Object> found =
                Transformers.tokens(List.of(exported(model))).getFirst();
        assertThat(found)
                .containsEntry("config", "LlamaConfig")
                .containsEntry("size", BigInteger.valueOf(49_152))
                .containsEntry("special", List.of(BigInteger.ONE, BigInteger.TWO, BigInteger.TWO))
                .containsEntry("same", BigInteger.valueOf(35))
                .containsEntry(
                        "ids",
                        Transformers.tokensOfLlamaCpp(List.of(model)).getFirst().get("ids"));
        assertThat((String) found.get("chat")).endsWith("<|im_start|>user\nHi<|im_end|>\n");
    }

    @Test
    void gemma3() throws IOException {
        Path model = RealModel.GEMMA3.file();
        Map<String, @Nullable Object> found =
                Transformers.tokens(List.of(exported(model))).getFirst();
        assertThat(found)
                .containsEntry("config", "Gemma3TextConfig")
                .containsEntry("size", BigInteger.valueOf(262_144))
                .containsEntry("special", List.of(BigInteger.TWO, BigInteger.ONE, BigInteger.ZERO))
                .containsEntry("same", BigInteger.valueOf(34)) // a text with U+2581 comes out with spaces
                .containsEntry(
                        "ids",
                        Transformers.tokensOfLlamaCpp(List.of(model)).getFirst().get("ids"))
                .containsEntry("chat", null);
    }

    /// One vocabulary for each way to split texts, and two with scores.
    @Test
    void everyKindOfVocabulary() throws IOException {
        Path made = Files.createDirectory(folder.resolve("made"));
        List<String> names = Transformers.environment()
                .run(
                        Places.scripts().resolve("write_vocabularies.py").toString(),
                        RealModel.SMOLLM2.file().toString(),
                        Places.module()
                                .resolve("../library/src/main/resources/dev/ffmstore/formats/pre-tokenizers.txt")
                                .toString(),
                        Places.module()
                                .resolve("../../docs/concepts-formats.md")
                                .toString(),
                        made.toString())
                .lines()
                .toList();
        assertThat(names).hasSizeGreaterThan(15).contains("pre-llama-bpe", "scored", "scored-no-prefix", FALCON);
        List<Path> models = new ArrayList<>();
        List<Path> folders = new ArrayList<>();
        for (String name : names) {
            models.add(made.resolve(name + ".gguf"));
            folders.add(exported(models.getLast(), "--include", "token_embd.weight")); // all that they have
        }
        List<Map<String, @Nullable Object>> found = Transformers.tokens(folders);
        List<Map<String, @Nullable Object>> expected = Transformers.tokensOfLlamaCpp(models);
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            List<?> ids = (List<?>) found.get(i).get("ids");
            List<?> theirs = (List<?>) expected.get(i).get(NORMALISED.contains(name) ? "normalised" : "ids");
            long different = different(ids, theirs);
            System.out.printf("%s: %d of %d texts as llama.cpp%n", name, ids.size() - different, ids.size());
            // one text of digits and fractions, alone and between each of seven special tokens
            assertThat(different).as(name).isEqualTo(name.equals(FALCON) ? 8 : 0);
        }
    }

    private static long different(List<?> ids, List<?> others) {
        assertThat(ids).hasSameSizeAs(others);
        return IntStream.range(0, ids.size())
                .filter(i -> !Objects.equals(ids.get(i), others.get(i)))
                .count();
    }
}
