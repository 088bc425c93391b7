package dev.ffmstore.gguf;

import dev.ffmstore.ggml.GgmlType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// Writes the bytes of a GGUF header one by one, right or wrong.
final class HeaderBytes {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    /// A header that says it has so many tensors and keys.
    static HeaderBytes start(long tensorCount, long keyCount) {
        return start(3, tensorCount, keyCount);
    }

    static HeaderBytes start(int version, long tensorCount, long keyCount) {
        return new HeaderBytes().raw("GGUF").u32(version).u64(tensorCount).u64(keyCount);
    }

    HeaderBytes raw(String text) {
        bytes.writeBytes(text.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    HeaderBytes u8(int value) {
        bytes.write(value);
        return this;
    }

    HeaderBytes u16(int value) {
        return number(value, Short.BYTES);
    }

    HeaderBytes u32(int value) {
        return number(value, Integer.BYTES);
    }

    HeaderBytes u64(long value) {
        return number(value, Long.BYTES);
    }

    HeaderBytes string(String text) {
        return string(text.getBytes(StandardCharsets.UTF_8));
    }

    HeaderBytes string(byte[] text) {
        u64(text.length);
        bytes.writeBytes(text);
        return this;
    }

    /// A key and its type; the value is to follow.
    HeaderBytes key(String key, MetadataType type) {
        return string(key).u32(type.id());
    }

    /// A tensor info, its dimensions in the file's order: innermost first.
    HeaderBytes tensor(String name, int type, long offset, long... innermostFirst) {
        string(name).u32(innermostFirst.length);
        for (long dimension : innermostFirst) {
            u64(dimension);
        }
        return u32(type).u64(offset);
    }

    HeaderBytes tensor(String name, GgmlType type, long offset, long... innermostFirst) {
        return tensor(name, type.id(), offset, innermostFirst);
    }

    /// Zeros up to a multiple of `alignment`.
    HeaderBytes padTo(int alignment) {
        return zeros(-bytes.size() & (alignment - 1));
    }

    HeaderBytes zeros(int count) {
        bytes.writeBytes(new byte[count]);
        return this;
    }

    int size() {
        return bytes.size();
    }

    byte[] toArray() {
        return bytes.toByteArray();
    }

    GgufFile open() throws IOException {
        return open(GgufOptions.defaults());
    }

    GgufFile open(GgufOptions options) throws IOException {
        return GgufFile.open(new ByteSource(toArray()), options);
    }

    private HeaderBytes number(long value, int width) {
        byte[] all = ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
        bytes.write(all, 0, width);
        return this;
    }
}
