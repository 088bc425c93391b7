package dev.ffmstore.cli;

import dev.ffmstore.DecoderChoice;
import dev.ffmstore.LoadOptions;
import java.util.Iterator;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/// The options that say how the work is done.
final class Effort {
    @Spec(Target.MIXEE)
    private CommandSpec spec;

    private int threads = LoadOptions.defaults().threads();

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

    LoadOptions options() {
        return LoadOptions.defaults().threads(threads).decoder(decoder);
    }

    /// {@return options whose decoders are chosen for good, once, so that a report can name them}
    ///
    /// @param denseBytes the dense size of what is to be decoded
    static LoadOptions decided(LoadOptions options, long denseBytes) {
        return options.decoder(
                switch (options.decoder().decoders(denseBytes).kind()) {
                    case SCALAR -> DecoderChoice.SCALAR;
                    case VECTOR -> DecoderChoice.VECTOR;
                });
    }

    /// {@return what the decoders are called that were chosen for good}
    static String decoder(LoadOptions decided) {
        return decided.decoder().decoders(0).toString();
    }

    static final class DecoderNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return List.of("auto", "scalar", "vector").iterator();
        }
    }
}
