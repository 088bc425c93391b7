package dev.ffmstore.gguf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// Reads the header of a source front to back through a small window, and never past the end or the limit.
///
/// A parameter `what` names what is read, for messages; each `{}` in it stands for the next of the values.
final class HeaderCursor {
    private static final int WINDOW_BYTES = 64 << 10;

    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Source source;
    private final long limit;
    private final MemorySegment window;
    private long windowStart;
    private long windowLength;
    private long position;

    HeaderCursor(Source source, long limit) {
        this.source = source;
        this.limit = limit;
        this.window = MemorySegment.ofArray(new byte[(int) Math.min(WINDOW_BYTES, source.size())]);
    }

    long position() {
        return position;
    }

    /// {@return the size of the source in bytes}
    long sourceSize() {
        return source.size();
    }

    long remaining() {
        return source.size() - position;
    }

    int u8(String what, Object... values) throws IOException {
        return Byte.toUnsignedInt(window.get(JAVA_BYTE, take(1, what, values)));
    }

    int u16(String what, Object... values) throws IOException {
        return Short.toUnsignedInt(window.get(U16, take(Short.BYTES, what, values)));
    }

    int u32(String what, Object... values) throws IOException {
        return window.get(U32, take(Integer.BYTES, what, values));
    }

    long u64(String what, Object... values) throws IOException {
        return window.get(U64, take(Long.BYTES, what, values));
    }

    /// Moves on by `length` bytes without looking at them.
    void skip(long length, String what, Object... values) throws IOException {
        require(length, what, values);
        position += length;
    }

    /// Fills `target` from the current position and moves on.
    void read(MemorySegment target, String what, Object... values) throws IOException {
        require(target.byteSize(), what, values);
        if (target.byteSize() <= window.byteSize()) {
            long at = take((int) target.byteSize(), what, values);
            MemorySegment.copy(window, at, target, 0, target.byteSize());
        } else {
            readSource(position, target);
            position += target.byteSize();
        }
    }

    /// Reads the length of a string, which must not be longer than the rest of the file.
    long stringLength(String what, Object... values) throws IOException {
        long offset = position();
        long length = u64(what, values);
        if (Long.compareUnsigned(length, remaining()) > 0) {
            throw fail(
                    offset,
                    remaining() + " bytes at most",
                    Long.toUnsignedString(length),
                    what + " is a string longer than the rest of the file",
                    values);
        }
        return length;
    }

    /// Reads a key or a tensor name: not empty, valid UTF-8, no NUL.
    ///
    /// @param most how long it may be, in bytes
    /// @param advice what is said to whoever meets a longer one, after a comma; may be empty
    String identifier(String what, int most, String advice) throws IOException {
        long offset = position;
        long length = stringLength(what);
        if (length == 0) {
            throw fail(offset, null, null, what + " is empty");
        }
        if (length > most) {
            throw fail(offset, most + " bytes at most", length, what + " is too long" + advice);
        }
        require(length, what);
        byte[] bytes = new byte[(int) length];
        read(MemorySegment.ofArray(bytes), what);
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw fail(offset + Long.BYTES, null, null, what + " is not valid UTF-8");
        }
        if (text.indexOf('\0') >= 0) {
            throw fail(offset + Long.BYTES, null, null, what + " contains NUL: {}", text);
        }
        return text;
    }

    GgufException fail(long offset, @Nullable Object expected, @Nullable Object got, String what, Object... values) {
        return GgufException.at(source.name(), offset, expected, got, what, values);
    }

    /// Moves past the next `length` bytes, at most a window's size, and returns where they are in the window.
    private long take(int length, String what, Object... values) throws IOException {
        require(length, what, values);
        if (position < windowStart || position + length > windowStart + windowLength) {
            windowStart = position;
            windowLength = Math.min(window.byteSize(), remaining());
            readSource(windowStart, window.asSlice(0, windowLength));
        }
        long at = position - windowStart;
        position += length;
        return at;
    }

    /// Fills `target` from anywhere in the source.
    void readSource(long offset, MemorySegment target) throws IOException {
        try {
            source.read(offset, target);
        } catch (EOFException e) {
            GgufException truncated = fail(offset, target.byteSize() + " more bytes", "fewer", "file ends early");
            truncated.initCause(e);
            throw truncated;
        }
    }

    /// Fails unless `length` more bytes are left and within the limit.
    void require(long length, String what, Object... values) throws GgufException {
        if (length > remaining()) {
            throw fail(position, length + " more bytes", remaining(), "file ends inside " + what, values);
        }
        if (length > limit - position) {
            throw fail(
                    position,
                    limit + " bytes at most",
                    "more",
                    "metadata is larger than the limit (--max-metadata-mib)");
        }
    }
}
