package dev.ffmstore.internal.measure;

import dev.ffmstore.DType;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.internal.pass.Pass;
import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.LongConsumer;

/// Measures how the tensors of two sources differ, pair by pair, in parallel and in little memory.
public final class Differences {
    /// Two tensors of one shape, one from each source.
    ///
    /// @param a the tensor of the first source
    /// @param b the tensor of the second source
    public record Pair(TensorSlot a, TensorSlot b) {
        /// @throws IllegalArgumentException if their shapes differ, or their types cannot be compared
        public Pair {
            if (!a.shape().equals(b.shape())) {
                throw new IllegalArgumentException("shapes differ: " + a.shape() + " and " + b.shape());
            }
            if (!areComparable(a.dtype(), b.dtype())) {
                throw new IllegalArgumentException("types differ: " + a.dtype() + " and " + b.dtype());
            }
        }

        Elements.Kind kind() {
            return Elements.kind(a.dtype()) == Elements.kind(b.dtype())
                    ? Elements.kind(a.dtype())
                    : Elements.Kind.REALS;
        }
    }

    /// {@return whether elements of two types can be compared: all numbers can, C64, F4, F6_E2M3 and F6_E3M2 only
    /// with elements of the same type, bit by bit}
    public static boolean areComparable(DType a, DType b) {
        return a == b || Elements.kind(a) != Elements.Kind.BITS && Elements.kind(b) != Elements.Kind.BITS;
    }

    private final TensorSource a;
    private final TensorSource b;
    private final List<Pair> pairs;
    private final Tolerance tolerance;
    private final Chunks chunks;
    private final AtomicReferenceArray<Difference> differences;

    private Differences(TensorSource a, TensorSource b, List<Pair> pairs, Tolerance tolerance) {
        this.a = a;
        this.b = b;
        this.pairs = pairs;
        this.tolerance = tolerance;
        this.chunks = new Chunks(pairs.stream()
                .mapToLong(pair -> pair.a().shape().elementCount())
                .toArray());
        this.differences = new AtomicReferenceArray<>(chunks.count());
    }

    /// Compares pairs of tensors; see [Pass#run].
    ///
    /// @param a the source of the first tensor of each pair
    /// @param b the source of the second tensor of each pair
    /// @param pairs the tensors to compare
    /// @param tolerance how far elements may be apart
    /// @param threads the number of workers
    /// @param progress is told a few times a second how many elements have been compared
    /// @return a difference for each pair, in their order; the same, to the last bit, whatever the
    /// number of workers
    public static List<Difference> between(
            TensorSource a, TensorSource b, List<Pair> pairs, Tolerance tolerance, int threads, LongConsumer progress)
            throws IOException {
        return new Differences(a, b, pairs, tolerance).runAll(threads, progress);
    }

    private List<Difference> runAll(int threads, LongConsumer progress) throws IOException {
        new Pass(threads, Problem.of(a.name(), "comparison interrupted").toString())
                .run(chunks.count(), this::newTask, progress::accept);
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

    private Pass.Task newTask(Pass.Worker worker) {
        return new Comparison(worker);
    }

    private static PairCounter.Sign sign(DType dtype) {
        return dtype == DType.U64 ? PairCounter.Sign.UNSIGNED : PairCounter.Sign.SIGNED;
    }

    /// The readers and buffers of one worker.
    private final class Comparison implements Pass.Task {
        private final Pass.Worker worker;
        private final Elements ofA;
        private final Elements ofB;
        private final double[] realsA = new double[Elements.RUN];
        private final double[] realsB = new double[Elements.RUN];
        private final long[] integersA = new long[Elements.RUN];
        private final long[] integersB = new long[Elements.RUN];

        Comparison(Pass.Worker worker) {
            this.worker = worker;
            this.ofA = new Elements(a.reader(worker.arena()), worker.arena());
            this.ofB = new Elements(b.reader(worker.arena()), worker.arena());
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
                worker.add(count);
            }
            differences.set((int) index, counter.result());
        }

        private void compare(Pair pair, int elements, PairCounter counter) {
            DType dtypeA = pair.a().dtype();
            DType dtypeB = pair.b().dtype();
            for (int from = 0; from < elements; from += Elements.RUN) {
                int count = Math.min(Elements.RUN, elements - from);
                switch (pair.kind()) {
                    case INTEGERS -> {
                        ofA.widen(dtypeA, from, integersA, count);
                        ofB.widen(dtypeB, from, integersB, count);
                        counter.add(integersA, sign(dtypeA), integersB, sign(dtypeB), count);
                    }
                    case BITS -> {
                        ofA.widen(dtypeA, from, integersA, count);
                        ofB.widen(dtypeB, from, integersB, count);
                        counter.addBits(integersA, integersB, count);
                    }
                    case REALS -> {
                        ofA.widen(dtypeA, from, realsA, count);
                        ofB.widen(dtypeB, from, realsB, count);
                        counter.add(realsA, realsB, count);
                    }
                }
            }
        }
    }
}
