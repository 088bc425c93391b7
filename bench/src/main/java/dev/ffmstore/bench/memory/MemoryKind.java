package dev.ffmstore.bench.memory;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// The memory that the tensors of a load are in.
enum MemoryKind {
    /// The store's mapping, in huge pages.
    HUGE("huge pages"),
    /// The same mapping, in a process to which the kernel gives no huge pages.
    PLAIN("ordinary pages"),
    /// What the store does without native access: allocations of the arena.
    FALLBACK("fallback");

    private static final int PR_SET_THP_DISABLE = 41;

    private final String label;

    MemoryKind(String label) {
        this.label = label;
    }

    /// {@return the name in a report}
    String label() {
        return label;
    }

    /// Makes the kernel give this process no huge pages from now on, whatever it asks for. Linux only.
    @SuppressWarnings("restricted") // only called where native access is enabled
    static void refuseHugePages() throws Throwable {
        MethodHandle prctl = Linker.nativeLinker()
                .downcallHandle(
                        Linker.nativeLinker().defaultLookup().findOrThrow("prctl"),
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_INT,
                                ValueLayout.JAVA_INT,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG),
                        Linker.Option.firstVariadicArg(1));
        int result = (int) prctl.invokeExact(PR_SET_THP_DISABLE, 1L, 0L, 0L, 0L);
        if (result != 0) {
            throw new IllegalStateException("prctl(PR_SET_THP_DISABLE): expected 0, got " + result);
        }
    }
}
