package dev.ffmstore.formats;

import static dev.ffmstore.formats.WeightFiles.field;
import static dev.ffmstore.formats.WeightFiles.safetensors;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.DType;
import dev.ffmstore.DTypes;
import dev.ffmstore.LoadOptions;
import dev.ffmstore.Model;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorReader;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.TensorStore;
import dev.ffmstore.export.ExportOptions;
import dev.ffmstore.export.Exporter;
import dev.ffmstore.gguf.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/// Any byte range of a tensor of any dtype, from a file of any format, in the stored form and in the default one.
class EveryDTypePropertiesTest {
    private static final TensorForm STORED = TensorForm.dense().dtypes(DTypes.stored());

    private static Path folder = Path.of("");

    @BeforeContainer
    static void makeFolder() throws IOException {
        folder = Files.createTempDirectory("dtypes");
    }

    @AfterContainer
    static void removeFolder() throws IOException {
        try (var files = Files.walk(folder)) {
            for (Path path : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    /// A tensor between two others, so that it begins at an odd offset and what follows it is not its own.
    private static Path write(DType dtype, long elements, byte[] data) throws IOException {
        byte[] file = new byte[3 + data.length + 5];
        System.arraycopy(data, 0, file, 3, data.length);
        String header = "{" + field("before", "I8", "[3]", 0, 3) + ","
                + field("t", dtype.name(), "[" + elements + "]", 3, 3 + data.length) + ","
                + field("after", "U8", "[5]", 3 + data.length, file.length) + "}";
        return Files.write(folder.resolve("model.safetensors"), safetensors(header, file));
    }

    /// What the elements become by default, computed here.
    private static byte[] dense(DType dtype, byte[] data) {
        ByteBuffer from = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer to = ByteBuffer.allocate(data.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        switch (dtype) {
            case F16 -> {
                while (from.hasRemaining()) {
                    to.putFloat(Float.float16ToFloat(from.getShort()));
                }
            }
            case BF16 -> {
                while (from.hasRemaining()) {
                    to.putInt(from.getShort() << 16);
                }
            }
            case F8_E4M3, F8_E5M2, F8_E8M0 -> {
                while (from.hasRemaining()) {
                    to.putFloat(eight(dtype, from.get() & 0xFF));
                }
            }
            default -> {
                return data;
            }
        }
        return Arrays.copyOf(to.array(), to.position());
    }

    private static float eight(DType dtype, int bits) {
        if (dtype == DType.F8_E8M0) {
            return bits == 255 ? Float.NaN : (float) Math.pow(2, bits - 127);
        }
        int mantissaBits = dtype == DType.F8_E4M3 ? 3 : 2;
        int bias = dtype == DType.F8_E4M3 ? 7 : 15;
        int exponent = (bits & 0x7F) >> mantissaBits;
        double fraction = (bits & (1 << mantissaBits) - 1) / (double) (1 << mantissaBits);
        double magnitude =
                exponent == 0 ? fraction * Math.pow(2, 1 - bias) : (1 + fraction) * Math.pow(2, exponent - bias);
        return (float) (bits > 127 ? -magnitude : magnitude);
    }

    /// Random bytes, without NaN and infinities of 8 bits, whose bits are tested elsewhere.
    private static byte[] random(DType dtype, long elements, int seed) {
        byte[] data = new byte[(int) dtype.byteSize(elements)];
        new Random(seed).nextBytes(data);
        for (int i = 0; i < data.length; i++) {
            if (dtype.float8().isPresent() && (data[i] & 0x7C) == 0x7C) {
                data[i] = 1;
            }
            if (dtype == DType.F16 || dtype == DType.BF16) { // no NaN, whose payload conversion may quieten
                data[i] &= i % 2 == 1 ? (byte) 0xBF : -1;
            }
        }
        return data;
    }

    private static void assertRange(TensorSource source, TensorSlot tensor, byte[] expected, int from, int size)
            throws IOException {
        try (TensorReader reader = source.reader();
                Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(size + 2).fill((byte) 0x55);
            reader.read(tensor, from, memory.asSlice(1, size));
            byte[] read = memory.toArray(ValueLayout.JAVA_BYTE);
            assertThat(Arrays.copyOfRange(read, 1, 1 + size))
                    .isEqualTo(Arrays.copyOfRange(expected, from, from + size));
            assertThat(read[0]).isEqualTo((byte) 0x55);
            assertThat(read[size + 1]).isEqualTo((byte) 0x55);
        }
    }

    @Property(tries = 250)
    void anyRangeIsThatOfTheWhole(
            @ForAll DType dtype, @ForAll @IntRange(max = 700) int count, @ForAll int seed, @ForAll int a, @ForAll int b)
            throws IOException {
        long elements = (long) count * dtype.blockLength();
        byte[] data = random(dtype, elements, seed);
        try (Model model = Model.open(write(dtype, elements, data))) {
            for (TensorForm form : new TensorForm[] {STORED, TensorForm.dense()}) {
                TensorSource source = TensorSource.of(model, form);
                TensorSlot tensor = source.tensor("t");
                byte[] expected = form == STORED ? data : dense(dtype, data);
                assertThat(tensor.dtype()).isEqualTo(form == STORED ? dtype : DType.denseOf(dtype.stored()));
                assertThat(tensor.byteSize()).isEqualTo(expected.length);
                int x = Math.floorMod(a, expected.length + 1);
                int y = Math.floorMod(b, expected.length + 1);
                assertRange(source, tensor, expected, Math.min(x, y), Math.abs(x - y));
                assertRange(source, tensor, expected, 0, expected.length);
            }
        }
    }

    /// Across the sizes of all buffers.
    @Property(tries = 40)
    void largeTensorsToo(@ForAll DType dtype, @ForAll int seed, @ForAll int a, @ForAll int b) throws IOException {
        anyRangeIsThatOfTheWhole(dtype, 200_000, seed, a, b);
    }

    @Property(tries = 60)
    void everyFormatHoldsEveryDType(@ForAll DType dtype, @ForAll @IntRange(max = 50) int count, @ForAll int seed)
            throws IOException {
        long elements = (long) count * dtype.blockLength();
        byte[] data = random(dtype, elements, seed);
        Exporter exporter = new Exporter(ExportOptions.defaults().threads(1).replace(true));
        Path copy = folder.resolve("copy.safetensors");
        Path archive = folder.resolve("copy.irpa");
        Path arrays = folder.resolve("arrays");
        try (Model model = Model.open(write(dtype, elements, data))) {
            TensorSource source = TensorSource.of(model, STORED);
            exporter.write(copy, Safetensors.layout(source));
            exporter.write(archive, Irpa.layout(source, Splats.find(source, ExportOptions.defaults())));
            assertHolds(Model.open(copy), dtype, data);
            assertHolds(Model.open(archive).typedBy(model), dtype, data);
            if (dtype.blockLength() == 1) {
                exporter.writeFolder(arrays, Npy.layouts(source));
                assertHolds(Model.open(arrays), dtype, data);
            }
            try (TensorStore store = TensorStore.load(model, STORED, LoadOptions.defaults())) {
                assertHolds(store.model(), dtype, data);
                assertThat(store.tensor("t").segment().toArray(ValueLayout.JAVA_BYTE))
                        .isEqualTo(data);
            }
        }
    }

    private static void assertHolds(Model model, DType dtype, byte[] data) throws IOException {
        try (model) {
            TensorSource source = TensorSource.of(model, STORED);
            TensorSlot tensor = source.tensor("t");
            assertThat(tensor.dtype()).as(model.format().toString()).isEqualTo(dtype);
            assertThat(tensor.shape()).isEqualTo(Shape.of((long) data.length / dtype.byteSize() * dtype.blockLength()));
            assertRange(source, tensor, data, 0, data.length);
        }
    }
}
