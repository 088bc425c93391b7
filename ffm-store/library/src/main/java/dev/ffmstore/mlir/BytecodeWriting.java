package dev.ffmstore.mlir;

import java.io.ByteArrayOutputStream;

/// A growing piece of MLIR bytecode.
final class BytecodeWriting {
    static final byte PADDING = (byte) 0xCB;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    BytecodeWriting u8(int value) {
        bytes.write(value);
        return this;
    }

    /// Adds a varint in its shortest form; see [ModuleCursor].
    ///
    /// @param value 64 bits, taken as unsigned
    BytecodeWriting varint(long value) {
        int length = 1;
        while (length < 9 && value >>> (7 * length) != 0) {
            length++;
        }
        if (length == 9) {
            bytes.write(0);
            return littleEndian(value, 8);
        }
        return littleEndian((value << 1 | 1) << (length - 1), length);
    }

    private BytecodeWriting littleEndian(long value, int count) {
        for (int i = 0; i < count; i++) {
            bytes.write((int) (value >>> (8 * i)));
        }
        return this;
    }

    byte[] toBytes() {
        return bytes.toByteArray();
    }
}
