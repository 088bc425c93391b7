package dev.ffmstore.internal.memory;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// Gets anonymous memory from the kernel, in huge pages if possible.
///
/// The numbers are those of Linux on x86-64; [#isUsable] says whether this is such a machine, and must be called
/// first.
@SuppressWarnings("restricted") // only used where native access is enabled
final class LinuxMemory {
    /// The size of a huge page in bytes.
    static final long HUGE_PAGE_BYTES = 2L << 20;

    private static final int PROT_READ_WRITE = 0x1 | 0x2;
    private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x02 | 0x20 | 0x4000;
    private static final int MADV_HUGEPAGE = 14;
    private static final int ENOMEM = 12;

    private LinuxMemory() {}

    /// {@return whether this is Linux on x86-64 and this module may call native code; asking never makes
    /// the JVM warn}
    static boolean isUsable() {
        return isLinuxOnX64() && LinuxMemory.class.getModule().isNativeAccessEnabled();
    }

    static boolean isLinuxOnX64() {
        return System.getProperty("os.name").equals("Linux")
                && System.getProperty("os.arch").equals("amd64");
    }

    /// The linked functions, in a class of their own so that the checks above link nothing.
    private static final class Calls {
        static final ValueLayout.OfLong SIZE_T = ValueLayout.JAVA_LONG;
        static final AddressLayout POINTER = ValueLayout.ADDRESS;
        static final StructLayout STATE = Linker.Option.captureStateLayout();
        static final VarHandle ERRNO = STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
        static final MethodHandle MMAP = link(
                "mmap",
                FunctionDescriptor.of(
                        SIZE_T,
                        POINTER,
                        SIZE_T,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_LONG));
        static final MethodHandle MADVISE =
                link("madvise", FunctionDescriptor.of(ValueLayout.JAVA_INT, SIZE_T, SIZE_T, ValueLayout.JAVA_INT));
        static final MethodHandle MUNMAP = link("munmap", FunctionDescriptor.of(ValueLayout.JAVA_INT, SIZE_T, SIZE_T));

        private static MethodHandle link(String name, FunctionDescriptor descriptor) {
            Linker linker = Linker.nativeLinker();
            return linker.downcallHandle(
                    linker.defaultLookup().findOrThrow(name), descriptor, Linker.Option.captureCallState("errno"));
        }
    }

    /// A range of address space.
    ///
    /// @param address the address of the first byte
    /// @param byteSize the size in bytes
    record Mapping(long address, long byteSize) {
        /// {@return the address of the first boundary between huge pages in the mapping}
        long start() {
            return roundUp(address);
        }
    }

    /// {@return a size, rounded up to a multiple of the size of a huge page}
    static long roundUp(long bytes) {
        return bytes + HUGE_PAGE_BYTES - 1 & -HUGE_PAGE_BYTES;
    }

    /// Maps anonymous memory and asks for huge pages; no page is allocated until it is touched.
    ///
    /// Huge pages are asked for from [Mapping#start] to the end of the memory's last huge page. At least
    /// one ordinary page is left after it, so that the kernel does not merge the mapping with a neighbour
    /// of the same kind.
    ///
    /// @param usedBytes how many bytes will be used
    /// @return the mapping, with room for these bytes from its `start` on
    /// @throws OutOfMemoryError if the kernel refuses, or the mapping would be larger than the address space
    static Mapping map(long usedBytes) {
        if (usedBytes > Long.MAX_VALUE - 3 * HUGE_PAGE_BYTES) {
            throw new OutOfMemoryError("a mapping of " + usedBytes + " bytes is larger than the address space");
        }
        long advisedBytes = roundUp(usedBytes);
        // One huge page more than needed, so that the used part can start on a boundary of them.
        long byteSize = advisedBytes + HUGE_PAGE_BYTES;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Calls.STATE);
            long address = (long) Calls.MMAP.invokeExact(
                    state, MemorySegment.NULL, byteSize, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0L);
            if (address == -1) {
                int errno = (int) Calls.ERRNO.get(state, 0L);
                throw new OutOfMemoryError("mmap of " + byteSize + " bytes failed: "
                        + (errno == ENOMEM ? "not enough memory or address space" : "errno " + errno));
            }
            // A kernel without transparent huge pages refuses: ordinary pages work too, only more slowly.
            Mapping mapping = new Mapping(address, byteSize);
            int advised = (int) Calls.MADVISE.invokeExact(state, mapping.start(), advisedBytes, MADV_HUGEPAGE);
            assert advised == 0 || advised == -1;
            return mapping;
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /// Gives a mapping back.
    static void unmap(Mapping mapping) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Calls.STATE);
            int result = (int) Calls.MUNMAP.invokeExact(state, mapping.address(), mapping.byteSize());
            if (result != 0) {
                throw new IllegalStateException("munmap failed: errno " + (int) Calls.ERRNO.get(state, 0L));
            }
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    private static RuntimeException rethrow(Throwable e) {
        if (e instanceof Error error) {
            throw error;
        }
        throw e instanceof RuntimeException runtime ? runtime : new IllegalStateException(e);
    }
}
