package dev.ffmstore.internal.measure;

import dev.ffmstore.DType;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.internal.pass.Pass;
import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.LongConsumer;
import java.util.stream.LongStream;

/// Measures what tensors hold, in parallel and in little memory.
///
/// Every tensor is read twice: first for its moments, then for its histogram, whose bins are between the smallest
/// and the largest element, which the first pass finds.
public final class Statistics {
    /// How many times every element is read.
    public static final int PASSES = 2;

    /// What one tensor holds.
    ///
    /// @param tensor the tensor
    /// @param moments counts, mean and the like
    /// @param histogram how the finite elements are spread; if there are none, its bounds are not numbers
    public record OfTensor(TensorSlot tensor, Moments moments, Histogram histogram) {}

    /// {@return whether elements of a type are numbers, which can be measured: all but C64, F4, F6_E2M3 and
    /// F6_E3M2}
    public static boolean canMeasure(DType dtype) {
        return Elements.kind(dtype) != Elements.Kind.BITS;
    }

    private final TensorSource source;
    private final List<TensorSlot> tensors;
    private final Pass pass;
    private final LongConsumer progress;
    private final Chunks chunks;

    private Statistics(TensorSource source, List<TensorSlot> tensors, int threads, LongConsumer progress) {
        this.source = source;
        this.tensors = tensors;
        this.pass = new Pass(
                threads, Problem.of(source.name(), "statistics interrupted").toString());
        this.progress = progress;
        this.chunks = new Chunks(tensors.stream()
                .mapToLong(tensor -> tensor.shape().elementCount())
                .toArray());
    }

    /// Measures tensors; see [Pass#run].
    ///
    /// @param source the source of the tensors
    /// @param tensors the tensors to measure, of types that can be measured
    /// @param threads the number of workers
    /// @param progress is told a few times a second how many elements have been read in both passes
    /// @return a result for each tensor, in their order; the same, to the last bit, whatever the number of workers
    public static List<OfTensor> of(TensorSource source, List<TensorSlot> tensors, int threads, LongConsumer progress)
            throws IOException {
        return new Statistics(source, tensors, threads, progress).runAll();
    }

    private List<OfTensor> runAll() throws IOException {
        List<Moments> moments = moments();
        AtomicLongArray counts = counts(moments);
        List<OfTensor> results = new ArrayList<>();
        for (int tensor = 0; tensor < tensors.size(); tensor++) {
            int from = tensor * Histogram.BINS;
            List<Long> bins = LongStream.range(from, from + Histogram.BINS)
                    .map(bin -> counts.get((int) bin))
                    .boxed()
                    .toList();
            Moments its = moments.get(tensor);
            results.add(new OfTensor(tensors.get(tensor), its, new Histogram(its.min(), its.max(), bins)));
        }
        return results;
    }

    private List<Moments> moments() throws IOException {
        AtomicReferenceArray<Moments> ofChunks = new AtomicReferenceArray<>(chunks.count());
        readAll((chunk, index) -> {
            Moments[] sum = {Moments.NONE};
            return new Tally() {
                @Override
                public void run(double[] values, int count) {
                    sum[0] = sum[0].plus(Moments.of(values, count));
                }

                @Override
                public void end() {
                    ofChunks.set(index, sum[0]);
                }
            };
        });
        List<Moments> merged = new ArrayList<>();
        for (int tensor = 0; tensor < tensors.size(); tensor++) {
            Moments sum = Moments.NONE;
            for (int chunk = chunks.start(tensor); chunk < chunks.start(tensor + 1); chunk++) {
                sum = sum.plus(ofChunks.get(chunk));
            }
            merged.add(sum);
        }
        return merged;
    }

    /// Counts the bins of all tensors, one tensor after another. Counts may be added in any order.
    private AtomicLongArray counts(List<Moments> moments) throws IOException {
        AtomicLongArray counts = new AtomicLongArray(Math.multiplyExact(tensors.size(), Histogram.BINS));
        readAll((chunk, index) -> {
            Moments range = moments.get(chunk.tensor());
            long[] own = new long[Histogram.BINS];
            return new Tally() {
                @Override
                public void run(double[] values, int count) {
                    for (int i = 0; i < count; i++) {
                        if (Math.abs(values[i]) < Double.POSITIVE_INFINITY) {
                            own[Histogram.bin(values[i], range.min(), range.max())]++;
                        }
                    }
                }

                @Override
                public void end() {
                    for (int bin = 0; bin < own.length; bin++) {
                        counts.getAndAdd(chunk.tensor() * Histogram.BINS + bin, own[bin]);
                    }
                }
            };
        });
        return counts;
    }

    /// What is done with the elements of one chunk.
    private interface Tally {
        /// Takes the next elements, and may overwrite them.
        void run(double[] values, int count);

        /// Called after the last elements.
        void end();
    }

    @FunctionalInterface
    private interface TallyFactory {
        Tally over(Chunks.Chunk chunk, int index);
    }

    private void readAll(TallyFactory tallies) throws IOException {
        pass.run(
                chunks.count(),
                worker -> {
                    Elements elements = new Elements(source.reader(worker.arena()), worker.arena());
                    double[] values = new double[Elements.RUN];
                    return index -> {
                        Chunks.Chunk chunk = chunks.get((int) index);
                        Tally tally = tallies.over(chunk, (int) index);
                        read(chunk, elements, values, tally, worker);
                        tally.end();
                    };
                },
                progress::accept);
    }

    private void read(Chunks.Chunk chunk, Elements elements, double[] values, Tally tally, Pass.Worker worker)
            throws IOException {
        TensorSlot tensor = tensors.get(chunk.tensor());
        for (long at = 0; at < chunk.count(); at += Chunks.TILE) {
            int count = (int) Math.min(Chunks.TILE, chunk.count() - at);
            elements.read(tensor, chunk.first() + at, count);
            for (int from = 0; from < count; from += Elements.RUN) {
                int run = Math.min(Elements.RUN, count - from);
                elements.widen(tensor.dtype(), from, values, run);
                tally.run(values, run);
            }
            worker.add(count);
        }
    }
}
