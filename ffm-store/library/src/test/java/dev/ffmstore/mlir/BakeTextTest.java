package dev.ffmstore.mlir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.DType;
import dev.ffmstore.export.BytesSource;
import dev.ffmstore.fixtures.Tensors;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BakeTextTest {
    private static final String USE = "%0 = stablehlo.constant dense_resource<w> : tensor<2xi8>\n";
    private static final String DATA = "\"w\": \"0x10000000A1FF\"";
    private static final String ALL =
            "\n{-#\n  dialect_resources: {\n    builtin: {\n      " + DATA + "\n    }\n  }\n#-}\n";

    private final Tensors constants = new Tensors("model.gguf", "F32")
            .add("w", DType.I8, new byte[] {(byte) 0xA1, (byte) 0xFF}, 2)
            .add("v", DType.I8, new byte[] {1}, 1)
            .add("i32", DType.I8, new byte[] {2}, 1)
            .add("a\"b\\c\nü", DType.I8, new byte[] {3}, 1)
            .add("scalar", DType.F32, new byte[4])
            .add("empty", DType.BF16, new byte[0], 0, 7);

    private String bake(String module) throws IOException {
        return bake(module, DeclaredTypes.none());
    }

    private String bake(String module, DeclaredTypes types) throws IOException {
        Bake bake = Bake.of(BytesSource.of(module), constants.source(), types);
        return new String(constants.render(bake.layout()), StandardCharsets.UTF_8);
    }

    private static DeclaredTypes types(String text) throws IOException {
        return DeclaredTypes.read(new BytesSource("types.txt", text.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void resourcesGoBehindAModuleThatHasNone() throws IOException {
        assertThat(bake(USE)).isEqualTo(USE + ALL);
        assertThat(bake("// " + USE + USE + "// the end")).isEqualTo("// " + USE + USE + "// the end" + ALL);
    }

    @Test
    void resourcesThatHaveDataAreKeptAndMerged() throws IOException {
        String kept = USE + "dense_resource<k> : tensor<1xi8>\n{-# dialect_resources: { builtin: {";
        assertThat(bake(kept + "k: \"0x0100000007\", \"unused\": \"0x01000000\"} } #-}"))
                .isEqualTo(kept + "\n      " + DATA + ",k: \"0x0100000007\", \"unused\": \"0x01000000\"} } #-}");
        Bake bake =
                Bake.of(BytesSource.of(kept + "k: \"0x0100000007\"}}#-}"), constants.source(), DeclaredTypes.none());
        assertThat(bake.kept()).isEqualTo(1);
        assertThat(bake.filled()).containsExactly(constants.tensor("w"));
    }

    @Test
    void resourcesGoToTheInnermostPlaceThereIs() throws IOException {
        assertThat(bake(USE + "{-# dialect_resources: {builtin: {}} #-}"))
                .isEqualTo(USE + "{-# dialect_resources: {builtin: {\n      " + DATA + "}} #-}");
        assertThat(bake(USE + "{-# dialect_resources: {other: {b: \"0x\"}} #-}"))
                .isEqualTo(USE + "{-# dialect_resources: {\n    builtin: {\n      " + DATA
                        + "\n    },other: {b: \"0x\"}} #-}");
        assertThat(bake("{-# external_resources: {dialect_resources: {builtin: {w: true}}} #-}" + USE))
                .isEqualTo("{-#\n  dialect_resources: {\n    builtin: {\n      " + DATA
                        + "\n    }\n  }, external_resources: {dialect_resources: {builtin: {w: true}}} #-}" + USE);
        assertThat(bake("{-##-}" + USE))
                .isEqualTo("{-#\n  dialect_resources: {\n    builtin: {\n      " + DATA + "\n    }\n  }#-}" + USE);
    }

    @Test
    void aDeepDictionaryIsNoTrouble() throws IOException {
        String deep = "{-# a: " + "{a: ".repeat(100_000) + "1" + "}".repeat(100_000) + " #-}" + USE;
        assertThat(bake(deep)).hasSizeGreaterThan(deep.length());
    }

    @Test
    void commentsStringsAndOtherNamesAreNoKeys() throws IOException {
        String noise = "// dense_resource<c> : tensor<1xi8> {-# \"\n"
                + "\"s\"() {a = \"dense_resource<s> \\\" {-# // \", dense_resource = 1, x.dense_resource<1>,"
                + " @dense_resource<2>, #dense_resource<3>, !dense_resource<4>, %dense_resource<5>, 6dense_resource<7>,"
                + " dense_resource_<8>}\n";
        assertThat(bake(noise + USE)).isEqualTo(noise + USE + ALL);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dense_resource<\"w\"> : tensor<2xi8>",
                "dense_resource<w>: tensor<2xi8>}",
                "dense_resource // comment\n < w\n> // : tensor<3xi8>\n : tensor < 2 x\ni8 >",
                "[dense_resource<w> : tensor<2xi8>, dense_resource<\"\\77\"> : tensor<2xi8>]",
                "<{value = dense_resource<w> : tensor<2xi8>}> : () -> tensor<9xf64>"
            })
    void everySpellingOfAUseIsRead(String use) throws IOException {
        assertThat(bake(use)).isEqualTo(use + ALL);
    }

    @ParameterizedTest
    @ValueSource(strings = {"si8", "ui8"})
    void integersMaySayWhetherTheyHaveASign(String element) throws IOException {
        String use = "dense_resource<w> : tensor<2x" + element + ">";
        assertThat(bake(use)).isEqualTo(use + ALL);
    }

    @Test
    void everyKeyIsFilledOnceInTheOrderOfItsFirstUse() throws IOException {
        String module = "dense_resource<v> : tensor<1xi8> dense_resource<scalar> : tensor<f32> " + USE
                + " dense_resource<v> : tensor<1xi8> dense_resource<empty> : tensor<0x7xbf16>"
                + " dense_resource<i32> : tensor<1xi8> dense_resource<\"a\\\"b\\\\c\\nü\"> : tensor<1xi8>"
                + " dense_resource<\"a\\22b\\5Cc\\0A\\C3\\bC\"> : tensor<1xi8>";
        assertThat(bake(module)).isEqualTo(module + """

                        {-#
                          dialect_resources: {
                            builtin: {
                              "v": "0x1000000001",
                              "scalar": "0x1000000000000000",
                              "w": "0x10000000A1FF",
                              "empty": "0x10000000",
                              "i32": "0x1000000002",
                              "a\\22b\\5Cc\\0A\\C3\\BC": "0x1000000003"
                            }
                          }
                        #-}
                        """);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tensor<3xi8>          | tensor<3xi8>",
                "tensor<2x1xi8>        | tensor<2x1xi8>",
                "tensor<i8>            | tensor<i8>",
                "tensor<?xi8>          | tensor<?xi8>",
                "tensor<2xui16>        | tensor<2xui16>",
                "tensor<2xf8E4M3FN>    | tensor<2xf8E4M3FN>",
                "tensor<2xi8, #sparse> | tensor<2xi8, …>",
                "tensor<2xcomplex<f32>> | tensor<2xcomplex<f32>>"
            })
    void anotherTypeIsAnErrorThatShowsBoth(String type, String shown) {
        assertThatThrownBy(() -> bake("// …\ndense_resource<w> : " + type))
                .isInstanceOf(ModuleException.class)
                .hasMessage("test.mlir: resource \"w\" is another tensor in model.gguf: offset=7, expected " + shown
                        + ", got tensor<2xi8>");
    }

    @Test
    void aSecondUseOfAnotherTypeIsAnErrorToo() {
        assertThatThrownBy(() -> bake(USE + "dense_resource<w> : tensor<1x2xi8>"))
                .hasMessageContaining("expected tensor<1x2xi8>, got tensor<2xi8>");
    }

    @Test
    void aKeyThatIsNoTensorIsAnErrorWithTheConvention() {
        assertThatThrownBy(() -> bake("dense_resource<\"no\\1B\"> : tensor<2xi8>"))
                .isInstanceOf(ModuleException.class)
                .hasMessage("test.mlir: resource \"no\\u{1b}\" has no data, and is no tensor of model.gguf in the names"
                        + " of gguf: offset=0, expected tensor<2xi8>");
    }

    @Test
    void keptDataOfAnotherSizeIsAnError() {
        assertThatThrownBy(() -> bake(USE + "dense_resource<k> : tensor<2xf16>"
                        + "{-# dialect_resources: {builtin: {k: \"0x01000000AABBCC\"}} #-}"))
                .isInstanceOf(ModuleException.class)
                .hasMessage("test.mlir: data of resource \"k\" is not of the size of its tensor, tensor<2xf16>:"
                        + " offset=57, expected 4 bytes, got 3");
    }

    @Test
    void aModuleWithNothingToFillIsAnError() {
        for (String module : new String[] {
            "",
            "module {}",
            "dense_resource<k> : tensor<1xi8> {-# dialect_resources: {builtin: {k: \"0x0100000007\"}} #-}"
        }) {
            assertThatThrownBy(() -> bake(module))
                    .isInstanceOf(ModuleException.class)
                    .hasMessage("test.mlir: has no dense_resource without data");
        }
    }

    @Test
    void typesThatTheModuleDoesNotTellAreDeclaredBesideIt() throws IOException {
        String module = "!t = tensor<2xi8>\ndense_resource<w> : !t\ndense_resource<v>";
        assertThatThrownBy(() -> bake(module))
                .isInstanceOf(ModuleException.class)
                .hasMessage("test.mlir: the module does not tell the type of resource \"w\": declare it in a file of"
                        + " types: offset=18");
        String declared = "// types\n\n  w  tensor<2xi8>\r\n\"v\" tensor<1xi8>";
        assertThat(bake(module, types(declared))).startsWith(module).contains(DATA);
        assertThatThrownBy(() -> bake(module, types("w tensor<2xi8>\nv tensor<2xi8>")))
                .hasMessageContaining("resource \"v\" is another tensor in model.gguf: offset=41,"
                        + " expected tensor<2xi8>, got tensor<1xi8>");
        assertThatThrownBy(() -> bake(USE, types("w tensor<3xi8>")))
                .hasMessage("types.txt: type of \"w\" is not that of test.mlir: offset=0, expected tensor<2xi8>, got"
                        + " tensor<3xi8>");
        assertThatThrownBy(() -> bake(USE, types("w tensor<2xi8>\nother tensor<3xi8>")))
                .hasMessage("types.txt: name is no resource of test.mlir: offset=15, got \"other\"");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "w",
                "tensor<2xi8>",
                "w tensor",
                "w tensor<>",
                "w tensor<2x>",
                "w tensor<2xi8> more",
                "w memref<2xi8>",
                "a b tensor<2xi8>",
                "\"a tensor<2xi8>",
                "\"\\zz\" tensor<2xi8>",
                "w tensor<2xi8>\nw tensor<2xi8>"
            })
    void aMalformedFileOfTypesIsRefused(String text) {
        assertThatThrownBy(() -> types(text))
                .isInstanceOf(ModuleException.class)
                .hasMessageStartingWith("types.txt: ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "dense_resource<                           | unexpected token: offset=15, expected name of a resource,"
                        + " got the end of the file",
                "dense_resource<1>                         | unexpected token: offset=15, expected name of a resource,"
                        + " got a number, or a name with a sigil",
                "dense_resource<w {-#                      | unexpected token: offset=17, expected >, got {-#",
                "dense_resource<w                          | unexpected token: offset=16, expected >",
                "dense_resource<w> : tensor                | unexpected token: offset=26, expected <",
                "dense_resource<w> : tensor<               | ends inside a tensor type: offset=27",
                "dense_resource<w> : tensor<>              | is no tensor type: offset=20",
                "dense_resource<w> : tensor<2xx>           | resource \"w\" is another tensor",
                "dense_resource<w> : tensor<99999999999999999999xi8> | is no tensor type: offset=20",
                "dense_resource<\"w> : tensor<2xi8>        | string without an end: offset=15",
                "dense_resource<\"\\zz\"> : tensor<2xi8>   | name of a resource is not a string of UTF-8: offset=15",
                "dense_resource<\"\\ff\"> : tensor<2xi8>   | name of a resource is not a string of UTF-8: offset=15",
                "{-#                                       | unexpected token: offset=3, expected key",
                "{-# a                                     | unexpected token: offset=5, expected :",
                "{-# a: { #-}                              | unexpected token: offset=9, expected key",
                "{-# } #-}                                 | unexpected token: offset=4, expected key",
                "{-# dialect_resources: {builtin: {w: 1}} #-} | unexpected token: offset=37, expected data in hex",
                "{-# dialect_resources: {builtin: {w: \"0x\"}} #-} | resource is not hex data with an alignment:"
                        + " offset=37",
                "{-# dialect_resources: {builtin: {w: \"0x010000001\"}} #-} | resource is not hex data with an"
                        + " alignment: offset=37",
                "{-# dialect_resources: {builtin: {w: \"0x01000000\", \"w\": \"0x01000000\"}} #-} | resource is there"
                        + " twice: offset=51",
            })
    void malformedTextIsRefused(String module, String message) {
        assertThatThrownBy(() -> bake(module))
                .isInstanceOf(ModuleException.class)
                .hasMessageStartingWith("test.mlir: " + message);
    }

    @Test
    void aFileThatIsNoTextIsRefused() {
        assertThatThrownBy(() -> bake("GGUF\3\0\0\0"))
                .isInstanceOf(ModuleException.class)
                .hasMessage("test.mlir: is not MLIR text, nor MLIR bytecode: offset=5, expected no zero bytes");
    }

    @Test
    void namesTakeBoundedMemory() {
        assertThatThrownBy(() -> bake("dense_resource<" + "n".repeat(5000) + "> : tensor<2xi8>"))
                .hasMessage("test.mlir: name of a resource is too long: offset=15, expected 4096 bytes at most, got"
                        + " 5000");
        StringBuilder many = new StringBuilder();
        for (int i = 0; i < 3000; i++) {
            many.append("dense_resource<").append("n".repeat(4000)).append(i).append(">");
        }
        assertThatThrownBy(() -> bake(many.toString())).hasMessageContaining("too many names of resources");
    }

    @Test
    void theModulesOfTheToolAreFilled() throws IOException {
        Tensors model = Tensors.ofTheModules();
        for (String name : new String[] {"declared.mlir", "mixed.mlir"}) {
            BytesSource module = BytesSource.resource(name);
            Bake bake = Bake.of(module, model.source(), DeclaredTypes.none());
            String baked = new String(model.render(bake.layout()), StandardCharsets.UTF_8);
            String whole = new String(module.bytes(), StandardCharsets.UTF_8);
            for (String line : whole.lines().toList()) {
                assertThat(baked).contains(line);
            }
            // what is filled is there for the next reader, which finds nothing left to do
            assertThatThrownBy(() -> Bake.of(BytesSource.of(baked), model.source(), DeclaredTypes.none()))
                    .hasMessage("test.mlir: has no dense_resource without data");
        }
    }
}
