package dev.ffmstore.formats;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.DType;
import dev.ffmstore.DTypes;
import dev.ffmstore.LoadOptions;
import dev.ffmstore.Model;
import dev.ffmstore.Names;
import dev.ffmstore.StoredTensor;
import dev.ffmstore.Tensor;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.TensorStore;
import dev.ffmstore.TestModel;
import dev.ffmstore.export.ExportOptions;
import dev.ffmstore.export.Exporter;
import dev.ffmstore.fixtures.Tensors;
import dev.ffmstore.internal.measure.TensorDigests;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What the exports write, read as models again: the same tensors as those of the GGUF file they are from.
class FormatsAsModelsTest {
    private static final ExportOptions TWO = ExportOptions.defaults().threads(2);
    private static final TensorForm STORED = TensorForm.dense().dtypes(DTypes.stored());

    @TempDir
    Path folder;

    /// The forms of which files are written: every type as it is, and floats of other types, with tied tensors and
    /// rows that are moved.
    static Stream<Arguments> forms() throws IOException {
        Names tied = Names.of("mine", List.of("of.* = T/*", "of.Q4_K = quant", "of.Q4_K = tied", "of.I16 = also tied"));
        return Stream.of(
                Arguments.of("every type", TensorForm.dense()),
                Arguments.of(
                        "other types",
                        TensorForm.dense()
                                .dtypes(DTypes.all(DType.BF16)
                                        .with("of.Q*", DType.F16)
                                        .with("of.F32", DType.F32))),
                Arguments.of("other names", TensorForm.dense().names(tied)),
                Arguments.of("hf", TensorForm.dense().names(Names.hf())));
    }

    private Path model(TensorForm form) throws IOException {
        if (form.names() != Names.hf()) {
            return TestModel.ofEveryType().writeTo(folder);
        }
        try {
            return Path.of(Objects.requireNonNull(FormatsAsModelsTest.class.getResource("/models/tiny.Q4_K_M.gguf"))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    /// The files and folders of all formats that hold the tensors of a source.
    private Map<Model.Format, List<Path>> export(TensorSource source) throws IOException {
        Exporter exporter = new Exporter(TWO);
        Path one = folder.resolve("one.bin");
        Path shards = folder.resolve("shards");
        Path arrays = folder.resolve("arrays");
        Path archive = folder.resolve("archive.bin");
        exporter.write(one, Safetensors.layout(source));
        exporter.writeFolder(shards, Safetensors.shards(source, 9000));
        exporter.writeFolder(arrays, Npy.layouts(source));
        exporter.write(archive, Irpa.layout(source));
        return Map.of(
                Model.Format.SAFETENSORS, List.of(one, shards, shards.resolve("model.safetensors.index.json")),
                Model.Format.NPY, List.of(arrays),
                Model.Format.IRPA, List.of(archive));
    }

    private static Model open(Path path, TensorSource types) throws IOException {
        List<StoredTensor> dense =
                types.tensors().stream().map(TensorSlot::asDense).toList();
        return Model.open(path).typedBy(dense);
    }

    private static Map<String, String> digests(TensorSource source) throws IOException {
        Map<String, String> digests = new TreeMap<>();
        TensorDigests.run(source, source.tensors(), 2, new TensorDigests.Listener() {
            @Override
            public void digest(TensorSlot tensor, String sha256) {
                digests.put(tensor.name() + " " + tensor.dtype() + " " + tensor.shape(), sha256);
            }

            @Override
            public void progress(long doneBytes) {}
        });
        return digests;
    }

    private static Map<String, List<Byte>> bytes(TensorStore store) {
        Map<String, List<Byte>> bytes = new TreeMap<>();
        for (Tensor tensor : store.tensors()) {
            bytes.put(
                    tensor.name() + " " + tensor.dtype() + " " + tensor.shape(),
                    Dense.list(tensor.segment().toArray(ValueLayout.JAVA_BYTE)));
        }
        return bytes;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("forms")
    void everyFormatHasTheDigestsOfTheGgufFile(String what, TensorForm form) throws IOException {
        try (Model gguf = Model.open(model(form))) {
            TensorSource source = TensorSource.of(gguf, form);
            Map<String, String> expected = digests(source);
            assertThat(expected).hasSameSizeAs(source.tensors());
            for (Map.Entry<Model.Format, List<Path>> format : export(source).entrySet()) {
                for (Path path : format.getValue()) {
                    try (Model model = open(path, source)) {
                        assertThat(model.format()).isEqualTo(format.getKey());
                        assertThat(digests(TensorSource.of(model, STORED)))
                                .as(path.toString())
                                .isEqualTo(expected);
                    }
                }
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("forms")
    void everyFormatLoadsTheSameBytes(String what, TensorForm form) throws IOException {
        LoadOptions options = LoadOptions.defaults().threads(2);
        try (Model gguf = Model.open(model(form));
                TensorStore loaded = TensorStore.load(gguf, form, options)) {
            TensorSource source = TensorSource.of(gguf, form);
            Map<String, List<Byte>> expected = bytes(loaded);
            for (List<Path> paths : export(source).values()) {
                for (Path path : paths) {
                    try (Model model = open(path, source);
                            TensorStore store = TensorStore.load(model, STORED, options)) {
                        assertThat(bytes(store)).as(path.toString()).isEqualTo(expected);
                    }
                }
            }
            try (TensorStore again = TensorStore.load(loaded.model())) {
                assertThat(bytes(again)).isEqualTo(expected);
                assertThat(again.metadata()).isEqualTo(loaded.metadata());
            }
        }
    }

    /// Down to the types that the tensors were stored as once.
    @ParameterizedTest(name = "{0}")
    @MethodSource("forms")
    void aStoreExportsWhatItsFileDoes(String what, TensorForm form) throws IOException {
        try (Model gguf = Model.open(model(form));
                TensorStore store = TensorStore.load(gguf, form, LoadOptions.defaults())) {
            TensorSource unloaded = TensorSource.of(gguf, form);
            TensorSource loaded = TensorSource.of(store.model(), TensorForm.dense());
            assertThat(origins(loaded)).isEqualTo(origins(unloaded)).containsValue("Q4_K");
            assertThat(Tensors.rendered(Safetensors.layout(loaded)))
                    .isEqualTo(Tensors.rendered(Safetensors.layout(unloaded)));
            assertThat(Tensors.rendered(Irpa.layout(loaded))).isEqualTo(Tensors.rendered(Irpa.layout(unloaded)));
        }
    }

    private static Map<String, String> origins(TensorSource source) {
        Map<String, String> origins = new LinkedHashMap<>();
        source.tensors()
                .forEach(tensor -> origins.put(tensor.name(), tensor.stored().origin()));
        return origins;
    }
}
