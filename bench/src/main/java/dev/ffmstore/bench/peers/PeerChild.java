package dev.ffmstore.bench.peers;

import dev.ffmstore.bench.run.Median;
import dev.ffmstore.cli.report.HeapUsage;
import dev.ffmstore.internal.memory.ProcessMemory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32;

/// The JVM that [Peers] starts. It loads a model by one of the [Peer]s, and prints what that took as lines of
/// `key=value`.
///
/// The memory is that of the first load. A failed load is a line on stderr and exit status 1.
public final class PeerChild {
    /// The number of passes before those that are called steady.
    private static final int WARM_UP_PASSES = 2;

    private static final int SAMPLES_PER_TENSOR = 64;

    private PeerChild() {}

    /// @param args the peer, the model, the number of threads, the number of loads
    public static void main(String[] args) {
        try {
            Rival rival = Peer.valueOf(args[0]).rival();
            Path model = Path.of(args[1]);
            int threads = Integer.parseInt(args[2]);
            print("seconds", load(rival, model, threads, true));
            List<Double> steady = new ArrayList<>();
            for (int pass = 1; pass < Integer.parseInt(args[3]); pass++) {
                double seconds = load(rival, model, threads, false);
                if (pass >= WARM_UP_PASSES) {
                    steady.add(seconds);
                }
            }
            if (!steady.isEmpty()) {
                print("steadySeconds", Median.of(steady));
            }
        } catch (Throwable e) {
            System.err.println(e);
            System.exit(1);
        }
    }

    /// Loads a model and returns the time from opening the file to the last element.
    private static double load(Rival rival, Path model, int threads, boolean report) throws Exception {
        long start = System.nanoTime();
        try (Rival.Loaded loaded = rival.load(model, threads)) {
            double seconds = (System.nanoTime() - start) / 1e9;
            if (report) {
                report(loaded);
            }
            return seconds;
        }
    }

    private static void report(Rival.Loaded loaded) {
        print("heapPeakBytes", HeapUsage.peakBytes());
        print("collections", HeapUsage.collections());
        print("collectors", HeapUsage.collectors());
        ProcessMemory.peakResidentBytes().ifPresent(bytes -> print("rssPeakBytes", bytes));
        long elements = 0;
        for (int tensor = 0; tensor < loaded.tensorCount(); tensor++) {
            elements += loaded.elementCount(tensor);
        }
        print("denseBytes", elements * Float.BYTES);
        print("sample", sample(loaded));
    }

    /// Returns a checksum of a few evenly spread elements of each tensor: equal for loaders that agree.
    private static String sample(Rival.Loaded loaded) {
        CRC32 sum = new CRC32();
        for (int tensor = 0; tensor < loaded.tensorCount(); tensor++) {
            long count = loaded.elementCount(tensor);
            for (int i = 0; i < SAMPLES_PER_TENSOR; i++) {
                int bits = Float.floatToRawIntBits(loaded.element(tensor, i * count / SAMPLES_PER_TENSOR));
                for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
                    sum.update(bits >>> shift);
                }
            }
        }
        return String.format(Locale.ROOT, "%08x", sum.getValue());
    }

    private static void print(String key, Object value) {
        System.out.print(key);
        System.out.print('=');
        System.out.println(value);
    }
}
