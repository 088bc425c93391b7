package dev.ffmstore.bench.kernels;

import com.sun.management.ThreadMXBean;
import dev.ffmstore.bench.kernels.KernelMemory.Kernel;
import dev.ffmstore.bench.kernels.KernelRow.Residence;
import dev.ffmstore.bench.run.Fill;
import dev.ffmstore.bench.run.Median;
import dev.ffmstore.ggml.BlockDecoder;
import dev.ffmstore.ggml.GgmlType;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// Runs the decoders of one type, and fills of the same memory, in turns on one thread.
///
/// Every round runs each contender once and begins with another one. A turn in the cache is as many calls as take a
/// few milliseconds, and a streaming turn is one call.
final class KernelRounds {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /// The kernels' own vector shape: another one in the process would slow them down.
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;

    private static final List<String> OURS = List.of(KernelRow.SCALAR, KernelRow.VECTOR);
    private static final long TURN_NANOS = 5_000_000;

    /// A decoder is warm when this many slices of its warm-up in a row were no faster than the fastest before,
    /// apart from noise, and allocated next to nothing, which vectors do only once they are compiled; or when it
    /// has had enough slices.
    private static final int STEADY_SLICES = 8;

    private static final int MOST_SLICES = 100;
    private static final long SLICE_NANOS = 100_000_000;
    private static final double NOISE = 1.05;
    private static final long NEXT_TO_NOTHING = 64 << 10;

    private final KernelMemory memory;
    private final SequencedMap<String, Function<GgmlType, BlockDecoder>> decoders;
    private final int repeat;

    /// Writes all of a kernel's output once.
    private record Contender(String name, Runnable call) {}

    /// The results of one contender's turns.
    private static final class Tally {
        final List<Double> gigabytesPerSecond = new ArrayList<>();
        final List<Double> bytesPerBlock = new ArrayList<>();
    }

    /// @param memory the memory that all contenders work on
    /// @param decoders the decoders of each library, by contender
    /// @param repeat how many rounds count
    KernelRounds(KernelMemory memory, SequencedMap<String, Function<GgmlType, BlockDecoder>> decoders, int repeat) {
        this.memory = memory;
        this.decoders = decoders;
        this.repeat = repeat;
    }

    /// {@return the speeds that the contenders reached}
    ///
    /// @param denseBytes the size of the output in bytes
    KernelRow run(GgmlType type, Residence residence, long denseBytes) {
        Kernel kernel = memory.of(type, denseBytes);
        List<Contender> order = contenders(type, kernel);
        Map<String, Integer> calls = new LinkedHashMap<>();
        Map<String, Tally> tallies = new LinkedHashMap<>();
        for (Contender contender : order) {
            calls.put(contender.name, (int) Math.max(1, TURN_NANOS / callNanos(contender, SLICE_NANOS)));
            tallies.put(contender.name, new Tally());
        }
        for (int round = 0; round < repeat; round++) {
            for (Contender contender : order) {
                turn(contender, calls.get(contender.name), kernel, tallies.get(contender.name));
            }
            Collections.rotate(order, 1);
        }
        return row(type, residence, tallies);
    }

    private List<Contender> contenders(GgmlType type, Kernel kernel) {
        List<Contender> contenders = new ArrayList<>();
        decoders.forEach((name, library) -> {
            BlockDecoder decoder = library.apply(type);
            contenders.add(new Contender(
                    name, () -> decoder.decode(kernel.blocks(), 0, kernel.dense(), 0, kernel.blockCount())));
        });
        List<Runnable> fills = List.of(
                () -> Fill.SEGMENT_FILL.write(kernel.dense()),
                () -> Fill.MEMSET.write(kernel.dense()),
                () -> storeVectors(kernel.dense()));
        for (int i = 0; i < fills.size(); i++) {
            contenders.add(new Contender(KernelRow.FILLS.get(i), fills.get(i)));
        }
        return contenders;
    }

    private static void storeVectors(MemorySegment dense) {
        FloatVector value = FloatVector.broadcast(FLOATS, 1);
        for (long offset = 0; offset < dense.byteSize(); offset += FLOATS.vectorByteSize()) {
            value.intoMemorySegment(dense, offset, ByteOrder.LITTLE_ENDIAN);
        }
    }

    /// Runs our decoders of a type until they are compiled; the fills are compiled by the time that calls are
    /// counted. This must be done for all types before the first is measured: what they share is compiled anew when
    /// another type comes along.
    void warmUp(GgmlType type) {
        Kernel kernel = memory.of(type, KernelMemory.CACHED_BYTES);
        contenders(type, kernel).stream()
                .filter(contender -> OURS.contains(contender.name))
                .forEach(KernelRounds::warmUp);
    }

    private static void warmUp(Contender contender) {
        double fastest = 0;
        int steady = 0;
        for (int slice = 0; slice < MOST_SLICES && steady < STEADY_SLICES; slice++) {
            long allocated = THREADS.getCurrentThreadAllocatedBytes();
            double speed = 1 / callNanos(contender, SLICE_NANOS);
            allocated = THREADS.getCurrentThreadAllocatedBytes() - allocated;
            steady = speed > fastest * NOISE || allocated > NEXT_TO_NOTHING ? 0 : steady + 1;
            fastest = Math.max(fastest, speed);
        }
    }

    /// {@return how long a call takes in nanoseconds, the mean over a time}
    private static double callNanos(Contender contender, long nanos) {
        long start = System.nanoTime();
        long now;
        int calls = 0;
        do {
            contender.call.run();
            calls++;
            now = System.nanoTime();
        } while (now - start < nanos);
        return (double) (now - start) / calls;
    }

    private static void turn(Contender contender, int calls, Kernel kernel, Tally tally) {
        long allocated = THREADS.getCurrentThreadAllocatedBytes();
        long start = System.nanoTime();
        for (int i = 0; i < calls; i++) {
            contender.call.run();
        }
        long nanos = System.nanoTime() - start;
        allocated = THREADS.getCurrentThreadAllocatedBytes() - allocated;
        tally.gigabytesPerSecond.add((double) kernel.dense().byteSize() * calls / nanos);
        tally.bytesPerBlock.add((double) allocated / calls / kernel.blockCount());
    }

    private KernelRow row(GgmlType type, Residence residence, Map<String, Tally> tallies) {
        Map<String, List<Double>> rounds = new LinkedHashMap<>();
        Map<String, Double> bytesPerBlock = new LinkedHashMap<>();
        tallies.forEach((name, tally) -> {
            rounds.put(name, tally.gigabytesPerSecond);
            if (decoders.containsKey(name)) {
                bytesPerBlock.put(name, Median.of(tally.bytesPerBlock));
            }
        });
        return new KernelRow(type, residence, rounds, bytesPerBlock);
    }
}
