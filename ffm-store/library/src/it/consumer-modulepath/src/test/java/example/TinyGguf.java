package example;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// A GGUF file of one F32 tensor, `tiny`, of the shape `[2, 4]` and the values 0.5, 1.5 … 7.5.
final class TinyGguf {
    private static final int DATA_OFFSET = 96;

    private TinyGguf() {}

    static Path writeTo(Path folder) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(DATA_OFFSET + 8 * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(ascii("GGUF")).putInt(3); // version
        bytes.putLong(1).putLong(0); // tensors, metadata keys
        bytes.putLong(4).put(ascii("tiny"));
        bytes.putInt(2).putLong(4).putLong(2); // rank, dimensions innermost first
        bytes.putInt(0).putLong(0); // type F32, offset
        bytes.position(DATA_OFFSET);
        for (int i = 0; i < 8; i++) {
            bytes.putFloat(i + 0.5f);
        }
        return Files.write(folder.resolve("tiny.gguf"), bytes.array());
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
