package dev.ffmstore.internal.memory;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;

/// Renames that `java.nio.file` does not have: an exchange of two names, and a rename that never replaces.
///
/// Both call `renameat2` on Linux on x86-64, only where this module may call native code, so that the JVM never
/// warns. Anywhere else, and on file systems without them, the answer is [Result#UNABLE].
@SuppressWarnings("restricted") // only used where native access is enabled
public final class LinuxRename {
    private static final int AT_FDCWD = -100;
    private static final int RENAME_NOREPLACE = 1;
    private static final int RENAME_EXCHANGE = 2;
    private static final int EEXIST = 17;

    /// The outcome of a rename.
    public enum Result {
        /// The rename is done.
        DONE,
        /// Nothing has changed: the new name is taken.
        EXISTS,
        /// Nothing has changed: such a rename is not possible here, or not for these files.
        UNABLE
    }

    private LinuxRename() {}

    /// The linked function, apart from the checks, so that those link nothing.
    private static final class Calls {
        static final StructLayout STATE = Linker.Option.captureStateLayout();
        static final VarHandle ERRNO = STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

        /// The function, which not every C library has.
        static final Optional<MethodHandle> RENAMEAT2 = Linker.nativeLinker()
                .defaultLookup()
                .find("renameat2")
                .map(function -> Linker.nativeLinker()
                        .downcallHandle(
                                function,
                                FunctionDescriptor.of(
                                        ValueLayout.JAVA_INT,
                                        ValueLayout.JAVA_INT,
                                        ValueLayout.ADDRESS,
                                        ValueLayout.JAVA_INT,
                                        ValueLayout.ADDRESS,
                                        ValueLayout.JAVA_INT),
                                Linker.Option.captureCallState("errno")));
    }

    /// Gives each of two files or folders the other's name, in one step.
    ///
    /// @return [Result#DONE] or [Result#UNABLE]
    public static Result exchange(Path one, Path other) {
        return rename(one, other, RENAME_EXCHANGE) == Result.DONE ? Result.DONE : Result.UNABLE;
    }

    /// Gives a file or folder a name that nothing has, in one step.
    public static Result moveNew(Path from, Path to) {
        return rename(from, to, RENAME_NOREPLACE);
    }

    private static Result rename(Path from, Path to, int flags) {
        if (!LinuxMemory.isUsable()
                || from.getFileSystem() != FileSystems.getDefault()
                || to.getFileSystem() != FileSystems.getDefault()) {
            return Result.UNABLE;
        }
        return Calls.RENAMEAT2.map(call -> rename(call, from, to, flags)).orElse(Result.UNABLE);
    }

    private static Result rename(MethodHandle call, Path from, Path to, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Calls.STATE);
            int result = (int) call.invokeExact(state, AT_FDCWD, bytes(arena, from), AT_FDCWD, bytes(arena, to), flags);
            if (result == 0) {
                return Result.DONE;
            }
            return (int) Calls.ERRNO.get(state, 0L) == EEXIST ? Result.EXISTS : Result.UNABLE;
        } catch (Error | RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e); // the function declares none
        }
    }

    /// {@return the bytes of a path as the kernel has them, whatever the charset of file names is, and a zero}
    ///
    /// The path of a URI is those bytes, all but the plainest as `%XX`.
    private static MemorySegment bytes(Arena arena, Path path) {
        String raw = path.toAbsolutePath().toUri().getRawPath();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(raw.length() + 1);
        for (int i = 0; i < raw.length(); i++) {
            if (raw.charAt(i) == '%') {
                bytes.write(HexFormat.fromHexDigits(raw, i + 1, i + 3));
                i += 2;
            } else {
                bytes.write(raw.charAt(i));
            }
        }
        String text = bytes.toString(StandardCharsets.ISO_8859_1);
        // a URI ends with a slash where there is a folder now
        String withoutSlash = text.length() > 1 && text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
        return arena.allocateFrom(withoutSlash, StandardCharsets.ISO_8859_1);
    }
}
