package dev.ffmstore.mlir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.DType;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.export.BytesSource;
import dev.ffmstore.fixtures.Tensors;
import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The modules are made of the text beside them, as its README tells.
class BakeBytecodeTest {
    private final Tensors constants = Tensors.ofTheModules();

    private static DeclaredTypes types(String text) throws IOException {
        return DeclaredTypes.read(new BytesSource("types.txt", text.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
    }

    private byte[] bake(BytesSource module) throws IOException {
        return constants.render(
                Bake.of(module, constants.source(), DeclaredTypes.none()).layout());
    }

    private static int indexOf(byte[] bytes, byte[] part) {
        for (int i = 0; i + part.length <= bytes.length; i++) {
            if (Arrays.equals(bytes, i, i + part.length, part, 0, part.length)) {
                return i;
            }
        }
        return -1;
    }

    @Test
    void everyDeclarationIsFilledInItsOrder() throws IOException {
        Bake bake = Bake.of(BytesSource.resource("declared.mlirbc"), constants.source(), DeclaredTypes.none());
        assertThat(bake.filled()).extracting(TensorSlot::name).containsExactly("blk.0.w", "bias", "half ü \"");
        assertThat(bake.kept()).isZero();
    }

    /// Section 6 is `01, 01 07, 1d 01 00, 1f 01 00, 21 01 00` in the template: no external group, then the dialect
    /// with three declarations. A blob of 64 bytes at alignment 16 is 2 bytes and 14 of padding before its data.
    @Test
    void theTwoSectionsAreRewrittenAndNothingElse() throws IOException {
        byte[] template = BytesSource.resource("declared.mlirbc").bytes();
        byte[] baked = bake(BytesSource.resource("declared.mlirbc"));
        byte[] old = HexFormat.of().parseHex("0619" + "0101071d01001f0100210100" + "0501");
        int at = indexOf(template, old);
        assertThat(at).isPositive();
        assertThat(baked).startsWith(Arrays.copyOf(template, at));
        assertThat(baked).endsWith(Arrays.copyOfRange(template, at + old.length, template.length));

        byte[] rewritten = Arrays.copyOfRange(baked, at, baked.length - (template.length - at - old.length));
        // sizes: 16 + 64, 16 + 16 and 16 + 8, a byte each
        byte[] six = HexFormat.of().parseHex("0619" + "0101071da1001f4100213100");
        assertThat(rewritten).startsWith(six);
        // id, length 136 as two bytes, alignment 16, padding
        int head = at + six.length;
        assertThat(Arrays.copyOfRange(baked, head, head + 4))
                .isEqualTo(HexFormat.of().parseHex("85" + "2202" + "21"));
        int data = head + 4;
        while (data % 16 != 0) {
            assertThat(baked[data++]).isEqualTo((byte) 0xCB);
        }
        byte[] padding = new byte[14];
        Arrays.fill(padding, (byte) 0xCB);
        for (String name : List.of("blk.0.w", "bias", "half ü \"")) {
            byte[] bytes = constants.bytes(name);
            assertThat(baked[data]).isEqualTo((byte) 0x21);
            assertThat(baked[data + 1]).isEqualTo((byte) (bytes.length << 1 | 1));
            assertThat(Arrays.copyOfRange(baked, data + 2, data + 16)).isEqualTo(padding);
            assertThat(Arrays.copyOfRange(baked, data + 16, data + 16 + bytes.length))
                    .isEqualTo(bytes);
            data += 16 + bytes.length;
        }
        assertThat(data).isEqualTo(at + rewritten.length);
    }

    @ParameterizedTest
    @ValueSource(strings = {"mixed.mlirbc", "mixed.v1.mlirbc", "mixed.v3.mlirbc"})
    void everyTypeAndVersionIsRead(String name) throws IOException {
        Bake bake = Bake.of(BytesSource.resource(name), constants.source(), DeclaredTypes.none());
        assertThat(bake.filled())
                .extracting(TensorSlot::name)
                .containsExactlyInAnyOrder("i8", "i16", "i32", "i64", "f64", "bf16", "empty", "blk.0.v");
        assertThat(bake.kept()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"mixed.mlirbc", "mixed.v1.mlirbc", "mixed.v3.mlirbc"})
    void dataIsKeptAndMerged(String name) throws IOException {
        BytesSource module = BytesSource.resource(name);
        byte[] baked = bake(module);
        byte[] kept = HexFormat.of().parseHex("0000803f000000400000404000008040");
        int at = indexOf(baked, kept);
        assertThat(at).isPositive();
        assertThat(at % 16).isZero();
        assertThat(indexOf(baked, new byte[] {5, 7, 1, 2, 3})).isPositive(); // alignment 2, size 3, data
        assertThatThrownBy(() -> bake(new BytesSource("again", baked)))
                .hasMessage("again: has no dense_resource without data");
    }

    private Tensors mixedWith(String name, DType dtype, long... shape) {
        Tensors other = new Tensors("model.gguf", "F32").add(name, dtype, shape);
        constants.source().tensors().stream()
                .filter(constant -> !constant.name().equals(name))
                .forEach(constant -> other.add(
                        constant.name(), constant.dtype(), constant.shape().toArray()));
        return other;
    }

    @Test
    void anotherTypeIsAnErrorThatShowsBoth() throws IOException {
        BytesSource module = BytesSource.resource("mixed.mlirbc");
        record Case(String name, DType dtype, long[] shape, String expected, String got) {}
        List<Case> cases = List.of(
                new Case("i8", DType.I8, new long[] {3, 2}, "tensor<2x3xi8>", "tensor<3x2xi8>"),
                new Case("i16", DType.F16, new long[] {3}, "tensor<3xi16>", "tensor<3xf16>"),
                new Case("bf16", DType.F16, new long[] {5}, "tensor<5xbf16>", "tensor<5xf16>"),
                new Case("i64", DType.I64, new long[] {1}, "tensor<i64>", "tensor<1xi64>"),
                new Case("f64", DType.F32, new long[] {2}, "tensor<2xf64>", "tensor<2xf32>"),
                new Case("empty", DType.F32, new long[] {7, 0}, "tensor<0x7xf32>", "tensor<7x0xf32>"));
        for (Case one : cases) {
            Tensors other = mixedWith(one.name, one.dtype, one.shape);
            assertThatThrownBy(() -> Bake.of(module, other.source(), DeclaredTypes.none()))
                    .isInstanceOf(ModuleException.class)
                    .hasMessageStartingWith(
                            "mixed.mlirbc: resource \"" + one.name + "\" is another tensor in model.gguf: offset=")
                    .hasMessageEndingWith("expected " + one.expected + ", got " + one.got);
        }
    }

    @Test
    void aTensorThatIsNotThereIsAnError() throws IOException {
        BytesSource module = BytesSource.resource("declared.mlirbc");
        assertThatThrownBy(() -> Bake.of(
                        module,
                        new Tensors("model.gguf", "F32")
                                .add("bias", DType.F32, 4)
                                .source(),
                        DeclaredTypes.none()))
                .isInstanceOf(ModuleException.class)
                .hasMessageMatching("declared.mlirbc: resource \"blk.0.w\" has no data, and is no tensor of model.gguf"
                        + " in the names of gguf: offset=[0-9]+, expected tensor<4x4xf32>");
    }

    @Test
    void declaredTypesMustBeThoseOfTheModule() throws IOException {
        BytesSource module = BytesSource.resource("declared.mlirbc");
        assertThat(Bake.of(module, constants.source(), types("bias tensor<4xf32>"))
                        .filled())
                .hasSize(3);
        assertThatThrownBy(() -> Bake.of(module, constants.source(), types("bias tensor<4xf16>")))
                .hasMessage("types.txt: type of \"bias\" is not that of declared.mlirbc: offset=0,"
                        + " expected tensor<4xf32>, got tensor<4xf16>");
    }

    /// An attribute that is not the builtin one, as a dialect's own would be, hides the type.
    @Test
    void typesThatTheModuleDoesNotTellAreDeclaredBesideIt() throws IOException {
        byte[] bytes = BytesSource.resource("declared.mlirbc").bytes();
        int bias = indexOf(bytes, HexFormat.of().parseHex("210103")); // kind 16, type 0, resource 1
        assertThat(bias).isPositive();
        bytes[bias] = 0x23;
        BytesSource module = new BytesSource("hidden.mlirbc", bytes);
        assertThatThrownBy(() -> bake(module))
                .isInstanceOf(ModuleException.class)
                .hasMessageStartingWith("hidden.mlirbc: the module does not tell the type of resource \"bias\":"
                        + " declare it in a file of types: offset=");
        byte[] baked = constants.render(
                Bake.of(module, constants.source(), types("bias tensor<4xf32>")).layout());
        assertThat(indexOf(baked, constants.bytes("bias"))).isPositive();
        assertThatThrownBy(() -> Bake.of(module, constants.source(), types("bias tensor<2x2xf32>")))
                .hasMessageContaining("resource \"bias\" is another tensor in model.gguf")
                .hasMessageEndingWith("expected tensor<2x2xf32>, got tensor<4xf32>");
    }

    @Test
    void keptDataOfAnotherSizeIsAnError() throws IOException {
        byte[] bytes = BytesSource.resource("mixed.mlirbc").bytes();
        int kept2 = indexOf(bytes, new byte[] {5, 7, 1, 2, 3}); // alignment 2, size 3, data
        bytes[kept2 + 1] = 5; // size 2: a byte of padding more, as may be with this alignment
        assertThatThrownBy(() -> bake(new BytesSource("short.mlirbc", bytes)))
                .isInstanceOf(ModuleException.class)
                .hasMessageContaining("data of resource \"kept 2\" is not of the size of its tensor, tensor<3xi8>")
                .hasMessageEndingWith("expected 3 bytes, got 2");
    }

    /// Larger and differently aligned data moves the sections behind it; the alignment of each is kept.
    @Test
    void bytesOfManySizesEndUpAligned() throws IOException {
        for (int i = 0; i < 70; i++) {
            byte[] template = BytesSource.resource("declared.mlirbc").bytes();
            // a longer name of the producer shifts everything
            byte[] shifted = new byte[template.length + i];
            System.arraycopy(template, 0, shifted, 0, 5);
            Arrays.fill(shifted, 5, 5 + i, (byte) 'x');
            System.arraycopy(template, 5, shifted, 5 + i, template.length - 5);
            byte[] baked = bake(new BytesSource("shifted", shifted));
            for (String name : List.of("blk.0.w", "bias")) {
                assertThat(indexOf(baked, constants.bytes(name)) % 16).isZero();
            }
        }
    }

    /// Counts and sizes that no file can hold are refused where they stand, not believed.
    @Test
    void hugeNumbersAreRefusedAtOnce() throws IOException {
        byte[] module = BytesSource.resource("mixed.mlirbc").bytes();
        byte[] huge = HexFormat.of().parseHex("00ffffffffffffff7f"); // 2^63 - 1
        for (int at = 5; at < module.length; at++) {
            byte[] longer = new byte[module.length + huge.length - 1];
            System.arraycopy(module, 0, longer, 0, at);
            System.arraycopy(huge, 0, longer, at, huge.length);
            System.arraycopy(module, at + 1, longer, at + huge.length, module.length - at - 1);
            // the length of the section around it is off as well then, unless the number is that length
            assertThatThrownBy(() -> bake(new BytesSource("huge", longer)))
                    .as("at %s", at)
                    .isInstanceOf(ModuleException.class);
        }
    }

    @Test
    void anUnknownVersionIsRefused() throws IOException {
        byte[] module = BytesSource.resource("declared.mlirbc").bytes();
        module[4] = 7 << 1 | 1;
        assertThatThrownBy(() -> bake(new BytesSource("new.mlirbc", module)))
                .isInstanceOf(ModuleException.class)
                .hasMessage("new.mlirbc: version of MLIR bytecode: offset=4, expected 6 at most, got 7");
    }
}
