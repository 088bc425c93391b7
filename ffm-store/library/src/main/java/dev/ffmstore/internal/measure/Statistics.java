package dev.ffmstore.internal.measure;

import dev.ffmstore.export.Constant;
import dev.ffmstore.export.ConstantReader;
import dev.ffmstore.export.ConstantSource;
import dev.ffmstore.internal.pass.Workers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.LongConsumer;
import java.util.stream.LongStream;

/// What tensors hold, in parallel and in little memory.
///
/// Every tensor is read twice: first for its moments, then for its histogram, whose bins lie between the least and
/// the
/// largest element and cannot be known before.
public final class Statistics {
    /// How often every element is read.
    public static final int PASSES = 2;

    /// What one tensor holds.
    ///
    /// @param constant the tensor
    /// @param moments counts, mean and the like
    /// @param histogram how the finite elements are spread; its bounds are not numbers if there are none
    public record OfTensor(Constant constant, Moments moments, Histogram histogram) {}

    private final ConstantSource source;
    private final List<Constant> constants;
    private final int threads;
    private final LongConsumer progress;
    private final Chunks chunks;
    private final Done done = new Done();

    private Statistics(ConstantSource source, List<Constant> constants, int threads, LongConsumer progress) {
        this.source = source;
        this.constants = constants;
        this.threads = threads;
        this.progress = progress;
        this.chunks = new Chunks(constants.stream()
                .mapToLong(constant -> constant.shape().elementCount())
                .toArray());
    }

    /// Takes the statistics; see [Workers#run].
    ///
    /// @param source where the constants are
    /// @param constants which of them
    /// @param threads how many workers
    /// @param progress hears, a few times a second, how many elements have been read in both passes
    /// @return a result for each constant, in their order; the same, to the last bit, whatever the number of
    /// workers
    public static List<OfTensor> of(ConstantSource source, List<Constant> constants, int threads, LongConsumer progress)
            throws Exception {
        return new Statistics(source, constants, threads, progress).runAll();
    }

    private List<OfTensor> runAll() throws Exception {
        List<Moments> moments = moments();
        AtomicLongArray counts = counts(moments);
        List<OfTensor> results = new ArrayList<>();
        for (int tensor = 0; tensor < constants.size(); tensor++) {
            int from = tensor * Histogram.BINS;
            List<Long> bins = LongStream.range(from, from + Histogram.BINS)
                    .map(bin -> counts.get((int) bin))
                    .boxed()
                    .toList();
            Moments its = moments.get(tensor);
            results.add(new OfTensor(constants.get(tensor), its, new Histogram(its.min(), its.max(), bins)));
        }
        return results;
    }

    private List<Moments> moments() throws Exception {
        AtomicReferenceArray<Moments> ofChunks = new AtomicReferenceArray<>(chunks.count());
        readAll((chunk, index) -> {
            Moments[] sum = {Moments.NONE};
            return new Pass() {
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
        for (int tensor = 0; tensor < constants.size(); tensor++) {
            Moments sum = Moments.NONE;
            for (int chunk = chunks.start(tensor); chunk < chunks.start(tensor + 1); chunk++) {
                sum = sum.plus(ofChunks.get(chunk));
            }
            merged.add(sum);
        }
        return merged;
    }

    /// The bins of all tensors, one tensor's behind the other's. Counts may be added in any order.
    private AtomicLongArray counts(List<Moments> moments) throws Exception {
        AtomicLongArray counts = new AtomicLongArray(Math.multiplyExact(constants.size(), Histogram.BINS));
        readAll((chunk, index) -> {
            Moments range = moments.get(chunk.tensor());
            long[] own = new long[Histogram.BINS];
            return new Pass() {
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
    private interface Pass {
        /// Takes the next elements, which may be changed.
        void run(double[] values, int count);

        /// There are no more.
        void end();
    }

    @FunctionalInterface
    private interface PassFactory {
        Pass over(Chunks.Chunk chunk, int index);
    }

    private void readAll(PassFactory passes) throws Exception {
        try (Arena arena = Arena.ofShared()) {
            Workers.run(
                    threads,
                    chunks.count(),
                    () -> new Worker(source.openReader(), arena, passes),
                    () -> progress.accept(done.elements()));
        }
    }

    /// What one worker owns.
    private final class Worker implements Workers.Task {
        private final Elements elements;
        private final PassFactory passes;
        private final double[] values = new double[Elements.RUN];

        Worker(ConstantReader reader, Arena arena, PassFactory passes) {
            this.elements = new Elements(reader, arena);
            this.passes = passes;
        }

        @Override
        public void run(long index) throws IOException {
            Chunks.Chunk chunk = chunks.get((int) index);
            Pass pass = passes.over(chunk, (int) index);
            read(chunk, elements, values, pass);
            pass.end();
        }

        @Override
        public void close() {
            elements.close();
        }
    }

    private void read(Chunks.Chunk chunk, Elements elements, double[] values, Pass pass) throws IOException {
        Constant constant = constants.get(chunk.tensor());
        for (long at = 0; at < chunk.count(); at += Chunks.TILE) {
            int count = (int) Math.min(Chunks.TILE, chunk.count() - at);
            elements.read(constant, chunk.first() + at, count);
            for (int from = 0; from < count; from += Elements.RUN) {
                int run = Math.min(Elements.RUN, count - from);
                elements.widen(constant.dtype(), from, values, run);
                pass.run(values, run);
            }
            done.add(count);
        }
    }
}
