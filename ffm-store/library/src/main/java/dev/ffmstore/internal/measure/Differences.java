package dev.ffmstore.internal.measure;

import dev.ffmstore.DType;
import dev.ffmstore.export.Constant;
import dev.ffmstore.export.ConstantReader;
import dev.ffmstore.export.ConstantSource;
import dev.ffmstore.internal.pass.Workers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.LongConsumer;

/// How the tensors of two sources differ, pair by pair, in parallel and in little memory.
public final class Differences {
    /// Two constants of one shape, each of its source.
    ///
    /// @param a the first source's
    /// @param b the second source's
    public record Pair(Constant a, Constant b) {
        /// @throws IllegalArgumentException if their shapes differ
        public Pair {
            if (!a.shape().equals(b.shape())) {
                throw new IllegalArgumentException("shapes differ: " + a.shape() + " and " + b.shape());
            }
        }

        boolean isOfIntegers() {
            return Elements.areIntegers(a.dtype()) && Elements.areIntegers(b.dtype());
        }
    }

    private final ConstantSource a;
    private final ConstantSource b;
    private final List<Pair> pairs;
    private final Tolerance tolerance;
    private final Chunks chunks;
    private final AtomicReferenceArray<Difference> differences;
    private final Done done = new Done();

    private Differences(ConstantSource a, ConstantSource b, List<Pair> pairs, Tolerance tolerance) {
        this.a = a;
        this.b = b;
        this.pairs = pairs;
        this.tolerance = tolerance;
        this.chunks = new Chunks(pairs.stream()
                .mapToLong(pair -> pair.a().shape().elementCount())
                .toArray());
        this.differences = new AtomicReferenceArray<>(chunks.count());
    }

    /// Compares; see [Workers#run].
    ///
    /// @param a where the pairs' first constants are
    /// @param b where the pairs' second constants are
    /// @param pairs what to compare
    /// @param tolerance how far elements may be apart
    /// @param threads how many workers
    /// @param progress hears, a few times a second, how many elements have been compared
    /// @return a difference for each pair, in their order; the same, to the last bit, whatever the number of
    /// workers
    public static List<Difference> between(
            ConstantSource a,
            ConstantSource b,
            List<Pair> pairs,
            Tolerance tolerance,
            int threads,
            LongConsumer progress)
            throws Exception {
        return new Differences(a, b, pairs, tolerance).runAll(threads, progress);
    }

    private List<Difference> runAll(int threads, LongConsumer progress) throws Exception {
        try (Arena arena = Arena.ofShared()) {
            Workers.run(
                    threads,
                    chunks.count(),
                    () -> new Worker(a.openReader(), b.openReader(), arena),
                    () -> progress.accept(done.elements()));
        }
        List<Difference> merged = new ArrayList<>();
        for (int tensor = 0; tensor < pairs.size(); tensor++) {
            Difference sum = Difference.NONE;
            for (int chunk = chunks.start(tensor); chunk < chunks.start(tensor + 1); chunk++) {
                sum = sum.plus(differences.get(chunk));
            }
            merged.add(sum);
        }
        return merged;
    }

    /// What one worker owns.
    private final class Worker implements Workers.Task {
        private final Elements ofA;
        private final Elements ofB;
        private final double[] realsA = new double[Elements.RUN];
        private final double[] realsB = new double[Elements.RUN];
        private final long[] integersA = new long[Elements.RUN];
        private final long[] integersB = new long[Elements.RUN];

        Worker(ConstantReader a, ConstantReader b, Arena arena) {
            this.ofA = new Elements(a, arena);
            this.ofB = new Elements(b, arena);
        }

        @Override
        public void run(long index) throws IOException {
            Chunks.Chunk chunk = chunks.get((int) index);
            Pair pair = pairs.get(chunk.tensor());
            PairCounter counter = new PairCounter(tolerance, chunk.first());
            for (long at = 0; at < chunk.count(); at += Chunks.TILE) {
                int count = (int) Math.min(Chunks.TILE, chunk.count() - at);
                ofA.read(pair.a(), chunk.first() + at, count);
                ofB.read(pair.b(), chunk.first() + at, count);
                compare(pair, count, counter);
                done.add(count);
            }
            differences.set((int) index, counter.result());
        }

        @Override
        public void close() {
            ofA.close();
            ofB.close();
        }

        private void compare(Pair pair, int elements, PairCounter counter) {
            DType dtypeA = pair.a().dtype();
            DType dtypeB = pair.b().dtype();
            for (int from = 0; from < elements; from += Elements.RUN) {
                int count = Math.min(Elements.RUN, elements - from);
                if (pair.isOfIntegers()) {
                    ofA.widen(dtypeA, from, integersA, count);
                    ofB.widen(dtypeB, from, integersB, count);
                    counter.add(integersA, integersB, count);
                } else {
                    ofA.widen(dtypeA, from, realsA, count);
                    ofB.widen(dtypeB, from, realsB, count);
                    counter.add(realsA, realsB, count);
                }
            }
        }
    }
}
