package dev.ffmstore.bench.kernels;

import dev.ffmstore.bench.ggml.GgmlVariant;
import dev.ffmstore.bench.run.Median;
import dev.ffmstore.ggml.GgmlType;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// The speeds that the decoders of one type reached in rounds in which they took turns.
///
/// @param type the type that they decoded
/// @param memory whether the output was cached or streamed
/// @param rounds GB/s by contender and round; a contender that was not run is absent
/// @param bytesPerBlock heap bytes allocated per block, by contender
record KernelRow(GgmlType type, Residence memory, Map<String, List<Double>> rounds, Map<String, Double> bytesPerBlock) {
    static final String SCALAR = "scalar";
    static final String VECTOR = "vector";

    /// The name of the best of [#FILLS], round by round.
    static final String CEILING = "ceiling";

    /// The ways to write the output without any input.
    static final List<String> FILLS = List.of("MemorySegment.fill", "memset", "vector store");

    /// From this share of the ceiling on, memory is the limit.
    private static final double AT_THE_CEILING = 0.9;

    /// Where the output lives.
    enum Residence {
        /// Output of 256 KiB, written again and again.
        CACHED,
        /// Output so large that every byte comes from and goes to memory.
        STREAMED;

        /// {@return the name in a report}
        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// How the vector decoder did.
    enum Verdict {
        /// At least as fast as both builds of ggml.
        AHEAD("ahead of both"),
        /// Slower than one of the builds, but with nine tenths of the ceiling.
        AT_THE_CEILING("at the ceiling"),
        /// At least as fast as ggml as shipped, but slower than the native build.
        AHEAD_OF_SHIPPED("ahead of shipped only"),
        /// Slower than ggml as shipped.
        BEHIND("behind shipped"),
        /// One of the two builds was not run.
        NOT_COMPARED("not compared");

        private final String text;

        Verdict(String text) {
            this.text = text;
        }

        /// {@return the verdict in words}
        String text() {
            return text;
        }
    }

    /// {@return the median of a contender's rounds, or empty if it was not run}
    OptionalDouble median(String contender) {
        List<Double> all = roundsOf(contender);
        return all.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(Median.of(all));
    }

    /// {@return the speed of the vector decoder divided by that of another contender, the median over the rounds;
    /// empty if the other was not run}
    OptionalDouble vectorOver(String other) {
        List<Double> vector = roundsOf(VECTOR);
        List<Double> others = roundsOf(other);
        return others.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(Median.of(IntStream.range(0, vector.size())
                        .mapToObj(round -> vector.get(round) / others.get(round))
                        .toList()));
    }

    private List<Double> roundsOf(String contender) {
        return contender.equals(CEILING) ? ceiling() : rounds.getOrDefault(contender, List.of());
    }

    private List<Double> ceiling() {
        Collection<List<Double>> fills = FILLS.stream().map(rounds::get).collect(Collectors.toList());
        return IntStream.range(0, roundsOf(VECTOR).size())
                .mapToObj(round -> fills.stream()
                        .mapToDouble(fill -> fill.get(round))
                        .max()
                        .orElseThrow())
                .toList();
    }

    /// {@return how the vector decoder did}
    Verdict verdict() {
        OptionalDouble shipped = vectorOver(GgmlVariant.SHIPPED.label());
        OptionalDouble compiledHere = vectorOver(GgmlVariant.NATIVE.label());
        if (shipped.isEmpty() || compiledHere.isEmpty()) {
            return Verdict.NOT_COMPARED;
        }
        if (shipped.getAsDouble() >= 1 && compiledHere.getAsDouble() >= 1) {
            return Verdict.AHEAD;
        }
        if (vectorOver(CEILING).orElse(0) >= AT_THE_CEILING) {
            return Verdict.AT_THE_CEILING;
        }
        return shipped.getAsDouble() >= 1 ? Verdict.AHEAD_OF_SHIPPED : Verdict.BEHIND;
    }
}
