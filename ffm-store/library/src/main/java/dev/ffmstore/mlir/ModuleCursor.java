package dev.ffmstore.mlir;

import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Reads a range of a file front to back through a small window, and never past its end. For one thread.
///
/// A variable-width integer (varint) of MLIR bytecode is 1 to 9 bytes; the number of zero bits at the low end of
/// the first says how many more there are:
///
/// ```text
/// xxxxxxx1                     7 bits
/// xxxxxx10 xxxxxxxx           14 bits, little-endian
/// …
/// 10000000 and 7 more bytes   56 bits
/// 00000000 and 8 more bytes   64 bits
/// ```
final class ModuleCursor {
    private static final int WINDOW_BYTES = 64 << 10;

    private final Source source;
    private final long end;
    private final byte[] window;
    private long windowStart;
    private int windowLength;
    private int at;

    /// @param start the first byte of the range, in the source
    /// @param end the end of the range in the source, exclusive
    ModuleCursor(Source source, long start, long end) {
        this.source = source;
        this.end = end;
        this.window = new byte[(int) Math.min(WINDOW_BYTES, Math.max(end - start, 0))];
        this.windowStart = start;
    }

    /// {@return the offset of the next byte in the source}
    long position() {
        return windowStart + at;
    }

    long remaining() {
        return end - position();
    }

    /// Moves to another place in the range.
    void seek(long position) {
        if (position >= windowStart && position <= windowStart + windowLength) {
            at = (int) (position - windowStart);
        } else {
            windowStart = position;
            windowLength = 0;
            at = 0;
        }
    }

    /// {@return the next byte, or -1 at the end; does not move on}
    int peek() throws IOException {
        return at < windowLength || fill(1) ? window[at] & 0xFF : -1;
    }

    /// {@return the byte that is `ahead` bytes after the next one, or -1 if the range ends before it; does not move
    /// on}
    int peek(int ahead) throws IOException {
        return at + ahead < windowLength || fill(ahead + 1) ? window[at + ahead] & 0xFF : -1;
    }

    /// {@return the next byte, or -1 at the end; moves on}
    int next() throws IOException {
        int value = peek();
        if (value >= 0) {
            at++;
        }
        return value;
    }

    /// Makes the window hold this many more bytes, and returns whether the range has them.
    private boolean fill(int bytes) throws IOException {
        if (remaining() < bytes) {
            return false;
        }
        windowStart += at;
        at = 0;
        windowLength = (int) Math.min(window.length, end - windowStart);
        source.read(windowStart, MemorySegment.ofArray(window).asSlice(0, windowLength));
        return true;
    }

    int u8(String what) throws IOException {
        int value = next();
        if (value < 0) {
            throw endsInside(what);
        }
        return value;
    }

    /// {@return a varint's value}
    ///
    /// @throws ModuleException if the varint ends early, or its value is more than a signed 64-bit integer holds:
    /// no size, count or index in a file is that large
    long varint(String what) throws IOException {
        long start = position();
        long value = varintBits(what);
        if (value < 0) {
            throw fail(start, "less than 2^63", Long.toUnsignedString(value), "{} is too large", what);
        }
        return value;
    }

    /// {@return a zigzag varint's value: 0, -1, 1, -2, 2 …}
    long signedVarint(String what) throws IOException {
        long bits = varintBits(what);
        return (bits >>> 1) ^ -(bits & 1);
    }

    private long varintBits(String what) throws IOException {
        int first = u8(what);
        int more = first == 0 ? 8 : Integer.numberOfTrailingZeros(first);
        long rest = 0;
        for (int i = 0; i < more; i++) {
            rest |= (long) u8(what) << (8 * i);
        }
        int bitsOfFirst = Math.max(7 - more, 0);
        return first == 0 ? rest : rest << bitsOfFirst | first >> (more + 1);
    }

    /// {@return the next bytes; moves on}
    byte[] bytes(int count, String what) throws IOException {
        require(count, what);
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) u8(what);
        }
        return bytes;
    }

    /// Moves past this many bytes without reading them.
    void skip(long count, String what) throws IOException {
        require(count, what);
        seek(position() + count);
    }

    private void require(long count, String what) throws ModuleException {
        if (count > remaining()) {
            throw fail(position(), count + " more bytes", remaining(), "{} does not fit", what);
        }
    }

    ModuleException endsInside(String what) {
        return fail(position(), null, null, "ends inside {}", what);
    }

    /// {@return an exception about the source; see [ModuleException#at]}
    ModuleException fail(long offset, @Nullable Object expected, @Nullable Object got, String what, Object... values) {
        return ModuleException.at(source.name(), offset, expected, got, what, values);
    }
}
