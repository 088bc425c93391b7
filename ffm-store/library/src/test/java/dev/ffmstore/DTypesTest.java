package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.gguf.ByteSource;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.GgufOptions;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DTypesTest {
    @Test
    void theLastRuleThatMatchesDecides() {
        DTypes types = DTypes.all(DType.BF16).with("*norm*", DType.F32).with("a.norm", DType.F16);
        List<String> names = List.of("a.norm", "b.norm", "c");
        assertThat(names.stream().map(types.over(names))).containsExactly(DType.F16, DType.F32, DType.BF16);
        assertThat(DTypes.dense().over(names).apply("c")).isEqualTo(DType.F32);
        assertThat(types)
                .isEqualTo(DTypes.all(DType.BF16).with("*norm*", DType.F32).with("a.norm", DType.F16));
        assertThat(types).hasToString("*=BF16, *norm*=F32, a.norm=F16");
    }

    @Test
    void refusesPatternsThatMatchNothingButTheOneForAll() {
        assertThatThrownBy(() -> DTypes.dense().with("x*", DType.F16).over(List.of("a")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no tensor matches the pattern x*");
        assertThat(DTypes.all(DType.F16).over(List.of()).apply("a")).isEqualTo(DType.F16);
        assertThatThrownBy(() -> DTypes.dense().with("[", DType.F16)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F64", "I8", "I16", "I32", "I64"})
    void refusesOtherTypes(DType dtype) {
        assertThatThrownBy(() -> DTypes.all(dtype))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected F32, F16 or BF16, got " + dtype);
    }

    @Test
    void aPlanConvertsFloatsOnly() throws IOException {
        try (GgufFile file =
                GgufFile.open(new ByteSource(TestModel.ofEveryType().bytes()), GgufOptions.defaults())) {
            LoadPlan plan = LoadPlan.of(file, LoadOptions.defaults().dtypes(DTypes.all(DType.BF16)));
            long dense = 0;
            for (LoadPlan.Slot slot : plan.slots()) {
                DType natural = DType.denseOf(slot.type());
                assertThat(slot.dtype()).isEqualTo(natural == DType.F32 ? DType.BF16 : natural);
                assertThat(slot.byteSize())
                        .isEqualTo(slot.shape().elementCount() * slot.dtype().byteSize());
                dense += slot.byteSize();
            }
            assertThat(plan.denseBytes()).isEqualTo(dense);
            assertThat(plan).isNotEqualTo(LoadPlan.of(file, LoadOptions.defaults()));
        }
    }
}
