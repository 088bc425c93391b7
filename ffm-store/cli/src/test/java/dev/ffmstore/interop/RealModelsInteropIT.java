package dev.ffmstore.interop;

import dev.ffmstore.DecoderChoice;
import dev.ffmstore.LoadOptions;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorStore;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.TensorInfo;
import dev.ffmstore.interop.GgufPy.ReferenceTensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Models as people use them are to read here, bit by bit, as gguf-py reads them.
@Tag("interop")
class RealModelsInteropIT {

    @ParameterizedTest
    @EnumSource
    void tensorsAreThoseOfGgufPy(RealModel model) throws IOException {
        Path file = model.file();
        printHistogram(file);
        List<ReferenceTensor> expected = GgufPy.tensors(file);
        for (DecoderChoice decoder : List.of(DecoderChoice.VECTOR, DecoderChoice.SCALAR)) {
            try (TensorStore store = TensorStore.load(
                    file, TensorForm.dense(), LoadOptions.defaults().decoder(decoder))) {
                Comparison.assertSameTensors(store, file, expected);
                System.out.printf(
                        "%s, %s: %d tensors bit-equal to gguf-py%n",
                        file.getFileName(), store.report().decoder(), expected.size());
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void metadataIsThatOfGgufPy(RealModel model) throws IOException {
        try (GgufFile file = GgufFile.open(model.file())) {
            Comparison.assertSameMetadata(file.metadata(), GgufPy.metadata(model.file()));
        }
    }

    private static void printHistogram(Path path) throws IOException {
        try (GgufFile file = GgufFile.open(path)) {
            Map<GgmlType, List<TensorInfo>> byType = file.tensors().stream()
                    .collect(Collectors.groupingBy(TensorInfo::ggmlType, TreeMap::new, Collectors.toList()));
            System.out.printf("%s%n%-8s %8s %14s %14s%n", path.getFileName(), "type", "tensors", "elements", "bytes");
            byType.forEach((type, tensors) -> System.out.printf(
                    "%-8s %,8d %,14d %,14d%n",
                    type,
                    tensors.size(),
                    tensors.stream()
                            .mapToLong(tensor -> tensor.shape().elementCount())
                            .sum(),
                    tensors.stream().mapToLong(TensorInfo::byteSize).sum()));
        }
    }
}
