package dev.ffmstore.cli;

import dev.ffmstore.DecoderChoice;
import dev.ffmstore.Effort;
import java.util.Iterator;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/// The options that say how the work is done.
final class EffortOptions {
    @Spec(Target.MIXEE)
    private CommandSpec spec;

    private int threads = Effort.defaults().threads();

    @Option(
            names = "--decoder",
            paramLabel = "KIND",
            completionCandidates = DecoderNames.class,
            description = "auto, scalar or vector; auto, the default, is scalar below 24 GiB of dense data, and"
                    + " vector from there on where the JVM has the Vector API")
    private DecoderChoice decoder = DecoderChoice.AUTO;

    @Option(names = "--threads", paramLabel = "N", description = "how many workers; by default one a processor")
    void setThreads(int count) {
        if (count < 1) {
            throw new ParameterException(spec.commandLine(), "--threads: expected 1 or more, got " + count);
        }
        threads = count;
    }

    /// {@return how the work is done, without a listener}
    Effort effort() {
        return Effort.defaults().threads(threads).decoder(decoder);
    }

    static final class DecoderNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return List.of("auto", "scalar", "vector").iterator();
        }
    }
}
