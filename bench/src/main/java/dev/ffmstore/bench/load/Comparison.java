package dev.ffmstore.bench.load;

import dev.ffmstore.bench.run.Median;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/// Timings of passes that took turns: in every round each pass ran once.
///
/// A pass that did not get huge pages measured the page faults, and does not count.
///
/// @param timings the timings of all passes
record Comparison(List<Timing> timings) {
    /// The share of its memory that a pass must have in huge pages to count.
    private static final double HUGE_SHARE = 0.99;

    /// One pass in one round.
    ///
    /// @param round 0 and up
    /// @param pass the name of the pass
    /// @param seconds how long the pass took
    /// @param byteSize how many bytes it wrote
    /// @param hugePageBytes how many bytes the kernel gave it in huge pages (AnonHugePages)
    record Timing(int round, String pass, double seconds, long byteSize, long hugePageBytes) {
        double gigabytesPerSecond() {
            return byteSize / seconds / 1e9;
        }

        /// {@return whether the pass got its huge pages, and so counts}
        boolean counts() {
            return hugePageBytes >= HUGE_SHARE * byteSize;
        }
    }

    Comparison {
        timings = List.copyOf(timings);
    }

    /// {@return the number of rounds}
    int rounds() {
        return timings.stream().mapToInt(timing -> timing.round + 1).max().orElse(0);
    }

    /// {@return the timings of a pass, in the order of the rounds, including those that do not count}
    List<Timing> of(String pass) {
        return timings.stream().filter(timing -> timing.pass.equals(pass)).toList();
    }

    /// {@return the median of the seconds that count, or empty if none does}
    OptionalDouble medianSeconds(String pass) {
        List<Double> seconds =
                of(pass).stream().filter(Timing::counts).map(Timing::seconds).toList();
        return seconds.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(Median.of(seconds));
    }

    /// {@return the speed of a load as a share of the best fill of the same round, for every round in which the
    /// load and all fills count}
    ///
    /// @param load the name of the load
    /// @param fills the names of the fills
    List<Double> shares(String load, List<String> fills) {
        return IntStream.range(0, rounds())
                .mapToObj(round -> share(round, load, fills))
                .flatMap(Optional::stream)
                .toList();
    }

    private Optional<Double> share(int round, String load, List<String> fills) {
        List<Timing> filled =
                fills.stream().flatMap(fill -> counting(round, fill).stream()).toList();
        if (filled.size() < fills.size()) {
            return Optional.empty();
        }
        double best =
                filled.stream().mapToDouble(Timing::gigabytesPerSecond).max().orElseThrow();
        return counting(round, load).map(timing -> timing.gigabytesPerSecond() / best);
    }

    private Optional<Timing> counting(int round, String pass) {
        return timings.stream()
                .filter(timing -> timing.round == round && timing.pass.equals(pass) && timing.counts())
                .findFirst();
    }
}
