package dev.ffmstore.bench.peers;

import dev.ffmstore.DecoderChoice;
import dev.ffmstore.bench.ggml.GgmlBuild;
import dev.ffmstore.bench.ggml.GgmlLibrary;
import dev.ffmstore.bench.ggml.GgmlVariant;
import java.io.IOException;
import java.util.List;

/// The loaders that are compared in JVMs of their own.
public enum Peer {
    OURS("ours, vector", Heap.SMALL, 7, new StoreRival(DecoderChoice.VECTOR)),
    OURS_SCALAR("ours, scalar", Heap.SMALL, 7, new StoreRival(DecoderChoice.SCALAR)),
    GGML_NATIVE("ggml through FFM, -march=native", Heap.SMALL, 7, ggml(GgmlVariant.NATIVE)),
    GGML_SHIPPED("ggml through FFM, as shipped", Heap.SMALL, 7, ggml(GgmlVariant.SHIPPED)),
    FLOAT_ARRAYS("float[] per tensor, several threads", Heap.ONE_COPY, 5, new FloatArrayRival()),
    ELEMENTS("element by element", Heap.SMALL, 1, new ElementRival()),
    BOXED("boxed bytes, copied per tensor", Heap.BOXED, 1, new BoxedRival());

    /// The heaps that are tried, in steps; the collector is the one that does best with them.
    ///
    /// @param collector the JVM flag of the collector
    /// @param smallest the smallest heap, in steps
    /// @param largest the largest heap, in steps
    /// @param stepsPerDenseSize how many steps the dense size has; 0 if a step is a mebibyte
    record Heap(String collector, int smallest, int largest, int stepsPerDenseSize) {
        private static final Heap SMALL = new Heap("-XX:+UseSerialGC", 2, 64, 0);
        private static final Heap ONE_COPY = new Heap("-XX:+UseG1GC", 16, 32, 16);
        private static final Heap BOXED = new Heap("-XX:+UseG1GC", 4, 32, 2);

        /// {@return the heap of a step in mebibytes}
        int mebibytes(int step, long denseBytes) {
            return stepsPerDenseSize == 0
                    ? step
                    : Math.toIntExact(Math.ceilDiv(step * denseBytes / stepsPerDenseSize, 1L << 20));
        }

        /// {@return the flags of a JVM with that heap}
        List<String> flags(int mebibytes) {
            return List.of("-Xmx" + mebibytes + "m", collector);
        }
    }

    private final String label;
    private final Heap heap;
    private final int loads;
    private final Rival rival;

    Peer(String label, Heap heap, int loads, Rival rival) {
        this.label = label;
        this.heap = heap;
        this.loads = loads;
        this.rival = rival;
    }

    private static Rival ggml(GgmlVariant variant) {
        return new RegionRival(() -> GgmlLibrary.open(GgmlBuild.of(variant)
                .find()
                .orElseThrow(() -> new IOException("not built; the command ggml does that")))::of);
    }

    /// {@return the name in a report}
    public String label() {
        return label;
    }

    Heap heap() {
        return heap;
    }

    /// {@return how many loads in one process show how fast the loader is, within a sensible time}
    int loads() {
        return loads;
    }

    Rival rival() {
        return rival;
    }
}
