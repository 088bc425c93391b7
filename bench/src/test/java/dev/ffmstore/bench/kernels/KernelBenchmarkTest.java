package dev.ffmstore.bench.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.bench.run.RandomBlocks;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.openjdk.jmh.annotations.Param;

class KernelBenchmarkTest {
    @Test
    void coversEveryTypeThatIsDecoded() throws NoSuchFieldException {
        String[] covered = KernelBenchmark.class
                .getField("type")
                .getAnnotation(Param.class)
                .value();

        assertThat(covered)
                .containsExactlyInAnyOrder(Arrays.stream(GgmlType.values())
                        .filter(type ->
                                !type.isPlain() && BlockDecoders.scalar().supports(type))
                        .map(GgmlType::name)
                        .toArray(String[]::new));
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16", "Q4_K", "Q6_K", "Q8_K"})
    void blocksAreRandomAndDecodeToOrdinaryNumbers(GgmlType type) {
        int count = 1024 / type.blockLength();
        byte[] blocks = new RandomBlocks(type, 1).next(count);

        assertThat(blocks)
                .hasSize(count * type.blockBytes())
                .isEqualTo(new RandomBlocks(type, 1).next(count))
                .isNotEqualTo(new RandomBlocks(type, 2).next(count));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment dense = arena.allocate(1024 * Float.BYTES, Float.BYTES);
            BlockDecoders.scalar().of(type).decode(MemorySegment.ofArray(blocks), 0, dense, 0, count);
            for (float element : dense.toArray(ValueLayout.JAVA_FLOAT)) {
                assertThat(Math.abs(element)).matches(m -> m == 0 || m >= 0x1p-100f && m <= 0x1p100f);
            }
        }
    }
}
