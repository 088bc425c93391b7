package dev.ffmstore.internal.measure;

import dev.ffmstore.export.Constant;
import dev.ffmstore.export.ConstantReader;
import dev.ffmstore.export.ConstantSource;
import dev.ffmstore.internal.pass.Workers;
import dev.ffmstore.internal.text.Printable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Looks for constants all of whose elements are the same; each worker takes whole constants.
///
/// @param source what is looked through
public record SplatScan(ConstantSource source) {
    private static final int TILE_BYTES = 256 << 10;

    /// {@return the element of each, by the name of the constant}
    ///
    /// @param threads how many workers
    /// @throws InterruptedIOException if the calling thread is interrupted, whose interrupt status stays set
    /// @throws IOException if the model cannot be read
    public Map<String, byte[]> run(int threads) throws IOException {
        Map<String, byte[]> patterns = new ConcurrentHashMap<>();
        try (Arena arena = Arena.ofShared()) {
            Workers.inputOutput(
                    () -> Workers.run(threads, source.constants().size(), () -> new Task(arena, patterns), () -> {}),
                    Printable.escape(source.name()) + ": export interrupted");
        }
        return patterns;
    }

    private final class Task implements Workers.Task {
        private final ConstantReader reader = source.openReader();
        private final Map<String, byte[]> patterns;
        private final MemorySegment tile;

        Task(Arena arena, Map<String, byte[]> patterns) {
            this.patterns = patterns;
            this.tile = arena.allocate(TILE_BYTES, Long.BYTES);
        }

        @Override
        public void run(long index) throws IOException {
            Constant constant = source.constants().get((int) index);
            int elementSize = constant.dtype().byteSize();
            if (constant.byteSize() > 0 && isSplat(constant, elementSize)) {
                reader.read(constant, 0, tile.asSlice(0, elementSize));
                patterns.put(constant.name(), tile.asSlice(0, elementSize).toArray(ValueLayout.JAVA_BYTE));
            }
        }

        /// All elements are the same if each is the same as the one before it. Tiles share an element with the
        /// next.
        private boolean isSplat(Constant constant, int elementSize) throws IOException {
            long step = TILE_BYTES - elementSize;
            for (long at = 0; at < constant.byteSize(); at += step) {
                MemorySegment elements = tile.asSlice(0, Math.min(TILE_BYTES, constant.byteSize() - at));
                reader.read(constant, at, elements);
                long others = elements.byteSize() - elementSize;
                if (MemorySegment.mismatch(elements, 0, others, elements, elementSize, elements.byteSize()) >= 0) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public void close() {
            reader.close();
        }
    }
}
