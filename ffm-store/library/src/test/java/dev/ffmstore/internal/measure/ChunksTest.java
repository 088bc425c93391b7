package dev.ffmstore.internal.measure;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ChunksTest {
    @Test
    void coverEveryElementOnceInOrder() {
        long[] elements = {0, 1, 16L * Chunks.TILE, 0, 16L * Chunks.TILE + 1, 5_000_000_007L, 0};
        Chunks chunks = new Chunks(elements);
        int index = 0;
        for (int tensor = 0; tensor < elements.length; tensor++) {
            assertThat(chunks.start(tensor)).isEqualTo(index);
            long next = 0;
            for (; next < elements[tensor]; index++) {
                Chunks.Chunk chunk = chunks.get(index);
                assertThat(chunk.tensor()).isEqualTo(tensor);
                assertThat(chunk.first()).isEqualTo(next);
                assertThat(chunk.first() % Chunks.TILE).isZero();
                assertThat(chunk.count()).isPositive();
                next += chunk.count();
            }
            assertThat(next).isEqualTo(elements[tensor]);
        }
        assertThat(chunks.count()).isEqualTo(index);
        assertThat(chunks.start(elements.length)).isEqualTo(index);
    }

    @Test
    void areFewWhateverTheTensor() {
        assertThat(new Chunks(Long.MAX_VALUE / 8).count()).isLessThanOrEqualTo(1024);
        assertThat(new Chunks(7_000_000_000L).count()).isBetween(2, 1024);
    }
}
