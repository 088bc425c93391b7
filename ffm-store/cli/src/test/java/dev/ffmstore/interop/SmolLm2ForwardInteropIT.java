package dev.ffmstore.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.interop.ForwardPass.Convention;
import dev.ffmstore.interop.ForwardPass.Result;
import dev.ffmstore.interop.Logits.Distance;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// A trained model's exported weights, in a compiler's hands: IREE's logits have to be those of numpy and
/// llama.cpp, whichever way the weights came; and must not be, where the weights are not what they should be.
@Tag("interop")
class SmolLm2ForwardInteropIT {
    /// "The capital of France is Paris. The capital of Germany is"
    private static final List<Integer> PROMPT = List.of(504, 3575, 282, 4649, 314, 7042, 30, 378, 3575, 282, 4521, 314);

    /// Relative to the largest logit.
    private static final double TOLERANCE = 1e-4;

    private static final String HUGGING_FACE_NAMES = """
            token_embd.weight = model.embed_tokens.weight
            output_norm.weight = model.norm.weight
            blk.*.attn_norm.weight = model.layers.*.input_layernorm.weight
            blk.*.attn_q.weight = model.layers.*.self_attn.q_proj.weight
            blk.*.attn_k.weight = model.layers.*.self_attn.k_proj.weight
            blk.*.attn_v.weight = model.layers.*.self_attn.v_proj.weight
            blk.*.attn_output.weight = model.layers.*.self_attn.o_proj.weight
            blk.*.ffn_norm.weight = model.layers.*.post_attention_layernorm.weight
            blk.*.ffn_gate.weight = model.layers.*.mlp.gate_proj.weight
            blk.*.ffn_up.weight = model.layers.*.mlp.up_proj.weight
            blk.*.ffn_down.weight = model.layers.*.mlp.down_proj.weight
            """;

    @TempDir
    static Path folder;

    private static Path model;
    private static ForwardPass pass;

    @BeforeAll
    static void getModel() throws IOException {
        model = RealModel.SMOLLM2.file();
        pass = new ForwardPass(model, PROMPT, folder);
    }

    @ParameterizedTest
    @EnumSource
    void logitsAreThoseOfNumpy(Way way) throws IOException {
        Result result = pass.go(way);

        Distance distance = result.logits().from(pass.reference());
        System.out.printf("SmolLM2, %s: %s%n", way, distance);
        assertThat(distance.relativeError()).isLessThan(TOLERANCE);
        assertThat(distance.positions()).isEqualTo(PROMPT.size());
        assertThat(distance.sameTop()).isEqualTo(PROMPT.size());
    }

    @Test
    void parameterFilesOfBothFormatsGiveTheSameBits() throws IOException {
        Logits irpa = pass.go(Way.IRPA).logits();
        assertThat(pass.go(Way.SAFETENSORS).logits().from(irpa).identical()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(names = {"IMPORTED", "BAKED"})
    void constantsGiveWhatParametersGive(Way way) throws IOException {
        Distance distance = pass.go(way).logits().from(pass.go(Way.IRPA).logits());
        System.out.printf("SmolLM2, %s against parameters: %s%n", way, distance);
        assertThat(distance.relativeError()).isLessThan(1e-5);
    }

    @Test
    void likeliestTokensAreThoseOfLlamaCpp() throws IOException {
        Logits logits = LlamaCpp.logits(model, pass.tokens(), folder.resolve("llama-cpp.npy"));

        Distance distance = pass.go(Way.IRPA).logits().from(logits);

        System.out.printf("SmolLM2, IREE against llama.cpp, which rounds activations: %s%n", distance);
        assertThat(distance.positions()).isEqualTo(PROMPT.size());
        assertThat(distance.sameTop()).isEqualTo(PROMPT.size());
    }

    @Test
    void weightsInHuggingFacesConventionGiveTheSameLogits() throws IOException {
        Path export = Files.createDirectory(folder.resolve("hugging-face"));
        Path weights = export.resolve("model.safetensors");
        Launcher.run("export", model, "-o", weights, "--names", "hf");

        Distance numpy = pass.referenceOfHuggingFace(export).from(pass.reference());
        Distance iree = pass.run(pass.compiledForParameters(Convention.HUGGING_FACE), weights)
                .from(pass.reference());

        System.out.printf("SmolLM2, names of Hugging Face: numpy %s, IREE %s%n", numpy, iree);
        assertThat(numpy.relativeError()).isLessThan(1e-9);
        assertThat(iree.relativeError()).isLessThan(TOLERANCE);
        Files.delete(weights);
    }

    /// The output layer is the embedding under another name: IREE finds both, in one place of the archive.
    @Test
    void tiedTensorsShareOnePlace() throws IOException {
        Path archive = folder.resolve("hugging-face.irpa");
        Launcher.run("export", model, "-o", archive, "--names", "hf");

        List<String> places = Pattern.compile(
                        "(\\d+ \\| +\\d+) \\| +\\d+ \\| `(lm_head|model\\.embed_tokens)\\.weight`")
                .matcher(Iree.dumpParameters(archive))
                .results()
                .map((MatchResult row) -> row.group(1))
                .toList();
        Distance distance = pass.run(pass.compiledForParameters(Convention.HUGGING_FACE), archive)
                .from(pass.reference());

        assertThat(places).hasSize(2);
        assertThat(places.getFirst()).isEqualTo(places.getLast());
        assertThat(distance.relativeError()).isLessThan(TOLERANCE);
        Files.delete(archive);
    }

    /// Names as Hugging Face has them, but rows as GGUF has them: all shapes fit.
    @Test
    void aWrongConventionIsNoticed() throws IOException {
        Path names = Files.writeString(folder.resolve("names.txt"), HUGGING_FACE_NAMES);
        Path weights = folder.resolve("wrong-convention.safetensors");
        Launcher.run("export", model, "-o", weights, "--names", names);

        Distance distance = pass.run(pass.compiledForParameters(Convention.HUGGING_FACE), weights)
                .from(pass.reference());

        System.out.printf("SmolLM2, wrong convention: %s%n", distance);
        assertThat(distance.relativeError()).isGreaterThan(TOLERANCE);
        Files.delete(weights);
    }

    @ParameterizedTest
    @CsvSource({
        "row, blk.17.ffn_down.weight, 5",
        "row, blk.29.attn_q.weight, 5",
        "swap, blk.12.attn_k.weight, blk.13.attn_k.weight"
    })
    void damageIsNoticed(String kind, String tensor, String other) throws IOException {
        Path weights = exportedToBeDamaged();
        Path compiled = pass.compiledForParameters(Convention.GGUF);

        Iree.script("damage.py", weights, kind, tensor, other);
        Distance damaged = pass.run(compiled, weights).from(pass.reference());
        Iree.script("damage.py", weights, kind, tensor, other);
        Distance mended = pass.run(compiled, weights).from(pass.reference());

        System.out.printf("SmolLM2, %s of %s and %s: %s%n", kind, tensor, other, damaged);
        assertThat(damaged.relativeError()).isGreaterThan(TOLERANCE);
        assertThat(mended.relativeError()).isLessThan(TOLERANCE);
    }

    private static Path exportedToBeDamaged() throws IOException {
        Path weights = folder.resolve("damaged.safetensors");
        if (!Files.exists(weights)) {
            Launcher.run("export", model, "-o", weights);
        }
        return weights;
    }

    /// The heap is no larger than the launcher's, whatever the model's size.
    @Test
    void exportsAndBakesStayWithinTheirHeap() throws IOException {
        List<Result> results =
                List.of(pass.go(Way.IRPA), pass.go(Way.SAFETENSORS), pass.go(Way.IMPORTED), pass.go(Way.BAKED));
        System.out.println("SmolLM2\n" + ForwardPass.table(results));
        assertThat(results)
                .allSatisfy(result -> assertThat(
                                result.steps().getFirst().heapPeakBytes().orElseThrow())
                        .isBetween(1L << 20, 32L << 20));
    }
}
