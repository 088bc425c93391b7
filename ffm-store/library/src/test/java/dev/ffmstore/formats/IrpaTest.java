package dev.ffmstore.formats;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.DType;
import dev.ffmstore.Model;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.TensorStore;
import dev.ffmstore.export.ExportOptions;
import dev.ffmstore.export.Exporter;
import dev.ffmstore.export.FileLayout;
import dev.ffmstore.fixtures.Tensors;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class IrpaTest {
    @Test
    void isByteForByteWhatTheFormatSays() {
        byte[] first = {1, 2, 3, 4, 5, 6};
        byte[] second = {7, 8, 9, 10};
        Tensors source = new Tensors().add("ab", DType.F16, first, 3).add("c", DType.F32, second, new long[0]);
        ByteBuffer expected = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        expected.putInt(0x41505249).putInt(0).putLong(88).putLong(0).putLong(0).putLong(2);
        expected.putLong(96).putLong(80 + 76); // entries
        expected.putLong(252).putLong(3); // names
        expected.putLong(256).putLong(68); // storage
        expected.position(96);
        expected.putLong(76).putInt(2).putLong(0);
        expected.putLong(0).putLong(2).putLong(0).putLong(0).putLong(64);
        expected.putLong(0).putLong(6);
        expected.position(176);
        expected.putLong(76).putInt(2).putLong(0);
        expected.putLong(2).putLong(1).putLong(0).putLong(0).putLong(64);
        expected.putLong(64).putLong(4);
        expected.put("abc".getBytes(StandardCharsets.UTF_8));
        expected.put(256, first).put(320, second);
        assertThat(Tensors.rendered(Irpa.layout(source.source()))).isEqualTo(expected.array());
    }

    @Test
    void holdsConstantsOfEveryKind() throws IOException {
        Tensors source = new Tensors()
                .add("blk.0.weight", DType.F32, 3, 5)
                .add("with \"quotes\", \\ and ü", DType.BF16, 7)
                .add("empty", DType.F32, 0, 4)
                .add("scalar", DType.F64)
                .add("bytes", DType.I8, 4099)
                .add("long", DType.I64, 2);
        Archive archive = Archive.read(Tensors.rendered(Irpa.layout(source.source())));
        assertThat(archive.entries())
                .extracting(Archive.Entry::name)
                .containsExactlyElementsOf(
                        source.source().tensors().stream().map(TensorSlot::name).toList());
        assertThat(archive.entries()).allSatisfy(entry -> {
            assertThat(entry.bytes()).isEqualTo(source.bytes(entry.name()));
            assertThat(entry.place() % 64).isZero();
            assertThat(entry.alignment()).isEqualTo(64);
        });
    }

    @Test
    void storesTiedConstantsOnce() {
        Tensors source = new Tensors()
                .add("embedding", DType.F32, 80, 8)
                .add("norm", DType.F32, 8)
                .addAlias("output", "embedding")
                .addAlias("again", "output");
        byte[] bytes = Tensors.rendered(Irpa.layout(source.source()));
        Archive archive = Archive.read(bytes);
        Set<Long> places = new HashSet<>();
        archive.entries().forEach(entry -> places.add(entry.place()));
        assertThat(archive.entries()).hasSize(4);
        assertThat(places).hasSize(2);
        assertThat(archive.entries())
                .allSatisfy(entry -> assertThat(entry.bytes()).isEqualTo(source.bytes(entry.name())));
        assertThat(bytes).hasSize(4096);
    }

    @Test
    void turnsConstantTensorsIntoSplatsIfAsked() throws IOException {
        byte[] ones = new byte[400_000];
        ByteBuffer floats = ByteBuffer.wrap(ones).order(ByteOrder.LITTLE_ENDIAN);
        while (floats.hasRemaining()) {
            floats.putFloat(1);
        }
        byte[] nearly = ones.clone();
        nearly[nearly.length - 1] ^= 1;
        Tensors source = new Tensors()
                .add("ones", DType.F32, ones, 100_000)
                .add("nearly", DType.F32, nearly, 100_000)
                .add("random", DType.F32, 9)
                .add("one", DType.I64, new byte[] {1, 2, 3, 4, 5, 6, 7, 8}, 1)
                .add("zeros", DType.F16, new byte[10], 5)
                .add("bytes", DType.I8, new byte[] {5, 5, 5}, 3)
                .add("empty", DType.F32, 0);
        source.addAlias("ones again", "ones");
        Splats splats = Splats.find(source.source(), ExportOptions.defaults().threads(2));
        assertThat(splats.count()).isEqualTo(5);
        assertThat(splats.pattern("ones"))
                .hasValueSatisfying(bytes -> assertThat(bytes).containsExactly(0, 0, 0x80, 0x3F));
        assertThat(splats.pattern("bytes"))
                .hasValueSatisfying(bytes -> assertThat(bytes).containsExactly(5));
        assertThat(splats.pattern("nearly")).isEmpty();
        assertThat(splats.pattern("empty")).isEmpty();

        byte[] bytes = Tensors.rendered(Irpa.layout(source.source(), splats));
        Archive archive = Archive.read(bytes);
        assertThat(archive.entries())
                .allSatisfy(entry -> assertThat(entry.bytes()).isEqualTo(source.bytes(entry.name())));
        assertThat(archive.entries().stream().filter(entry -> entry.type() == 1).map(Archive.Entry::name))
                .containsExactly("ones", "one", "zeros", "bytes", "ones again");
        assertThat(bytes.length).isBetween(400_000, 400_000 + 8192);
    }

    @Test
    void aFileAndALoadedStoreExportTheSame() throws Exception {
        Path model =
                Path.of(IrpaTest.class.getResource("/models/tiny.Q4_K_M.gguf").toURI());
        try (Model file = Model.open(model);
                TensorStore store = TensorStore.load(file)) {
            TensorSource unloaded = TensorSource.of(file, TensorForm.dense());
            TensorSource loaded = TensorSource.of(store.model(), TensorForm.dense());
            for (Function<TensorSource, FileLayout> format :
                    List.<Function<TensorSource, FileLayout>>of(Irpa::layout, Safetensors::layout)) {
                ByteArrayOutputStream one = new ByteArrayOutputStream();
                ByteArrayOutputStream other = new ByteArrayOutputStream();
                new Exporter(ExportOptions.defaults()).stream(Channels.newChannel(one), "one", format.apply(unloaded));
                new Exporter(ExportOptions.defaults())
                        .stream(Channels.newChannel(other), "other", format.apply(loaded));
                assertThat(other.toByteArray()).isEqualTo(one.toByteArray());
                assertThat(one.size()).isGreaterThan(5_772_288);
            }
        }
    }

    @Test
    void archiveOfSplatsAloneHasNoStorage() throws IOException {
        Tensors source = new Tensors().add("x", DType.I8, new byte[40], 40);
        byte[] bytes =
                Tensors.rendered(Irpa.layout(source.source(), Splats.find(source.source(), ExportOptions.defaults())));
        assertThat(bytes).hasSize(4096);
        assertThat(Archive.read(bytes).entries().getFirst().bytes()).isEqualTo(new byte[40]);
    }

    @Test
    void archiveOfNothingIsAHeader() {
        byte[] bytes = Tensors.rendered(Irpa.layout(new Tensors().source()));
        assertThat(bytes).hasSize(4096);
        assertThat(Archive.read(bytes).entries()).isEmpty();
        assertThat(Arrays.copyOf(bytes, 4)).isEqualTo("IRPA".getBytes(StandardCharsets.US_ASCII));
    }
}
