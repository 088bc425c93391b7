package dev.ffmstore.bench.memory;

import dev.ffmstore.DecoderChoice;
import dev.ffmstore.LoadOptions;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorStore;
import dev.ffmstore.cli.report.HeapUsage;
import dev.ffmstore.internal.memory.ProcessMemory;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;

/// The JVM that [MemoryHarness] starts. It loads a model, and prints what that took as lines of `key=value`.
///
/// It does nothing else with the heap. A failed load is a line on stderr and exit status 1.
final class MemoryChild {
    private MemoryChild() {}

    /// @param args the model, the number of threads, the decoder, the kind of memory
    public static void main(String[] args) {
        try {
            if (MemoryKind.valueOf(args[3]) == MemoryKind.PLAIN) {
                MemoryKind.refuseHugePages();
            }
            LoadOptions options =
                    LoadOptions.defaults().threads(Integer.parseInt(args[1])).decoder(DecoderChoice.valueOf(args[2]));
            try (TensorStore store = TensorStore.load(Path.of(args[0]), TensorForm.dense(), options)) {
                report(store);
            }
        } catch (Throwable e) {
            System.err.println(e);
            System.exit(1);
        }
    }

    private static void report(TensorStore store) {
        print("allocatedBytes", allocatedBytes());
        print("heapPeakBytes", HeapUsage.peakBytes());
        print("collections", HeapUsage.collections());
        ProcessMemory.peakResidentBytes().ifPresent(bytes -> print("rssPeakBytes", bytes));
        ProcessMemory.swappedBytes().ifPresent(bytes -> print("swappedBytes", bytes));
        ProcessMemory.pooledHugePageBytes().ifPresent(bytes -> print("pooledHugePageBytes", bytes));
        store.hugePageBytes().ifPresent(bytes -> print("hugePageBytes", bytes));
        print("maxHeapBytes", Runtime.getRuntime().maxMemory());
        print("denseBytes", store.report().denseBytes());
        print("seconds", store.report().seconds());
        print("decoder", store.report().decoder());
        print("memory", store.report().memory());
        print("collectors", HeapUsage.collectors());
    }

    /// Returns what all threads have allocated since the JVM started, including those that have ended.
    private static long allocatedBytes() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean()).getTotalThreadAllocatedBytes();
    }

    private static void print(String key, Object value) {
        System.out.print(key);
        System.out.print('=');
        System.out.println(value);
    }
}
