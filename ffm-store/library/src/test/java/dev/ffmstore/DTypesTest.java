package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.ffmstore.gguf.ByteSource;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.GgufOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DTypesTest {
    @Test
    void theLastRuleThatMatchesDecides() {
        DTypes types = DTypes.all(DType.BF16).with("*norm*", DType.F32).with("a.norm", DType.F16);
        List<String> names = List.of("a.norm", "b.norm", "c");
        assertThat(names.stream().map(types(types, names)))
                .containsExactly(Optional.of(DType.F16), Optional.of(DType.F32), Optional.of(DType.BF16));
        assertThat(DTypes.dense().over(names).apply("c")).isEmpty();
        assertThat(types)
                .isEqualTo(DTypes.all(DType.BF16).with("*norm*", DType.F32).with("a.norm", DType.F16));
        assertThat(types).hasToString("*=BF16, *norm*=F32, a.norm=F16");
    }

    private static Function<String, Optional<DType>> types(DTypes types, List<String> names) {
        return types.over(names).andThen(rule -> rule.flatMap(DTypes.Rule::dtype));
    }

    @Test
    void aRuleMayKeepWhatIsStored() throws IOException {
        DTypes types = DTypes.all(DType.BF16).withStored("of.F16").with("of.Q4_K", DType.F16);
        assertThat(types).hasToString("*=BF16, of.F16=stored, of.Q4_K=F16");
        assertThat(DTypes.stored())
                .hasToString("*=stored")
                .isEqualTo(DTypes.dense().withStored("*"));
        try (Model file = open()) {
            assertThat(dtypes(file, types))
                    .containsEntry("of.F16", DType.F16)
                    .containsEntry("of.F32", DType.BF16)
                    .containsEntry("of.Q4_K", DType.F16)
                    .containsEntry("of.I16", DType.I16);
            assertThat(dtypes(file, DTypes.stored()))
                    .containsEntry("of.F16", DType.F16)
                    .containsEntry("of.BF16", DType.BF16)
                    .containsEntry("of.F32", DType.F32)
                    .containsEntry("of.Q4_K", DType.F32);
        }
    }

    private static Model open() throws IOException {
        return Model.of(GgufFile.open(new ByteSource(TestModel.ofEveryType().bytes()), GgufOptions.defaults()));
    }

    private static Map<String, DType> dtypes(Model model, DTypes types) throws IOException {
        return TensorPlan.of(model, TensorForm.dense().dtypes(types)).slots().stream()
                .collect(Collectors.toMap(TensorSlot::name, TensorSlot::dtype));
    }

    @Test
    void refusesPatternsThatMatchNothingButTheOneForAll() {
        assertThatThrownBy(() -> DTypes.dense().with("x*", DType.F16).over(List.of("a")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no tensor matches the pattern x*");
        assertThat(types(DTypes.all(DType.F16), List.of()).apply("a")).contains(DType.F16);
        assertThatThrownBy(() -> DTypes.dense().with("[", DType.F16)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aLaterRuleWinsWhetherItHasWildcardsOrNot() {
        DTypes types = DTypes.dense()
                .with("a", DType.BF16)
                .with("b", DType.BF16)
                .with("[ab]*", DType.F16)
                .with("b", DType.F32)
                .with("b", DType.BF16);
        assertThat(List.of("a", "b", "ab", "c").stream().map(types(types, List.of("a", "b", "ab", "c"))))
                .containsExactly(
                        Optional.of(DType.F16), Optional.of(DType.BF16), Optional.of(DType.F16), Optional.empty());
    }

    @Test
    void rulesMayMatchNothingWhereThatIsAllowed() {
        DTypes types = new DTypes(List.of(), NameFilter.Unmatched.ALLOWED)
                .with("none", DType.F16)
                .with("x*", DType.BF16);
        assertThat(types.over(List.of("a")).apply("a")).isEmpty();
        assertThat(types(types, List.of("a")).apply("x.a")).contains(DType.BF16);
        assertThat(types).hasToString("none=F16, x*=BF16");
    }

    @Test
    void manyRulesWithoutWildcardsAreLookedUp() {
        List<String> names =
                IntStream.range(0, 100_000).mapToObj(i -> "layer." + i).toList();
        List<DTypes.Rule> rules = names.subList(0, 10_000).stream()
                .map(name -> new DTypes.Rule(name, DType.F16))
                .toList();
        long converted = assertTimeoutPreemptively(
                Duration.ofSeconds(30),
                () -> names.stream()
                        .map(types(new DTypes(rules), names))
                        .filter(Optional.of(DType.F16)::equals)
                        .count());
        assertThat(converted).isEqualTo(10_000);
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"F32", "F16", "BF16"})
    void refusesOtherTypes(DType dtype) {
        assertThatThrownBy(() -> DTypes.all(dtype))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected F32, F16 or BF16, got " + dtype);
    }

    @Test
    void aPlanConvertsFloatsOnly() throws IOException {
        try (Model file =
                Model.of(GgufFile.open(new ByteSource(TestModel.ofEveryType().bytes()), GgufOptions.defaults()))) {
            TensorPlan plan = TensorPlan.of(file, TensorForm.dense().dtypes(DTypes.all(DType.BF16)));
            long dense = 0;
            for (TensorSlot slot : plan.slots()) {
                DType natural = DType.denseOf(slot.type());
                assertThat(slot.dtype()).isEqualTo(natural == DType.F32 ? DType.BF16 : natural);
                assertThat(slot.byteSize())
                        .isEqualTo(slot.shape().elementCount() * slot.dtype().byteSize());
                dense += slot.byteSize();
            }
            assertThat(plan.denseBytes()).isEqualTo(dense);
            assertThat(plan).isNotEqualTo(TensorPlan.of(file, TensorForm.dense()));
        }
    }
}
