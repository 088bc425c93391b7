package dev.ffmstore.bench.run;

import dev.ffmstore.internal.memory.Region;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// The ways to write fresh memory for the first time, one of which is this machine's limit.
public enum Fill {
    /// `MemorySegment.fill`.
    SEGMENT_FILL("MemorySegment.fill") {
        @Override
        public void write(MemorySegment range) {
            range.fill(VALUE);
        }
    },
    /// The C library's `memset`.
    MEMSET("memset") {
        @Override
        public void write(MemorySegment range) {
            try {
                MemorySegment ignored = (MemorySegment) Libc.MEMSET.invokeExact(range, (int) VALUE, range.byteSize());
            } catch (Throwable e) {
                throw new IllegalStateException("memset failed", e);
            }
        }
    },
    /// One byte per page, so that the kernel zeroes and Java writes next to nothing. A range is a huge page; where
    /// it is not, most of it is never touched, and the pass does not count for want of huge pages.
    TOUCH("a byte a page") {
        @Override
        public void write(MemorySegment range) {
            range.set(ValueLayout.JAVA_BYTE, 0, VALUE);
        }
    };

    private static final byte VALUE = 1;

    /// The linked function, in a class of its own so that only `memset` links anything.
    private static final class Libc {
        static final MethodHandle MEMSET = Linker.nativeLinker()
                .downcallHandle(
                        Linker.nativeLinker().defaultLookup().findOrThrow("memset"),
                        FunctionDescriptor.of(
                                ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
    }

    private final String label;

    Fill(String label) {
        this.label = label;
    }

    /// {@return the name in a report}
    public String label() {
        return label;
    }

    /// Writes one range of a region of one slot.
    public void write(Region region, long index) {
        Region.Range range = region.range(index);
        write(region.segment(0).asSlice(range.from(), range.to() - range.from()));
    }

    /// Writes a range for the first time.
    public abstract void write(MemorySegment range);
}
