package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.ByteSource;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.GgufOptions;
import dev.ffmstore.gguf.Shape;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class TensorPlanTest {
    private static Model open(TestModel model) throws IOException {
        return Model.of(GgufFile.open(new ByteSource(model.bytes()), GgufOptions.defaults()));
    }

    @Test
    void placesTensorsInTheFilesOrderWithoutOverlap() throws IOException {
        try (Model file = open(TestModel.ofEveryType())) {
            TensorPlan plan = TensorPlan.of(file, TensorForm.dense());
            assertThat(plan.slots()).hasSameSizeAs(file.tensors());
            long end = 0;
            long dense = 0;
            for (int i = 0; i < plan.slots().size(); i++) {
                TensorSlot slot = plan.slots().get(i);
                assertThat(slot.name()).isEqualTo(file.tensors().get(i).name());
                assertThat(slot.offset()).isGreaterThanOrEqualTo(end).isLessThan(end + TensorPlan.ALIGNMENT);
                assertThat(slot.offset() % TensorPlan.ALIGNMENT).isZero();
                assertThat(slot.byteSize())
                        .isEqualTo(slot.shape().elementCount() * slot.dtype().byteSize());
                end = slot.end();
                dense += slot.byteSize();
            }
            assertThat(plan.denseBytes()).isEqualTo(dense);
            assertThat(plan.regionBytes()).isEqualTo(end);
            assertThat(plan.slots().stream()
                            .filter(slot -> slot.name().equals("of.I16"))
                            .findFirst()
                            .orElseThrow()
                            .dtype())
                    .isEqualTo(DType.I16);
        }
    }

    @Test
    void isAValue() throws IOException {
        try (Model file = open(TestModel.large())) {
            TensorPlan plan = TensorPlan.of(file, TensorForm.dense());
            assertThat(plan).isEqualTo(TensorPlan.of(file, TensorForm.dense()));
            assertThat(plan)
                    .isNotEqualTo(TensorPlan.of(
                            file, TensorForm.dense().filter(new NameFilter(List.of("first"), List.of()))));
            assertThat(plan.toString().lines())
                    .hasSize(4)
                    .anySatisfy(line -> assertThat(line).contains("third", "Q6_K", "[4999, 512]"))
                    .last()
                    .asString()
                    .contains("3 tensors");
        }
    }

    @Test
    void takesTheChosenTensorsOnly() throws IOException {
        try (Model file = open(TestModel.large())) {
            TensorPlan plan =
                    TensorPlan.of(file, TensorForm.dense().filter(new NameFilter(List.of("*"), List.of("second"))));
            assertThat(plan.slots()).extracting(TensorSlot::name).containsExactly("first", "third");
            assertThat(plan.denseBytes()).isEqualTo((9001 * 256L + 4999 * 512L) * 4);
        }
    }

    @Test
    void refusesATypeWithoutDecoderUnlessItIsLeftOut() throws IOException {
        try (Model file = open(TestModel.of(GgmlType.Q8_1, Shape.of(2, 32)))) {
            assertThatThrownBy(() -> TensorPlan.of(file, TensorForm.dense()))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("tensor tensor")
                    .hasMessageContaining("Q8_1");
            TensorForm without = TensorForm.dense().filter(new NameFilter(List.of(), List.of("tensor")));
            assertThat(TensorPlan.of(file, without).slots()).isEmpty();
        }
    }
}
