package dev.ffmstore.ggml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ffmstore.internal.vector.VectorDecoders;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Runs once per vector width; `ffmstore.test.vectorBits` says which the JVM was limited to.
@Tag("vector")
class VectorBlockDecoderTest extends BlockDecoderContract {
    private static final int LIMIT = Integer.getInteger("ffmstore.test.vectorBits", 512);

    @BeforeAll
    static void theMachineHasTheWidth() {
        int machine = VectorDecoders.machineBits();
        assumeTrue(machine == LIMIT, () -> "vectors of " + LIMIT + " bits not run: this machine has " + machine);
    }

    @Override
    BlockDecoders decoders() {
        return BlockDecoders.vector();
    }

    @Test
    void isWhatTheMachineAllows() {
        assertThat(decoders().kind()).isEqualTo(BlockDecoders.Kind.VECTOR);
        assertThat(decoders().vectorBits()).isEqualTo(LIMIT >= 256 ? LIMIT : 0);
        assertThat(BlockDecoders.best().kind()).isEqualTo(BlockDecoders.Kind.VECTOR);
    }

    @Test
    void hasKernelsOfItsOwnWhereVectorsAreWideEnough() {
        boolean scalar = decoders()
                .of(GgmlType.Q4_K)
                .getClass()
                .equals(BlockDecoders.scalar().of(GgmlType.Q4_K).getClass());
        assertThat(scalar).isEqualTo(LIMIT < 256);
    }
}
