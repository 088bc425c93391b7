package dev.ffmstore.bench.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChildRunTest {
    @Test
    void aProcessThatTakesTooLongIsEnded() throws Exception {
        ChildRun run =
                ChildRun.of(new ChildJvm(List.of(), ChildRunTest.class, List.of()).process(), Duration.ofSeconds(1));

        assertThat(run.failure()).isEqualTo("not done after 1 s");
    }

    /// Sleeps: the process of [#aProcessThatTakesTooLongIsEnded].
    public static void main(String[] args) throws InterruptedException {
        Thread.sleep(Duration.ofMinutes(1));
    }
}
