package dev.ffmstore.mlir;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.DType;
import dev.ffmstore.export.FileLayout;
import dev.ffmstore.fixtures.Tensors;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class MlirTextTest {
    private final Tensors constants = new Tensors("model.gguf", "F32")
            .add("w", DType.F32, new byte[] {0, 0, (byte) 0x80, 0x3F, 0, 0, 0, 0x40}, 2, 1)
            .add("a \"b\\\u007Fü", DType.BF16, new byte[] {1, 2})
            .addAlias("tied", "w");

    private String render(FileLayout layout) throws IOException {
        return new String(constants.render(layout), StandardCharsets.UTF_8);
    }

    @Test
    void parametersAreGlobals() throws IOException {
        assertThat(render(MlirParameters.layout(constants.source(), "model"))).isEqualTo("""
                        // 3 tensors of model.gguf, names: gguf
                        util.global private @"w" = #flow.parameter.named<"model"::"w"> : tensor<2x1xf32>
                        util.global private @"a \\22b\\5C\\7F\\C3\\BC" = #flow.parameter.named<"model"::"a \\22b\\5C\\7F\\C3\\BC"> : tensor<bf16>
                        util.global private @"tied" = #flow.parameter.named<"model"::"tied"> : tensor<2x1xf32>
                        """);
    }

    @Test
    void constantsAreFunctionsAndTiedOnesHaveOneResource() throws IOException {
        assertThat(render(MlirConstants.layout(constants.source()))).isEqualTo("""
                        // 3 tensors of model.gguf, names: gguf
                        module {
                          func.func @"w"() -> tensor<2x1xf32> {
                            %0 = stablehlo.constant dense_resource<"w"> : tensor<2x1xf32>
                            return %0 : tensor<2x1xf32>
                          }
                          func.func @"a \\22b\\5C\\7F\\C3\\BC"() -> tensor<bf16> {
                            %0 = stablehlo.constant dense_resource<"a \\22b\\5C\\7F\\C3\\BC"> : tensor<bf16>
                            return %0 : tensor<bf16>
                          }
                          func.func @"tied"() -> tensor<2x1xf32> {
                            %0 = stablehlo.constant dense_resource<"w"> : tensor<2x1xf32>
                            return %0 : tensor<2x1xf32>
                          }
                        }

                        {-#
                          dialect_resources: {
                            builtin: {
                              "w": "0x100000000000803F00000040",
                              "a \\22b\\5C\\7F\\C3\\BC": "0x100000000102"
                            }
                          }
                        #-}
                        """);
    }

    @Test
    void noConstantsMakeAnEmptyModule() throws IOException {
        assertThat(render(MlirConstants.layout(new Tensors("model.gguf", "F32").source())))
                .isEqualTo("// 0 tensors of model.gguf, names: gguf\nmodule {\n}\n");
    }
}
