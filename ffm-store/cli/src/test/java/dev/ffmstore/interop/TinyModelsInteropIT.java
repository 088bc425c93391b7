package dev.ffmstore.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.ffmstore.DecoderChoice;
import dev.ffmstore.LoadOptions;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorStore;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.gguf.GgufException;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.interop.GgufPy.ReferenceTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The small models of the shared folder: against their table of checksums, made by ggml, and against gguf-py.
///
/// A model with a type that has no decoder is to be refused with the name of the tensor and the type.
@Tag("interop")
class TinyModelsInteropIT {
    private static final Path MODELS = Places.shared().resolve("models/tiny");
    private static final Path CHECKSUMS = Places.shared().resolve("models/tensor_sha256.tsv");
    private static final List<DecoderChoice> DECODERS = List.of(DecoderChoice.SCALAR, DecoderChoice.VECTOR);

    @BeforeAll
    static void needsTheFolder() {
        if (!Files.isDirectory(MODELS)) {
            String reason = "tiny models not run: no folder " + MODELS + "; -Dffmstore.shared=FOLDER names another";
            System.out.println(reason); // Maven does not print why a class was skipped
            abort(reason);
        }
    }

    static List<Path> models() throws IOException {
        try (Stream<Path> files = Files.list(MODELS)) {
            return files.filter(file -> file.toString().endsWith(".gguf"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void tableAndFolderListTheSameModels() throws IOException {
        Set<String> inTable = new TreeSet<>(checksums().keySet());
        assertThat(inTable.remove(RealModel.SMOLLM2.fileName())).isTrue();
        assertThat(models().stream().map(file -> file.getFileName().toString())).containsExactlyElementsOf(inTable);
    }

    @ParameterizedTest
    @MethodSource("models")
    void checksumsAreThoseOfTheTable(Path model) throws IOException {
        Optional<TensorInfo> undecodable = undecodable(model);
        if (undecodable.isPresent()) {
            assertRefused(model, undecodable.get());
        } else {
            assertChecksums(model);
        }
    }

    @Test
    void checksumsOfSmolLm2AreThoseOfTheTable() throws IOException {
        assertChecksums(RealModel.SMOLLM2.file());
    }

    @ParameterizedTest
    @MethodSource("models")
    void tensorsAndMetadataAreThoseOfGgufPy(Path model) throws IOException {
        try (GgufFile file = GgufFile.open(model)) {
            Comparison.assertSameMetadata(file.metadata(), GgufPy.metadata(model));
        }
        Optional<TensorInfo> undecodable = undecodable(model);
        if (undecodable.isPresent()) {
            assertRefused(model, undecodable.get());
            return;
        }
        List<ReferenceTensor> expected = GgufPy.tensors(model);
        for (DecoderChoice decoder : DECODERS) {
            try (TensorStore store = TensorStore.load(
                    model, TensorForm.dense(), LoadOptions.defaults().decoder(decoder))) {
                Comparison.assertSameTensors(store, model, expected);
                report(store, "bit-equal to gguf-py");
            }
        }
    }

    private static Optional<TensorInfo> undecodable(Path model) throws IOException {
        try (GgufFile file = GgufFile.open(model)) {
            return file.tensors().stream()
                    .filter(tensor -> !BlockDecoders.best().supports(tensor.ggmlType()))
                    .findFirst();
        }
    }

    private static void assertRefused(Path model, TensorInfo undecodable) {
        for (DecoderChoice decoder : DECODERS) {
            assertThatThrownBy(() -> TensorStore.load(
                            model, TensorForm.dense(), LoadOptions.defaults().decoder(decoder)))
                    .isInstanceOf(GgufException.class)
                    .hasMessageContaining(undecodable.name())
                    .hasMessageContaining(undecodable.type().name());
        }
        System.out.printf(
                "%s: not run, no decoder for %s; refused as it should be%n", model.getFileName(), undecodable.type());
    }

    private static void assertChecksums(Path model) throws IOException {
        Map<String, String> expected = checksums().get(model.getFileName().toString());
        assertThat(expected).as(model.toString()).isNotEmpty();
        for (DecoderChoice decoder : DECODERS) {
            try (TensorStore store = TensorStore.load(
                    model, TensorForm.dense(), LoadOptions.defaults().decoder(decoder))) {
                Map<String, String> found = new LinkedHashMap<>();
                store.tensors().forEach(tensor -> found.put(tensor.name(), Sha256.of(tensor.segment())));
                assertThat(found).containsExactlyEntriesOf(expected);
                report(store, "equal to the table of checksums");
            }
        }
    }

    private static void report(TensorStore store, String result) {
        System.out.printf(
                "%s, %s: %d tensors %s%n",
                Path.of(store.name()).getFileName(),
                store.report().decoder(),
                store.tensors().size(),
                result);
    }

    /// {@return the SHA-256 by tensor by file, in the table's order}
    private static Map<String, Map<String, String>> checksums() throws IOException {
        try (Stream<String> lines = Files.lines(CHECKSUMS)) {
            return lines.skip(1)
                    .map(line -> line.split("\t"))
                    .collect(Collectors.groupingBy(
                            row -> row[0],
                            Collectors.toMap(row -> row[1], row -> row[2], (a, b) -> b, LinkedHashMap::new)));
        }
    }
}
