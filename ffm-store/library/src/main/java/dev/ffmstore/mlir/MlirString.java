package dev.ffmstore.mlir;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Strings as MLIR text writes them: in quotes, with `\XX` for every byte of the UTF-8 form that is not printable
/// ASCII, and for `"` and `\`.
final class MlirString {
    private MlirString() {}

    /// {@return the string as MLIR writes it, with its quotes}
    static String quote(String text) {
        StringBuilder quoted = new StringBuilder(text.length() + 2).append('"');
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            if (b < 0x20 || b == 0x7F || b == '"' || b == '\\') { // bytes beyond ASCII are negative
                quoted.append('\\').append(String.format("%02X", b & 0xFF));
            } else {
                quoted.append((char) b);
            }
        }
        return quoted.append('"').toString();
    }

    /// {@return the text that is written between quotes; empty if an escape is malformed or the text is not UTF-8}
    ///
    /// @param raw the bytes between the quotes
    /// @param length how many of these bytes count
    static Optional<String> unescape(byte[] raw, int length) {
        byte[] bytes = new byte[length];
        int count = 0;
        for (int i = 0; i < length; i++) {
            int value = raw[i];
            if (value == '\\') {
                int escape = i + 1 < length ? raw[i + 1] : -1;
                int high = hexDigit(escape);
                int low = i + 2 < length ? hexDigit(raw[i + 2]) : -1;
                if (escape == '"' || escape == '\\') {
                    value = escape;
                    i++;
                } else if (escape == 'n' || escape == 't') {
                    value = escape == 'n' ? '\n' : '\t';
                    i++;
                } else if (high >= 0 && low >= 0) {
                    value = high << 4 | low;
                    i += 2;
                } else {
                    return Optional.empty();
                }
            }
            bytes[count++] = (byte) value;
        }
        return utf8(bytes, count);
    }

    /// {@return the bytes as text; empty if they are not UTF-8}
    static Optional<String> utf8(byte[] bytes, int length) {
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, 0, length))
                    .toString());
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    private static int hexDigit(int c) {
        return c < 0 ? -1 : Character.digit(c, 16);
    }
}
