package dev.ffmstore.formats;

import dev.ffmstore.gguf.Source;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/// Bytes that are not stored anywhere: stretches, one after the other, each of which repeats a pattern. Once the
/// source is complete, any thread may read it.
final class PatternSource implements Source {
    private final String name;
    private final TreeMap<Long, byte[]> patterns = new TreeMap<>();
    private long size;

    PatternSource(String name) {
        this.name = name;
    }

    /// Adds a stretch.
    ///
    /// @param pattern the bytes that are repeated
    /// @param length the size of the stretch in bytes
    /// @return where the stretch starts in the source, in bytes
    long add(byte[] pattern, long length) {
        long start = size;
        if (length > 0) {
            patterns.put(start, pattern);
            size = Math.addExact(size, length);
        }
        return start;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public Identity identity() {
        return new Identity(size, "", "");
    }

    @Override
    public void read(long offset, MemorySegment target) {
        Objects.checkFromIndexSize(offset, target.byteSize(), size);
        long end = offset + target.byteSize();
        for (long at = offset; at < end; ) {
            Map.Entry<Long, byte[]> stretch = patterns.floorEntry(at);
            Long next = patterns.higherKey(at);
            long to = next == null ? end : Math.min(end, next);
            fill(target.asSlice(at - offset, to - at), stretch.getValue(), at - stretch.getKey());
            at = to;
        }
    }

    /// Fills the start of the target with the pattern, and the rest with what is filled already, twice as much each
    /// time.
    private static void fill(MemorySegment target, byte[] pattern, long skipped) {
        long filled = Math.min(target.byteSize(), pattern.length);
        for (int i = 0; i < filled; i++) {
            target.set(ValueLayout.JAVA_BYTE, i, pattern[(int) ((skipped + i) % pattern.length)]);
        }
        while (filled < target.byteSize()) {
            long more = Math.min(filled, target.byteSize() - filled);
            MemorySegment.copy(target, 0, target, filled, more);
            filled += more;
        }
    }

    @Override
    public void close() {
        // nothing is open
    }
}
